// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/config.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"

/* Start of the value of "CONFIG_option=", or NULL. */
static const char *find(const char *text, const char *option)
{
	size_t n = strlen(option);

	for (const char *p = text; (p = strstr(p, "CONFIG_")); p += 7)
		if ((p == text || p[-1] == '\n') && !strncmp(p + 7, option, n) && p[7 + n] == '=')
			return p + 8 + n;
	return NULL;
}

char *config_value(const char *text, const char *option)
{
	const char *value = find(text, option);

	if (!value)
		return NULL;
	size_t n = strcspn(value, "\n");

	if (n >= 2 && value[0] == '"' && value[n - 1] == '"')
		return xstrndup(value + 1, n - 2);
	return xstrndup(value, n);
}

bool config_is(const char *text, const char *option, char value)
{
	const char *found = find(text, option);

	return found && found[0] == value && (found[1] == '\n' || !found[1]);
}

/* What a livepatch needs of its kernel (kernel/livepatch/Kconfig, arch/x86/Kconfig). */
static const struct wanted {
	const char *option, *why;
} wanted[] = {
	{ "X86_64", "only x86_64 is supported" },
	{ "MODULES", "a livepatch is a module" },
	{ "LIVEPATCH", "the kernel has no livepatch support" },
	{ "DYNAMIC_FTRACE", "functions are redirected by ftrace" },
	{ "KALLSYMS_ALL", "livepatch relocations are resolved by kallsyms" },
};

struct error *config_check_livepatch(const char *text, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		if (!config_is(text, wanted[i].option, 'y'))
			return error_new("T4", "%s: CONFIG_%s is not set: %s", name, wanted[i].option,
					 wanted[i].why);
	return NULL;
}

struct error *config_compiler(const char *text, const char *file, char **cc)
{
	scoped_free char *version = config_value(text, "CC_VERSION_TEXT");

	if (!version || !*version)
		return error_new("T7", "%s: CONFIG_CC_VERSION_TEXT does not name the compiler", file);
	if (!config_is(text, "CC_IS_GCC", 'y'))
		return error_new("T7", "%s: built with '%s'; only GCC is supported", file, version);
	*cc = xstrndup(version, strcspn(version, " "));
	return NULL;
}

struct option_list {
	struct map values;
	struct str_vec strings;
};

static void list_options(const char *text, struct option_list *list)
{
	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n"), name = strcspn(p, "=\n");

		if (starts_with(p, "CONFIG_") && p[name] == '=') {
			char *key = *str_vec_push(&list->strings, xstrndup(p, name));
			char *value = *str_vec_push(&list->strings,
						    xstrndup(p + name + 1, n - name - 1));

			map_put(&list->values, key, value);
		}
		p += n + (p[n] == '\n');
	}
}

static void free_options(struct option_list *list)
{
	map_free(&list->values);
	str_vec_free_all(&list->strings);
}

/* Adds what is in a and different or missing in b; with missing_only, only what is missing. */
static void add_differences(const struct option_list *a, const struct option_list *b,
			    bool missing_only, unsigned int limit, unsigned int *n, struct str *out)
{
	for (size_t i = 0; i < a->values.n; i++) {
		const struct map_entry *e = &a->values.entries[i];
		const char *other = map_get(&b->values, e->key);

		if (other && (missing_only || streq(other, e->value)))
			continue;
		if ((*n)++ >= limit)
			continue;
		str_add(out, "%s%s (%s, should be %s)", out->n ? ", " : "", e->key,
			missing_only ? (char *)e->value : (other ? other : "not set"),
			missing_only ? "not set" : (char *)e->value);
	}
}

char *config_difference(const char *want, const char *have, unsigned int limit)
{
	struct option_list a = { 0 }, b = { 0 };
	struct str out = { 0 };
	unsigned int n = 0;

	list_options(want, &a);
	list_options(have, &b);
	add_differences(&a, &b, false, limit, &n, &out);
	add_differences(&b, &a, true, limit, &n, &out);
	if (n > limit)
		str_add(&out, " and %u more", n - limit);
	free_options(&a);
	free_options(&b);
	return out.s;
}
