// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/compare.h"

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
	if (x->kind == REF_ENTITY && y->kind == REF_ENTITY && x->entity && y->entity &&
	    can_pair(x->entity, y->entity) && x->offset == y->offset)
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

/* What two equal stretches of code or data refer to at equal places is the same thing. */
static void follow_equal(struct worklist *w, struct model *a, struct model *b)
{
	for (; w->next < w->todo.n; w->next++) {
		struct entity *x = w->todo.at[w->next], *y = x->twin;

		if (!same_shape(x, y))
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

/* ---- several of one name in changed functions ---- */

static uint64_t text_hash(const char *text, uint64_t seed)
{
	return hash_bytes(text, strlen(text), seed);
}

/* What a reference looks like from outside: same labels, same kind of thing. */
static uint64_t ref_label(const struct ref *r)
{
	uint64_t offset = (uint64_t)r->offset;

	switch (r->kind) {
	case REF_EXTERN:
		return text_hash(r->symbol->name, offset);
	case REF_STRING: {
		const struct obj_section *s = r->entity->section;
		uint64_t at = r->entity->start + offset;

		return hash_bytes(s->data + at, strnlen((const char *)s->data + at, s->size - at), 1);
	}
	case REF_BYTES:
		return 2;
	case REF_ENTITY:
		break;
	}
	if (!r->entity || r->entity->kind == ENTITY_FUNCTION)
		offset = 0;
	return r->entity ? text_hash(r->entity->key, offset) : 3;
}

/* Labels of all references of a function, in order. */
struct labels {
	const struct ref_site_vec *refs;
	uint64_t *at;
	struct map count; /* label → how often */
};

static struct labels make_labels(struct model *m, struct entity *e)
{
	struct labels l = { .refs = entity_refs(m, e) };

	l.at = xcalloc(l.refs->n, sizeof(*l.at));
	for (size_t i = 0; i < l.refs->n; i++) {
		l.at[i] = ref_label(&l.refs->at[i].ref);
		void **slot = map_slot_u64(&l.count, l.at[i]);

		*slot = (char *)*slot + 1;
	}
	return l;
}

static void free_labels(struct labels *l)
{
	free(l->at);
	map_free(&l->count);
}

static bool is_once(const struct labels *l, uint64_t label)
{
	return (uintptr_t)map_get_u64(&l->count, label) == 1;
}

/*
 * How sure is it that reference i of one function is reference j of the other? Length of the run of
 * equal labels around the two; 0 unless the run has a label that is unique in either function.
 */
static size_t context(const struct labels *p, size_t i, const struct labels *q, size_t j)
{
	enum { REACH = 24 };
	size_t length = 0;
	bool anchored = false;

	for (size_t d = 0; d <= REACH && i >= d && j >= d && p->at[i - d] == q->at[j - d]; d++) {
		length++;
		anchored |= is_once(p, p->at[i - d]) && is_once(q, p->at[i - d]);
	}
	for (size_t d = 1; d <= REACH && i + d < p->refs->n && j + d < q->refs->n &&
			   p->at[i + d] == q->at[j + d]; d++) {
		length++;
		anchored |= is_once(p, p->at[i + d]) && is_once(q, p->at[i + d]);
	}
	return anchored ? length : 0;
}

/* Best partner of reference i, or -1 when two are equally good. */
static long best_partner(const struct labels *p, size_t i, const struct labels *q)
{
	size_t best = 0;
	long at = -1;

	for (size_t j = 0; j < q->refs->n; j++) {
		size_t c = p->at[i] == q->at[j] ? context(p, i, q, j) : 0;

		if (c > best) {
			best = c;
			at = j;
		} else if (c && c == best) {
			at = -1;
		}
	}
	return at;
}

static void follow_context_pair(struct worklist *w, struct model *a, struct entity *x,
				struct model *b, struct entity *y)
{
	struct labels p = make_labels(a, x), q = make_labels(b, y);

	for (size_t i = 0; i < p.refs->n; i++) {
		const struct ref *r = &p.refs->at[i].ref;

		if (r->kind != REF_ENTITY || !r->entity || r->entity->twin ||
		    r->entity->kind != ENTITY_DATA)
			continue;
		long j = best_partner(&p, i, &q);

		if (j >= 0 && best_partner(&q, j, &p) == (long)i)
			pair_ref(w, r, &q.refs->at[j].ref);
	}
	free_labels(&p);
	free_labels(&q);
}

static void follow_contexts(struct worklist *w, struct model *a, struct model *b)
{
	size_t n = w->todo.n;

	for (size_t i = 0; i < n; i++) {
		struct entity *x = w->todo.at[i];

		if (!x->visited && x->kind == ENTITY_FUNCTION)
			follow_context_pair(w, a, x, b, x->twin);
	}
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
	pair_distinct_contents(&w, a, b);
	follow_contexts(&w, a, b);
	follow_equal(&w, a, b);
	for_each_group(&w, a, b, pair_by_contents);
	follow_equal(&w, a, b);
	for_each_group(&w, a, b, pair_last);
	follow_equal(&w, a, b);
	mark_ambiguous(a, b);
	entity_vec_free(&w.todo);
}
