// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions and variables with linkage: what the unit says about them, what becomes of them. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/closure.h"
#include "extract/print.h"

/* ---- what the unit says ---- */

/* Looks through all declarations of the name, the last one first. */
static void find_declarations(const struct closure *c, struct linkage *l)
{
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier) {
		const struct declared *d = &c->tu->declared.at[i - 1];
		const struct declaration *from = &c->tu->declarations.at[d->declaration];
		bool is_public = tu_name_is_shipped(c->tu, d->token);

		if (d->again || (d->kind != DECLARED_FUNCTION && d->kind != DECLARED_VARIABLE))
			continue;
		l->is_function = d->kind == DECLARED_FUNCTION;
		/* Of several definitions of a variable the one with an initialiser counts. */
		if (d->definition && (!l->definition || d->init))
			l->definition = i;
		if (is_public)
			l->in_header = i;
		else if (!d->definition && !from->is_static)
			l->prototype = i;
	}
}

/* Defined in a header that modules include, and as it is in the tree. */
static bool comes_with_header(const struct closure *c, const struct linkage *l)
{
	const struct declared *d = closure_declared(c, l->definition);
	const struct tu_file *f = d ? &c->tu->files.at[tu_token(c->tu, d->token)->file] : NULL;

	if (!f || !f->is_public || !f->changed)
		return f && f->is_public;
	struct chunk chunk = chunk_of(c->tu, d->declaration);
	uint32_t start = tu_line_start(f, chunk.first_line),
		 end = tu_line_start(f, chunk.last_line + 1);

	return chunk.file && tu_is_shipped(c->tu, chunk.file, f->text + start, end - start);
}

static bool is_static(const struct closure *c, const struct linkage *l)
{
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier)
		if (c->tu->declarations.at[c->tu->declared.at[i - 1].declaration].is_static)
			return true;
	return false;
}

static bool is_inline(const struct closure *c, const struct linkage *l)
{
	for (uint32_t i = c->tu->ordinary_of[l->name]; i; i = c->tu->declared.at[i - 1].earlier)
		if (c->tu->declarations.at[c->tu->declared.at[i - 1].declaration].is_inline)
			return true;
	return false;
}

/* const as a whole: of pointers the last '*' decides. */
static bool is_const(const struct closure *c, const struct linkage *l)
{
	uint32_t number = l->definition ? l->definition : c->tu->ordinary_of[l->name];
	const struct declared *d = closure_declared(c, number);
	bool constant = closure_declaration(c, number)->is_const, pointer = false;

	for (uint32_t i = d->start; i < d->token; i++) {
		if (tu_is_punct(c->tu, i, '*')) {
			pointer = true;
			constant = false;
		}
		constant |= pointer && tu_class(c->tu, i) == WORD_CONST;
	}
	return constant;
}

void closure_ask_fate(struct closure *c, struct linkage *l, uint32_t by)
{
	scoped_free char *name = name_string(&c->tu->names, l->name);
	scoped_free char *asked_by = by ? name_string(&c->tu->names, by) : NULL;
	const struct declared *d = closure_declared(c, l->definition);
	struct name_question q = {.name = name,
				  .is_function = l->is_function,
				  .is_static = is_static(c, l),
				  .is_inline = is_inline(c, l),
				  .defined = d != NULL,
				  .in_unit_file =
					  d && tu_token(c->tu, d->token)->file == c->tu->main_file,
				  .is_const = !l->is_function && is_const(c, l),
				  .asked_by = asked_by};

	c->request->fate_of(c->request->fate_arg, &q, &l->fate);
	if (!l->fate.reason)
		l->fate.reason = xstrdup("");
}

/* ---- what becomes of it ---- */

/* Up to its body or initialiser: what an extern declaration needs. */
void closure_read_head(struct closure *c, const struct declared *d, uint32_t by)
{
	const struct declaration *from = &c->tu->declarations.at[d->declaration];
	uint32_t last = from->body ? from->body - 1 : d->end - 1;

	closure_push_work(c, d->declaration, last, READ_WRITTEN, by);
	if (from->body)
		return;
	/* Designators of an array without a size are part of the declaration. */
	struct extern_parts parts = extern_parts(c->tu, d);
	uint32_t init = print_open_size(c->tu, &parts), end;

	if (!init || !tu_is_punct(c->tu, init + 1, '{'))
		return;
	end = tu_token(c->tu, init + 1)->name;
	for (uint32_t i = init + 2; i < end; i = tu_skip_initialiser(c->tu, i, end) + 1)
		if (tu_is_punct(c->tu, i, '['))
			closure_push_part(c, d->declaration, i, tu_skip_group(c->tu, i) - 1, by);
}

/* Its declaration is written, unless headers have one. */
static void need_declared(struct closure *c, struct linkage *l, uint32_t by)
{
	if (l->in_header)
		return;
	if (l->prototype)
		closure_need_declaration(c, closure_declared(c, l->prototype)->declaration, by);
	else if (l->definition)
		closure_read_head(c, closure_declared(c, l->definition), by);
}

static void copy(struct closure *c, struct linkage *l, uint32_t by)
{
	if (!l->definition) {
		need_declared(c, l, by);
		return;
	}
	l->written = true;
	if (l->prototype && !l->in_header)
		closure_need_declaration(c, closure_declared(c, l->prototype)->declaration, by);
	closure_need_declaration(c, closure_declared(c, l->definition)->declaration, by);
}

const char *const closure_how[] = {
	[FATE_COPY] = "copied",
	[FATE_REPLACE] = "replaced",
	[FATE_PLAIN] = "declared, exported",
	[FATE_HERE] = "defined by the livepatch itself",
	[FATE_REFUSE] = "refused",
};

void closure_record(struct closure *c, const struct linkage *l, uint32_t by)
{
	const char *kind = l->is_function ? "function" : "variable";

	if (l->fate.fate == FATE_KLP)
		closure_decide(c, kind, l->name, by, l->fate.reason, "declared, klp %s:%s,%u",
			       l->fate.object, l->fate.symbol, l->fate.position);
	else
		closure_decide(c, kind, l->name, by, l->fate.reason, "%s",
			       closure_how[l->fate.fate]);
}

void closure_carry_out(struct closure *c, uint32_t number, uint32_t by)
{
	struct linkage *l = &c->linkages.at[number];

	switch (l->fate.fate) {
	case FATE_COPY:
		copy(c, l, by);
		break;
	case FATE_REPLACE:
		if (l->definition)
			closure_replace(c, number, by);
		else
			need_declared(c, l, by);
		break;
	case FATE_PLAIN:
	case FATE_KLP:
	case FATE_REFUSE:
		need_declared(c, l, by);
		break;
	case FATE_HERE:
		break;
	}
}

/* The entry of a name, made when missing: nothing is decided yet. */
struct linkage *closure_linkage_for(struct closure *c, uint32_t name)
{
	if (!c->linkage_of[name]) {
		struct linkage l = {.name = name, .first_use = UINT32_MAX};

		find_declarations(c, &l);
		linkage_vec_push(&c->linkages, l);
		c->linkage_of[name] = c->linkages.n;
	}
	return &c->linkages.at[c->linkage_of[name] - 1];
}

/* Not what a header says it is (a tracepoint that is off): nothing of that is needed for it. */
static bool is_made_here(struct closure *c, struct linkage *l, uint32_t by)
{
	if (l->fate.reason)
		return l->fate.fate == FATE_HERE;
	closure_ask_fate(c, l, by);
	if (l->fate.fate == FATE_HERE) {
		closure_record(c, l, by);
		return true;
	}
	name_fate_free(&l->fate);
	return false;
}

void closure_use_linkage(struct closure *c, const struct mention *m, uint32_t position, bool direct,
			 uint32_t by)
{
	static const char own_module[] = "__this_module"; /* see write.c */
	bool known = c->linkage_of[m->name];

	if (m->name == name_find(&c->tu->names, own_module, sizeof(own_module) - 1)) {
		c->uses_this_module |= direct;
		return;
	}
	struct linkage *l = closure_linkage_for(c, m->name);
	bool promoted = direct && !l->direct;
	uint32_t number = l - c->linkages.at;

	l->direct |= direct;
	l->pointer |= direct && !tu_is_punct(c->tu, m->token + 1, '(');
	if (direct && position < l->first_use)
		l->first_use = position;
	if ((known && !promoted) || l->written)
		return;
	if (direct && l->is_function && comes_with_header(c, l) && is_made_here(c, l, by))
		return;
	if (direct && l->in_header)
		closure_use_header_token(c, closure_declared(c, l->in_header)->token);
	if (direct && l->in_header && !l->is_function) { /* its type may be known to private text only */
		const struct declaration *d = closure_declaration(c, l->in_header);

		closure_push_work(c, d - c->tu->declarations.at, d->last, READ_LATE_HEADER, by);
	}
	if (comes_with_header(c, l)) {
		if (!known && l->is_function)
			closure_push_work(c, closure_declared(c, l->definition)->declaration,
					  closure_declaration(c, l->definition)->last,
					  READ_FROM_HEADER, by);
		return;
	}
	if (!l->fate.reason) {
		closure_ask_fate(c, l, by);
		l = &c->linkages.at[number];
		l->by = by;
	}
	if (!direct)
		return; /* what headers mention they declare */
	closure_record(c, l, by);
	closure_carry_out(c, number, by);
}
