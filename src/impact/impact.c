// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/impact.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "impact/lookup.h"
#include "object/image.h"

static void note(struct impact_result *r, char *text)
{
	str_vec_push(&r->notes, text);
}

/* ---- what the index knows ---- */

static void add_callers(const struct index_part *part, const struct index_symbol *s,
			struct impact_member *m)
{
	struct index_range r = index_callers(part, s);

	for (uint32_t i = 0; i < r.n; i++) {
		const struct index_edge *e = index_edge(part, index_caller(part, r.first + i));
		const struct index_symbol *from = e ? index_symbol(part, e->from) : NULL;

		if (!from)
			continue;
		if (e->kind != EDGE_CALL && e->kind != EDGE_JUMP)
			continue;
		str_vec_push(&m->callers, xasprintf("%s:%s", index_object_name(part, from->object),
						    index_string(part, from->name)));
	}
}

/* Calls by pointer are not seen; where the function's address is, is. */
static void add_pointers(const struct index_part *part, const struct index_symbol *s, struct impact_member *m)
{
	struct index_range r = index_pointers_to(part, s);
	const char *prototype = index_string(part, s->prototype);

	for (uint32_t i = 0; i < r.n; i++)
		str_vec_push(&m->pointers, index_pointer_name(part, index_pointer(part, r.first + i)));
	if (r.n && *prototype && !m->prototype)
		m->prototype = xstrdup(prototype);
}

/* Calls from other kernel objects go by name. */
static void add_outer_callers(const struct impact_index *index, const struct index_part *own,
			      struct impact_member *m)
{
	for (size_t k = 0; k < index->n; k++) {
		const struct index_part *p = &index->parts[k];
		struct index_range r = index_symbols_named(p, m->symbol);

		for (uint32_t i = 0; p != own && i < r.n; i++) {
			const struct index_symbol *s = index_symbol(p, index_by_name(p, r.first + i));

			if (s && s->flags & SYMBOL_EXTERN)
				add_callers(p, s, m);
		}
	}
}

static void add_twins(struct impact_result *r, const struct index_part *part, uint32_t symbol)
{
	struct index_range all = index_aliases(part, symbol);
	const char *name = index_symbol_name(part, symbol);

	for (uint32_t i = all.first; i < all.first + all.n; i++)
		if (i != symbol)
			impact_add(r, part, i, ROLE_TWIN,
				   xasprintf("another name of %s: whoever calls it gets what %s is "
					     "replaced by", name, name));
}

static void add_wrappers(struct impact_result *r, const struct index_part *part, uint32_t symbol)
{
	const struct index_symbol *s = index_symbol(part, symbol);
	struct index_range callers = index_callers(part, s);

	for (uint32_t i = 0; i < callers.n; i++) {
		const struct index_edge *e = index_edge(part, index_caller(part, callers.first + i));
		const struct index_symbol *from = e ? index_symbol(part, e->from) : NULL;

		if (!from || from->forwards != s->body)
			continue;
		/* DWARF tells of what the source has; of a folded body it tells nothing. */
		if (from->instance == INDEX_NONE) {
			struct impact_member *m = impact_add(r, part, e->from, ROLE_FOLDED,
				xasprintf("its body was equal to that of %s and is a jump to it now",
					  index_string(part, s->name)));

			if (!m->callers.n)
				add_callers(part, from, m);
		} else {
			impact_add(r, part, e->from, ROLE_WRAPPER,
				   xasprintf("written as nothing but a call of %s",
					     index_string(part, s->name)));
		}
	}
}

void impact_add_neighbours(struct impact_result *r, const struct index_part *part, uint32_t symbol)
{
	const struct index_symbol *s = index_symbol(part, symbol);
	const struct index_instance *i = s ? index_instance(part, s->instance) : NULL;

	if (!s)
		return;
	if (i && index_symbol(part, i->cold) && i->cold != symbol)
		impact_add(r, part, i->cold, ROLE_COLD,
			   xasprintf("part of %s that was split off", index_string(part, s->name)));
	add_twins(r, part, symbol);
	add_wrappers(r, part, symbol);
}

/* The symbol that carries an instance's own name: of several at one place, the best. */
static uint32_t named_symbol(const struct index_part *part, const struct index_instance *i,
			     const char *name)
{
	struct index_range all = index_aliases(part, i->symbol);

	for (uint32_t k = all.first; k < all.first + all.n; k++)
		if (streq(index_symbol_name(part, k), name))
			return k;
	return i->symbol;
}

static void add_instance(struct impact_request *rq, struct impact_result *r,
			 const struct index_part *part, const struct index_instance *i)
{
	uint32_t symbol = i->symbol == INDEX_NONE ? INDEX_NONE : named_symbol(part, i, r->function);
	const struct index_symbol *s = index_symbol(part, symbol);
	bool clone = s && !streq(index_string(part, s->name), r->function);

	if (!s)
		return;
	struct impact_member *m = clone ?
		impact_add(r, part, symbol, ROLE_CLONE, xasprintf("a copy of %s%s", r->function,
			   clone_kind(index_string(part, s->name)))) :
		impact_add(r, part, symbol, ROLE_BODY, xstrdup("the function itself"));

	add_callers(part, s, m);
	add_outer_callers(rq->index, part, m);
	add_pointers(part, s, m);
	impact_add_neighbours(r, part, symbol);
}

static void add_inline(struct impact_result *r, const struct index_part *part,
		       const struct index_inline *inl)
{
	const struct index_instance *into = index_instance(part, inl->into);
	const struct index_function *via = index_function(part, inl->via), *f;

	if (!into || !index_symbol(part, into->symbol))
		return;
	f = index_function(part, into->function);
	uint32_t symbol = named_symbol(part, into, f ? index_string(part, f->name) : "");

	impact_add(r, part, symbol, ROLE_INLINED,
		   via ? xasprintf("has a copy of %s, by way of %s", r->function,
				   index_string(part, via->name)) :
			 xasprintf("has a copy of %s", r->function));
}

static void add_record(struct impact_request *rq, struct impact_result *r,
		       const struct index_part *part, const struct index_function *f)
{
	struct index_range instances = index_instances_of(part, f);
	struct index_range inlines = index_inlines_of(part, f);

	for (uint32_t i = 0; i < instances.n; i++)
		add_instance(rq, r, part, index_instance(part, instances.first + i));
	for (uint32_t i = 0; i < inlines.n; i++)
		add_inline(r, part, index_inline(part, inlines.first + i));
}

/* ---- the query ---- */

/* Opens what the question needs: a function that vmlinux does not have, or one of a header, may be
 * in any module. */
static struct error *find(struct impact_request *rq, struct lookup *found, bool *modules)
{
	scoped_error struct error *err = lookup_function(rq->index, rq->function, found);
	bool needed = err ? streq(err->id, "I3") :
			    found->hits.n && impact_is_header(lookup_file(found, 0));

	*modules = rq->index->n > 1;
	if (needed && !*modules && rq->modules) {
		TRY(index_make_modules(rq->target));
		index_close(rq->index);
		TRY(index_open(rq->target, rq->index));
		*modules = true;
		lookup_free(found);
		return lookup_function(rq->index, rq->function, found);
	}
	return take(err);
}

/* Code that DWARF says nothing about (assembly): what the symbol table has. */
static bool add_bare_symbols(struct impact_request *rq, struct impact_result *r)
{
	for (size_t k = 0; k < rq->index->n; k++) {
		const struct index_part *part = &rq->index->parts[k];
		struct index_range names = index_symbols_named(part, rq->function);

		for (uint32_t i = 0; i < names.n; i++) {
			uint32_t at = index_by_name(part, names.first + i);
			const struct index_symbol *s = index_symbol(part, at);

			if (!s || s->flags & SYMBOL_EXTERN)
				continue;
			struct impact_member *m = impact_add(r, part, at, ROLE_BODY,
							     xstrdup("the function itself"));

			add_callers(part, s, m);
			add_outer_callers(rq->index, part, m);
			add_pointers(part, s, m);
			impact_add_neighbours(r, part, at);
		}
	}
	if (!r->members.n)
		return false;
	r->function = xstrdup(rq->function);
	r->file = xstrdup("");
	note(r, xstrdup("there is no debug information about it: assembly, or a body that was folded"));
	impact_sort(r);
	return true;
}

struct error *impact_query(struct impact_request *rq, struct impact_result *r)
{
	SCOPED(lookup_free) struct lookup found = { 0 };
	bool modules;

	*r = (struct impact_result){ 0 };
	struct error *err = find(rq, &found, &modules);

	if (err && streq(err->id, "I3") && add_bare_symbols(rq, r)) {
		error_free(err);
		return NULL;
	}
	TRY(err);
	const struct lookup_hit *hit = &found.hits.at[0];

	r->function = xstrdup(index_string(hit->part, hit->function->name));
	r->file = xstrdup(index_string(hit->part, hit->function->file));
	r->line = hit->function->line;
	if (impact_is_header(r->file) && !modules)
		note(r, xasprintf("modules were not looked at: suture impact --make-index"));
	for (size_t i = 0; i < found.hits.n; i++)
		add_record(rq, r, found.hits.at[i].part, found.hits.at[i].function);
	impact_sort(r);
	if (rq->probe)
		TRY(impact_probe_units(rq, r));
	impact_sort(r);
	return NULL;
}
