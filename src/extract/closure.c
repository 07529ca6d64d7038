// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/closure.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

void closure_decide(struct closure *c, const char *kind, uint32_t name, uint32_t by,
		    const char *reason, const char *how, ...)
{
	scoped_free char *spelling = name_string(&c->tu->names, name);
	va_list ap;

	va_start(ap, how);
	extract_decision_vec_push(&c->result->decisions,
				  (struct extract_decision) {
					  .what = xasprintf("%s %s", kind, spelling),
					  .how = xvasprintf(how, ap),
					  .reason = xstrdup(reason),
					  .needed_by = by ? name_string(&c->tu->names, by) : NULL});
	va_end(ap);
}

void closure_push_work(struct closure *c, uint32_t declaration, uint32_t last, enum reading how,
		       uint32_t by)
{
	uint8_t bit = SCHEDULED << how;
	bool whole = last == c->tu->declarations.at[declaration].last;

	if (whole && c->written[declaration] & bit)
		return;
	if (whole)
		c->written[declaration] |= bit;
	work_vec_push(&c->work,
		      (struct work) {declaration, c->tu->declarations.at[declaration].first, last,
				     how, by});
}

void closure_push_part(struct closure *c, uint32_t declaration, uint32_t first, uint32_t last,
		       uint32_t by)
{
	work_vec_push(&c->work, (struct work) {declaration, first, last, READ_WRITTEN, by});
}

/* ---- macros ---- */

static bool in_head(const struct closure *c, const struct macro *m)
{
	return m->file == c->tu->main_file && m - c->tu->macros.at < c->head_end;
}

bool closure_macro_is_shipped(const struct closure *c, const struct macro *m)
{
	if (!c->tu->files.at[m->file].is_public || !c->tu->files.at[m->file].changed)
		return c->tu->files.at[m->file].is_public;
	const struct tu_file *f = tu_file_text(c->tu, m->file);
	uint32_t start = tu_line_start(f, m->line);
	uint32_t end = tu_line_start(f, raw_directive_end(c->tu, m->file, m->line) + 1);

	return tu_is_shipped(c->tu, m->file, f->text + start, end - start);
}

/* "NLMDBG_##facility" may make the name of any macro that begins so: a public one (pr_debug_##func) may use private ones. */
static void use_pasted(struct closure *c, const char *text, const struct lexeme *l,
		       uint32_t position, uint32_t by)
{
	for (size_t i = 0; i < c->tu->macros.n; i++) {
		const struct macro *m = &c->tu->macros.at[i];
		const struct name *n = &c->tu->names.at[m->name];

		if (!m->undef && n->length > l->length &&
		    memcmp(n->text, text + l->at, l->length) == 0)
			closure_use_macro(c, m->name, position, by);
	}
}

static bool is_pasted(const struct macro *m, const char *text, const struct lexeme *l)
{
	const char *p = text + l->at + l->length, *end = text + m->at + m->length;

	while (p < end && *p == ' ')
		p++;
	return l->kind == LEX_NAME && l->length > 3 && end - p > 2 && p[0] == '#' && p[1] == '#';
}

/* A macro's text uses what its name means where the macro is used. */
static void use_macro_text(struct closure *c, const struct macro *m, uint32_t position)
{
	struct lexer lx = lexer_at(c->tu->text, m->at + m->length, m->at, 1);

	lx.line_start = false;
	for (struct lexeme l = lex(&lx); l.kind != LEX_END; l = lex(&lx)) {
		if (is_pasted(m, c->tu->text, &l))
			use_pasted(c, c->tu->text, &l, position, m->name);
		uint32_t name = l.kind == LEX_NAME
					? name_find(&c->tu->names, c->tu->text + l.at, l.length)
					: 0;

		if (name)
			closure_use_macro(c, name, position, m->name);
	}
}

/* The #undef of a macro in private text, if what comes behind it may need the name free. */
static void add_undef(struct closure *c, uint32_t number)
{
	const struct macro *m = &c->tu->macros.at[number];

	for (uint32_t i = c->tu->macro_of[m->name]; i > number + 1;
	     i = c->tu->macros.at[i - 1].earlier) {
		const struct macro *later = &c->tu->macros.at[i - 1];

		if (later->undef && later->earlier == number + 1 &&
		    !tu_is_public(c->tu, later->file))
			piece_vec_push(&c->pieces, (struct piece) {.position = later->token,
								   .kind = PIECE_UNDEF,
								   .number = i - 1});
	}
}

void closure_use_macro(struct closure *c, uint32_t name, uint32_t position, uint32_t by)
{
	const struct macro *m = tu_macro_at(c->tu, name, position);
	uint32_t number = m ? m - c->tu->macros.at : 0;

	c->uses_this_module |= name == c->this_module;
	if (!m || (c->macro_seen[number] && c->macro_read[number] == position))
		return;
	bool shipped = closure_macro_is_shipped(c, m), seen = c->macro_seen[number];

	c->macro_seen[number] = 1;
	c->macro_read[number] = position;
	if (seen && shipped)
		return; /* its text is read anew only where private macros may have changed since */
	if (!seen && !shipped && !in_head(c, m)) {
		piece_vec_push(&c->pieces, (struct piece) {.position = m->token,
							   .kind = PIECE_MACRO,
							   .number = number});
		add_undef(c, number);
		closure_decide(c, "macro", name, by, "used by text that is copied", "copied");
	} else if (!seen) {
		closure_use_header_macro(c, number);
	}
	use_macro_text(c, m, position);
}

/* A private file that text in the middle of a declaration includes. */
static void use_included(struct closure *c, uint16_t file, const struct lexeme *l,
			 uint32_t position, uint32_t by)
{
	uint16_t inner = raw_private_include(c->tu, file, l);
	struct chunk whole = {.file = inner, .first_line = 1, .last_line = UINT32_MAX, .whole = true};

	if (!inner || c->use_depth > 8)
		return;
	c->use_depth++;
	closure_use_words(c, &whole, position, by);
	c->use_depth--;
}

void closure_use_words(struct closure *c, const struct chunk *chunk, uint32_t position, uint32_t by)
{
	SCOPED(lexeme_vec_free) struct lexeme_vec words = {0};
	const struct tu_file *f = tu_file_text(c->tu, chunk->file);

	raw_live_words(c->tu, chunk, &words);
	for (size_t i = 0; i < words.n; i++) {
		const struct lexeme *l = &words.at[i];
		struct lexer lx = lexer_at(f->text, l->at + l->length, l->at + 1, 1);
		struct lexeme inner = *l;

		lx.line_start = false;
		use_included(c, chunk->file, l, position, by);
		if (l->kind == LEX_NAME)
			closure_use_pasted(c, f, &words, i, position);
		while (inner.kind != LEX_END) { /* a directive's words, or the word itself */
			uint32_t name =
				inner.kind == LEX_NAME
					? name_find(&c->tu->names, f->text + inner.at, inner.length)
					: 0;

			if (name)
				closure_use_macro(c, name, position, by);
			if (l->kind != LEX_DIRECTIVE)
				break;
			inner = lex(&lx);
		}
	}
}

/* ---- declarations ---- */

/* The first function, variable or typedef that it declares; else the first tag. */
const struct declared *closure_owner(const struct closure *c, uint32_t declaration)
{
	const struct declaration *d = &c->tu->declarations.at[declaration];

	for (uint32_t i = d->names; i < d->names + d->n_names; i++)
		if (c->tu->declared.at[i].kind <= DECLARED_TYPEDEF)
			return &c->tu->declared.at[i];
	return d->n_names ? &c->tu->declared.at[d->names] : NULL;
}

/* Has the chunk definitions of functions or variables apart from `declaration`'s? */
static bool has_other_definitions(const struct closure *c, const struct chunk *chunk,
				  uint32_t declaration)
{
	for (uint32_t i = chunk->first; i <= chunk->last; i++) {
		const struct declaration *d = &c->tu->declarations.at[i];

		for (uint32_t k = d->names; i != declaration && k < d->names + d->n_names; k++) {
			const struct declared *n = &c->tu->declared.at[k];

			if (n->definition && n->kind <= DECLARED_VARIABLE)
				return true;
		}
	}
	return false;
}

static void need_expanded(struct closure *c, uint32_t declaration, uint32_t by)
{
	piece_vec_push(&c->pieces,
		       (struct piece) {.position = c->tu->declarations.at[declaration].first,
				       .kind = PIECE_EXPANDED,
				       .number = declaration});
	c->written[declaration] |= WRITTEN_TEXT | WRITTEN_TYPE;
	closure_push_work(c, declaration, c->tu->declarations.at[declaration].last, READ_WRITTEN,
			  by);
}

struct chunk closure_chunk(const struct closure *c, uint32_t declaration)
{
	struct chunk chunk = chunk_of(c->tu, declaration);

	chunk.whole = c->request->generous;
	return chunk;
}

void closure_need_declaration(struct closure *c, uint32_t declaration, uint32_t by)
{
	if (c->written[declaration] & WRITTEN_TEXT)
		return;
	struct chunk chunk = closure_chunk(c, declaration);

	if (!chunk.file || has_other_definitions(c, &chunk, declaration)) {
		need_expanded(c, declaration, by);
		return;
	}
	uint32_t position = c->tu->declarations.at[chunk.first].first;

	piece_vec_push(&c->pieces, (struct piece) {.position = position,
						   .kind = PIECE_CHUNK,
						   .number = declaration,
						   .chunk = chunk});
	for (uint32_t i = chunk.first; i <= chunk.last; i++) {
		c->written[i] |= WRITTEN_TEXT | WRITTEN_TYPE;
		closure_push_work(c, i, c->tu->declarations.at[i].last, READ_WRITTEN, by);
	}
	closure_use_words(c, &chunk, position, by);
}

/* ---- mentions ---- */

static void use_ordinary(struct closure *c, const struct mention *m, const struct work *w)
{
	uint32_t last = c->tu->ordinary_of[m->name];

	if (!last)
		return;
	const struct declared *d = &c->tu->declared.at[last - 1];

	if (d->kind == DECLARED_FUNCTION || d->kind == DECLARED_VARIABLE)
		closure_use_linkage(c, m, c->tu->declarations.at[w->declaration].first,
				    w->how == READ_WRITTEN, w->by);
	else if (w->how == READ_FROM_HEADER)
		return;
	else if (tu_name_is_shipped(c->tu, d->token)) {
		closure_use_header_token(c, d->token);
		if (c->request->generous) /* what it names may be known to private text only */
			closure_push_work(c, d->declaration, c->tu->declarations.at[d->declaration].last,
					  READ_LATE_HEADER, w->by);
	} else {
		closure_need_type(c, d, w->by,
				  d->kind == DECLARED_TYPEDEF ? "typedef" : "enumerator");
	}
}

static void read_work(struct closure *c, const struct work *w)
{
	SCOPED(scan_free) struct scan scan;
	struct declaration d = c->tu->declarations.at[w->declaration];
	const struct declared *owned = closure_owner(c, w->declaration);
	uint32_t owner = owned ? owned->name : 0;
	struct work named = *w;

	named.by = owner ? owner : w->by;
	if (d.body > w->last)
		d.body = 0;
	d.first = w->first;
	d.last = w->last;
	if (w->how == READ_WRITTEN) {
		closure_use_unit_names(c, d.first, d.last);
		closure_use_objects(c, d.first, d.last);
	}
	scan_declaration(c->tu, &d, &scan);
	for (size_t i = 0; i < scan.mentions.n; i++) {
		const struct mention *m = &scan.mentions.at[i];

		if (m->kind == MENTION_ORDINARY && m->name != owner)
			use_ordinary(c, m, &named);
		else if (m->kind == MENTION_ORDINARY && d.body && m->token > d.body)
			use_ordinary(c, m, &named); /* recursion */
		else if (m->kind == MENTION_MEMBER && w->how == READ_WRITTEN)
			c->is_member[m->name] = 1;
		else if (m->kind != MENTION_ORDINARY && m->kind != MENTION_MEMBER &&
			 w->how != READ_FROM_HEADER)
			closure_use_tag(c, m, named.by);
	}
	if (w->how == READ_WRITTEN && d.body)
		closure_use_statics(c, w->declaration, &scan);
	else if (w->how == READ_FROM_HEADER && d.body)
		closure_ask_header_statics(c, w->declaration, &scan);
}

static void read_all(struct closure *c)
{
	do {
		while (c->work.n) {
			struct work w = c->work.at[--c->work.n];

			read_work(c, &w);
		}
	} while (closure_complete_types(c));
}

/* ---- the whole ---- */

struct error *closure_run(struct closure *c)
{
	c->linkage_of = xcalloc(c->tu->n_names, sizeof(uint32_t));
	c->written = xcalloc(c->tu->declarations.n + 1, 1);
	c->macro_seen = xcalloc(c->tu->macros.n + 1, 1);
	c->macro_read = xcalloc(c->tu->macros.n + 1, sizeof(uint32_t));
	c->is_member = xcalloc(c->tu->n_names, 1);
	c->is_object = xcalloc(c->tu->n_names, 1);
	c->pointed = xcalloc(c->tu->n_names, sizeof(uint32_t));
	closure_find_heads(c);
	closure_find_unit_names(c);
	closure_find_header_pointers(c);
	for (size_t i = 0; i < c->request->functions->n; i++)
		TRY(closure_ask(c, c->request->functions->at[i]));
	read_all(c);
	TRY(closure_finish_linkages(c));
	read_all(c);
	closure_finish_heads(c);
	read_all(c);
	closure_drop_implied(c);
	closure_forward_tags(c);
	closure_place_externs(c);
	return NULL;
}

void closure_free(struct closure *c)
{
	for (size_t i = 0; i < c->linkages.n; i++) {
		name_fate_free(&c->linkages.at[i].fate);
		free(c->linkages.at[i].new_name);
	}
	for (size_t i = 0; i < c->statics.n; i++) {
		name_fate_free(&c->statics.at[i].fate);
		free(c->statics.at[i].link_name);
	}
	piece_vec_free(&c->pieces);
	linkage_vec_free(&c->linkages);
	static_use_vec_free(&c->statics);
	work_vec_free(&c->work);
	u32_vec_free(&c->tags);
	free(c->linkage_of);
	free(c->written);
	free(c->macro_seen);
	free(c->macro_read);
	free(c->is_member);
	free(c->is_object);
	pointer_vec_free(&c->pointers);
	pointer_vec_free(&c->header_pointers);
	free(c->pointed);
	head_vec_free(&c->heads);
	free(c->first_of);
	free(c->first_tag_of);
	free(c->file_need);
}
