// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which entity of the original object is which of the patched one. Names decide where they occur once.
 * Names that compilers number ("count.5", "__key.12") are told apart by use: functions with the same
 * instructions refer to the same things at the same places; a static variable of a function that
 * changed is the one of that name in the function of that name, if there is one only. Constants and the
 * descriptors of pr_debug() go by their contents. What remains undecided is marked as ambiguous.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/code.h"
#include "verify/kernel.h"

enum { ANON_DEPTH = 8 };

struct pairing {
	struct model *a, *b;
	struct ptr_vec found; /* x, y, x, y, ... of one comparison */
	unsigned int depth;
	bool learning, progress;
};

static void join(struct pairing *p, struct entity *x, struct entity *y)
{
	x->twin = y;
	y->twin = x;
	p->progress = true;
}

static bool may_join(const struct entity *x, const struct entity *y)
{
	return x->kind == y->kind && x->kind != ENTITY_ANON && !x->twin && !y->twin &&
	       streq(x->key, y->key);
}

static struct entity_vec *named(struct model *m, const struct entity *e)
{
	return map_get(&m->by_key, e->key);
}

static void join_unique(struct pairing *p)
{
	for (size_t i = 0; i < p->a->entities.n; i++) {
		struct entity *x = p->a->entities.at[i];
		struct entity_vec *xs = named(p->a, x), *ys = named(p->b, x);

		if (xs->n == 1 && ys && ys->n == 1 && may_join(x, ys->at[0]))
			join(p, x, ys->at[0]);
	}
}

static bool same_text(const struct ref *r, const struct ref *s)
{
	const char *x = livepatch_text(r->entity->section, r->entity->start + r->offset);
	const char *y = livepatch_text(s->entity->section, s->entity->start + s->offset);

	return x && y && streq(x, y);
}

static bool same_literal(const struct ref *r, const struct ref *s)
{
	const struct obj_section *p = r->entity->section, *q = s->entity->section;
	uint64_t x = r->entity->start + r->offset, y = s->entity->start + s->offset;
	uint64_t n = p->entsize - (p->entsize ? x % p->entsize : 0);

	return p->entsize && p->entsize == q->entsize && x % p->entsize == y % q->entsize &&
	       x + n <= p->size && y + n <= q->size && !memcmp(p->data + x, q->data + y, n);
}

static bool same_place(struct comparison *c, const struct ref_pair *pair);

static bool same_unnamed(struct pairing *p, struct entity *x, struct entity *y)
{
	struct comparison c = { .mx = p->a, .my = p->b, .x = x, .y = y, .same = same_place, .arg = p };

	if (p->depth >= ANON_DEPTH)
		return false;
	p->depth++;
	bool same = same_data(&c);

	p->depth--;
	free(c.why);
	return same;
}

static bool same_entity(struct pairing *p, struct entity *x, struct entity *y)
{
	if (x->twin == y)
		return true;
	if (x->kind == ENTITY_ANON && y->kind == ENTITY_ANON)
		return same_unnamed(p, x, y);
	if (!p->learning || !may_join(x, y))
		return false;
	ptr_vec_push(&p->found, x);
	ptr_vec_push(&p->found, y);
	return true;
}

static bool unlike(struct comparison *c, const struct ref_pair *pair)
{
	const struct ref *r = &pair->x->ref, *s = &pair->y->ref;

	if (!c->why)
		c->why = xasprintf("%s+0x%zx refers to %s+0x%llx, %s+0x%zx to %s+0x%llx", c->x->name,
				   (size_t)pair->x_at, ref_name(r),
				   (unsigned long long)r->offset, c->y->name, (size_t)pair->y_at,
				   ref_name(s),
				   (unsigned long long)s->offset);
	return false;
}

/* Do two references lead to the same, as far as twins are known? */
static bool same_place(struct comparison *c, const struct ref_pair *pair)
{
	const struct ref *r = &pair->x->ref, *s = &pair->y->ref;
	bool same = r->kind == s->kind;

	if (!same)
		return unlike(c, pair);
	switch (r->kind) {
	case REF_EXTERN:
		same = streq(r->symbol->name, s->symbol->name) && r->offset == s->offset;
		break;
	case REF_STRING:
		same = same_text(r, s);
		break;
	case REF_BYTES:
		same = same_literal(r, s);
		break;
	case REF_ENTITY:
		same = r->offset == s->offset && same_entity(c->arg, r->entity, s->entity);
		break;
	case REF_PLACE:
		same = r->offset == s->offset;
		break;
	}
	return same || unlike(c, pair);
}

static bool compare_twins(struct pairing *p, struct entity *x, char **why)
{
	struct comparison c = { .mx = p->a, .my = p->b, .x = x, .y = x->twin, .same = same_place,
				.arg = p };
	bool same = x->kind == ENTITY_FUNCTION ? same_function(&c) : same_data(&c);

	if (why)
		*why = c.why;
	else
		free(c.why);
	return same;
}

/* One look at every pair that is known: what do equal ones refer to? */
static void learn(struct pairing *p)
{
	p->learning = true;
	for (size_t i = 0; i < p->a->entities.n; i++) {
		struct entity *x = p->a->entities.at[i];

		p->found.n = 0;
		if (!x->twin || !compare_twins(p, x, NULL))
			continue;
		for (size_t k = 0; k < p->found.n; k += 2)
			if (may_join(p->found.at[k], p->found.at[k + 1]))
				join(p, p->found.at[k], p->found.at[k + 1]);
	}
	p->learning = false;
}

/* The one entity without twin of this key that a function refers to; NULL: none, or several. */
static struct entity *only_one(struct model *m, struct entity *function, const char *key)
{
	const struct ref_site_vec *refs = entity_refs(m, function);
	struct entity *found = NULL;

	for (size_t i = 0; i < refs->n; i++) {
		struct entity *e = refs->at[i].ref.kind == REF_ENTITY ? refs->at[i].ref.entity : NULL;

		if (!e || e->twin || e->kind == ENTITY_ANON || !streq(e->key, key) || e == found)
			continue;
		if (found)
			return NULL;
		found = e;
	}
	return found;
}

static void join_locals(struct pairing *p)
{
	for (size_t i = 0; i < p->a->entities.n; i++) {
		struct entity *f = p->a->entities.at[i];

		if (f->kind != ENTITY_FUNCTION || !f->twin)
			continue;
		const struct ref_site_vec *refs = entity_refs(p->a, f);

		for (size_t k = 0; k < refs->n; k++) {
			struct entity *e = refs->at[k].ref.kind == REF_ENTITY ? refs->at[k].ref.entity : NULL;
			struct entity *x = e && !e->twin && e->kind != ENTITY_ANON ?
					   only_one(p->a, f, e->key) : NULL;
			struct entity *y = x ? only_one(p->b, f->twin, x->key) : NULL;

			if (y && may_join(x, y))
				join(p, x, y);
		}
	}
}

/*
 * What never changes, and the descriptors of pr_debug() (include/linux/dynamic_debug.h: function, file,
 * format, line), are known by what they say. Variables are not: equal initial values mean nothing.
 */
static bool speaks_for_itself(const struct entity *e)
{
	return e->kind == ENTITY_DATA && e->size &&
	       (!(e->section->flags & SHF_WRITE) || starts_with(e->section->name, "__dyndbg"));
}

static bool says_the_same(struct pairing *p, struct entity *x, struct entity *y)
{
	struct comparison c = { .mx = p->a, .my = p->b, .x = x, .y = y, .same = same_place, .arg = p };
	bool same = may_join(x, y) && same_data(&c);

	free(c.why);
	return same;
}

/* The one of the list that has no twin and the same contents; NULL: none, or several. from_b: x is of b. */
static struct entity *only_same(struct pairing *p, struct entity *x, const struct entity_vec *list, bool from_b)
{
	struct entity *found = NULL;

	for (size_t i = 0; list && i < list->n; i++) {
		struct entity *y = list->at[i];

		if (from_b ? !says_the_same(p, y, x) : !says_the_same(p, x, y))
			continue;
		if (found)
			return NULL;
		found = y;
	}
	return found;
}

static void join_contents(struct pairing *p)
{
	for (size_t i = 0; i < p->a->entities.n; i++) {
		struct entity *x = p->a->entities.at[i];
		struct entity *y = !x->twin && speaks_for_itself(x) ? only_same(p, x, named(p->b, x), false) : NULL;

		if (y && only_same(p, y, named(p->a, x), true) == x)
			join(p, x, y);
	}
}

static struct entity *only_left(const struct entity_vec *list)
{
	struct entity *found = NULL;

	for (size_t i = 0; list && i < list->n; i++) {
		if (list->at[i]->twin)
			continue;
		if (found)
			return NULL;
		found = list->at[i];
	}
	return found;
}

static bool has_left(const struct entity_vec *list)
{
	for (size_t i = 0; list && i < list->n; i++)
		if (!list->at[i]->twin)
			return true;
	return false;
}

/* The last of a name on either side; where there is more to choose from, nobody chooses. */
static void join_left(struct pairing *p)
{
	for (size_t i = 0; i < p->a->entities.n; i++) {
		struct entity *x = p->a->entities.at[i];
		struct entity_vec *xs = named(p->a, x), *ys = named(p->b, x);
		struct entity *y;

		x->ambiguous = false;
		if (x->twin || x->kind == ENTITY_ANON)
			continue;
		y = only_left(xs) == x ? only_left(ys) : NULL;
		if (y && may_join(x, y))
			join(p, x, y);
		else if (has_left(ys))
			x->ambiguous = true;
	}
	for (size_t i = 0; i < p->b->entities.n; i++) {
		struct entity *y = p->b->entities.at[i];

		y->ambiguous = !y->twin && y->kind != ENTITY_ANON && has_left(named(p->a, y));
	}
}

static void settle(struct pairing *p)
{
	for (size_t i = 0; i < p->a->entities.n; i++) {
		struct entity *x = p->a->entities.at[i];

		x->change = x->twin || x->kind == ENTITY_ANON ? UNCHANGED : REMOVED;
		free(x->why);
		x->why = NULL;
		if (x->twin && !compare_twins(p, x, &x->why)) {
			x->change = CHANGED;
			free(x->twin->why);
			x->twin->why = xstrdup(x->why);
		}
		if (x->twin)
			x->twin->change = x->change;
	}
	for (size_t i = 0; i < p->b->entities.n; i++)
		if (!p->b->entities.at[i]->twin)
			p->b->entities.at[i]->change = p->b->entities.at[i]->kind == ENTITY_ANON ?
							UNCHANGED : NEW;
}

/* A function and the part that was split off it are one. */
static void settle_parts(struct model *m)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *part = m->entities.at[i], *f = part->parent;

		if (!f || part->change == UNCHANGED || f->change != UNCHANGED)
			continue;
		f->change = CHANGED;
		free(f->why);
		f->why = xstrdup(part->why ? part->why : "its cold part is new, or gone");
		if (f->twin)
			f->twin->change = CHANGED;
	}
}

/* What use and contents tell. */
static void pair_used(struct pairing *p)
{
	do {
		p->progress = false;
		learn(p);
		if (!p->progress)
			join_contents(p);
		if (!p->progress)
			join_locals(p);
	} while (p->progress);
}

void pair_models(struct model *a, struct model *b, const struct fix *fix)
{
	struct pairing p = { .a = a, .b = b };

	join_unique(&p);
	do {
		pair_used(&p);
		join_left(&p);
	} while (pair_declared(a, b, fix));
	settle(&p);
	settle_parts(a);
	settle_parts(b);
	ptr_vec_free(&p.found);
}
