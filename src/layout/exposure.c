// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout/exposure.h"

#include <dwarf.h>

#include "base/mem.h"
#include "base/str.h"

enum { MAX_ROUNDS = 64 };

static char *without_suffix(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot && dot > name ? xstrndup(name, dot - name) : xstrdup(name);
}

bool exposure_replaced(const struct exposure *e, const char *function)
{
	scoped_free char *name = without_suffix(function);

	return map_has(&e->replaced, name);
}

/* The body of `inner` is part of that of `outer`. Returns whether anything is new. */
static bool spread(struct exposure *e, uint32_t outer, uint32_t inner)
{
	bool news = false;

	if (e->stays[outer] && !e->stays[inner]) {
		e->stays[inner] = e->stays[outer];
		news = true;
	}
	if (e->goes[outer] && !e->goes[inner])
		news = e->goes[inner] = true;
	return news;
}

/* Functions with code either stay or are replaced; inlined bodies go where they were inlined. */
static void sort_functions(struct exposure *e)
{
	const struct dwarf_unit *u = e->unit;
	bool news = true;

	for (size_t i = 1; i < u->functions.n; i++) {
		const struct die_function *f = &u->functions.at[i];

		if (!f->code)
			continue;
		if (f->name && exposure_replaced(e, f->name))
			e->goes[i] = true;
		else
			e->stays[i] = i;
	}
	for (int round = 0; news && round < MAX_ROUNDS; round++) {
		news = false;
		for (size_t i = 1; i < u->functions.n; i++)
			if (u->functions.at[i].origin)
				news |= spread(e, i, u->functions.at[i].origin);
		for (size_t i = 0; i < u->inlines.n; i++)
			news |= spread(e, u->inlines.at[i].into, u->inlines.at[i].callee);
	}
}

/* Marks a type and all that it refers to, through pointers too. */
static void mark_used(struct exposure *e, uint32_t type, const char *by, bool variable,
		      struct u32_vec *todo)
{
	const struct dwarf_unit *u = e->unit;

	u32_vec_push(todo, type);
	while (todo->n) {
		uint32_t t = todo->at[--todo->n];

		if (!t || e->used_by[t])
			continue;
		e->used_by[t] = by;
		e->by_variable[t] = variable;
		u32_vec_push(todo, u->types.at[t].type);
		for (uint32_t i = u->types.at[t].items.first; i; i = u->items.at[i].next)
			u32_vec_push(todo, u->items.at[i].type);
	}
}

/* Marks a type and what it contains by value. */
static void mark_stack(struct exposure *e, uint32_t type, struct u32_vec *todo)
{
	const struct dwarf_unit *u = e->unit;

	u32_vec_push(todo, type);
	while (todo->n) {
		uint32_t t = todo->at[--todo->n];
		const struct die_type *d = &u->types.at[t];

		if (!t || e->on_stack[t] || d->tag == DW_TAG_pointer_type ||
		    d->tag == DW_TAG_subroutine_type)
			continue;
		e->on_stack[t] = true;
		u32_vec_push(todo, d->type);
		for (uint32_t i = d->items.first; i; i = u->items.at[i].next)
			u32_vec_push(todo, u->items.at[i].type);
	}
}

static void mark_types(struct exposure *e)
{
	struct u32_vec todo = {0};

	for (size_t i = 0; i < e->unit->uses.n; i++) {
		const struct die_use *use = &e->unit->uses.at[i];
		uint32_t staying = e->stays[use->function];

		if (!use->function || use->is_static)
			mark_used(e, use->type, use->name ? use->name : "?", true, &todo);
		else if (staying)
			mark_used(e, use->type, e->unit->functions.at[staying].name ?: "?", false,
				  &todo);
		if (use->automatic && e->goes[use->function])
			mark_stack(e, use->type, &todo);
	}
	u32_vec_free(&todo);
}

void exposure_make(const struct dwarf_unit *unit, const char *const *functions, size_t n,
		   struct exposure *e)
{
	*e = (struct exposure) {.unit = unit};
	for (size_t i = 0; i < n; i++) {
		char *name = without_suffix(functions[i]);

		str_vec_push(&e->names, name);
		map_put(&e->replaced, name, e);
	}
	e->stays = xcalloc(unit->functions.n, sizeof(*e->stays));
	e->goes = xcalloc(unit->functions.n, sizeof(*e->goes));
	e->used_by = xcalloc(unit->types.n, sizeof(*e->used_by));
	e->by_variable = xcalloc(unit->types.n, sizeof(*e->by_variable));
	e->on_stack = xcalloc(unit->types.n, sizeof(*e->on_stack));
	sort_functions(e);
	mark_types(e);
}

void exposure_free(struct exposure *e)
{
	map_free(&e->replaced);
	str_vec_free_all(&e->names);
	free(e->stays);
	free(e->goes);
	free(e->used_by);
	free(e->by_variable);
	free(e->on_stack);
	*e = (struct exposure) {0};
}

/* A type that lives elsewhere than on the stack and has a member that points to this one, or NULL.
 */
static const char *holder_of(const struct exposure *e, uint32_t type)
{
	const struct dwarf_unit *u = e->unit;

	for (size_t i = 1; i < u->types.n; i++) {
		const struct die_type *t = &u->types.at[i];

		if (!tag_is_aggregate(t->tag) || i == type || e->on_stack[i])
			continue;
		for (uint32_t m = t->items.first; m; m = u->items.at[m].next) {
			uint32_t member = type_strip(u, u->items.at[m].type, true);

			if (u->types.at[member].tag == DW_TAG_pointer_type &&
			    type_strip(u, u->types.at[member].type, true) == type)
				return t->name ? t->name : "an anonymous struct";
		}
	}
	return NULL;
}

enum exposure_kind exposure_of(const struct exposure *e, uint32_t type, bool header, char **reason)
{
	const char *user = e->used_by[type];

	*reason = NULL;
	if (user && e->by_variable[type])
		*reason = xasprintf("variable '%s' exists with the old layout", user);
	else if (header)
		*reason = xstrdup("it is declared in a header");
	else if (user)
		*reason = xasprintf("function '%s' uses it and is not replaced", user);
	else if (e->unit->types.at[type].function)
		return INSIDE;
	else if (e->on_stack[type] && !(user = holder_of(e, type)))
		return STACK_ONLY;
	else if (e->on_stack[type])
		*reason = xasprintf("objects of type '%s' point to it, so it may live on the heap",
				    user);
	else
		*reason = xstrdup("no replaced function has an instance on its stack, so instances "
				  "were made by the old code");
	return EXPOSED;
}
