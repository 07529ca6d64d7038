// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a livepatch's source around what was extracted. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "driver/source.h"
#include "module/module.h"

/* One line of a comment: no end of comment inside. */
static void add_comment(struct str *out, const char *text)
{
	for (const char *p = text ? text : ""; *p; p++)
		if ((*p == '/' && p > text && p[-1] == '*') || *p == '\n')
			str_add_bytes(out, " ", 1);
		else
			str_add_bytes(out, p, 1);
}

static const char *kobject(const struct source_unit *u)
{
	return u->pair->unit->kobject;
}

static void add_functions(struct str *out, const struct source_unit *u)
{
	for (size_t i = 0; i < u->set.list.n; i++) {
		const struct replacement *r = &u->set.list.at[i];

		str_add(out, " *   %s%s\n", r->name,
			r->itself || streq(r->why, "it was asked for") ? "" :
									 " (it calls a clone that differs)");
	}
}

/* ---- before and behind the includes ---- */

static const char *define_of(const struct command *c, const char *prefix)
{
	for (size_t i = 0; i < c->argv.n; i++)
		if (starts_with(c->argv.at[i], prefix))
			return c->argv.at[i] + strlen(prefix);
	return NULL;
}

/* Messages keep the prefix that they have in the kernel (pr_fmt() and others). */
static void add_modname(struct str *out, const struct source_unit *u, const char *text)
{
	const char *name = define_of(u->command, "-DKBUILD_MODNAME=");

	if (name && strstr(text, "KBUILD_MODNAME"))
		str_add(out, "#undef KBUILD_MODNAME\n#define KBUILD_MODNAME %s\n", name);
}

static bool has_runtime_constants(const struct model *m)
{
	for (size_t i = 0; i < m->object->nsections; i++) {
		const struct special_section *row = special_find(m->object->sections[i].name);

		if (row && row->action == SPECIAL_RUNTIME)
			return true;
	}
	return false;
}

/*
 * Headers hide things from modules (flush_tlb_mm() of arch/x86/include/asm/tlbflush.h); functions of the
 * kernel proper are to be compiled as they were. Instead of arch/x86/include/asm/runtime-const.h what
 * include/asm-generic/runtime-const.h says.
 */
static void add_module_part(struct str *out, const struct source_unit *u)
{
	if (!streq(kobject(u), "vmlinux"))
		return;
	str_add(out, "#ifdef MODULE\n"
		     "/* The functions are those of built-in code, and the headers are to treat them so. */\n"
		     "#undef MODULE\n");
	if (has_runtime_constants(u->pair->a))
		str_add(out, "/* The kernel fills these constants in at boot, in vmlinux only: here they are loaded. */\n"
			"#define _ASM_RUNTIME_CONST_H\n"
			"#define runtime_const_ptr(sym) (sym)\n"
			"#define runtime_const_shift_right_32(val, sym) ((u32)(val) >> (sym))\n"
			"#define runtime_const_mask_32(val, sym) ((u32)(val) & (sym))\n"
			"#define runtime_const_init(type, sym) do { } while (0)\n");
	str_add(out, "#endif\n");
}

char *patch_source_head(const struct patch_source_request *rq, const struct source_unit *u,
			const char *text)
{
	struct str out = { 0 };

	str_add(&out, "// SPDX-License-Identifier: GPL-2.0\n/*\n * Livepatch: ");
	add_comment(&out, rq->subject);
	str_add(&out, "\n *\n * Target: %s\n * Unit:   %s (%s)\n * Replaces:\n",
		rq->target->release, u->pair->unit->source, kobject(u));
	add_functions(&out, u);
	str_add(&out, " */\n");
	add_modname(&out, u, text);
	add_module_part(&out, u);
	return out.s;
}

char *patch_source_before_functions(const struct fate_unit *fates)
{
	struct str out = { 0 };

	str_add(&out, "%s", "");
	if (fates->calls.n)
		str_add(&out, "/* Under their own names objtool would make call sites of these. */\n");
	for (size_t i = 0; i < fates->calls.n; i++) {
		const char *name = fates->calls.at[i];
		scoped_free char *link = fate_call_link(name);

		str_add(&out, "extern typeof(%s) %s __asm__(\"%s\");\n", name, name, link);
	}
	if (fates->calls.n)
		str_add(&out, "\n");
	return out.s;
}

char *patch_source_after_includes(const struct fate_unit *fates)
{
	struct str out = { 0 };

	str_add(&out, "%s", "");
	if (fates->silenced.n)
		str_add(&out, "\n/* Tracepoints of a module cannot be used by a livepatch: off here. */\n");
	for (size_t i = 0; i < fates->silenced.n; i++)
		str_add(&out, "#define trace_%s(...) do { } while (0)\n"
			      "#define trace_%s_enabled() false\n", fates->silenced.at[i],
			fates->silenced.at[i]);
	return out.s;
}

/* ---- the whole ---- */

char *patch_source_unit_text(const struct patch_source_request *rq, const struct patch_source *s, size_t index)
{
	const struct source_unit *u = &s->units.at[index];
	scoped_free char *head = patch_source_head(rq, u, u->result.text);
	struct str out = { 0 };

	str_add(&out, "%s\n%s", head, u->result.text);
	if (out.s[out.n - 1] != '\n')
		str_add(&out, "\n");
	return out.s;
}

/* ---- the other files ---- */

/* A file of its own: there MODULE is defined. */
char *patch_source_main(const struct patch_source_request *rq, const struct patch_source *s)
{
	struct replaced_vec functions = { 0 };

	patch_source_replaced(s, &functions);
	char *text = module_glue(&(struct module_request){
		.target = rq->target, .subject = rq->subject, .replace = rq->replace,
		.functions = &functions, .namespaces = &s->namespaces,
		.description = rq->description });

	replaced_free(&functions);
	return text;
}

char *patch_source_kbuild(const struct patch_source_request *rq, const struct patch_source *s)
{
	struct str out = { 0 };

	str_add(&out, "# SPDX-License-Identifier: GPL-2.0\n"
		"# make -C HEADERS M=$PWD KBUILD_MODPOST_WARN=1 CONFIG_DEBUG_INFO_BTF_MODULES= modules\n"
		"# suture convert %s.ko --target %s -o %s-final.ko\n"
		"# HEADERS: those of %s, e.g. /lib/modules/%s/build\n"
		"obj-m := %s.o\n%s-y := %s_main.o", rq->name, rq->target->name, rq->name, rq->target->release,
		rq->target->release, rq->name, rq->name, s->stem);
	for (size_t i = 0; i < s->units.n; i++)
		str_add(&out, " %.*so", (int)strlen(s->units.at[i].file) - 1, s->units.at[i].file);
	if (s->code)
		str_add(&out, " %s_code.o", s->stem);
	str_add(&out, "\nccflags-y := -I$(src)\n");
	for (size_t i = 0; i < s->units.n; i++)
		str_add(&out, "%s", s->units.at[i].build_flags);
	return out.s;
}

char *patch_source_list(const struct patch_source_request *rq, const struct patch_source *s)
{
	json_t *functions = json_array();

	for (size_t i = 0; i < s->units.n; i++)
		for (size_t k = 0; k < s->units.at[i].set.list.n; k++) {
			const struct source_unit *u = &s->units.at[i];
			const struct replacement *r = &u->set.list.at[k];

			json_array_append_new(functions, json_pack(
				"{ss ss si ss ss ss}", "object", kobject(u), "function", r->name,
				"sympos", (int)r->sympos, "new", r->new_name, "unit",
				u->pair->unit->source, "file", u->file));
		}
	json_t *json = json_pack("{ss ss* ss so}", "name", rq->name, "subject", rq->subject, "target",
				 rq->target->name, "functions", functions);
	char *text = json_dumps(json, JSON_INDENT(2));
	char *line = xasprintf("%s\n", text);

	free(text);
	json_decref(json);
	return line;
}
