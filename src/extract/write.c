// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/write.h"

#include <string.h>

#include "base/cleanup.h"
#include "extract/print.h"

/* ---- annotations ---- */

void write_annotation(const struct closure *c, const char *identifier, const struct name_fate *fate,
		      const char *link_name, struct str *out)
{
	const char *name = link_name ? link_name : identifier;

	if (!fate->object || !fate->symbol)
		return;
	if (fate->patched)
		str_add(out, "SUTURE_KLP_FOR(%s, %s, %s, %s, %u);\n", fate->patched, name, fate->object,
			fate->symbol, fate->position);
	else if (streq(name, fate->symbol))
		str_add(out, "SUTURE_KLP_SYM(%s, %s, %u);\n", fate->object, name, fate->position);
	else
		str_add(out, "SUTURE_KLP_ALIAS(%s, %s, %s, %u);\n", name, fate->object, fate->symbol,
			fate->position);
}

static bool listed(const struct str_vec *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->at[i], name))
			return true;
	return false;
}

/* Is the symbol referred to, as far as is known? */
static bool is_referred(const struct closure *c, const char *name)
{
	return !c->request->undefined || listed(c->request->undefined, name);
}

static bool is_annotated(const struct closure *c, const struct linkage *l)
{
	scoped_free char *name = name_string(&c->tu->names, l->name);

	if (l->fate.fate == FATE_REPLACE ? !l->pointer : l->fate.fate != FATE_KLP)
		return false;
	return is_referred(c, l->fate.link_name ? l->fate.link_name : name);
}

static void annotate(const struct closure *c, const struct linkage *l, struct str *out)
{
	scoped_free char *name = name_string(&c->tu->names, l->name);

	if (is_annotated(c, l))
		write_annotation(c, name, &l->fate, l->fate.link_name, out);
}

/* ---- text of files ---- */

static const char *shown_path(const struct tu_file *f)
{
	return f->rel ? f->rel : f->path;
}

static void add_marker(const struct tu_file *f, uint32_t first, uint32_t last, const char *note,
		       struct str *out)
{
	if (first == last)
		str_add(out, "/* %sfrom %s:%u */\n", note, shown_path(f), first);
	else
		str_add(out, "/* %sfrom %s:%u-%u */\n", note, shown_path(f), first, last);
}

static void add_lines(struct closure *c, const struct piece *p, struct str *out)
{
	struct tu_file *f = tu_file_text(c->tu, p->chunk.file);
	SCOPED(edits_free) struct edit_vec edits = {0};
	uint32_t at = tu_line_start(f, p->chunk.first_line);
	uint32_t end = tu_line_start(f, p->chunk.last_line + 1);

	find_edits(c, p, &edits);
	for (size_t i = 0; i < edits.n; i++) {
		const struct edit *e = &edits.at[i];

		if (e->at < at || e->at + e->length > end)
			continue;
		str_add_bytes(out, f->text + at, e->at - at);
		str_add(out, "%s", e->text);
		at = e->at + e->length;
	}
	str_add_bytes(out, f->text + at, end - at);
	if (out->n && out->s[out->n - 1] != '\n')
		str_add(out, "\n");
}

/* ---- pieces ---- */

static const struct token *first_token(const struct closure *c, const struct piece *p)
{
	return tu_token(c->tu, c->tu->declarations.at[p->number].first);
}

static void add_chunk(struct closure *c, const struct piece *p, struct str *out)
{
	const struct tu_file *f = tu_file_text(c->tu, p->chunk.file);

	add_marker(f, p->chunk.first_line, p->chunk.last_line, "", out);
	add_lines(c, p, out);
}

/* The tag's definition out of a declaration that defines variables as well. */
static void add_type(struct closure *c, const struct piece *p, struct str *out)
{
	const struct declaration *d = &c->tu->declarations.at[p->number];
	struct specifiers s;
	uint32_t i = d->first;

	tu_read_specifiers(c->tu, d->first, d->specifiers, &s);
	while (i < d->last && tu_class(c->tu, i) != WORD_STRUCT && tu_class(c->tu, i) != WORD_ENUM)
		i++;
	if (!s.tag_body)
		return;
	add_marker(&c->tu->files.at[first_token(c, p)->file], first_token(c, p)->line,
		   tu_token(c->tu, tu_token(c->tu, s.tag_body)->name)->line, "", out);
	print_tokens(c->tu, i, tu_skip_group(c->tu, s.tag_body), out);
	str_add(out, ";\n");
}

/* One token after the other, with the new names of replaced functions. */
static void add_expanded(struct closure *c, const struct piece *p, struct str *out)
{
	const struct declaration *d = &c->tu->declarations.at[p->number];
	uint32_t from = d->first;

	add_marker(&c->tu->files.at[first_token(c, p)->file], first_token(c, p)->line,
		   tu_token(c->tu, d->last)->line, p->linkage ? "livepatch: replaces, expanded " : "expanded ",
		   out);
	for (uint32_t i = d->first; i <= d->last; i++) {
		const struct token *t = tu_token(c->tu, i);
		uint32_t known = t->kind == LEX_NAME ? c->linkage_of[t->name] : 0;
		const struct linkage *l = known ? &c->linkages.at[known - 1] : NULL;
		bool drop = p->linkage && i < d->body && tu_class(c->tu, i) >= WORD_EXTERN &&
			    tu_class(c->tu, i) <= WORD_INLINE;

		if (!drop && (!l || !l->new_name || !tu_is_punct(c->tu, i + 1, '(') ||
			      tu_is_punct(c->tu, i - 1, '.') || tu_is_punct(c->tu, i - 1, PUNCT_ARROW)))
			continue;
		print_tokens(c->tu, from, i, out);
		str_add(out, "%s%s", i > from ? " " : "", drop ? "" : l->new_name);
		from = i + 1;
	}
	print_tokens(c->tu, from, d->last + 1, out);
	str_add(out, "\n");
}

static void add_statics(const struct closure *c, const struct piece *p, struct str *out)
{
	for (size_t i = 0; i < c->statics.n; i++) {
		const struct static_use *use = &c->statics.at[i];

		if (use->fate.fate == FATE_KLP && use->declaration >= p->chunk.first &&
		    use->declaration <= p->chunk.last && is_referred(c, use->link_name))
			write_annotation(c, use->link_name, &use->fate, NULL, out);
	}
}

static void add_function(struct closure *c, const struct piece *p, struct str *out)
{
	const struct linkage *l = &c->linkages.at[p->linkage - 1];
	scoped_free char *name = name_string(&c->tu->names, l->name);
	scoped_free char *note = xasprintf("livepatch: replaces %s(), ", name);

	add_marker(tu_file_text(c->tu, p->chunk.file), p->chunk.first_line, p->chunk.last_line, note,
		   out);
	add_lines(c, p, out);
}

static void add_declaration(struct closure *c, const struct piece *p, struct str *out)
{
	const struct linkage *l = &c->linkages.at[p->linkage - 1];
	struct extern_parts parts = extern_parts(c->tu, &c->tu->declared.at[p->number]);

	print_extern(c->tu, &parts, p->kind == PIECE_PROTOTYPE ? l->new_name : NULL,
		     p->kind == PIECE_PROTOTYPE ? NULL : l->fate.link_name, out);
	if (p->kind == PIECE_EXTERN)
		annotate(c, l, out);
}

static void add_forward(const struct closure *c, const struct piece *p, struct str *out)
{
	const struct declared *d = &c->tu->declared.at[p->number];
	uint32_t i = d->token;

	while (i > 1 && tu_class(c->tu, i) != WORD_STRUCT && tu_class(c->tu, i) != WORD_ENUM)
		i--;
	if (tu_class(c->tu, i) == WORD_ENUM)
		return;
	print_tokens(c->tu, i, i + 1, out);
	str_add(out, " ");
	print_tokens(c->tu, d->token, d->token + 1, out);
	str_add(out, ";\n");
}

static void add_macro(struct closure *c, const struct piece *p, struct str *out)
{
	const struct macro *m = &c->tu->macros.at[p->number];
	struct tu_file *f = tu_file_text(c->tu, m->file);
	uint32_t last = raw_directive_end(c->tu, m->file, m->line);
	uint32_t start = tu_line_start(f, m->line), end = tu_line_start(f, last + 1);

	if (m->earlier && !c->tu->macros.at[m->earlier - 1].undef && p->kind == PIECE_MACRO) {
		scoped_free char *name = name_string(&c->tu->names, m->name);

		str_add(out, "#undef %s\n", name);
	}
	str_add_bytes(out, f->text + start, end - start);
	if (out->n && out->s[out->n - 1] != '\n')
		str_add(out, "\n");
}

static void add_late_include(struct closure *c, const struct piece *p, struct str *out);

static void (*const writers[])(struct closure *c, const struct piece *p, struct str *out) = {
	[PIECE_CHUNK] = add_chunk,	   [PIECE_TYPE] = add_type,
	[PIECE_EXPANDED] = add_expanded,   [PIECE_FUNCTION] = add_function,
	[PIECE_PROTOTYPE] = add_declaration, [PIECE_EXTERN] = add_declaration,
	[PIECE_MACRO] = add_macro,	   [PIECE_UNDEF] = add_macro,
	[PIECE_INCLUDE] = add_late_include,
};

/* ---- head ---- */

/* Definitions of the unit that make a header do more than declare. */
static bool is_left_out(const struct closure *c, const struct macro *m)
{
	scoped_free char *name = name_string(&c->tu->names, m->name);

	return streq(name, "CREATE_TRACE_POINTS");
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

static void add_late_include(struct closure *c, const struct piece *p, struct str *out)
{
	SCOPED(map_free) struct map seen = {0};

	add_include(c, &c->heads.at[p->number], &seen, out);
}

/* Includes of public headers in order, between them what the unit's file defines. */
static void add_head(struct closure *c, struct str *out)
{
	SCOPED(map_free) struct map seen = {0};
	size_t k = 0;

	for (size_t i = 0; i < c->heads.n; i++) {
		const struct inclusion *in = &c->tu->inclusions.at[c->heads.at[i].inclusion];

		for (; k < in->macro; k++) {
			const struct macro *m = &c->tu->macros.at[k];
			struct piece p = {.kind = m->undef ? PIECE_UNDEF : PIECE_MACRO, .number = k};

			if (m->file == c->tu->main_file && k < c->head_end && !is_left_out(c, m))
				add_macro(c, &p, out);
		}
		if (c->heads.at[i].kept && !c->heads.at[i].late)
			add_include(c, &c->heads.at[i], &seen, out);
	}
}

static bool needs_annotations(const struct closure *c)
{
	for (size_t i = 0; i < c->linkages.n; i++)
		if (is_annotated(c, &c->linkages.at[i]))
			return true;
	for (size_t i = 0; i < c->statics.n; i++)
		if (c->statics.at[i].fate.fate == FATE_KLP)
			return true;
	return false;
}

/* What public headers declare is annotated together. */
static void annotate_headers(const struct closure *c, struct str *out)
{
	scoped_str struct str lines = {0};

	for (size_t i = 0; i < c->linkages.n; i++)
		if (c->linkages.at[i].in_header)
			annotate(c, &c->linkages.at[i], &lines);
	if (lines.n)
		str_add(out, "\n/* not exported, declared by the headers above */\n%s", lines.s);
}

/* What declarations that were copied declare is annotated behind the last one of them. */
static void annotate_private(const struct closure *c, struct str *out)
{
	scoped_str struct str lines = {0};

	for (size_t i = 0; i < c->linkages.n; i++)
		if (!c->linkages.at[i].in_header && c->linkages.at[i].prototype)
			annotate(c, &c->linkages.at[i], &lines);
	if (lines.n)
		str_add(out, "\n/* not exported, declared above */\n%s", lines.s);
}

/* ---- the whole ---- */

/* At one place: declarations before what uses them. */
static int rank(const struct piece *p)
{
	switch (p->kind) {
	case PIECE_FORWARD:
	case PIECE_INCLUDE: return 0;
	case PIECE_UNDEF:
	case PIECE_MACRO: return 1;
	case PIECE_TYPE: return 2;
	case PIECE_EXTERN:
	case PIECE_PROTOTYPE: return 3;
	default: return 4;
	}
}

static int by_position(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	if (x->position != y->position)
		return x->position < y->position ? -1 : 1;
	if (rank(x) != rank(y))
		return rank(x) - rank(y);
	return (x->number > y->number) - (x->number < y->number);
}

static bool stands_alone(const struct piece *p)
{
	return p->kind != PIECE_MACRO && p->kind != PIECE_UNDEF && p->kind != PIECE_FORWARD &&
	       p->kind != PIECE_INCLUDE;
}

void write_source(struct closure *c, struct str *out)
{
	if (c->pieces.n)
		qsort(c->pieces.at, c->pieces.n, sizeof(*c->pieces.at), by_position);
	add_head(c, out);
	if (needs_annotations(c))
		str_add(out, "#include <suture/livepatch.h>\n");
	annotate_headers(c, out);
	for (size_t i = 0; i < c->pieces.n; i++) {
		const struct piece *p = &c->pieces.at[i];
		bool more = i && !stands_alone(p) && p[-1].kind == p->kind;

		if (!more)
			str_add(out, "\n");
		if (p->kind == PIECE_FUNCTION || p->kind == PIECE_CHUNK)
			add_statics(c, p, out);
		if (p->kind == PIECE_FORWARD)
			add_forward(c, p, out);
		else
			writers[p->kind](c, p, out);
	}
	annotate_private(c, out);
}
