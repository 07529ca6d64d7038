// SPDX-License-Identifier: GPL-2.0-or-later
/* Annotations: which symbol of the kernel a declaration means. */
#include "base/cleanup.h"
#include "extract/write.h"

void write_annotation(const struct closure *c, const char *identifier, const struct name_fate *fate,
		      const char *link_name, struct str *out)
{
	const char *name = link_name ? link_name : identifier;

	if (!fate->object || !fate->symbol)
		return;
	if (fate->patched)
		str_add(out, "SUTURE_KLP_FOR(%s, %s, %s, %s, %u);\n", fate->patched, name,
			fate->object, fate->symbol, fate->position);
	else if (streq(name, fate->symbol))
		str_add(out, "SUTURE_KLP_SYM(%s, %s, %u);\n", fate->object, name, fate->position);
	else
		str_add(out, "SUTURE_KLP_ALIAS(%s, %s, %s, %u);\n", name, fate->object,
			fate->symbol, fate->position);
}

static bool listed(const struct str_vec *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->at[i], name))
			return true;
	return false;
}

/* Is the symbol referred to, as far as is known? */
bool is_referred(const struct closure *c, const char *name)
{
	return !c->request->undefined || listed(c->request->undefined, name);
}

bool is_annotated(const struct closure *c, const struct linkage *l)
{
	scoped_free char *name = name_string(&c->tu->names, l->name);

	if (l->fate.fate == FATE_REPLACE ? !l->pointer : l->fate.fate != FATE_KLP)
		return false;
	return is_referred(c, l->fate.link_name ? l->fate.link_name : name);
}

void annotate(const struct closure *c, const struct linkage *l, struct str *out)
{
	scoped_free char *name = name_string(&c->tu->names, l->name);

	if (is_annotated(c, l))
		write_annotation(c, name, &l->fate, l->fate.link_name, out);
}

bool needs_annotations(const struct closure *c)
{
	if (c->uses_this_module && !streq(c->request->command->kobject, "vmlinux"))
		return true;
	for (size_t i = 0; i < c->linkages.n; i++)
		if (is_annotated(c, &c->linkages.at[i]))
			return true;
	for (size_t i = 0; i < c->statics.n; i++)
		if (c->statics.at[i].fate.fate == FATE_KLP)
			return true;
	return false;
}

/* What public headers declare is annotated together. */
void annotate_headers(const struct closure *c, struct str *out)
{
	scoped_str struct str lines = {0};

	for (size_t i = 0; i < c->linkages.n; i++)
		if (c->linkages.at[i].in_header)
			annotate(c, &c->linkages.at[i], &lines);
	if (lines.n)
		str_add(out, "\n/* not exported, declared by the headers above */\n%s", lines.s);
}

/* What declarations that were copied declare is annotated behind the last one of them. */
void annotate_private(const struct closure *c, struct str *out)
{
	scoped_str struct str lines = {0};

	for (size_t i = 0; i < c->linkages.n; i++)
		if (!c->linkages.at[i].in_header && c->linkages.at[i].prototype &&
		    c->linkages.at[i].fate.fate == FATE_KLP)
			annotate(c, &c->linkages.at[i], &lines);
	if (lines.n)
		str_add(out, "\n/* not exported, declared above */\n%s", lines.s);
}
