// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/compare.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Is the jump's or rip-relative operand's target the same instruction of the function? */
static bool same_inner_target(struct entity *x, const struct insn *i, struct entity *y,
			      const struct insn *j)
{
	bool i_in = i->target >= 0 && i->target < (int64_t)x->size;
	bool j_in = j->target >= 0 && j->target < (int64_t)y->size;

	if (i_in != j_in)
		return false;
	return !i_in || insn_at(&x->insns, i->target) == insn_at(&y->insns, j->target);
}

/* Does a relocation fill the pc-relative field of this instruction (its bytes are then 0)? */
static bool is_relocated(const struct entity *e, const struct insn *i)
{
	size_t first;

	return object_relocs_in(e->section, e->start + i->offset,
				e->start + i->offset + i->length, &first) > 0;
}

static bool same_insn(struct entity *x, const struct insn *i, struct entity *y, const struct insn *j)
{
	if (i->norm_length != j->norm_length || memcmp(i->norm, j->norm, i->norm_length))
		return false;
	if (!i->branch && !i->rip_relative)
		return true;
	if (is_relocated(x, i) || is_relocated(y, j))
		return true; /* the references are compared apart */
	return same_inner_target(x, i, y, j);
}

/* Index of the first instruction that differs, or -1. */
static long first_insn_difference(struct entity *x, struct entity *y)
{
	const struct insn_vec *a = entity_insns(x), *b = entity_insns(y);
	size_t n = a->n < b->n ? a->n : b->n;

	for (size_t i = 0; i < n; i++)
		if (!same_insn(x, &a->at[i], y, &b->at[i]))
			return i;
	return a->n == b->n ? -1 : (long)n;
}

bool same_shape(struct entity *x, struct entity *y)
{
	if (x->kind != y->kind)
		return false;
	if (x->kind == ENTITY_FUNCTION)
		return first_insn_difference(x, y) < 0;
	if (x->size != y->size || !x->section->data != !y->section->data)
		return false;
	return !x->section->data ||
	       memcmp(x->section->data + x->start, y->section->data + y->start, x->size) == 0;
}

static const char *ref_text(const struct ref *r)
{
	const struct obj_section *s = r->entity->section;
	uint64_t at = r->entity->start + r->offset;

	if (!s->data || at >= s->size || !memchr(s->data + at, 0, s->size - at))
		return NULL;
	return (const char *)s->data + at;
}

/* A constant without a name has no life of its own: what refers to it has changed with it. */
static bool is_changed_constant(const struct entity *e)
{
	return e->kind == ENTITY_ANON && e->change == CHANGED && !(e->section->flags & SHF_WRITE);
}

static bool same_literal(const struct ref *x, const struct ref *y)
{
	const struct obj_section *s = x->entity->section, *t = y->entity->section;
	uint64_t n = s->entsize ? s->entsize : 1;
	uint64_t i = x->entity->start + x->offset, j = y->entity->start + y->offset;

	if (s->entsize != t->entsize || i % n != j % n || i / n * n + n > s->size ||
	    j / n * n + n > t->size || !s->data || !t->data)
		return false;
	return memcmp(s->data + i / n * n, t->data + j / n * n, n) == 0;
}

/* A place inside a function counts by instruction: branches in front of it may differ in length. */
static bool same_offset(const struct ref *x, const struct ref *y)
{
	if (x->offset == y->offset)
		return true;
	if (x->entity->kind != ENTITY_FUNCTION)
		return false;
	long i = insn_at(entity_insns(x->entity), x->offset);

	return i >= 0 && i == insn_at(entity_insns(y->entity), y->offset);
}

bool same_ref(const struct ref *x, const struct ref *y)
{
	if (x->kind != y->kind)
		return false;
	switch (x->kind) {
	case REF_EXTERN:
		return x->offset == y->offset && streq(x->symbol->name, y->symbol->name);
	case REF_STRING: {
		const char *a = ref_text(x), *b = ref_text(y);

		return a && b && streq(a, b);
	}
	case REF_BYTES:
		return same_literal(x, y);
	case REF_PLACE:
		return x->offset == y->offset && x->symbol && y->symbol &&
		       streq(x->symbol->section->name, y->symbol->section->name);
	case REF_ENTITY:
		break;
	}
	if (x->entity->kind == ENTITY_ANON && y->entity->kind == ENTITY_ANON && !x->entity->twin)
		return false;
	if (is_changed_constant(x->entity))
		return false;
	return x->entity->twin == y->entity && same_offset(x, y);
}

/* ---- reasons ---- */

static void describe_ref(const struct ref *r, char *text, size_t room)
{
	const char *s = r->kind == REF_STRING ? ref_text(r) : NULL;

	if (s)
		snprintf(text, room, "\"%.40s\"", s);
	else
		snprintf(text, room, "%s+0x%llx%s", ref_name(r), (unsigned long long)r->offset,
			 r->entity && is_changed_constant(r->entity) ? " (its contents differ)" : "");
}

static void set_changed(struct entity *x, struct entity *y, char *why)
{
	x->change = y->change = CHANGED;
	x->why = why;
	y->why = xstrdup(why);
}

static void insn_text(struct entity *e, long i, char *text, size_t room)
{
	if (i >= (long)e->insns.n)
		snprintf(text, room, "end of the function");
	else
		insn_format(e->section->data + e->start + e->insns.at[i].offset,
			    e->insns.at[i].length, text, room);
}

static char *insn_reason(struct entity *x, struct entity *y, long i)
{
	char a[96], b[96];

	insn_text(x, i, a, sizeof(a));
	insn_text(y, i, b, sizeof(b));
	return xasprintf("instruction at +0x%x: '%s' became '%s'",
			 i < (long)x->insns.n ? x->insns.at[i].offset : (unsigned int)x->size, a, b);
}

static char *refs_reason(const struct ref_site_vec *a, const struct ref_site_vec *b,
			 const char *where)
{
	char s[96], t[96];

	for (size_t i = 0; i < a->n && i < b->n; i++) {
		if (same_ref(&a->at[i].ref, &b->at[i].ref))
			continue;
		describe_ref(&a->at[i].ref, s, sizeof(s));
		describe_ref(&b->at[i].ref, t, sizeof(t));
		return xasprintf("reference at %s+0x%llx: %s became %s", where,
				 (unsigned long long)a->at[i].offset, s, t);
	}
	if (a->n != b->n)
		return xasprintf("%zu references in %s became %zu", a->n, where, b->n);
	return NULL;
}

/* ---- special section entries ---- */

static bool same_bytes(const struct obj_section *s, uint64_t at, const struct obj_section *t,
		       uint64_t bt, uint64_t size)
{
	return !size || (s->data && t->data && memcmp(s->data + at, t->data + bt, size) == 0);
}

static bool same_slices(struct model *a, const struct special_entry *x, struct model *b,
			const struct special_entry *y)
{
	struct ref_site_vec p, q;

	if (!x->slice_section != !y->slice_section || x->slice_size != y->slice_size)
		return false;
	if (!x->slice_section)
		return true;
	if (!same_bytes(x->slice_section, x->slice_offset, y->slice_section, y->slice_offset,
			x->slice_size))
		return false;
	code_refs(a, x->slice_section, x->slice_offset, x->slice_size, &p);
	code_refs(b, y->slice_section, y->slice_offset, y->slice_size, &q);
	char *why = refs_reason(&p, &q, "replacement");

	ref_site_vec_free(&p);
	ref_site_vec_free(&q);
	free(why);
	return !why;
}

/* The reference into the slice differs by offset: it is compared as the slice's contents. */
static bool is_slice_ref(const struct ref *r)
{
	const struct special_section *row = r->symbol && r->symbol->section ?
						    special_find(r->symbol->section->name) : NULL;

	return row && row->action == SPECIAL_SLICE;
}

static bool same_entry(struct model *a, const struct special_entry *x, struct model *b,
		       const struct special_entry *y)
{
	struct ref_site_vec p, q;
	bool same = true;

	if (x->row != y->row || x->size != y->size ||
	    !same_bytes(x->section, x->offset, y->section, y->offset, x->size))
		return false;
	stretch_refs(a, x->section, x->offset, x->size, &p);
	stretch_refs(b, y->section, y->offset, y->size, &q);
	same = p.n == q.n;
	for (size_t i = 0; same && i < p.n; i++)
		same = (is_slice_ref(&p.at[i].ref) && is_slice_ref(&q.at[i].ref)) ||
		       same_ref(&p.at[i].ref, &q.at[i].ref);
	ref_site_vec_free(&p);
	ref_site_vec_free(&q);
	return same && same_slices(a, x, b, y);
}

static char *entries_reason(struct model *a, struct entity *x, struct model *b, struct entity *y)
{
	size_t i = 0, n = x->entries.n < y->entries.n ? x->entries.n : y->entries.n;

	while (i < n && same_entry(a, &x->entries.at[i], b, &y->entries.at[i]))
		i++;
	if (i == x->entries.n && i == y->entries.n)
		return NULL;
	const struct special_entry *e = i < x->entries.n ? &x->entries.at[i] : &y->entries.at[i];

	return xasprintf("entry %zu of its special sections, in %s, differs", i, e->section->name);
}

/* ---- comparison ---- */

static bool jumps_into_slice(const struct ref_site *r)
{
	return r->ref.kind == REF_PLACE && is_slice_ref(&r->ref);
}

static char *function_refs_reason(struct model *a, struct entity *x, struct model *b,
				  struct entity *y)
{
	const struct ref_site_vec *p = entity_refs(a, x), *q = entity_refs(b, y);
	bool all = p->n == q->n;

	for (size_t i = 0; all && i < p->n; i++)
		all = (jumps_into_slice(&p->at[i]) && jumps_into_slice(&q->at[i])) ||
		      same_ref(&p->at[i].ref, &q->at[i].ref);
	return all ? NULL : refs_reason(p, q, "code");
}

static void compare_pair(struct model *a, struct entity *x, struct model *b, struct entity *y)
{
	char *why = NULL;

	if (x->kind == ENTITY_FUNCTION) {
		long i = x->visited ? -1 : first_insn_difference(x, y);

		why = i >= 0 ? insn_reason(x, y, i) : function_refs_reason(a, x, b, y);
		if (!why)
			why = entries_reason(a, x, b, y);
		entity_forget_insns(x);
		entity_forget_insns(y);
	} else if (!same_shape(x, y)) {
		why = x->size != y->size ?
			      xasprintf("size %llu became %llu", (unsigned long long)x->size,
					(unsigned long long)y->size) :
			      xasprintf("contents differ");
	} else {
		why = refs_reason(entity_refs(a, x), entity_refs(b, y), "data");
	}
	if (why)
		set_changed(x, y, why);
}

/* String and literal sections are compared by what refers to them. */
static bool by_use_only(const struct entity *e)
{
	return e->kind == ENTITY_ANON && (e->section->flags & SHF_MERGE);
}

static bool is_constant_pair(const struct entity *x)
{
	return x->twin && x->kind == ENTITY_ANON && !by_use_only(x) && x->change == UNCHANGED;
}

/* Unnamed constants first, tables of pointers to such again when one of those has changed. */
static void compare_constants(struct model *a, struct model *b)
{
	for (bool again = true; again;) {
		again = false;
		for (size_t i = 0; i < a->entities.n; i++) {
			struct entity *x = a->entities.at[i];

			if (!is_constant_pair(x))
				continue;
			compare_pair(a, x, b, x->twin);
			again |= is_changed_constant(x);
		}
	}
}

void compare(struct model *a, struct model *b)
{
	compare_constants(a, b);
	for (size_t i = 0; i < a->entities.n; i++) {
		struct entity *x = a->entities.at[i];

		if (!x->twin)
			x->change = by_use_only(x) ? UNCHANGED : REMOVED;
		else if (x->kind != ENTITY_ANON)
			compare_pair(a, x, b, x->twin);
	}
	for (size_t i = 0; i < b->entities.n; i++) {
		struct entity *y = b->entities.at[i];

		if (!y->twin)
			y->change = by_use_only(y) ? UNCHANGED : NEW;
	}
}
