// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types of private text. A structure that is used through pointers only is declared, not copied:
 * large ones would bring in half of a subsystem. Without an analysis of types "only" is decided by
 * names, so that too much may be copied, and rarely too little (then the caller asks for all of
 * them, extract_request.generous).
 */
#include "extract/closure.h"

/* Bits of closure.is_object. */
enum { WHOLE_OBJECT = 1, BY_MEMBER = 2 };

/* A declaration that defines a type, and perhaps variables with it. */
void closure_need_type(struct closure *c, const struct declared *d, uint32_t by, const char *kind)
{
	const struct declaration *from = &c->tu->declarations.at[d->declaration];
	bool variables = false;

	if (c->written[d->declaration] & WRITTEN_TYPE)
		return;
	closure_decide(c, kind, d->name, by, "defined in a file that modules cannot include",
		       "copied");
	for (uint32_t i = from->names; i < from->names + from->n_names; i++)
		variables |= c->tu->declared.at[i].kind <= DECLARED_VARIABLE;
	if (!variables) {
		closure_need_declaration(c, d->declaration, by);
		return;
	}
	c->written[d->declaration] |= WRITTEN_TYPE;
	struct chunk chunk = closure_chunk(c, d->declaration);

	piece_vec_push(&c->pieces, (struct piece) {.position = from->first,
						   .kind = PIECE_TYPE,
						   .number = d->declaration,
						   .chunk = chunk});
	closure_push_work(c, d->declaration, from->specifiers - 1, READ_WRITTEN, by);
	if (chunk.file)
		closure_use_words(c, &chunk, from->first, by);
}

static const struct declared *tag_definition(const struct closure *c, uint32_t name)
{
	const struct declared *first = NULL;

	for (uint32_t i = c->tu->tag_of[name]; i; i = c->tu->declared.at[i - 1].earlier)
		if (c->tu->declared.at[i - 1].definition)
			first = &c->tu->declared.at[i - 1];
	return first;
}

/* Does a header that stands before everything else declare the tag? */
static bool declared_in_header(const struct closure *c, uint32_t tag)
{
	for (uint32_t i = c->tu->tag_of[tag]; i; i = c->tu->declared.at[i - 1].earlier) {
		const struct declared *d = &c->tu->declared.at[i - 1];

		if (tu_name_is_shipped(c->tu, d->token) && !closure_in_late_header(c, d->token))
			return true;
	}
	return false;
}

void closure_use_tag(struct closure *c, const struct mention *m, uint32_t by)
{
	const struct declared *d = tag_definition(c, m->name);

	if (d && tu_name_is_shipped(c->tu, d->token)) {
		closure_use_header_token(c, d->token);
		return;
	}
	if (d && (m->kind == MENTION_TAG || c->request->generous)) {
		closure_need_type(c, d, by, "type");
		return;
	}
	uint32_t *first = &c->pointed[m->name];

	uint32_t i = m->token + 1;

	while (tu_is_punct(c->tu, i, '*') || tu_class(c->tu, i) == WORD_CONST)
		i++;
	if (m->kind == MENTION_TAG_POINTER && tu_is_plain_name(c->tu, i))
		pointer_vec_push(&c->pointers,
				 (struct pointer) {m->name, tu_token(c->tu, i)->name});
	else if (m->kind == MENTION_TAG_POINTER && tu_is_punct(c->tu, i, ')'))
		pointer_vec_push(&c->pointers, (struct pointer) {m->name, 0}); /* a cast */

	if (!*first)
		u32_vec_push(&c->tags, m->name);
	if (!*first || m->token < *first)
		*first = m->token;
}

/* Is a member of the type mentioned behind . or -> in what is written? */
static bool members_used(const struct closure *c, const struct declared *d)
{
	const struct declaration *from = &c->tu->declarations.at[d->declaration];
	uint32_t open = d->token + 1;

	while (open < from->last && !tu_is_punct(c->tu, open, '{'))
		open++;
	for (uint32_t i = open + 1, end = tu_token(c->tu, open)->name; i < end; i++)
		if (tu_is_plain_name(c->tu, i) && c->is_member[tu_token(c->tu, i)->name] &&
		    !tu_is_punct(c->tu, i + 1, '*') && tu_token(c->tu, i + 1)->kind == LEX_PUNCT)
			return true;
	return false;
}

/* A public structure has a pointer to a private one: what it is called. */
void closure_find_header_pointers(struct closure *c)
{
	const struct tu *tu = c->tu;

	for (uint32_t i = 1; i + 4 < tu->tokens.n; i++) {
		/* "struct x *name", or "typeof(struct x) *name" as macros write it */
		uint32_t star = i + 2 + tu_is_punct(tu, i + 2, ')');

		if (tu_class(tu, i) != WORD_STRUCT || !tu_is_punct(tu, star, '*') ||
		    !tu_is_plain_name(tu, star + 1) || !tu_is_public(tu, tu_token(tu, i)->file))
			continue;
		const struct declared *d = tag_definition(c, tu_token(tu, i + 1)->name);

		if (d && !tu_is_public(tu, tu_token(tu, d->token)->file))
			pointer_vec_push(&c->header_pointers,
					 (struct pointer) {d->name, tu_token(tu, star + 1)->name});
	}
}

/* Private types behind pointers of public structures. */
static bool complete_header_types(struct closure *c)
{
	bool more = false;

	for (size_t i = 0; i < c->header_pointers.n; i++) {
		const struct pointer *p = &c->header_pointers.at[i];
		const struct declared *d = tag_definition(c, p->tag);

		if (!c->is_object[p->name] || !c->is_member[p->name] ||
		    c->written[d->declaration] & WRITTEN_TYPE)
			continue;
		closure_need_type(c, d, 0, "type");
		more = true;
	}
	return more;
}

/* Is what something called `name`, a pointer to it, points to used in one of these ways? */
static bool object_used(const struct closure *c, uint32_t tag, uint8_t how)
{
	for (size_t i = 0; i < c->pointers.n; i++) {
		const struct pointer *p = &c->pointers.at[i];

		if (p->tag == tag && (p->name ? (c->is_object[p->name] & how) : how & BY_MEMBER))
			return true;
	}
	return false;
}

/* *x where it is no multiplication and no declaration. */
static bool is_dereference(const struct tu *tu, uint32_t star)
{
	const struct token *t = tu_token(tu, star - 1);

	return t->kind == LEX_PUNCT ? t->punct != ')' && t->punct != ']' && t->punct != '*'
				    : tu_class(tu, star - 1) >= WORD_SIZEOF;
}

/* x->m, x(...)->m, (x)->m: the tokens behind a name. */
static bool is_arrowed(const struct tu *tu, uint32_t i)
{
	if (tu_is_punct(tu, i, '('))
		i = tu_skip_group(tu, i);
	while (tu_is_punct(tu, i, ')'))
		i++;
	return tu_is_punct(tu, i, PUNCT_ARROW);
}

void closure_use_objects(struct closure *c, uint32_t first, uint32_t last)
{
	const struct tu *tu = c->tu;

	for (uint32_t i = first; i <= last; i++) {
		enum word_class class = tu_class(tu, i);
		uint32_t end =
			class == WORD_SIZEOF || class == WORD_TYPEOF ? tu_skip_group(tu, i + 1) : 0;

		for (uint32_t k = i + 2; k < end && k <= last; k++)
			if (tu_is_plain_name(tu, k))
				c->is_object[tu_token(tu, k)->name] |= WHOLE_OBJECT;
		if (tu_is_plain_name(tu, i) &&
		    (tu_is_punct(tu, i + 1, '[') ||
		     (tu_is_punct(tu, i + 1, '+') && tu_is_punct(tu, i + 2, '+')) ||
		     (tu_is_punct(tu, i - 1, '*') && is_dereference(tu, i - 1))))
			c->is_object[tu_token(tu, i)->name] |= WHOLE_OBJECT;
		if (tu_is_plain_name(tu, i) && is_arrowed(tu, i + 1))
			c->is_object[tu_token(tu, i)->name] |= BY_MEMBER;
	}
}

/* Types that turned out to be more than pointers. */
bool closure_complete_types(struct closure *c)
{
	bool more = complete_header_types(c);

	for (size_t i = 0; i < c->tags.n; i++) {
		const struct declared *d = tag_definition(c, c->tags.at[i]);

		if (!d || c->written[d->declaration] & WRITTEN_TYPE ||
		    !(object_used(c, c->tags.at[i], WHOLE_OBJECT) ||
		      (object_used(c, c->tags.at[i], BY_MEMBER) && members_used(c, d))))
			continue;
		closure_need_type(c, d, 0, "type");
		more = true;
	}
	return more;
}

/* The remaining ones are declared without members. */
void closure_forward_tags(struct closure *c)
{
	for (size_t i = 0; i < c->tags.n; i++) {
		uint32_t name = c->tags.at[i], last = c->tu->tag_of[name];
		const struct declared *d = tag_definition(c, name);

		bool defined = d && c->written[d->declaration] & WRITTEN_TYPE;

		if (!last || declared_in_header(c, name) ||
		    (defined && d->token < c->pointed[name]))
			continue;
		piece_vec_push(
			&c->pieces,
			(struct piece) {.position = 0, .kind = PIECE_FORWARD, .number = last - 1});
	}
}
