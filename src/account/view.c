// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/view.h"

#include <ctype.h>
#include <string.h>

#include "account/bytes.h"
#include "base/cleanup.h"
#include "base/str.h"

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
		struct str_vec *all[] = {&f->replaced,	&f->lost,  &f->same,	     &f->removed,
					 &f->unneeded,	&f->init,  &f->init_inlined, &f->data,
					 &f->data_lost, &f->names, &f->types};

		for (size_t k = 0; k < ARRAY_SIZE(all); k++)
			str_vec_free_all(all[k]);
	}
	facts_vec_free(list);
}

struct facts *find_facts(struct view *v, const struct source_file *source, size_t hunk)
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

bool is_delivered(const struct view *v, const char *name)
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

void credit(struct view *v, struct facts *f, const struct account_entity *e, bool direct)
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

const struct account_entity *entity_of(struct view *v, enum side side, uint32_t symbol)
{
	return v->of_symbol[side][symbol];
}

bool credit_symbol(struct view *v, struct facts *f, enum side side, uint32_t symbol, bool direct)
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

const struct source_text *text_of(const struct view *v, enum side side, uint32_t file)
{
	return side == OLD ? &v->sources[file]->old : &v->sources[file]->new;
}

size_t hunk_of(const struct view *v, enum side side, uint32_t file, size_t line)
{
	return side == OLD ? source_hunk_removed(v->sources[file], line)
			   : source_hunk_added(v->sources[file], line);
}

size_t first_line(const struct view *v, enum side side, uint32_t file, size_t number)
{
	if (side == OLD)
		return number < v->sources[file]->old.lines.n ? number : 0;
	return source_line_numbered(v->sources[file], number, v->unit->plain);
}

size_t next_line(const struct view *v, enum side side, uint32_t file, size_t line)
{
	return side == OLD ? 0 : source_line_next(v->sources[file], line, v->unit->plain);
}

uint32_t block_at(const struct view *v, enum side side, uint32_t file, size_t line)
{
	return text_of(v, side, file)->lines.at[line].block;
}

/* --- the unit --- */

static bool *mark_lines(const struct view *v, enum side side, const struct source_file *s,
			size_t *n)
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
			struct code_file f = {.path = sources[i].file->path};

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

void view_free(struct view *v)
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

struct error *view_open(struct view *v, const struct source_file *sources, size_t nsources)
{
	choose_files(v, sources, nsources);
	TRY(code_read(v->unit->original, &v->files[OLD], &v->code[OLD]));
	TRY(code_read(v->unit->patched, &v->files[NEW], &v->code[NEW]));
	index_entities(v);
	index_symbols(v);
	return read_livepatch(v);
}
