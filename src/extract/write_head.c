// SPDX-License-Identifier: GPL-2.0-or-later
/* The first lines of a source: public headers, and what has to be defined before and after them. */
#include <string.h>

#include "base/cleanup.h"
#include "extract/write.h"

void write_macro(struct closure *c, const struct piece *p, struct str *out)
{
	const struct macro *m = &c->tu->macros.at[p->number];
	struct tu_file *f = tu_file_text(c->tu, m->file);
	uint32_t last = raw_directive_end(c->tu, m->file, m->line);
	uint32_t start = tu_line_start(f, m->line), end = tu_line_start(f, last + 1);

	bool defined =
		c->tu->files.at[m->file].is_public || /* a changed header, included as it was */
		m->earlier; /* also behind an #undef: that one may not be written */

	if (defined && p->kind == PIECE_MACRO) {
		scoped_free char *name = name_string(&c->tu->names, m->name);

		str_add(out, "#undef %s\n", name);
	}
	str_add_bytes(out, f->text + start, end - start);
	if (out->n && out->s[out->n - 1] != '\n')
		str_add(out, "\n");
}

/* Definitions of the unit that make a header do more than declare. */
static bool is_left_out(const struct closure *c, const struct macro *m)
{
	scoped_free char *name = name_string(&c->tu->names, m->name);

	if (streq(name, "CREATE_TRACE_POINTS"))
		return true;
	return (streq(name, "pr_fmt") || streq(name, "dev_fmt")) &&
	       !c->macro_seen[m - c->tu->macros.at];
}

static void add_include(struct closure *c, const struct head *h, struct map *seen, struct str *out)
{
	const struct inclusion *in = &c->tu->inclusions.at[h->inclusion];
	const struct tu_file *f = &c->tu->files.at[in->file];

	if (map_has(seen, f->include))
		return;
	map_put(seen, f->include, f->include);
	str_add(out, "#include <%s>\n", f->include);
}

void write_late_include(struct closure *c, const struct piece *p, struct str *out)
{
	SCOPED(map_free) struct map seen = {0};

	add_include(c, &c->heads.at[p->number], &seen, out);
}

/* What the command lines of all units define (top Makefile, scripts/Makefile.lib,
 * arch/x86/Makefile): a module's has it as well, or must not have it. */
static const char *const common_macros[] = {
	"__KERNEL__", "MODULE",	 "KBUILD_",   "__KBUILD_",
	"CC_USING_",  "CONFIG_", "RETPOLINE", "_LINUX_FPU_COMPILATION_UNIT",
};

static bool is_common(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(common_macros); i++)
		if (starts_with(name, common_macros[i]))
			return true;
	return false;
}

/* What the unit's command line defines for it (ccflags-y += -DBUILDING_ACPICA). */
static void add_command_line(const struct closure *c, struct str *out)
{
	for (size_t i = 0; i < c->tu->macros.n; i++) {
		const struct macro *m = &c->tu->macros.at[i];
		scoped_free char *name = NULL;

		if (!streq(c->tu->files.at[m->file].path, "<command-line>") || m->undef)
			continue;
		name = name_string(&c->tu->names, m->name);
		if (!is_common(name))
			str_add(out, "#define %s%.*s\n", name, (int)m->length, c->tu->text + m->at);
	}
}

/* The unit's own names, where the text shows them. */
void write_unit_names(const struct closure *c, struct str *out)
{
	add_command_line(c, out);
	for (size_t i = 0; i < ARRAY_SIZE(c->unit_names); i++) {
		const struct macro *m = c->unit_names[i].macro;

		if (!c->unit_names[i].used)
			continue;
		scoped_free char *name = name_string(&c->tu->names, m->name);

		str_add(out, "#undef %s\n#define %s%.*s\n", name, name, (int)m->length,
			c->tu->text + m->at);
	}
}

/*
 * THIS_MODULE means what it meant in the unit: nothing in vmlinux (include/linux/init.h), else the
 * module itself, whose symbol is __this_module as in every module.
 */
void write_this_module(const struct closure *c, struct str *out)
{
	const char *object = c->request->command->kobject;

	if (!c->uses_this_module)
		return;
	str_add(out, "\n#undef THIS_MODULE\n");
	if (streq(object, "vmlinux")) {
		str_add(out, "#define THIS_MODULE ((struct module *)0)\n");
		return;
	}
	str_add(out,
		"#define THIS_MODULE (&%s_this_module)\nextern struct module %s_this_module;\n",
		object, object);
	str_add(out, "SUTURE_KLP_ALIAS(%s_this_module, %s, __this_module, 0);\n", object, object);
}

/* Was the tag declared by private text, and not by a public header, before this token? */
static bool is_private_tag(const struct closure *c, uint32_t name, uint32_t before)
{
	bool found = false;

	for (uint32_t k = c->tu->tag_of[name]; k; k = c->tu->declared.at[k - 1].earlier) {
		const struct declared *d = &c->tu->declared.at[k - 1];

		if (d->token >= before)
			continue;
		if (tu_is_public(c->tu, tu_token(c->tu, d->token)->file))
			return false;
		found = true;
	}
	return found;
}

/*
 * A public header that mentions `struct x *` in parameter lists found it declared by private text before it.
 * Without that each list would have a type of its own.
 */
static void declare_tags(const struct closure *c, const struct inclusion *in, struct map *said,
			 struct str *out)
{
	const struct tu *tu = c->tu;

	for (uint32_t i = in->token; i + 1 < in->leave; i++) {
		if (tu_class(tu, i) != WORD_STRUCT || !tu_is_plain_name(tu, i + 1))
			continue;
		uint32_t name = tu_token(tu, i + 1)->name;

		if (map_has_u64(said, name) || !is_private_tag(c, name, in->token))
			continue;
		scoped_free char *word = name_string(&tu->names, tu_token(tu, i)->name);
		scoped_free char *tag = name_string(&tu->names, name);

		map_put_u64(said, name, (void *)tu);
		str_add(out, "%s %s;\n", word, tag);
	}
}

/* Includes of public headers in order, between them what the unit's file defines. */
void write_head(struct closure *c, struct str *out)
{
	SCOPED(map_free) struct map seen = {0};
	SCOPED(map_free) struct map tags = {0};
	size_t k = 0;

	for (size_t i = 0; i < c->heads.n; i++) {
		const struct inclusion *in = &c->tu->inclusions.at[c->heads.at[i].inclusion];

		for (; k < in->macro; k++) {
			const struct macro *m = &c->tu->macros.at[k];
			struct piece p = {.kind = m->undef ? PIECE_UNDEF : PIECE_MACRO,
					  .number = k};

			if (m->file == c->tu->main_file && k < c->head_end && !is_left_out(c, m))
				write_macro(c, &p, out);
		}
		if (!c->heads.at[i].kept || c->heads.at[i].late)
			continue;
		declare_tags(c, in, &tags, out);
		add_include(c, &c->heads.at[i], &seen, out);
	}
}
