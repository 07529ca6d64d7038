// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Several variables of one name in a function that changed: which is which follows from what their
 * references stand next to.
 */
#include "diff/context.h"

#include <string.h>

#include "base/str.h"

static uint64_t text_hash(const char *text, uint64_t seed)
{
	return hash_bytes(text, strlen(text), seed);
}

/* Those of inlined functions have one name and different contents. */
static bool says_function(const struct entity *e)
{
	return e->kind == ENTITY_DATA && streq(e->key, "__func__") && e->section->data &&
	       !(e->section->flags & SHF_WRITE);
}

/* What a reference looks like from outside: same labels, same kind of thing. */
uint64_t ref_label(const struct ref *r)
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
	case REF_PLACE:
		return 3;
	case REF_ENTITY:
		break;
	}
	if (r->entity->kind == ENTITY_FUNCTION)
		offset = 0;
	if (says_function(r->entity))
		return hash_bytes(r->entity->section->data + r->entity->start, r->entity->size, offset);
	return text_hash(r->entity->key, offset);
}

/* Labels of all references of a function, in order. */
struct labels {
	const struct entity *user;
	const struct ref_site_vec *refs;
	uint64_t *at;
	long *partner; /* of each reference, once it was asked for; see partner() */
	struct map count; /* label → how often */
};

static struct labels make_labels(struct model *m, struct entity *e)
{
	struct labels l = { .user = e, .refs = entity_refs(m, e) };

	l.at = xcalloc(l.refs->n, sizeof(*l.at));
	l.partner = xcalloc(l.refs->n, sizeof(*l.partner));
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
	free(l->partner);
	map_free(&l->count);
}

/*
 * Calls that the compiler puts into any function (-pg, return thunks, the stack protector), like jumps
 * between its parts, say where in a function a reference is, not what it is for; and the former
 * changes when statements are exchanged.
 */
static const char *const everywhere[] = {
	"__fentry__", "__x86_return_thunk", "__stack_chk_fail", "__warn_printk", "_printk",
};

static bool is_part_of(const struct entity *e, const struct entity *other)
{
	return e == other || e->parent == other || other->parent == e;
}

static bool says_something(const struct entity *user, const struct ref *r)
{
	if (r->kind == REF_ENTITY)
		return !is_part_of(r->entity, user);
	if (r->kind != REF_EXTERN)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(everywhere); i++)
		if (streq(r->symbol->name, everywhere[i]))
			return false;
	return true;
}

/* Does the label of reference i tell it from all others of the function? */
static bool is_anchor(const struct labels *l, size_t i)
{
	return (uintptr_t)map_get_u64(&l->count, l->at[i]) == 1 &&
	       says_something(l->user, &l->refs->at[i].ref);
}

/*
 * How sure is it that reference i of one function is reference j of the other? Length of the run of
 * equal labels around the two; 0 unless the run has an anchor: a label that is unique in either function.
 */
static size_t context(const struct labels *p, size_t i, const struct labels *q, size_t j)
{
	enum { REACH = 24 };
	size_t length = 0;
	bool anchored = false;

	for (size_t d = 0; d <= REACH && i >= d && j >= d && p->at[i - d] == q->at[j - d]; d++) {
		length++;
		anchored |= is_anchor(p, i - d) && is_anchor(q, j - d);
	}
	for (size_t d = 1; d <= REACH && i + d < p->refs->n && j + d < q->refs->n &&
			   p->at[i + d] == q->at[j + d]; d++) {
		length++;
		anchored |= is_anchor(p, i + d) && is_anchor(q, j + d);
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

static bool is_loose_data(const struct ref *r)
{
	return r->kind == REF_ENTITY && !r->entity->twin && r->entity->kind == ENTITY_DATA;
}

/* The reference that is the best partner of reference i, and whose best partner is i; -1: none. */
static long partner(const struct labels *p, size_t i, const struct labels *q)
{
	enum { ASKED_NONE = -1, NOT_ASKED = 0 };

	if (p->partner[i] == NOT_ASKED) {
		long j = best_partner(p, i, q);

		p->partner[i] = j >= 0 && best_partner(q, j, p) == (long)i ? j + 1 : ASKED_NONE;
	}
	return p->partner[i] == ASKED_NONE ? -1 : p->partner[i] - 1;
}

/*
 * What the surroundings of all references to the same variable as reference i agree on: the partner of
 * one of them, and that reference in *from. -1 when there is no evidence, or when it contradicts itself.
 */
static long agreed_partner(const struct labels *p, size_t i, const struct labels *q, size_t *from)
{
	const struct entity *x = p->refs->at[i].ref.entity;
	long found = -1;

	for (size_t k = 0; k < p->refs->n; k++) {
		long j = p->refs->at[k].ref.entity == x ? partner(p, k, q) : -1;

		if (j < 0)
			continue;
		if (found >= 0 && q->refs->at[j].ref.entity != q->refs->at[found].ref.entity)
			return -1;
		found = j;
		*from = k;
	}
	return found;
}

void context_pairs(struct model *a, struct entity *x, struct model *b, struct entity *y,
		   void (*found)(void *arg, const struct ref *x, const struct ref *y), void *arg)
{
	struct labels p = make_labels(a, x), q = make_labels(b, y);

	for (size_t i = 0; i < p.refs->n; i++) {
		size_t from, back;

		if (!is_loose_data(&p.refs->at[i].ref))
			continue;
		long j = agreed_partner(&p, i, &q, &from);
		long k = j >= 0 ? agreed_partner(&q, j, &p, &back) : -1;

		if (k >= 0 && p.refs->at[k].ref.entity == p.refs->at[i].ref.entity)
			found(arg, &p.refs->at[from].ref, &q.refs->at[j].ref);
	}
	free_labels(&p);
	free_labels(&q);
}


bool same_labels(const struct ref_site_vec *p, const struct ref_site_vec *q)
{
	for (size_t i = 0; p->n == q->n && i < p->n; i++)
		if (p->at[i].ref.kind != q->at[i].ref.kind ||
		    ref_label(&p->at[i].ref) != ref_label(&q->at[i].ref))
			return false;
	return p->n == q->n;
}
