// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every undefined reference of every livepatch of modules/ is followed by a path of its own: `nm -u` of the
 * object that Kbuild linked, the annotations as they stand in the source, `nm` of the kernel,
 * `readelf` of the patched modules. `suture inspect --target` must tell the same address for the converted module.
 */
#include <jansson.h>
#include <stdio.h>

#include "crosscheck.h"
#include "live.h"

static const char *const livepatches[] = {
	"lp_auto",	  "lp_positions", "lp_homonyms", "lp_coming", "lp_sections",	"lp_pointers",
	"lp_keys",	  "lp_key_way_out", "lp_ibt",	  "lp_callbacks", "lp_refuses", "lp_shadow",	"lp_first",
	"lp_second",	  "lp_state1",	  "lp_state2",	 "lp_sleep",
};
static const char *const modules[] = { "suture_a", "suture_b", "suture_c" };

/* What a reference means. */
struct meaning {
	char object[64], name[256];
	unsigned int position;
};

/* ---- symbol tables ---- */

/* Undefined symbols of an object. */
static char *undefined_of(const char *file)
{
	const char *const argv[] = { "nm", "-u", file, NULL };
	int status;
	char *text = live_call(argv, &status);

	assert_int_equal(status, 0);
	return text;
}

/*
 * The value of the nth symbol of that name in a module, in the order of its table; returns how many there
 * are. By readelf: nm adds the section's address, which the loader does not know.
 */
static unsigned int in_module(const char *module, const char *name, unsigned int n, uint64_t *value)
{
	scoped_free char *file = xasprintf("%s.ko", module);
	const char *const argv[] = { "readelf", "-sW", file, NULL };
	int status;
	scoped_free char *text = live_call(argv, &status);
	char section[16], found[256];
	unsigned long at;
	unsigned int count = 0;

	assert_int_equal(status, 0);
	for (const char *p = text; p; p = strchr(p, '\n'), p = p ? p + 1 : NULL)
		if (sscanf(p, " %*u: %lx %*s %*s %*s %*s %15s %255s", &at, section, found) == 3 &&
		    !streq(section, "UND") && streq(found, name) && ++count == n)
			*value = at;
	return count;
}

static bool is_exported(const char *name)
{
	static char *symvers;
	static const char *of;
	scoped_free char *field = xasprintf("\t%s\t", name);

	if (of != live_target->symvers) {
		free(symvers);
		assert_null(read_file(live_target->symvers, &symvers, NULL));
		of = live_target->symvers;
	}
	return strstr(symvers, field) != NULL;
}

/* ---- annotations ---- */

/* The macro calls of the source, and the names of klp-convert. */
static bool annotated(const char *source, const char *symbol, struct meaning *m)
{
	char identifier[128], patched[64];

	if (sscanf(symbol, ".klp.sym.rela.%*[^.].%63[^.].%127[^.].%u", m->object, m->name,
		   &m->position) == 3)
		return true;
	for (const char *p = source; (p = strstr(p, "SUTURE_KLP_")); p++) {
		if (sscanf(p, "SUTURE_KLP_SYM(%63[^,], %127[^,], %u);", m->object, m->name,
			   &m->position) == 3 &&
		    streq(m->name, symbol))
			return true;
		if (sscanf(p, "SUTURE_KLP_ALIAS(%127[^,], %63[^,], %127[^,], %u);", identifier,
			   m->object, m->name, &m->position) == 4 &&
		    streq(identifier, symbol))
			return true;
		if (sscanf(p, "SUTURE_KLP_FOR(%63[^,], %127[^,], %63[^,], %127[^,], %u);", patched,
			   identifier, m->object, m->name, &m->position) == 5 &&
		    streq(identifier, symbol))
			return true;
	}
	return false;
}

/* Without an annotation: the one object that has the name once. */
static void automatic(const char *symbol, struct meaning *m)
{
	unsigned int found = nm_count(symbol);
	uint64_t value;

	snprintf(m->object, sizeof(m->object), "vmlinux");
	snprintf(m->name, sizeof(m->name), "%s", symbol);
	m->position = 0;
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++) {
		unsigned int n = in_module(modules[i], symbol, 0, &value);

		if (n)
			snprintf(m->object, sizeof(m->object), "%s", modules[i]);
		found += n;
	}
	if (found != 1)
		fail_msg("'%s' occurs %u times", symbol, found);
}

static uint64_t expected_address(const struct meaning *m)
{
	unsigned int n = m->position ? m->position : 1;
	uint64_t value = 0;

	if (streq(m->object, "vmlinux"))
		return nm_address(m->name, n);
	assert_true(in_module(m->object, m->name, n, &value) >= n);
	return value;
}

/* ---- suture inspect ---- */

static json_t *inspect(const char *module)
{
	scoped_free char *file = xasprintf("%s.ko", module);
	const char *const argv[] = { live_paths.suture, "inspect",  "--json",   "--target",
				     live_target->name, "--module", "suture_a.ko", "--module",
				     "suture_b.ko",	"--module", "suture_c.ko", file, NULL };
	int status;
	scoped_free char *text = live_call(argv, &status);
	json_t *json = json_loads(text, 0, NULL);

	if (status || !json)
		fail_msg("%s: status %d: %s", module, status, text);
	return json;
}

static bool is_meant(const json_t *r, const struct meaning *m)
{
	return streq(json_string_value(json_object_get(r, "object")), m->object) &&
	       streq(json_string_value(json_object_get(r, "symbol")), m->name) &&
	       strtoul(json_string_value(json_object_get(r, "position")), NULL, 10) == m->position;
}

/* Every relocation with this meaning has this address; there is at least one. */
static void assert_resolved(const char *module, json_t *json, const struct meaning *m)
{
	uint64_t want = expected_address(m);
	size_t i, found = 0;
	json_t *r;

	json_array_foreach(json_object_get(json, "relocations"), i, r) {
		const char *address = json_string_value(json_object_get(r, "address"));
		const char *plus = address ? strrchr(address, '+') : NULL;

		if (!is_meant(r, m))
			continue;
		found++;
		if (!address || strtoull(plus ? plus + 1 : address, NULL, 16) != want)
			fail_msg("%s: %s:%s,%u is at %s, not at %lx", module, m->object, m->name,
				 m->position, address ? address : "?", (unsigned long)want);
	}
	if (!found)
		fail_msg("%s: no relocation to %s:%s,%u", module, m->object, m->name, m->position);
}

static void assert_import(const char *module, json_t *json, const char *symbol)
{
	size_t i;
	json_t *import;

	json_array_foreach(json_object_get(json, "imports"), i, import)
		if (streq(json_string_value(json_object_get(import, "name")), symbol) &&
		    json_is_string(json_object_get(import, "owner")))
			return;
	fail_msg("%s: %s is exported and not among the imports", module, symbol);
}

static char *source_of(const char *module)
{
	scoped_free char *path = xasprintf("%s/%s.c", live_dir, module);
	char *text;

	assert_null(read_file(path, &text, NULL));
	return text;
}

static unsigned int check_livepatch(const char *module)
{
	scoped_free char *object = xasprintf("%s.o", module);
	scoped_free char *undefined = undefined_of(object);
	scoped_free char *source = source_of(module);
	json_t *json = inspect(module);
	unsigned int resolved = 0;
	char symbol[256];

	for (const char *p = undefined; sscanf(p, " U %255s", symbol) == 1;
	     p += strcspn(p, "\n"), p += *p == '\n') {
		struct meaning m;

		if (streq(symbol, "__this_module")) /* of the part that modpost writes */
			continue;
		if (!annotated(source, symbol, &m)) {
			if (is_exported(symbol)) {
				assert_import(module, json, symbol);
				continue;
			}
			automatic(symbol, &m);
		}
		assert_resolved(module, json, &m);
		resolved++;
	}
	json_decref(json);
	return resolved;
}

void every_reference_resolves(void **state)
{
	unsigned int resolved = 0;

	for (size_t i = 0; i < ARRAY_SIZE(livepatches); i++)
		resolved += check_livepatch(livepatches[i]);
	print_message("%u undefined references have the address that nm gives\n", resolved);
	assert_true(resolved > 30);
}
