// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two functions that differ: are they two compilations of the same, with other registers or in another
 * order? Nothing is proved here. Functions that refer to the same things and use the same constants, but
 * have other instructions all over, or other branches and differences at several places, are a question
 * for a person; a difference at one place is a difference.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/code.h"
#include "verify/fidelity.h"
#include "verify/likeness.h"

/* A stretch in the middle may differ in this many of eight parts before it counts as all over. */
enum { PARTS = 8 };

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The frame's size depends on how many registers are saved. */
static bool is_frame(const struct insn *i)
{
	return i->norm_length >= 3 && i->norm[0] == 0x48 && (i->norm[1] == 0x83 || i->norm[1] == 0x81) &&
	       (i->norm[2] == 0xec || i->norm[2] == 0xc4);
}

void likeness_add_constants(struct entity *e, uint64_t least, struct str_vec *bag)
{
	const struct insn_vec *list = entity_insns(e);

	for (size_t k = 0; k < list->n; k++) {
		const struct insn *i = &list->at[k];
		uint64_t value = 0;

		if (i->branch || !i->imm_size || is_frame(i))
			continue;
		memcpy(&value, e->section->data + e->start + i->offset + i->imm_at, i->imm_size);
		if (value >= least)
			str_vec_push(bag, xasprintf("constant 0x%llx", (unsigned long long)value));
	}
}

/* To itself, a part of it, or something without bytes, of which there may be two. */
bool likeness_is_inner(const struct entity *e, const struct ref *r)
{
	const struct entity *to = r->kind == REF_ENTITY ? r->entity : NULL;

	if (to && to->kind == ENTITY_DATA && !to->size)
		return true;
	return to && (to == e || to->parent == e || e->parent == to);
}

/* Which register an indirect call takes is the compiler's choice. */
static void push_target(struct str_vec *bag, char *target)
{
	if (!strstr(target, "__x86_indirect_thunk_")) {
		str_vec_push(bag, target);
		return;
	}
	free(target);
	str_vec_push(bag, xstrdup("an indirect call"));
}

/* A function's name, which each compilation has a copy of; a replacement may have another name. Else NULL. */
static char *function_name(const struct ref *ref)
{
	static const char prefix[] = "livepatch_";
	const struct entity *e = ref->kind == REF_ENTITY ? ref->entity : NULL;

	if (!e || e->kind != ENTITY_DATA || !e->key || !streq(e->key, "__func__") || ref->offset)
		return NULL;
	const char *text = livepatch_text(e->section, e->start);

	if (!text)
		return NULL;
	return xasprintf("the name \"%s\"", starts_with(text, prefix) ? text + strlen(prefix) : text);
}

/* unit NULL: of the livepatch. */
void likeness_add_ref(struct fidelity *f, struct fixed_unit *unit, const struct ref *ref, struct str_vec *bag)
{
	char *target = function_name(ref);

	if (!target)
		target = unit ? fidelity_their_target(f, unit, ref) : fidelity_my_target(f, ref);
	push_target(bag, target);
}

static void add_all(struct fidelity *f, struct fixed_unit *unit, struct entity *e, struct str_vec *bag)
{
	const struct ref_site_vec *refs = entity_refs(unit ? fixed_model(unit) : f->lp->model, e);

	for (size_t i = 0; i < refs->n; i++)
		if (!likeness_is_inner(e, &refs->at[i].ref))
			likeness_add_ref(f, unit, &refs->at[i].ref, bag);
	likeness_add_constants(e, 0, bag);
}

static void sort(struct str_vec *bag)
{
	qsort(bag->at, bag->n, sizeof(char *), by_text);
}

/* Everything once. A block that is there twice may have other elements of the same table. */
void likeness_once(struct str_vec *bag)
{
	size_t n = 0;

	for (size_t i = 0; i < bag->n; i++)
		bag->at[i][strcspn(bag->at[i], "+")] = '\0';
	sort(bag);
	for (size_t i = 0; i < bag->n; i++) {
		if (n && streq(bag->at[n - 1], bag->at[i]))
			free(bag->at[i]);
		else
			bag->at[n++] = bag->at[i];
	}
	bag->n = n;
}

static bool same_bag(const struct str_vec *a, const struct str_vec *b)
{
	if (a->n != b->n || !a->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!streq(a->at[i], b->at[i]))
			return false;
	return true;
}

static bool same_item(const struct items *p, size_t i, const struct items *q, size_t j)
{
	const struct insn *x = &p->insns->at[p->index.at[i]], *y = &q->insns->at[q->index.at[j]];

	if (x->nop != y->nop && x->length == y->length)
		return true; /* a jump label, or the call of ftrace, may rest */
	return x->norm_length == y->norm_length && !memcmp(x->norm, y->norm, x->norm_length);
}

/* The items of two functions, when as many as possible are paired in their order. */
struct alignment {
	size_t same, stretches; /* paired; stretches that are not */
};

/* Longest common subsequence. False: they are too long for it, which is a question for a person, too. */
static bool align(const struct items *p, const struct items *q, struct alignment *a)
{
	enum { MOST = 1 << 24 };
	size_t n = p->index.n, m = q->index.n;
	bool within = false;

	*a = (struct alignment){ 0 };
	if (n >= UINT16_MAX || m >= UINT16_MAX || (n + 1) * (m + 1) > MOST)
		return false;
	scoped_free uint16_t *length = xcalloc((n + 1) * (m + 1), sizeof(*length));

#define LENGTH(i, j) length[(i) * (m + 1) + (j)]
	for (size_t i = n; i-- > 0;)
		for (size_t j = m; j-- > 0;) {
			uint16_t x = LENGTH(i + 1, j), y = LENGTH(i, j + 1);

			LENGTH(i, j) = same_item(p, i, q, j) ? LENGTH(i + 1, j + 1) + 1 : x > y ? x : y;
		}
	for (size_t i = 0, j = 0; i < n || j < m;) {
		if (i < n && j < m && same_item(p, i, q, j)) {
			within = false;
			a->same++;
			i++;
			j++;
			continue;
		}
		a->stretches += !within;
		within = true;
		if (j == m || (i < n && LENGTH(i + 1, j) >= LENGTH(i, j + 1)))
			i++;
		else
			j++;
	}
#undef LENGTH
	return true;
}

/* Is more than a place, or a few, different? What only moved is the same. */
bool likeness_differs_all_over(struct entity *x, struct entity *y)
{
	struct comparison c = { .x = x, .y = y, .landing = true };
	struct alignment a;
	struct items p, q;

	items_pair(&c, &p, &q);
	size_t least = p.index.n < q.index.n ? p.index.n : q.index.n;
	bool all_over = !align(&p, &q, &a) || a.same * PARTS < least * (PARTS - 1);

	items_free(&p);
	items_free(&q);
	return all_over;
}

/* How many references, or constants, does the one have that the other has not? Both are sorted. */
size_t likeness_lacks(const struct str_vec *has, const struct str_vec *lacks, bool constants)
{
	size_t n = 0;

	for (size_t i = 0; i < has->n; i++)
		n += starts_with(has->at[i], "constant ") == constants &&
		     !bsearch(&has->at[i], lacks->at, lacks->n, sizeof(char *), by_text);
	return n;
}

static size_t branches(const struct items *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->index.n; i++)
		n += p->insns->at[p->index.at[i]].branch;
	return n;
}

/* Blocks that one of them has twice, or elsewhere. */
static bool differs_in_blocks(struct entity *x, struct entity *y)
{
	enum { MANY = 3 };
	struct comparison c = { .x = x, .y = y, .landing = true };
	struct items p, q;

	items_pair(&c, &p, &q);
	struct alignment a = { 0 };
	bool differs = p.index.n != q.index.n && align(&p, &q, &a) &&
		       a.stretches > (branches(&p) != branches(&q) ? 1 : MANY);

	items_free(&p);
	items_free(&q);
	return differs;
}

static size_t entries_that_count(const struct entity *e)
{
	size_t n = 0;

	for (size_t i = 0; i < e->entries.n; i++)
		n += entry_counts(&e->entries.at[i]);
	return n;
}

bool fidelity_alike(struct fidelity *f, const struct claim *c)
{
	SCOPED(str_vec_free_all) struct str_vec a = { 0 }, b = { 0 };

	bool blocks = differs_in_blocks(c->mine, c->theirs);

	if (entries_that_count(c->mine) != entries_that_count(c->theirs) ||
	    (!blocks && !likeness_differs_all_over(c->mine, c->theirs)))
		return false;
	add_all(f, NULL, c->mine, &a);
	add_all(f, c->unit, c->theirs, &b);
	sort(&a);
	sort(&b);
	if (!blocks)
		return same_bag(&a, &b);
	likeness_once(&a);
	likeness_once(&b);
	return likeness_lacks(&a, &b, false) + likeness_lacks(&b, &a, false) == 0 &&
	       (!likeness_lacks(&a, &b, true) || !likeness_lacks(&b, &a, true));
}
