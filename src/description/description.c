// SPDX-License-Identifier: GPL-2.0-or-later
#include "description/description.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

const char *const callback_names[NR_CALLBACKS] = {
	[PRE_PATCH] = "pre_patch",
	[POST_PATCH] = "post_patch",
	[PRE_UNPATCH] = "pre_unpatch",
	[POST_UNPATCH] = "post_unpatch",
};

/* include/linux/module.h: MODULE_NAME_LEN is 64 - sizeof(unsigned long), with the NUL. */
enum { NAME_LIMIT = 55 };

enum section { NO_SECTION, LIVEPATCH, OBJECT, STATE, WAIVE, DECLARE, TOGETHER };

static const struct section_kind {
	enum section section;
	const char *name;
	bool argument; /* "[object vmlinux]", as against "[livepatch]" */
} sections[] = {
	{ LIVEPATCH, "livepatch", false },
	{ OBJECT, "object", true },
	{ STATE, "state", true },
	{ WAIVE, "waive", true },
	{ DECLARE, "declare", true },
	{ TOGETHER, "together", true },
};

struct parser {
	struct description *d;
	const char *path;
	size_t line;
	enum section section;
	size_t section_line;
	unsigned int seen; /* bit i: keys[i] was in this section */
	bool had_livepatch;
};

static struct error *bad(const struct parser *p, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

static struct error *bad(const struct parser *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	scoped_free char *text = xvasprintf(fmt, ap);

	va_end(ap);
	return error_new("L1", "%s:%zu: %s", p->path, p->line, text);
}

/* ---- values ---- */

static bool is_identifier(const char *s)
{
	if (!isalpha((unsigned char)*s) && *s != '_')
		return false;
	while (isalnum((unsigned char)*s) || *s == '_')
		s++;
	return !*s;
}

static bool is_module_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");

	if (streq(s, "main") || streq(s, "code") || starts_with(s, "unit"))
		return false; /* names of files that the module is made of */
	return n && n <= NAME_LIMIT && !s[n] && isalnum((unsigned char)*s);
}

static struct error *number(const struct parser *p, const char *text, unsigned long limit,
			    unsigned long *value)
{
	char *end;

	errno = 0;
	*value = strtoul(text, &end, 0);
	if (!isdigit((unsigned char)*text) || *end || errno || *value > limit)
		return bad(p, "'%s' is not a number from 0 to %lu", text, limit);
	return NULL;
}

static struct error *set_name(struct parser *p, const char *value)
{
	if (!is_module_name(value))
		return bad(p, "'%s' cannot be the name of a module: letters, digits, _ and -, at "
			   "most %d of them", value, NAME_LIMIT);
	p->d->name = xstrdup(value);
	return NULL;
}

static struct error *set_replace(struct parser *p, const char *value)
{
	if (!streq(value, "yes") && !streq(value, "no"))
		return bad(p, "replace is yes or no, not '%s'", value);
	p->d->replace = streq(value, "yes");
	return NULL;
}

/* Relative to the description. */
static struct error *set_code(struct parser *p, const char *value)
{
	scoped_free char *dir = path_dirname(p->path);

	if (!ends_with(value, ".c") || strpbrk(value, "\"\\"))
		return bad(p, "code names a C file, FILE.c without quotes, not '%s'", value);
	p->d->code = *value == '/' ? xstrdup(value) : path_join(dir, value);
	return NULL;
}

static struct error *function(const struct parser *p, const char *value, char **slot)
{
	if (!is_identifier(value))
		return bad(p, "'%s' is not the name of a function", value);
	*slot = xstrdup(value);
	return NULL;
}

static struct error *set_init(struct parser *p, const char *value)
{
	return function(p, value, &p->d->init);
}

static struct error *set_exit(struct parser *p, const char *value)
{
	return function(p, value, &p->d->exit);
}

static char **callbacks(struct parser *p)
{
	return p->d->objects.at[p->d->objects.n - 1].callbacks;
}

static struct error *set_pre_patch(struct parser *p, const char *value)
{
	return function(p, value, &callbacks(p)[PRE_PATCH]);
}

static struct error *set_post_patch(struct parser *p, const char *value)
{
	return function(p, value, &callbacks(p)[POST_PATCH]);
}

static struct error *set_pre_unpatch(struct parser *p, const char *value)
{
	return function(p, value, &callbacks(p)[PRE_UNPATCH]);
}

static struct error *set_post_unpatch(struct parser *p, const char *value)
{
	return function(p, value, &callbacks(p)[POST_UNPATCH]);
}

static struct error *set_version(struct parser *p, const char *value)
{
	unsigned long version;

	TRY(number(p, value, UINT_MAX, &version));
	p->d->states.at[p->d->states.n - 1].version = version;
	return NULL;
}

static struct described_waiver *waiver(struct parser *p)
{
	return &p->d->waivers.at[p->d->waivers.n - 1];
}

static struct error *set_symbol(struct parser *p, const char *value)
{
	waiver(p)->symbol = xstrdup(value);
	return NULL;
}

static struct error *set_reason(struct parser *p, const char *value)
{
	waiver(p)->reason = xstrdup(value);
	return NULL;
}

static struct error *set_functions(struct parser *p, const char *value)
{
	struct str_vec *list = &p->d->groups.at[p->d->groups.n - 1].functions;

	for (size_t n; *(value += strspn(value, " \t")); value += n) {
		n = strcspn(value, " \t");
		char *name = NULL;
		scoped_free char *word = xstrndup(value, n);

		TRY(function(p, word, &name));
		str_vec_push(list, name);
	}
	return list->n > 1 ? NULL : bad(p, "a single function has nothing to be together with");
}

static const struct key {
	enum section section;
	const char *name;
	struct error *(*set)(struct parser *p, const char *value);
	bool needed;
} keys[] = {
	{ LIVEPATCH, "name", set_name, false },
	{ LIVEPATCH, "replace", set_replace, false },
	{ LIVEPATCH, "code", set_code, false },
	{ LIVEPATCH, "init", set_init, false },
	{ LIVEPATCH, "exit", set_exit, false },
	{ OBJECT, "pre_patch", set_pre_patch, false },
	{ OBJECT, "post_patch", set_post_patch, false },
	{ OBJECT, "pre_unpatch", set_pre_unpatch, false },
	{ OBJECT, "post_unpatch", set_post_unpatch, false },
	{ STATE, "version", set_version, true },
	{ WAIVE, "symbol", set_symbol, true },
	{ WAIVE, "reason", set_reason, true },
	{ DECLARE, "symbol", set_symbol, false },
	{ DECLARE, "reason", set_reason, true },
	{ TOGETHER, "functions", set_functions, true },
};

/* ---- lines ---- */

/* What is known there, for the message. */
static char *known_keys(enum section section)
{
	struct str out = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].section == section)
			str_add(&out, "%s%s", out.n ? ", " : "", keys[i].name);
	return out.s;
}

static struct error *read_key(struct parser *p, const char *name, const char *value)
{
	if (p->section == NO_SECTION)
		return bad(p, "'%s' before the first section, such as [livepatch]", name);
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (keys[i].section != p->section || !streq(keys[i].name, name))
			continue;
		if (p->seen >> i & 1)
			return bad(p, "a second '%s' in this section", name);
		p->seen |= 1u << i;
		return *value ? keys[i].set(p, value) : bad(p, "'%s' has no value", name);
	}
	scoped_free char *known = known_keys(p->section);

	return bad(p, "unknown key '%s'; this section has: %s", name, known);
}

static struct error *end_section(struct parser *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (keys[i].section == p->section && keys[i].needed && !(p->seen >> i & 1))
			return error_new("L1", "%s:%zu: this section needs '%s'", p->path,
					 p->section_line, keys[i].name);
	return NULL;
}

/* In the kernel '-' of a file's name is '_' in the module's. */
static struct error *begin_object(struct parser *p, const char *name)
{
	if (!is_module_name(name) || strchr(name, '-'))
		return bad(p, "'%s' is not the name of an object: vmlinux, or a module as in "
			   "/proc/modules", name);
	for (size_t i = 0; i < p->d->objects.n; i++)
		if (streq(p->d->objects.at[i].name, name))
			return bad(p, "object %s is in line %zu already", name,
				   p->d->objects.at[i].line);
	described_object_vec_push(&p->d->objects, (struct described_object){
		.name = xstrdup(name), .line = p->line });
	return NULL;
}

static struct error *begin_state(struct parser *p, const char *id)
{
	struct described_state state = { .line = p->line };

	TRY(number(p, id, ULONG_MAX, &state.id));
	for (size_t i = 0; i < p->d->states.n; i++)
		if (p->d->states.at[i].id == state.id)
			return bad(p, "state %s is in line %zu already", id,
				   p->d->states.at[i].line);
	described_state_vec_push(&p->d->states, state);
	return NULL;
}

/* The same id may be waived for several symbols. */
static struct error *begin_waiver(struct parser *p, const char *id)
{
	if (!isupper((unsigned char)*id) || !id[1] || id[1 + strspn(id + 1, "0123456789")])
		return bad(p, "'%s' is not the id of a finding, such as S9", id);
	described_waiver_vec_push(&p->d->waivers, (struct described_waiver){
		.id = xstrdup(id), .declaration = p->section == DECLARE, .line = p->line });
	return NULL;
}

static struct error *begin_group(struct parser *p, const char *name)
{
	for (size_t i = 0; i < p->d->groups.n; i++)
		if (streq(p->d->groups.at[i].name, name))
			return bad(p, "together %s is in line %zu already", name, p->d->groups.at[i].line);
	described_group_vec_push(&p->d->groups, (struct described_group){
		.name = xstrdup(name), .line = p->line });
	return NULL;
}

static struct error *begin(struct parser *p, const struct section_kind *kind, const char *argument)
{
	if (kind->argument != (*argument != 0))
		return bad(p, kind->argument ? "[%s] needs an argument: [%s NAME]" :
					       "[%s] takes no argument", kind->name, kind->name);
	p->section = kind->section;
	p->section_line = p->line;
	p->seen = 0;
	if (kind->section == OBJECT)
		return begin_object(p, argument);
	if (kind->section == STATE)
		return begin_state(p, argument);
	if (kind->section == TOGETHER)
		return begin_group(p, argument);
	if (kind->section == WAIVE || kind->section == DECLARE)
		return begin_waiver(p, argument);
	if (p->had_livepatch)
		return bad(p, "a second [livepatch]");
	p->had_livepatch = true;
	return NULL;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *s)
{
	size_t n;

	s += strspn(s, " \t\r");
	for (n = strlen(s); n && strchr(" \t\r", s[n - 1]); n--)
		;
	s[n] = 0;
	return s;
}

/* "[kind]" or "[kind argument]" */
static struct error *read_section(struct parser *p, char *text)
{
	size_t n = strlen(text);

	TRY(end_section(p));
	if (text[n - 1] != ']')
		return bad(p, "no ']' at the end of the line");
	text[n - 1] = 0;
	char *kind = trim(text + 1), *argument = kind + strcspn(kind, " \t");

	if (*argument)
		*argument++ = 0;
	argument = trim(argument);
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (streq(sections[i].name, kind))
			return begin(p, &sections[i], argument);
	return bad(p, "unknown section [%s]; there are: livepatch, object NAME, state ID, "
		      "waive ID, declare ID, together NAME", kind);
}

static struct error *read_line(struct parser *p, char *line)
{
	char *text = trim(line);

	p->line++;
	if (!*text || *text == '#')
		return NULL;
	if (*text == '[')
		return read_section(p, text);
	char *is = strchr(text, '=');

	if (!is)
		return bad(p, "neither [section] nor key = value: '%.60s'", text);
	*is = 0;
	return read_key(p, trim(text), trim(is + 1));
}

/* Functions need a file that has them. */
static struct error *check_whole(struct parser *p)
{
	const struct description *d = p->d;
	const char *first = d->init ? d->init : d->exit;

	for (size_t i = 0; !first && i < d->objects.n; i++)
		for (size_t k = 0; !first && k < NR_CALLBACKS; k++)
			first = d->objects.at[i].callbacks[k];
	if (first && !d->code)
		return error_new("L1", "%s: the function '%s' needs a file: code = FILE.c in "
				 "[livepatch]", p->path, first);
	return NULL;
}

struct error *description_parse(const char *path, const char *text, struct description *d)
{
	struct parser p = { .d = d, .path = path };
	scoped_free char *copy = xstrdup(text);
	char *rest = copy, *line;

	*d = (struct description){ .path = xstrdup(path), .replace = -1 };
	while ((line = strsep(&rest, "\n")))
		TRY(read_line(&p, line));
	TRY(end_section(&p));
	return check_whole(&p);
}

struct error *description_read(const char *path, struct description *d)
{
	scoped_free char *text = NULL;
	size_t size;

	*d = (struct description){ .replace = -1 };
	TRY(read_file(path, &text, &size));
	if (strlen(text) != size)
		return error_new("L1", "%s: a NUL byte in a text", path);
	return description_parse(path, text, d);
}

void description_free(struct description *d)
{
	for (size_t i = 0; i < d->objects.n; i++) {
		free(d->objects.at[i].name);
		for (size_t k = 0; k < NR_CALLBACKS; k++)
			free(d->objects.at[i].callbacks[k]);
	}
	for (size_t i = 0; i < d->waivers.n; i++) {
		free(d->waivers.at[i].id);
		free(d->waivers.at[i].symbol);
		free(d->waivers.at[i].reason);
	}
	for (size_t i = 0; i < d->groups.n; i++) {
		free(d->groups.at[i].name);
		str_vec_free_all(&d->groups.at[i].functions);
	}
	described_group_vec_free(&d->groups);
	described_waiver_vec_free(&d->waivers);
	described_object_vec_free(&d->objects);
	described_state_vec_free(&d->states);
	free(d->path);
	free(d->name);
	free(d->code);
	free(d->init);
	free(d->exit);
	*d = (struct description){ 0 };
}
