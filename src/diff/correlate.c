// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/compare.h"
#include "diff/context.h"

struct worklist {
	struct entity_vec todo;
	size_t next;
};

static void pair(struct worklist *w, struct entity *x, struct entity *y)
{
	x->twin = y;
	y->twin = x;
	entity_vec_push(&w->todo, x);
}

static bool can_pair(const struct entity *x, const struct entity *y)
{
	return !x->twin && !y->twin && x->kind == y->kind && streq(x->key, y->key);
}

static bool is_global(const struct entity *e)
{
	return e->symbol && e->symbol->bind != STB_LOCAL;
}

/* Names that say it all: globals, and names that stand once in either object. */
static void pair_unique(struct worklist *w, struct model *a, struct model *b)
{
	for (size_t i = 0; i < a->entities.n; i++) {
		struct entity *x = a->entities.at[i];
		struct entity_vec *group = map_get(&a->by_key, x->key);
		struct entity_vec *other = map_get(&b->by_key, x->key);

		if (!other)
			continue;
		if (group->n == 1 && other->n == 1 && can_pair(x, other->at[0])) {
			pair(w, x, other->at[0]);
			continue;
		}
		if (!is_global(x))
			continue;
		struct obj_symbol *s = map_get(&b->object->globals, x->name);

		for (size_t k = 0; s && k < other->n; k++)
			if (other->at[k]->symbol == s && can_pair(x, other->at[k]))
				pair(w, x, other->at[k]);
	}
}

static void pair_ref(struct worklist *w, const struct ref *x, const struct ref *y)
{
	if (x->kind == REF_ENTITY && y->kind == REF_ENTITY && can_pair(x->entity, y->entity) &&
	    x->offset == y->offset)
		pair(w, x->entity, y->entity);
}

/* Position by position, as far as the two lists are equally long. */
static void pair_positions(struct worklist *w, const struct ref_site_vec *p,
			   const struct ref_site_vec *q)
{
	for (size_t i = 0; p->n == q->n && i < p->n; i++)
		pair_ref(w, &p->at[i].ref, &q->at[i].ref);
}

static void pair_entries(struct worklist *w, struct model *a, struct entity *x, struct model *b,
			 struct entity *y)
{
	for (size_t i = 0; x->entries.n == y->entries.n && i < x->entries.n; i++) {
		struct special_entry *s = &x->entries.at[i], *t = &y->entries.at[i];
		struct ref_site_vec p, q;

		if (s->row != t->row || s->size != t->size)
			continue;
		stretch_refs(a, s->section, s->offset, s->size, &p);
		stretch_refs(b, t->section, t->offset, t->size, &q);
		pair_positions(w, &p, &q);
		ref_site_vec_free(&p);
		ref_site_vec_free(&q);
	}
}

/*
 * What two equal stretches of code or data refer to at equal places is the same thing. Code with the same
 * instructions is not equal if its references look different (other strings): statements may have been
 * exchanged.
 */
static bool is_equal(struct model *a, struct entity *x, struct model *b, struct entity *y)
{
	return same_shape(x, y) && (x->kind != ENTITY_FUNCTION ||
				    same_labels(entity_refs(a, x), entity_refs(b, y)));
}

static void follow_equal(struct worklist *w, struct model *a, struct model *b)
{
	for (; w->next < w->todo.n; w->next++) {
		struct entity *x = w->todo.at[w->next], *y = x->twin;

		if (!is_equal(a, x, b, y))
			continue;
		x->visited = true;
		pair_positions(w, entity_refs(a, x), entity_refs(b, y));
		pair_entries(w, a, x, b, y);
		/* An object has megabytes of instructions: keep none that are not needed again. */
		entity_forget_insns(x);
		entity_forget_insns(y);
	}
}

/* Distinct entities of one key that a list of references names and that have no twin yet. */
static void loose_refs(const struct ref_site_vec *refs, const char *key, struct entity_vec *out)
{
	*out = (struct entity_vec){ 0 };
	for (size_t i = 0; i < refs->n; i++) {
		struct entity *e = refs->at[i].ref.kind == REF_ENTITY ? refs->at[i].ref.entity : NULL;
		bool known = false;

		if (!e || e->twin || !streq(e->key, key))
			continue;
		for (size_t k = 0; k < out->n; k++)
			known |= out->at[k] == e;
		if (!known)
			entity_vec_push(out, e);
	}
}

/*
 * Inside functions that changed: a name that is loose once on either side is the same thing there.
 * More than one of a name: equal contents decide, where they are distinct.
 */
static void follow_changed_pair(struct worklist *w, struct model *a, struct entity *x,
				struct model *b, struct entity *y)
{
	const struct ref_site_vec *p = entity_refs(a, x), *q = entity_refs(b, y);

	for (size_t i = 0; i < p->n; i++) {
		struct entity *e = p->at[i].ref.kind == REF_ENTITY ? p->at[i].ref.entity : NULL;
		struct entity_vec s, t;

		if (!e || e->twin)
			continue;
		loose_refs(p, e->key, &s);
		loose_refs(q, e->key, &t);
		if (s.n == 1 && t.n == 1 && can_pair(s.at[0], t.at[0]))
			pair(w, s.at[0], t.at[0]);
		entity_vec_free(&s);
		entity_vec_free(&t);
	}
}

static void follow_changed(struct worklist *w, struct model *a, struct model *b)
{
	size_t n = w->todo.n;

	for (size_t i = 0; i < n; i++) {
		struct entity *x = w->todo.at[i];

		if (!x->visited && x->kind == ENTITY_FUNCTION)
			follow_changed_pair(w, a, x, b, x->twin);
	}
}

static size_t count_loose(struct entity_vec *group)
{
	size_t n = 0;

	for (size_t i = 0; i < group->n; i++)
		n += !group->at[i]->twin;
	return n;
}

/* Which partner the evidence names; CONTRADICTION: different ones. */
struct proposals {
	struct map first, second; /* entity → reference of the other */
	struct ptr_vec order;
};

static void *const CONTRADICTION = (void *)-1;

static void propose_one(struct map *m, const struct entity *e, const struct ref *other)
{
	void **slot = map_slot_u64(m, (uintptr_t)e);
	const struct ref *before = *slot;

	if (before && (before == CONTRADICTION || before->entity != other->entity))
		*slot = CONTRADICTION;
	else
		*slot = (void *)other;
}

static void propose(void *arg, const struct ref *x, const struct ref *y)
{
	struct proposals *p = arg;

	ptr_vec_push(&p->order, (void *)x);
	propose_one(&p->first, x->entity, y);
	propose_one(&p->second, y->entity, x);
}

/* By what stands around them, in all functions that changed; what contradicts itself stays loose. */
static void follow_contexts(struct worklist *w, struct model *a, struct model *b)
{
	struct proposals p = { 0 };
	size_t n = w->todo.n;

	for (size_t i = 0; i < n; i++) {
		struct entity *x = w->todo.at[i];

		if (!x->visited && x->kind == ENTITY_FUNCTION)
			context_pairs(a, x, b, x->twin, propose, &p);
	}
	for (size_t i = 0; i < p.order.n; i++) {
		const struct ref *x = p.order.at[i];
		const struct ref *y = map_get_u64(&p.first, (uintptr_t)x->entity);

		if (y != CONTRADICTION &&
		    map_get_u64(&p.second, (uintptr_t)y->entity) != CONTRADICTION)
			pair_ref(w, x, y);
	}
	map_free(&p.first);
	map_free(&p.second);
	ptr_vec_free(&p.order);
}

/* Hash of a variable's bytes and of what it points to. */
static uint64_t contents_hash(struct model *m, struct entity *e)
{
	const struct ref_site_vec *refs = entity_refs(m, e);
	uint64_t h = e->section->data ? hash_bytes(e->section->data + e->start, e->size, e->size) :
					e->size;

	for (size_t i = 0; i < refs->n; i++)
		h = hash_bytes(&(uint64_t){ ref_label(&refs->at[i].ref) }, 8, h);
	return h;
}

/* The loose data of a group with contents that only one of them has: hash → entity. */
static struct map distinct_contents(struct model *m, struct entity_vec *group)
{
	struct map by_hash = { 0 };

	for (size_t i = 0; i < group->n; i++) {
		struct entity *e = group->at[i];
		uint64_t h = e->twin || e->kind != ENTITY_DATA ? 0 : contents_hash(m, e);

		if (h)
			map_put_u64(&by_hash, h, map_has_u64(&by_hash, h) ? NULL : e);
	}
	return by_hash;
}

static void pair_distinct_contents(struct worklist *w, struct model *a, struct model *b)
{
	for (size_t i = 0; i < a->keys.n; i++) {
		struct entity_vec *group = a->keys.at[i];
		struct entity_vec *other = map_get(&b->by_key, group->at[0]->key);

		if (!other || !count_loose(group) || !count_loose(other))
			continue;
		struct map p = distinct_contents(a, group), q = distinct_contents(b, other);

		for (size_t k = 0; k < p.n; k++) {
			struct entity *x = p.entries[k].value;
			struct entity *y = map_get_u64(&q, p.entries[k].hash);

			if (x && y && p.n + q.n > 2 && can_pair(x, y))
				pair(w, x, y);
		}
		map_free(&p);
		map_free(&q);
	}
}

static struct entity *only_loose(struct entity_vec *group)
{
	struct entity *found = NULL;

	for (size_t i = 0; i < group->n; i++) {
		if (group->at[i]->twin)
			continue;
		if (found)
			return NULL;
		found = group->at[i];
	}
	return found;
}

static bool is_writable_data(const struct entity *e)
{
	return e->kind == ENTITY_DATA && (e->section->flags & SHF_WRITE);
}

/*
 * What is left of a group of equal names: code and constants with equal contents are paired in
 * order (either choice means the same); variables are not guessed.
 */
static void pair_by_contents(struct worklist *w, struct entity_vec *group, struct entity_vec *other)
{
	size_t start = 0;

	for (size_t i = 0; i < group->n; i++) {
		struct entity *x = group->at[i];

		if (x->twin || is_writable_data(x))
			continue;
		while (start < other->n && other->at[start]->twin)
			start++;
		for (size_t k = start; k < other->n; k++)
			if (can_pair(x, other->at[k]) && same_shape(x, other->at[k])) {
				pair(w, x, other->at[k]);
				break;
			}
	}
}

static void pair_last(struct worklist *w, struct entity_vec *group, struct entity_vec *other)
{
	struct entity *x = only_loose(group), *y = only_loose(other);

	if (x && y && can_pair(x, y))
		pair(w, x, y);
}

static void for_each_group(struct worklist *w, struct model *a, struct model *b,
			   void (*act)(struct worklist *, struct entity_vec *, struct entity_vec *))
{
	for (size_t i = 0; i < a->keys.n; i++) {
		struct entity_vec *group = a->keys.at[i];
		struct entity_vec *other = map_get(&b->by_key, group->at[0]->key);

		if (other && count_loose(group) && count_loose(other))
			act(w, group, other);
	}
}

/* What is loose on both sides may be the same thing: policy decides what that means. */
static void mark_ambiguous(struct model *a, struct model *b)
{
	for (size_t i = 0; i < b->keys.n; i++) {
		struct entity_vec *group = b->keys.at[i];
		struct entity_vec *other = map_get(&a->by_key, group->at[0]->key);

		if (!other || !count_loose(group) || !count_loose(other))
			continue;
		for (size_t k = 0; k < group->n; k++)
			group->at[k]->ambiguous = !group->at[k]->twin &&
						  is_writable_data(group->at[k]);
	}
}

void correlate(struct model *a, struct model *b)
{
	struct worklist w = { 0 };

	pair_unique(&w, a, b);
	follow_equal(&w, a, b);
	for (size_t before = 0; before != w.todo.n;) {
		before = w.todo.n;
		follow_changed(&w, a, b);
		follow_equal(&w, a, b);
	}
	follow_contexts(&w, a, b);
	pair_distinct_contents(&w, a, b);
	follow_equal(&w, a, b);
	for_each_group(&w, a, b, pair_by_contents);
	follow_equal(&w, a, b);
	for_each_group(&w, a, b, pair_last);
	follow_equal(&w, a, b);
	mark_ambiguous(a, b);
	entity_vec_free(&w.todo);
}
