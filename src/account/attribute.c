// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From lines to functions. Three grades of evidence, each used where the one before says nothing:
 * instructions of a touched line (line table); a changed function that the touched source function
 * is, or is inlined into; a change that only a touched definition can have caused (blame.c).
 */
#include <string.h>

#include "account/view.h"
#include "base/cleanup.h"
#include "base/str.h"

/* --- source functions and their places in the text --- */

/* Is the function declared in this block? Of two lines with one number, the one with the name. */
static bool declared_in(const struct view *v, enum side side, const struct code_function *f,
			uint32_t block)
{
	bool named = false, here = false, here_named = false;

	for (size_t l = first_line(v, side, f->file, f->line); l;
	     l = next_line(v, side, f->file, l)) {
		bool match = block_at(v, side, f->file, l) == block;
		bool word = source_has_word(text_of(v, side, f->file), l, f->name);

		here |= match;
		named |= word;
		here_named |= match && word;
	}
	return named ? here_named : here;
}

/*
 * Is the line one of a function that the symbol has code of? *direct: of the function that the
 * symbol is. A line outside of what was understood of the text is taken as it is.
 */
static bool line_in_symbol(const struct view *v, enum side side, uint32_t symbol, uint32_t file,
			   size_t line, bool *direct)
{
	const struct code *c = &v->code[side];
	uint32_t block = block_at(v, side, file, line);
	bool found = !block;

	*direct = !block;
	for (size_t i = 0; i < c->parts.n; i++) {
		const struct code_part *p = &c->parts.at[i];
		const struct code_function *f = &c->functions.at[p->function];

		if (p->symbol != symbol || f->file != file || !declared_in(v, side, f, block))
			continue;
		found = true;
		*direct |= !p->inlined;
	}
	return found;
}

/* --- first grade: instructions of touched lines --- */

static void credit_row(struct view *v, enum side side, const struct code_row *row)
{
	bool direct;

	for (size_t l = first_line(v, side, row->file, row->line); l;
	     l = next_line(v, side, row->file, l)) {
		size_t hunk = hunk_of(v, side, row->file, l);
		struct facts *f = hunk ? find_facts(v, v->sources[row->file], hunk - 1) : NULL;

		if (!f)
			continue;
		bool inside = line_in_symbol(v, side, row->symbol, row->file, l, &direct);

		if (inside || side == OLD)
			f->settled |= credit_symbol(v, f, side, row->symbol, direct || !inside);
	}
}

static void credit_rows(struct view *v)
{
	for (enum side side = OLD; side <= NEW; side++)
		for (size_t i = 0; i < v->code[side].rows.n; i++)
			credit_row(v, side, &v->code[side].rows.at[i]);
}

/* --- second grade: functions that the hunk is in --- */

typedef void line_action(struct view *v, struct facts *f, enum side side, uint32_t file,
			 size_t line);

static void each_line(struct view *v, struct facts *f, uint32_t file, line_action *act)
{
	for (enum side side = OLD; side <= NEW; side++)
		for (size_t l = 1; l < text_of(v, side, file)->lines.n; l++)
			if (hunk_of(v, side, file, l) == f->hunk + 1)
				act(v, f, side, file, l);
}

static void credit_block(struct view *v, struct facts *f, enum side side, uint32_t file,
			 uint32_t block)
{
	const struct code *c = &v->code[side];

	for (size_t i = 0; i < c->parts.n; i++) {
		const struct code_part *p = &c->parts.at[i];
		const struct code_function *function = &c->functions.at[p->function];

		if (function->file != file || !declared_in(v, side, function, block))
			continue;
		f->active = true;
		names_add(&f->names, function->name);
		const struct account_entity *e = entity_of(v, side, p->symbol);

		if (e && e->state != ACCOUNT_SAME && !f->settled)
			credit(v, f, e, !p->inlined);
	}
}

/*
 * A function by the name of the block, and its clones: without DWARF, or where the compiler folded
 * the function with an equal one and describes only that.
 */
static void credit_name(struct view *v, struct facts *f, enum side side, const char *name)
{
	const struct code_symbol_vec *symbols = &v->code[side].symbols;
	size_t n = strlen(name);

	for (size_t i = 0; i < symbols->n; i++) {
		const char *s = symbols->at[i].name;
		const struct account_entity *e = entity_of(v, side, symbols->at[i].base);

		if (strncmp(s, name, n) || (s[n] && s[n] != '.'))
			continue;
		f->active = true;
		names_add(&f->names, name);
		if (e && (e->state == ACCOUNT_SAME || !f->settled))
			credit(v, f, e, true);
	}
}

static bool branch_has_code(const struct view *v, enum side side, uint32_t file, uint32_t branch)
{
	const struct source_branch *b = &text_of(v, side, file)->branches.at[branch];
	const struct code_file *has = &v->files[side].at[file];
	const struct source_file *s = v->sources[file];

	for (size_t l = b->first; l <= b->last; l++) {
		size_t number = side == OLD || v->unit->plain ? l : s->number[l];

		if (number < has->n && has->has_code[number])
			return true;
	}
	return false;
}

static void look_at_line(struct view *v, struct facts *f, enum side side, uint32_t file,
			 size_t line)
{
	const struct source_text *text = text_of(v, side, file);
	const struct source_line *l = &text->lines.at[line];
	const struct source_block *b = &text->blocks.at[l->block];

	if (l->kind == LINE_EMPTY)
		return;
	f->code = true;
	f->definition |= b->kind != BLOCK_FUNCTION || l->kind == LINE_DIRECTIVE;
	f->branch_active |= !l->branch || text->branches.at[l->branch].guard ||
			    branch_has_code(v, side, file, l->branch);
	if (b->kind == BLOCK_OTHER && b->name)
		names_add(&f->types, b->name);
	if (b->kind != BLOCK_FUNCTION)
		return;
	if (f->last_block[side] == l->block)
		return;
	f->last_block[side] = l->block;
	if (v->code[side].dwarf)
		credit_block(v, f, side, file, l->block);
	if (!f->active && b->name)
		credit_name(v, f, side, b->name);
	if (b->name && !f->names.n)
		names_add(&f->names, b->name);
}

/* --- data --- */

static bool names_data(const struct source_text *text, size_t line, const char *name)
{
	scoped_free char *word = xstrndup(name, strcspn(name, "."));
	const struct source_block *b = &text->blocks.at[text->lines.at[line].block];

	return source_has_word(text, line, word) ||
	       (b->kind == BLOCK_DATA && b->name && streq(b->name, word));
}

static void look_for_data(struct view *v, struct facts *f, enum side side, uint32_t file,
			  size_t line)
{
	if (text_of(v, side, file)->lines.at[line].kind == LINE_EMPTY)
		return;
	for (size_t i = 0; i < v->unit->entities.n; i++) {
		const struct account_entity *e = &v->unit->entities.at[i];

		if (e->function || e->state == ACCOUNT_SAME || e->state == ACCOUNT_REMOVED ||
		    !names_data(text_of(v, side, file), line, e->name))
			continue;
		names_add(&f->data, e->name);
		if (!is_delivered(v, e->name) && !e->gone && e->state == ACCOUNT_CHANGED)
			names_add(&f->data_lost, e->name);
	}
}

static void attribute_files(struct view *v)
{
	for (size_t i = 0; i < v->facts->n; i++) {
		struct facts *f = &v->facts->at[i];

		f->settled = false;
		f->last_block[OLD] = f->last_block[NEW] = 0;
	}
	credit_rows(v);
	for (uint32_t i = 0; i < v->nsources; i++)
		for (size_t h = 0; h < v->sources[i]->file->hunks.n; h++) {
			struct facts *f = find_facts(v, v->sources[i], h);

			f->compiled = true;
			f->changed_unit |= !v->unit->identical;
			each_line(v, f, i, look_at_line);
			each_line(v, f, i, look_for_data);
		}
}

struct error *attribute_unit(const struct account_unit *unit, const struct source_file *sources,
			     size_t nsources, struct facts_vec *facts, struct finding_vec *findings)
{
	SCOPED(view_free)
	struct view v = {.unit = unit,
			 .facts = facts,
			 .findings = findings,
			 .refused = findings_refuse(findings)};

	TRY(view_open(&v, sources, nsources));
	if (!v.code[OLD].dwarf || !v.code[NEW].dwarf)
		finding_add(findings, "A3", SEVERITY_NOTE, unit->kobject, NULL, unit->source,
			    "the unit has no debug information: hunks are assigned to functions by "
			    "name");
	attribute_files(&v);
	blame_others(&v);
	return NULL;
}
