// SPDX-License-Identifier: GPL-2.0-or-later
/* Family E: what the module demands of the kernel and of other modules before it can be loaded. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "rules/detectors.h"

static bool is_patched(const struct check *c, const char *kobject)
{
	for (size_t i = 0; i < c->in->functions.n; i++)
		if (streq(c->in->functions.at[i].kobject, kobject))
			return true;
	return false;
}

/* Is the module needed by a patched one anyway? */
static struct error *patched_depends_on(struct check *c, const char *module, bool *result)
{
	*result = false;
	for (size_t i = 0; i < c->replaced.n && !*result; i++) {
		const struct replaced_symbol *r = &c->replaced.at[i];
		struct str_vec names = { 0 };

		if (!r->image || !r->image->module)
			continue;
		TRY(target_module_depends(c->target, r->func->kobject, &names));
		for (size_t k = 0; k < names.n; k++)
			*result |= streq(names.at[k], module);
		str_vec_free_all(&names);
	}
	return NULL;
}

static const char *owner_module(const struct check *c, size_t import)
{
	const struct export *e = export_find(&c->exports, c->in->imports.at[import].name);

	return e && !streq(e->object, "vmlinux") ? e->object : NULL;
}

struct error *rule_new_dependency(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->imports.n; i++) {
		const char *module = owner_module(c, i);
		bool needed;

		if (!module || is_patched(c, module))
			continue;
		TRY(patched_depends_on(c, module, &needed));
		if (!needed)
			finding_way_out(rule_finding(c, rule, module, c->in->imports.at[i].name, NULL,
				"no patched module needs %s, and the livepatch does: it can be loaded only "
				"where %s is", module, module),
				"do without it, or load it first and pin that in the package");
	}
	return NULL;
}

struct error *rule_plain_export(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->imports.n; i++) {
		const char *module = owner_module(c, i);
		bool needed = module && is_patched(c, module);

		if (module && !needed)
			TRY(patched_depends_on(c, module, &needed));
		if (needed)
			finding_way_out(rule_finding(c, rule, module, c->in->imports.at[i].name, NULL,
				"a plain reference: the livepatch needs %s loaded first, although it should "
				"wait for it", module), "make it a livepatch relocation (suture convert)");
	}
	return NULL;
}

struct error *rule_crc(struct check *c, const struct rule *rule)
{
	if (!target_config_is(c->target, "MODVERSIONS", 'y'))
		return NULL;
	for (size_t i = 0; i < c->in->imports.n; i++) {
		const struct inspect_import *m = &c->in->imports.at[i];
		const struct export *e = export_find(&c->exports, m->name);

		if (e && !m->has_crc)
			rule_finding(c, rule, e->object, m->name, "__versions",
				     "no version: the kernel cannot tell whether the interface is the same");
		else if (e && m->crc != e->crc)
			rule_finding(c, rule, e->object, m->name, "__versions",
				     "built against version 0x%08x, the target has 0x%08x: the kernel "
				     "refuses the module", m->crc, e->crc);
	}
	return NULL;
}

static bool imports_namespace(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->in->modinfo.n; i++)
		if (starts_with(c->in->modinfo.at[i], "import_ns=") &&
		    streq(c->in->modinfo.at[i] + strlen("import_ns="), name))
			return true;
	return false;
}

struct error *rule_namespace(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->imports.n; i++) {
		const struct export *e = export_find(&c->exports, c->in->imports.at[i].name);

		if (e && *e->namespace_ && !imports_namespace(c, e->namespace_))
			finding_way_out(rule_finding(c, rule, e->object, e->name, ".modinfo",
				"exported into the namespace %s, which the module does not import",
				e->namespace_), "MODULE_IMPORT_NS(%s)", e->namespace_);
	}
	return NULL;
}

/* ---- E5: the kernel that it was built for ---- */

/* The words after the release, in the order of include/linux/vermagic.h. */
static const struct {
	const char *option, *word;
} magic_words[] = {
	{ "SMP", "SMP " },
	{ "PREEMPT_RT", "preempt_rt " }, /* both may be set in 7.2, not in 6.12 */
	{ "PREEMPT_BUILD", "preempt " },
	{ "MODULE_UNLOAD", "mod_unload " },
	{ "MODVERSIONS", "modversions " },
};

/* With structures laid out at random, the seed's hash is the last word. No such header: any will do. */
static void add_randstruct(struct target *t, const char *magic, struct str *out)
{
	static const char *const headers[] = { "include/generated/randstruct_hash.h",
					       "include/generated/randomize_layout_hash.h" };
	const char *word = magic ? strstr(magic, "RANDSTRUCT_") : NULL;
	const char *seed = NULL;

	if (!target_config_is(t, "RANDSTRUCT", 'y') && !target_config_is(t, "GCC_PLUGIN_RANDSTRUCT", 'y'))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(headers) && !seed; i++) {
		scoped_free char *path = path_join(t->kbuild, headers[i]), *text = NULL;
		scoped_error struct error *err = path_exists(path) ? read_file(path, &text, NULL) : NULL;

		seed = !err && text ? strchr(text, '"') : NULL;
		if (seed)
			str_add(out, "RANDSTRUCT_%.*s", (int)strcspn(seed + 1, "\""), seed + 1);
	}
	if (!seed)
		str_add(out, "%s", word ? word : "RANDSTRUCT_");
}

static char *expected_magic(struct target *t, const char *of_module)
{
	struct str magic = { 0 };
	bool preempt = false;

	str_add(&magic, "%s ", t->release);
	for (size_t i = 0; i < ARRAY_SIZE(magic_words); i++) {
		bool is_preempt = starts_with(magic_words[i].word, "preempt");

		if (!target_config_is(t, magic_words[i].option, 'y') || (is_preempt && preempt))
			continue;
		preempt |= is_preempt;
		str_add(&magic, "%s", magic_words[i].word);
	}
	add_randstruct(t, of_module, &magic);
	return magic.s;
}

struct error *rule_vermagic(struct check *c, const struct rule *rule)
{
	const char *magic = check_modinfo(c->in, "vermagic");
	scoped_free char *expected = expected_magic(c->target, magic);

	if (!magic)
		rule_finding(c, rule, NULL, NULL, ".modinfo", "no vermagic: not linked by Kbuild");
	else if (!streq(magic, expected))
		rule_finding(c, rule, NULL, NULL, ".modinfo",
			     "built for '%s', the target is '%s': nothing says that offsets and inlining "
			     "are the same", magic, expected);
	return NULL;
}
