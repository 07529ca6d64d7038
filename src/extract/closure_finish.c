// SPDX-License-Identifier: GPL-2.0-or-later
/* Declarations that can be placed when all uses are known, and static variables of functions. */
#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"

static uint32_t earlier(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Where the declaration of something must stand that is defined under its new name. */
static uint32_t place(const struct closure *c, const struct linkage *l)
{
	return earlier(closure_declaration(c, l->definition)->first, l->first_use);
}

static void add_extern(struct closure *c, uint32_t number)
{
	const struct linkage *l = &c->linkages.at[number];

	piece_vec_push(&c->pieces, (struct piece) {.position = place(c, l), /* see closure_place_externs() */
						   .kind = PIECE_EXTERN,
						   .number = l->definition - 1,
						   .linkage = number + 1});
}

static void declare_extern(struct closure *c, uint32_t number)
{
	const struct linkage *l = &c->linkages.at[number];

	if (!l->in_header && !l->prototype && l->definition)
		add_extern(c, number);
}

static bool prototype_written(const struct closure *c, const struct linkage *l)
{
	return l->prototype &&
	       c->written[closure_declared(c, l->prototype)->declaration] & WRITTEN_TEXT;
}

static void declare_replaced(struct closure *c, uint32_t number)
{
	struct linkage *l = &c->linkages.at[number];
	scoped_free char *name = name_string(&c->tu->names, l->name);
	bool renamed_by_macro = l->fate.new_name && !streq(l->fate.new_name, l->new_name);

	if (l->fate.new_name)
		extract_replaced_vec_push(
			&c->result->replaced,
			(struct extract_replaced) {.name = take(name),
						   .new_name = xstrdup(l->new_name)});
	/* A private prototype that is copied is renamed with it. */
	if (!renamed_by_macro && l->fate.new_name && !prototype_written(c, l))
		piece_vec_push(&c->pieces, (struct piece) {.position = place(c, l),
							   .kind = PIECE_PROTOTYPE,
							   .number = l->definition - 1,
							   .linkage = number + 1});
	if (!l->pointer || !l->fate.new_name)
		return;
	if (!l->in_header) /* a prototype that is copied is the new one's */
		add_extern(c, number);
	closure_read_head(c, closure_declared(c, l->definition), 0);
}

/* A copied static function that is used before its definition: the unit declares it before. */
static void declare_copied(struct closure *c, uint32_t number)
{
	const struct linkage *l = &c->linkages.at[number];

	if (!l->definition || l->first_use >= closure_declaration(c, l->definition)->first)
		return;
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier)
		if (i != l->definition && !tu_name_is_shipped(c->tu, closure_declared(c, i)->token))
			closure_need_declaration(c, closure_declared(c, i)->declaration, l->by);
}

struct error *closure_finish_linkages(struct closure *c)
{
	for (uint32_t i = 0; i < c->linkages.n; i++) {
		const struct linkage *l = &c->linkages.at[i];

		if (l->new_name)
			declare_replaced(c, i);
		else if (l->direct && l->written)
			declare_copied(c, i);
		else if (l->direct && l->fate.reason)
			declare_extern(c, i);
	}
	return NULL;
}

/* The text that a declaration is part of: where that begins. */
static uint32_t piece_with(const struct closure *c, uint32_t position)
{
	for (size_t i = 0; i < c->pieces.n; i++) {
		const struct piece *p = &c->pieces.at[i];

		if ((p->kind == PIECE_CHUNK || p->kind == PIECE_FUNCTION) &&
		    c->tu->declarations.at[p->chunk.first].first <= position &&
		    c->tu->declarations.at[p->chunk.last].last >= position)
			return p->position;
	}
	return position;
}

void closure_place_externs(struct closure *c)
{
	for (size_t i = 0; i < c->pieces.n; i++) {
		struct piece *p = &c->pieces.at[i];
		const struct linkage *l = p->kind == PIECE_EXTERN ? &c->linkages.at[p->linkage - 1] : NULL;

		if (l && l->first_use != UINT32_MAX)
			p->position = piece_with(c, l->first_use);
	}
}

/* ---- static variables of functions ---- */

/* Does the text have the word static where the expansion has it? */
static bool is_spelled_out(struct closure *c, const struct local_static *v)
{
	const struct token *t = tu_token(c->tu, v->first);
	SCOPED(lexeme_vec_free) struct lexeme_vec words = {0};
	const struct tu_file *f = tu_file_text(c->tu, t->file);

	raw_words(c->tu, t->file, t->line, t->line, &words);
	return f->text && raw_has_word(f, &words, words.n, "static");
}

static struct name_question question_about(const struct local_static *v, char *name, char *function)
{
	return (struct name_question){ .name = name, .function = function, .is_static = true, .defined = true,
				       .is_const = v->is_const, .asked_by = function };
}

void closure_use_statics(struct closure *c, uint32_t declaration, const struct scan *scan)
{
	uint32_t owner = closure_owner(c, declaration)->name;
	scoped_free char *function = name_string(&c->tu->names, owner);

	for (size_t i = 0; i < scan->statics.n; i++) {
		const struct local_static *v = &scan->statics.at[i];
		uint32_t number = tu_token(c->tu, v->token)->name;
		scoped_free char *name = name_string(&c->tu->names, number);
		struct static_use use = {.variable = *v, .declaration = declaration};
		struct name_question q = question_about(v, name, function);

		q.in_unit_file = tu_token(c->tu, v->token)->file == c->tu->main_file;
		q.in_macro = !is_spelled_out(c, v);
		c->request->fate_of(c->request->fate_arg, &q, &use.fate);
		if (use.fate.fate == FATE_KLP)
			use.link_name = use.fate.link_name
						? xstrdup(use.fate.link_name)
						: xasprintf("%s_static_%s", function, name);
		closure_decide(c, "static variable", number, owner,
			       use.fate.reason ? use.fate.reason : "", "%s",
			       use.fate.fate == FATE_KLP ? "declared, klp"
							 : closure_how[use.fate.fate]);
		static_use_vec_push(&c->statics, use);
	}
}

void closure_ask_header_statics(struct closure *c, uint32_t declaration, const struct scan *scan)
{
	uint32_t owner = closure_owner(c, declaration)->name;
	scoped_free char *function = name_string(&c->tu->names, owner);

	for (size_t i = 0; i < scan->statics.n; i++) {
		const struct local_static *v = &scan->statics.at[i];
		uint32_t number = tu_token(c->tu, v->token)->name;
		scoped_free char *name = name_string(&c->tu->names, number);
		struct name_question q = question_about(v, name, function);
		struct name_fate fate = {0};

		q.in_header = true;
		c->request->fate_of(c->request->fate_arg, &q, &fate);
		closure_decide(c, "static variable", number, owner, fate.reason ? fate.reason : "",
			       "%s", closure_how[fate.fate == FATE_REFUSE ? FATE_REFUSE : FATE_COPY]);
		name_fate_free(&fate);
	}
}
