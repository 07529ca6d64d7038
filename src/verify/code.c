// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/code.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* ---- which instructions count ---- */

bool entry_counts(const struct special_entry *entry)
{
	/* Places of padding before functions, and what the link throws away. */
	return entry->row->action == SPECIAL_COPY && !starts_with(entry->row->name, ".discard") &&
	       !streq(entry->row->name, "__patchable_function_entries");
}

int64_t entry_place(const struct entity *e, const struct special_entry *entry)
{
	size_t first, n;

	if (entry->row->owner < 0)
		return -1;
	n = object_relocs_in(entry->section, entry->offset, entry->offset + entry->size, &first);
	if ((size_t)entry->row->owner >= n)
		return -1;
	const struct obj_reloc *r = &entry->section->relocs[first + entry->row->owner];

	return (int64_t)(r->symbol->value + r->addend) - (int64_t)e->start;
}

static bool is_site(const struct entity *e, uint32_t offset)
{
	for (size_t i = 0; i < e->entries.n; i++)
		if (entry_counts(&e->entries.at[i]) &&
		    entry_place(e, &e->entries.at[i]) == (int64_t)offset)
			return true;
	return false;
}

void items_make(struct entity *e, struct items *items)
{
	*items = (struct items){ .e = e, .insns = entity_insns(e) };
	for (size_t i = 0; i < items->insns->n; i++) {
		const struct insn *in = &items->insns->at[i];

		if (!in->nop || is_site(e, in->offset))
			u32_vec_push(&items->index, i);
	}
}

void items_free(struct items *items)
{
	u32_vec_free(&items->index);
}

static bool begins_with_endbr(const struct items *items)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	const struct insn *i = items->index.n ? &items->insns->at[items->index.at[0]] : NULL;

	return i && !i->offset && i->norm_length == sizeof(endbr64) && !memcmp(i->norm, endbr64, sizeof(endbr64));
}

void items_pair(const struct comparison *c, struct items *p, struct items *q)
{
	items_make(c->x, p);
	items_make(c->y, q);
	if (!c->landing || !begins_with_endbr(p) || begins_with_endbr(q))
		return;
	memmove(p->index.at, p->index.at + 1, (p->index.n - 1) * sizeof(*p->index.at));
	p->index.n--;
}

/* Index of the instruction that an offset is in. */
static size_t insn_of(const struct insn_vec *list, int64_t offset)
{
	size_t lo = 0, hi = list->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if ((int64_t)list->at[mid].offset + list->at[mid].length <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

long items_number(const struct items *items, int64_t offset)
{
	size_t lo = 0, hi = items->index.n, i = insn_of(items->insns, offset);

	if (offset < 0 || offset > (int64_t)items->e->size)
		return -1;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (items->index.at[mid] < i)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo * INSN_MAX + (i < items->insns->n ? offset - items->insns->at[i].offset : 0);
}

/* ---- instructions ---- */

static void format(const struct entity *e, const struct insn *i, char *text, size_t room)
{
	if (i)
		insn_format(e->section->data + e->start + i->offset, i->length, text, room);
	else
		snprintf(text, room, "(end of the function)");
}

static bool differ(struct comparison *c, const struct insn *i, const struct insn *j)
{
	char a[96], b[96];

	format(c->x, i, a, sizeof(a));
	format(c->y, j, b, sizeof(b));
	c->why = xasprintf("%s+0x%x '%s', %s+0x%x '%s'", c->x->name,
			   i ? i->offset : (unsigned int)c->x->size, a, c->y->name,
			   j ? j->offset : (unsigned int)c->y->size, b);
	return false;
}

/* Is there a jump label? objtool makes NOPs of its jumps when a module is linked. */
static bool is_jump_label(const struct entity *e, const struct insn *i)
{
	for (size_t k = 0; k < e->entries.n; k++)
		if (e->entries.at[k].row->key >= 0 && entry_counts(&e->entries.at[k]) &&
		    entry_place(e, &e->entries.at[k]) == (int64_t)i->offset)
			return true;
	return false;
}

static bool is_call_of(const struct entity *e, const struct insn *i, const char *name)
{
	uint64_t at = e->start + i->offset;
	size_t first;

	return i->branch && object_relocs_in(e->section, at, at + i->length, &first) &&
	       streq(e->section->relocs[first].symbol->name, name);
}

/* Harmless: a jump label's jump as a NOP of the same length. */
static bool is_resting_label(const struct comparison *c, const struct insn *i, const struct insn *j)
{
	return (i->nop != j->nop) && (i->branch || j->branch) && i->length == j->length &&
	       is_jump_label(c->x, i) && is_jump_label(c->y, j);
}

static bool is_outside(const struct entity *e, const struct insn *i)
{
	return i->target < 0 || i->target >= (int64_t)e->size;
}

static size_t relocs_of(const struct entity *e, const struct insn *i, size_t *first)
{
	uint64_t at = e->start + i->offset;
	size_t n = object_relocs_in(e->section, at, at + i->length, first);

	while (n && e->section->relocs[*first].type == R_X86_64_NONE) {
		(*first)++;
		n--;
	}
	return n;
}

struct walk {
	struct comparison *c;
	struct items p, q;
	size_t px, qx; /* next references */
};

static bool same_inner_target(const struct walk *w, const struct insn *i, const struct insn *j)
{
	return items_number(&w->p, i->target) == items_number(&w->q, j->target);
}

static bool same_insn(struct walk *w, const struct insn *i, const struct insn *j)
{
	struct comparison *c = w->c;
	size_t f, g;

	if (is_resting_label(c, i, j))
		return true;
	if (i->norm_length != j->norm_length || memcmp(i->norm, j->norm, i->norm_length))
		return differ(c, i, j);
	if (!(i->branch || i->rip_relative))
		return true;
	bool out_x = relocs_of(c->x, i, &f) || is_outside(c->x, i);
	bool out_y = relocs_of(c->y, j, &g) || is_outside(c->y, j);

	if (out_x != out_y || (!out_x && !same_inner_target(w, i, j)))
		return differ(c, i, j);
	return true;
}

/* References of one instruction: from `*at` on as long as they are inside. */
static size_t refs_inside(const struct ref_site_vec *refs, size_t *at, const struct insn *i)
{
	size_t first;

	while (*at < refs->n && refs->at[*at].offset < i->offset)
		(*at)++;
	first = *at;
	while (*at < refs->n && refs->at[*at].offset < i->offset + i->length)
		(*at)++;
	return *at - first;
}

static bool same_field(const struct ref_site *x, const struct insn *i, const struct ref_site *y,
		       const struct insn *j)
{
	const struct obj_reloc *p = x->ref.reloc, *q = y->ref.reloc;
	bool relative_p = p ? reloc_is_pcrel(p->type) : true, relative_q = q ? reloc_is_pcrel(q->type) : true;

	if (x->branch != y->branch || relative_p != relative_q)
		return false;
	if (!relative_p && p->type != q->type)
		return false;
	return x->branch || x->offset - i->offset == y->offset - j->offset;
}

static bool same_refs(struct walk *w, const struct insn *i, const struct insn *j)
{
	const struct ref_site_vec *p = entity_refs(w->c->mx, w->c->x), *q = entity_refs(w->c->my, w->c->y);
	size_t n = refs_inside(p, &w->px, i), m = refs_inside(q, &w->qx, j);

	if (is_resting_label(w->c, i, j))
		return true;
	if (n != m)
		return differ(w->c, i, j);
	for (size_t k = 0; k < n; k++) {
		const struct ref_site *x = &p->at[w->px - n + k], *y = &q->at[w->qx - n + k];
		struct ref_pair pair = { x, y, i->offset, j->offset, i->branch };

		if (!same_field(x, i, y, j))
			return differ(w->c, i, j);
		if (to_slice(&x->ref) && to_slice(&y->ref)) {
			if (!same_slices(w->c, &x->ref, &y->ref))
				return w->c->why ? false : differ(w->c, i, j);
		} else if (!w->c->same(w->c, &pair)) {
			return false;
		}
	}
	return true;
}

/* Both call sites of ftrace: a call, or the NOP that stands for it. */
static bool same_items(struct walk *w)
{
	for (size_t k = 0; k < w->p.index.n || k < w->q.index.n; k++) {
		const struct insn *i = k < w->p.index.n ? &w->p.insns->at[w->p.index.at[k]] : NULL;
		const struct insn *j = k < w->q.index.n ? &w->q.insns->at[w->q.index.at[k]] : NULL;

		if (i && j && i->nop != j->nop && i->length == j->length &&
		    (is_call_of(w->c->x, i, "__fentry__") || is_call_of(w->c->y, j, "__fentry__")))
			continue;
		if (!i || !j)
			return differ(w->c, i, j);
		if (!same_insn(w, i, j) || !same_refs(w, i, j))
			return false;
	}
	return true;
}

bool same_function(struct comparison *c)
{
	struct walk w = { .c = c };

	items_pair(c, &w.p, &w.q);
	bool same = same_items(&w);

	items_free(&w.p);
	items_free(&w.q);
	return same && same_entries(c);
}

/* ---- data ---- */

bool same_stretch(struct comparison *c, struct ref_site_vec *p, struct ref_site_vec *q, uint64_t at)
{
	if (p->n != q->n) {
		c->why = xasprintf("%s+0x%zx: %zu references, %s has %zu", c->x->name, (size_t)at, p->n,
				   c->y->name, q->n);
		return false;
	}
	for (size_t k = 0; k < p->n; k++) {
		struct ref_pair pair = { &p->at[k], &q->at[k], at, at, p->at[k].branch };
		const struct obj_reloc *r = pair.x->ref.reloc, *s = pair.y->ref.reloc;

		if (pair.x->offset != pair.y->offset || (r && s && reloc_size(r->type) != reloc_size(s->type))) {
			c->why = xasprintf("%s and %s have references at different places",
					   c->x->name, c->y->name);
			return false;
		}
		if (!c->same(c, &pair))
			return false;
	}
	return true;
}

/* Bytes, but for the fields that relocations fill in. */
static bool same_bytes(struct comparison *c)
{
	const struct entity *x = c->x, *y = c->y;
	const unsigned char *p = x->section->data, *q = y->section->data;

	if (x->size != y->size) {
		c->why = xasprintf("%s has %zu bytes, %s %zu", x->name, (size_t)x->size, y->name,
				   (size_t)y->size);
		return false;
	}
	for (uint64_t i = 0; i < x->size; i++) {
		unsigned char a = p ? p[x->start + i] : 0, b = q ? q[y->start + i] : 0;

		if (a == b)
			continue;
		c->why = xasprintf("%s+0x%zx is 0x%02x, %s+0x%zx is 0x%02x", x->name, (size_t)i, a,
				   y->name, (size_t)i, b);
		return false;
	}
	return true;
}

bool same_data(struct comparison *c)
{
	struct ref_site_vec p = *entity_refs(c->mx, c->x), q = *entity_refs(c->my, c->y);

	return same_bytes(c) && same_stretch(c, &p, &q, 0);
}
