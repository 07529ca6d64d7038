// SPDX-License-Identifier: GPL-2.0-or-later
#include "fate/reach.h"

#include "base/str.h"

struct walk {
	struct reach *reach;
	const struct replacements *set;
	const struct resolver *r;
	struct entity_vec todo;
};

struct entity *original_of(const struct reach *reach, struct entity *e, const struct resolver *r)
{
	return !r->repro || reach->model == r->repro->model ? e : e->twin;
}

static const struct entity *original(const struct entity *e, const struct resolver *r)
{
	const struct model *m = r->repro ? r->repro->model : NULL;
	bool own = m && e->index < m->entities.n && m->entities.at[e->index] == e;

	return own || !m ? e : e->twin;
}

bool is_live_function(const struct entity *e, const struct resolver *r)
{
	const struct entity *o = original(e, r);

	return o && !e->parent && e->change == UNCHANGED && !is_clone(e) && resolver_reaches(r, o);
}

/* Does its text come along with the livepatch? */
static bool comes_along(const struct walk *w, const struct entity *e)
{
	const struct entity *o = original(e, w->r);

	if (e->parent)
		return w->reach->inside[e->parent->index];
	if (e->kind == ENTITY_FUNCTION)
		return replacements_find(w->set, e->name) || !is_live_function(e, w->r);
	return !o || !resolver_reaches(w->r, o);
}

static void reach_entity(struct walk *w, struct entity *e)
{
	if (w->reach->reached[e->index])
		return;
	w->reach->reached[e->index] = true;
	if (comes_along(w, e)) {
		w->reach->inside[e->index] = true;
		entity_vec_push(&w->todo, e);
	}
}

static void reach_refs(struct walk *w, const struct ref_site_vec *refs)
{
	for (size_t i = 0; i < refs->n; i++) {
		const struct ref *ref = &refs->at[i].ref;

		if (ref->kind == REF_EXTERN)
			map_put(&w->reach->externs, ref->symbol->name, ref->symbol);
		else if (ref->kind != REF_PLACE)
			reach_entity(w, ref->entity);
	}
}

static void reach_entries(struct walk *w, struct entity *e)
{
	for (size_t i = 0; i < e->entries.n; i++) {
		const struct special_entry *s = &e->entries.at[i];
		struct ref_site_vec refs;

		stretch_refs(w->reach->model, s->section, s->offset, s->size, &refs);
		reach_refs(w, &refs);
		ref_site_vec_free(&refs);
		if (!s->slice_section)
			continue;
		code_refs(w->reach->model, s->slice_section, s->slice_offset, s->slice_size, &refs);
		reach_refs(w, &refs);
		ref_site_vec_free(&refs);
	}
}

static void start(struct walk *w, struct entity *e)
{
	if (e->kind == ENTITY_FUNCTION && !e->parent && replacements_find(w->set, e->name))
		reach_entity(w, e);
}

void reach_make(struct reach *reach, struct model *model, const struct replacements *set,
		const struct resolver *r)
{
	struct walk w = { .reach = reach, .set = set, .r = r };

	*reach = (struct reach){ .model = model,
				 .reached = xcalloc(model->entities.n + 1, sizeof(bool)),
				 .inside = xcalloc(model->entities.n + 1, sizeof(bool)) };
	for (size_t i = 0; i < model->entities.n; i++)
		start(&w, model->entities.at[i]);
	for (size_t i = 0; i < w.todo.n; i++) {
		reach_refs(&w, entity_refs(model, w.todo.at[i]));
		reach_entries(&w, w.todo.at[i]);
	}
	entity_vec_free(&w.todo);
}

void reach_free(struct reach *reach)
{
	free(reach->reached);
	free(reach->inside);
	map_free(&reach->externs);
	*reach = (struct reach){ 0 };
}
