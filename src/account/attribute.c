// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From lines to functions. Three grades of evidence, each used where the one before says nothing:
 * instructions of a touched line (line table); a changed function that the touched source function
 * is, or is inlined into; a change that only a touched definition can have caused.
 */
#include "account/attribute.h"

#include <ctype.h>
#include <string.h>

#include "account/bytes.h"
#include "account/code.h"
#include "base/cleanup.h"
#include "base/str.h"

enum side { OLD, NEW };

struct view {
	const struct account_unit *unit;
	const struct source_file **sources; /* those that the unit reads, as in files */
	size_t nsources;
	struct facts_vec *facts;
	struct finding_vec *findings;
	struct code_file_vec files[2];
	struct code code[2];
	struct object *objects[2];     /* read when first asked for */
	struct map entities[2];        /* name in the original, patched object → account_entity */
	struct str_vec livepatch;      /* functions and data of the livepatch object */
	struct map in_livepatch;
	const struct account_entity **of_symbol[2]; /* by index of the symbol, NULL: none */
	struct map explained;          /* names of changed functions */
	bool refused;                  /* by an earlier stage */
};

void names_add(struct str_vec *names, const char *name)
{
	if (!names_have(names, name))
		str_vec_push(names, xstrdup(name));
}

bool names_have(const struct str_vec *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (streq(names->at[i], name))
			return true;
	return false;
}

void facts_free(struct facts_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct facts *f = &list->at[i];
		struct str_vec *all[] = { &f->replaced, &f->lost, &f->same, &f->removed, &f->unneeded,
					  &f->init, &f->init_inlined, &f->data, &f->data_lost,
					  &f->names };

		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			str_vec_free_all(all[k]);
	}
	facts_vec_free(list);
}

static struct facts *find_facts(struct view *v, const struct source_file *source, size_t hunk)
{
	for (size_t i = 0; i < v->facts->n; i++)
		if (v->facts->at[i].source == source && v->facts->at[i].hunk == hunk)
			return &v->facts->at[i];
	return NULL;
}

/* --- what became of a function --- */

/* "livepatch_f.u2" → "f": names as src/diff/closure.c gives them. */
static char *plain_name(const char *name)
{
	char *plain = xstrdup(starts_with(name, "livepatch_") ? name + strlen("livepatch_") : name);
	char *dot = strrchr(plain, '.');

	if (dot && dot[1] == 'u' && isdigit((unsigned char)dot[2]))
		*dot = 0;
	return plain;
}

static struct error *read_livepatch(struct view *v)
{
	scoped_object struct object *object = NULL;

	if (!v->unit->livepatch)
		return NULL;
	TRY(object_read(v->unit->livepatch, &object));
	for (size_t i = 1; i < object->nsymbols; i++)
		if (object->symbols[i].section && *object->symbols[i].name)
			str_vec_push(&v->livepatch, plain_name(object->symbols[i].name));
	for (size_t i = 0; i < v->livepatch.n; i++)
		map_put(&v->in_livepatch, v->livepatch.at[i], (void *)1);
	return NULL;
}

/* After refusals no livepatch object is written: what would have been in it counts. */
static bool is_delivered(const struct view *v, const char *name)
{
	return v->unit->livepatch ? map_has(&v->in_livepatch, name) : v->refused;
}

static bool same_bytes(struct view *v, const char *original, const char *patched)
{
	if (v->unit->identical)
		return true;
	if (!v->objects[OLD]) {
		scoped_error struct error *a = object_read(v->unit->original, &v->objects[OLD]);
		scoped_error struct error *b = object_read(v->unit->patched, &v->objects[NEW]);

		if (a || b)
			return false;
	}
	return v->objects[OLD] && v->objects[NEW] &&
	       bytes_same_function(v->objects[OLD], original, v->objects[NEW], patched);
}

static void explain(struct view *v, const struct account_entity *e)
{
	map_put(&v->explained, e->name, (void *)1);
}

/* The hunk has to do with this changed (or same) function. */
static void credit(struct view *v, struct facts *f, const struct account_entity *e, bool direct)
{
	if (e->state != ACCOUNT_SAME)
		explain(v, e);
	if (e->state == ACCOUNT_REMOVED)
		names_add(&f->removed, e->name);
	else if (e->state == ACCOUNT_SAME)
		names_add(same_bytes(v, e->original, e->name) ? &f->same : &f->lost, e->name);
	else if (e->gone)
		names_add(direct ? &f->init : &f->init_inlined, e->name);
	else if (is_delivered(v, e->name))
		names_add(&f->replaced, e->name);
	else
		names_add(e->state == ACCOUNT_NEW ? &f->unneeded : &f->lost, e->name);
}

/* Several names of one place: the one that the comparison knows. */
static const struct account_entity *find_entity(struct view *v, enum side side, uint32_t symbol)
{
	const struct code_symbol_vec *all = &v->code[side].symbols;
	uint64_t address = all->at[symbol].address;

	while (symbol && all->at[symbol - 1].address == address)
		symbol--;
	for (; symbol < all->n && all->at[symbol].address == address; symbol++) {
		const struct account_entity *e = map_get(&v->entities[side], all->at[symbol].name);

		if (e)
			return e;
	}
	return NULL;
}

static void index_symbols(struct view *v)
{
	for (enum side side = OLD; side <= NEW; side++) {
		size_t n = v->code[side].symbols.n;

		v->of_symbol[side] = xcalloc(n + 1, sizeof(*v->of_symbol[side]));
		for (size_t i = 0; i < n; i++)
			v->of_symbol[side][i] = find_entity(v, side, i);
	}
}

static const struct account_entity *entity_of(struct view *v, enum side side, uint32_t symbol)
{
	return v->of_symbol[side][symbol];
}

/* Returns whether the function changed. */
static bool credit_symbol(struct view *v, struct facts *f, enum side side, uint32_t symbol,
			  bool direct)
{
	const struct account_entity *e = entity_of(v, side, symbol);
	const char *name = v->code[side].symbols.at[symbol].name;

	if (e)
		credit(v, f, e, direct);
	else
		names_add(same_bytes(v, name, name) ? &f->same : &f->lost, name);
	return e && e->state != ACCOUNT_SAME && e->state != ACCOUNT_REMOVED;
}

/* --- source functions and their places in the text --- */

static const struct source_text *text_of(const struct view *v, enum side side, uint32_t file)
{
	return side == OLD ? &v->sources[file]->old : &v->sources[file]->new;
}

static size_t hunk_of(const struct view *v, enum side side, uint32_t file, size_t line)
{
	return side == OLD ? source_hunk_removed(v->sources[file], line) :
			     source_hunk_added(v->sources[file], line);
}

/* First line of the text with the number; the others follow with next_line(). */
static size_t first_line(const struct view *v, enum side side, uint32_t file, size_t number)
{
	if (side == OLD)
		return number < v->sources[file]->old.lines.n ? number : 0;
	return source_line_numbered(v->sources[file], number, v->unit->plain);
}

static size_t next_line(const struct view *v, enum side side, uint32_t file, size_t line)
{
	return side == OLD ? 0 : source_line_next(v->sources[file], line, v->unit->plain);
}

static uint32_t block_at(const struct view *v, enum side side, uint32_t file, size_t line)
{
	return text_of(v, side, file)->lines.at[line].block;
}

/* Is the function declared in this block? Of two lines with one number, the one with the name. */
static bool declared_in(const struct view *v, enum side side, const struct code_function *f,
			uint32_t block)
{
	bool named = false, here = false, here_named = false;

	for (size_t l = first_line(v, side, f->file, f->line); l; l = next_line(v, side, f->file, l)) {
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

typedef void line_action(struct view *v, struct facts *f, enum side side, uint32_t file, size_t line);

static void each_line(struct view *v, struct facts *f, uint32_t file, line_action *act)
{
	for (enum side side = OLD; side <= NEW; side++)
		for (size_t l = 1; l < text_of(v, side, file)->lines.n; l++)
			if (hunk_of(v, side, file, l) == f->hunk + 1)
				act(v, f, side, file, l);
}

static void credit_block(struct view *v, struct facts *f, enum side side, uint32_t file, uint32_t block)
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
 * A function by the name of the block, and its clones: without DWARF, or where the compiler folded the
 * function with an equal one and describes only that.
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

static void look_at_line(struct view *v, struct facts *f, enum side side, uint32_t file, size_t line)
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

static void look_for_data(struct view *v, struct facts *f, enum side side, uint32_t file, size_t line)
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

/* --- third grade: changed functions that no line explains --- */

/* A hunk in a source function that is inlined into this one. */
static bool blame_inlined(struct view *v, const struct account_entity *e)
{
	bool found = false;

	for (size_t i = 0; i < v->facts->n; i++) {
		struct facts *f = &v->facts->at[i];
		bool inside = false;

		for (enum side side = OLD; side <= NEW && f->source && f->code; side++)
			for (size_t k = 0; !inside && k < v->code[side].parts.n; k++) {
				const struct code_part *p = &v->code[side].parts.at[k];

				inside = entity_of(v, side, p->symbol) == e &&
					 names_have(&f->names,
						    v->code[side].functions.at[p->function].name);
			}
		if (!inside)
			continue;
		credit(v, f, e, false);
		found = true;
	}
	return found;
}

static bool reads_file(const struct view *v, const struct source_file *source)
{
	for (size_t i = 0; i < v->nsources; i++)
		if (v->sources[i] == source)
			return true;
	return false;
}

static bool blame_definition(struct view *v, const struct account_entity *e)
{
	bool found = false;

	for (size_t i = 0; i < v->facts->n; i++) {
		struct facts *f = &v->facts->at[i];

		if (!f->source || !reads_file(v, f->source) || !f->code || !(f->definition || f->data.n))
			continue;
		credit(v, f, e, false);
		f->through += !e->gone && e->state != ACCOUNT_REMOVED;
		found = true;
	}
	return found;
}

/* Does the function have an inlined copy of the source function? */
static bool inlines(struct view *v, enum side side, const struct account_entity *e, const char *name)
{
	const struct code *c = &v->code[side];

	for (size_t i = 0; i < c->parts.n; i++)
		if (c->parts.at[i].inlined && entity_of(v, side, c->parts.at[i].symbol) == e &&
		    streq(c->functions.at[c->parts.at[i].function].name, name))
			return true;
	return false;
}

/* A source function that the function has inlined on this side only, or NULL. */
static const char *inlined_only(struct view *v, enum side side, const struct account_entity *e)
{
	const struct code *c = &v->code[side];

	for (size_t i = 0; i < c->parts.n; i++) {
		const char *name = c->functions.at[c->parts.at[i].function].name;

		if (c->parts.at[i].inlined && entity_of(v, side, c->parts.at[i].symbol) == e &&
		    !inlines(v, side == OLD ? NEW : OLD, e, name))
			return name;
	}
	return NULL;
}

/* A new function that was inlined into a function of the hunk and is not any more. */
static const char *blame_outlined(struct view *v, const struct account_entity *e)
{
	scoped_free char *base = xstrndup(e->name, strcspn(e->name, "."));
	const char *from = NULL;

	for (size_t i = 0; e->state == ACCOUNT_NEW && i < v->facts->n; i++) {
		struct facts *f = &v->facts->at[i];
		size_t n = f->replaced.n;

		for (size_t k = 0; k < n; k++) {
			const struct account_entity *in =
				map_get(&v->entities[NEW], f->replaced.at[k]);

			if (!in || !inlines(v, OLD, in, base))
				continue;
			from = in->name;
			credit(v, f, e, false);
		}
	}
	return from;
}

static char *why_unexplained(struct view *v, const struct account_entity *e)
{
	const char *more = inlined_only(v, NEW, e), *less = inlined_only(v, OLD, e);

	if (e->state == ACCOUNT_NEW)
		return xstrdup("is new: the compiler made it");
	if (more)
		return xasprintf("changes: the compiler now inlines %s into it", more);
	if (less)
		return xasprintf("changes: the compiler no longer inlines %s into it", less);
	return xasprintf("changes: %s", e->why ? e->why : "the compiler made other decisions");
}

static void note_unexplained(struct view *v, const struct account_entity *e, const char *text)
{
	finding_add(v->findings, "A2", SEVERITY_NOTE, v->unit->kobject, e->name, v->unit->source,
		    "no hunk of the fix is in this function, yet it %s", text);
}

static void blame(struct view *v, const struct account_entity *e)
{
	const char *from;

	if (blame_inlined(v, e))
		return;
	from = blame_outlined(v, e);
	if (from || !blame_definition(v, e)) {
		scoped_free char *text =
			from ? xasprintf("is new: the compiler no longer inlines it into %s", from) :
			       why_unexplained(v, e);

		note_unexplained(v, e, text);
	}
}

static void blame_others(struct view *v)
{
	for (size_t i = 0; i < v->unit->entities.n; i++) {
		const struct account_entity *e = &v->unit->entities.at[i];

		if (!e->function || e->state == ACCOUNT_SAME || e->state == ACCOUNT_REMOVED ||
		    map_has(&v->explained, e->name))
			continue;
		if (!v->code[NEW].dwarf || e->gone)
			(void)(blame_inlined(v, e) || blame_definition(v, e));
		else if (is_delivered(v, e->name))
			blame(v, e);
	}
}

/* --- the unit --- */

static bool *mark_lines(const struct view *v, enum side side, const struct source_file *s, size_t *n)
{
	size_t lines = side == OLD ? s->old.lines.n : s->new.lines.n;
	bool *touched;

	*n = lines + 1;
	if (side == NEW && !v->unit->plain && s->last_number >= lines)
		*n = s->last_number + 1;
	touched = xcalloc(*n, sizeof(*touched));
	for (size_t l = 1; l < lines; l++) {
		size_t number = side == OLD || v->unit->plain ? l : s->number[l];

		if (side == OLD ? source_hunk_removed(s, l) : source_hunk_added(s, l))
			touched[number] = true;
	}
	return touched;
}

static void choose_files(struct view *v, const struct source_file *sources, size_t n)
{
	v->sources = xcalloc(n + 1, sizeof(*v->sources));
	for (size_t i = 0; i < n; i++) {
		if (!names_have(v->unit->files, sources[i].file->path))
			continue;
		v->sources[v->nsources++] = &sources[i];
		for (enum side side = OLD; side <= NEW; side++) {
			struct code_file f = { .path = sources[i].file->path };

			f.touched = mark_lines(v, side, &sources[i], &f.n);
			f.has_code = xcalloc(f.n, sizeof(bool));
			code_file_vec_push(&v->files[side], f);
		}
	}
}

static void index_entities(struct view *v)
{
	for (size_t i = 0; i < v->unit->entities.n; i++) {
		struct account_entity *e = &v->unit->entities.at[i];

		if (!e->function)
			continue;
		if (e->original)
			map_put(&v->entities[OLD], e->original, e);
		if (e->state != ACCOUNT_REMOVED)
			map_put(&v->entities[NEW], e->name, e);
	}
}

static void view_free(struct view *v)
{
	for (enum side side = OLD; side <= NEW; side++) {
		code_free(&v->code[side]);
		for (size_t i = 0; i < v->files[side].n; i++) {
			free((bool *)v->files[side].at[i].touched);
			free(v->files[side].at[i].has_code);
		}
		code_file_vec_free(&v->files[side]);
		map_free(&v->entities[side]);
		free(v->of_symbol[side]);
		object_free(v->objects[side]);
	}
	free(v->sources);
	str_vec_free_all(&v->livepatch);
	map_free(&v->in_livepatch);
	map_free(&v->explained);
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
	SCOPED(view_free) struct view v = { .unit = unit, .facts = facts, .findings = findings,
					    .refused = findings_refuse(findings) };

	choose_files(&v, sources, nsources);
	TRY(code_read(unit->original, &v.files[OLD], &v.code[OLD]));
	TRY(code_read(unit->patched, &v.files[NEW], &v.code[NEW]));
	if (!v.code[OLD].dwarf || !v.code[NEW].dwarf)
		finding_add(findings, "A3", SEVERITY_NOTE, unit->kobject, NULL, unit->source,
			    "the unit has no debug information: hunks are assigned to functions by name");
	index_entities(&v);
	index_symbols(&v);
	TRY(read_livepatch(&v));
	attribute_files(&v);
	blame_others(&v);
	return NULL;
}
