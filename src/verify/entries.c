// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of special sections that belong to a function: the same set on both sides. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/code.h"

/* struct _ddebug (include/linux/dynamic_debug.h, since 5.10): four pointers, then lineno in 18 bits. */
bool same_descriptor(struct comparison *c)
{
	enum { MODNAME = 0, FILENAME = 16, LINENO = 32, LINENO_BITS = 18, LEAST = 36 };
	struct ref_site_vec p = *entity_refs(c->mx, c->x), q = *entity_refs(c->my, c->y);
	const struct entity *x = c->x, *y = c->y;
	bool same = x->size == y->size && x->size >= LEAST && x->section->data && y->section->data && p.n == q.n;

	for (uint64_t i = 0; same && i < x->size; i++) {
		unsigned int bits = i >= LINENO ? (i - LINENO) * 8 : LINENO_BITS;
		unsigned int ignore = bits + 8 <= LINENO_BITS ? 0xff : bits < LINENO_BITS ? 0x03 : 0;

		same = !((x->section->data[x->start + i] ^ y->section->data[y->start + i]) & ~ignore);
	}
	for (size_t k = 0; same && k < p.n; k++) {
		struct ref_pair pair = { &p.at[k], &q.at[k], p.at[k].offset, q.at[k].offset, false };

		same = p.at[k].offset == q.at[k].offset &&
		       (p.at[k].offset == MODNAME || p.at[k].offset == FILENAME || c->same(c, &pair));
	}
	return same;
}

struct matching {
	struct comparison *c;
	struct items p, q;
};

/* The bytes of an entry outside of what its relocations fill in. */
static bool same_entry_bytes(const struct special_entry *a, const struct special_entry *b)
{
	scoped_free unsigned char *x = xmemdup(a->section->data + a->offset, a->size);
	scoped_free unsigned char *y = xmemdup(b->section->data + b->offset, b->size);
	const struct special_entry *both[] = { a, b };

	for (int k = 0; k < 2; k++) {
		size_t first, n = object_relocs_in(both[k]->section, both[k]->offset,
						   both[k]->offset + both[k]->size, &first);

		for (size_t i = 0; i < n; i++) {
			const struct obj_reloc *r = &both[k]->section->relocs[first + i];
			uint64_t at = r->offset - both[k]->offset;

			if (at + reloc_size(r->type) <= a->size)
				memset((k ? y : x) + at, 0, reloc_size(r->type));
		}
	}
	return memcmp(x, y, a->size) == 0;
}

/* References of two entries: into the function at corresponding places, elsewhere as code's. */
static bool same_entry_refs(struct matching *m, const struct special_entry *a,
			    const struct special_entry *b)
{
	struct comparison *c = m->c;
	SCOPED(ref_site_vec_free) struct ref_site_vec p = { 0 }, q = { 0 };

	stretch_refs(c->mx, a->section, a->offset, a->size, &p);
	stretch_refs(c->my, b->section, b->offset, b->size, &q);
	if (p.n != q.n)
		return false;
	for (size_t k = 0; k < p.n; k++) {
		struct ref_pair pair = { &p.at[k], &q.at[k], p.at[k].offset, q.at[k].offset, false };
		const struct ref *r = &pair.x->ref, *s = &pair.y->ref;

		if (pair.x->offset != pair.y->offset)
			return false;
		if (r->kind == REF_ENTITY && r->entity == c->x && s->kind == REF_ENTITY &&
		    s->entity == c->y) {
			if (items_number(&m->p, r->offset) != items_number(&m->q, s->offset))
				return false;
			continue;
		}
		if (r->reloc && r->reloc->symbol->section == a->slice_section && a->slice_section &&
		    s->reloc && s->reloc->symbol->section == b->slice_section)
			continue; /* replacement code: compared as such */
		if (!c->same(c, &pair))
			return false;
	}
	return true;
}

/*
 * struct alt_instr (arch/x86/include/asm/alternative.h): where the length of the code that is replaced
 * stands, by the size of the struct. 5.10, 5.11 to 6.2, since 6.3.
 */
static const struct {
	uint8_t size, length_at;
} alternatives[] = { { 13, 10 }, { 12, 10 }, { 14, 12 } };

/* The code that an alternative overwrites ends at the same instruction on both sides. */
static bool same_extent(struct matching *m, const struct special_entry *a, const struct special_entry *b)
{
	if (!streq(a->row->name, ".altinstructions") || !a->section->data || !b->section->data)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(alternatives); i++) {
		uint8_t at = alternatives[i].length_at;

		if (alternatives[i].size != a->size)
			continue;
		int64_t x = entry_place(m->c->x, a) + a->section->data[a->offset + at];
		int64_t y = entry_place(m->c->y, b) + b->section->data[b->offset + at];

		return (insn_at(m->p.insns, x) >= 0) == (insn_at(m->q.insns, y) >= 0) &&
		       items_number(&m->p, x) == items_number(&m->q, y);
	}
	return false;
}

static bool same_slice_code(const struct special_entry *a, const struct special_entry *b)
{
	struct insn_vec x, y;
	bool same;

	if (!a->slice_section != !b->slice_section || a->slice_size != b->slice_size)
		return false;
	if (!a->slice_section || !a->slice_section->data || !b->slice_section->data)
		return true;
	insn_decode(a->slice_section->data + a->slice_offset, a->slice_size, &x);
	insn_decode(b->slice_section->data + b->slice_offset, b->slice_size, &y);
	same = x.n == y.n;
	for (size_t i = 0; same && i < x.n; i++)
		same = x.at[i].norm_length == y.at[i].norm_length &&
		       !memcmp(x.at[i].norm, y.at[i].norm, x.at[i].norm_length);
	insn_vec_free(&x);
	insn_vec_free(&y);
	return same;
}

static bool same_slice_refs(struct comparison *c, const struct special_entry *a,
			    const struct special_entry *b)
{
	SCOPED(ref_site_vec_free) struct ref_site_vec p = { 0 }, q = { 0 };

	if (!a->slice_section || !b->slice_section)
		return true;
	code_refs(c->mx, a->slice_section, a->slice_offset, a->slice_size, &p);
	code_refs(c->my, b->slice_section, b->slice_offset, b->slice_size, &q);
	return same_stretch(c, &p, &q, 0);
}

static const struct special_entry *slice_at(const struct entity *e, const struct ref *ref)
{
	for (size_t i = 0; ref->reloc && i < e->entries.n; i++) {
		const struct special_entry *s = &e->entries.at[i];

		if (s->row->action == SPECIAL_SLICE && s->slice_section == ref->reloc->symbol->section &&
		    (int64_t)s->slice_offset == ref->offset)
			return s;
	}
	return NULL;
}

bool to_slice(const struct ref *ref)
{
	const struct obj_section *s = ref->reloc ? ref->reloc->symbol->section : NULL;
	const struct special_section *row = s ? special_find(s->name) : NULL;

	return ref->kind == REF_PLACE && row && row->action == SPECIAL_SLICE;
}

bool same_slices(struct comparison *c, const struct ref *r, const struct ref *s)
{
	const struct special_entry *a = slice_at(c->x, r), *b = slice_at(c->y, s);

	return a && b && same_slice_code(a, b) && same_slice_refs(c, a, b);
}

/* The file that an entry of __bug_table reports, or NULL: struct bug_entry with the second relocation. */
static const char *reported_file(const struct special_entry *entry)
{
	size_t first, n = object_relocs_in(entry->section, entry->offset, entry->offset + entry->size, &first);
	const struct obj_reloc *r = n == 2 ? &entry->section->relocs[first + 1] : NULL;
	uint64_t at = r ? r->symbol->value + r->addend : 0;
	const struct obj_section *s = r ? r->symbol->section : NULL;

	return s && s->data && at < s->size && memchr(s->data + at, 0, s->size - at) ?
		       (const char *)s->data + at : NULL;
}

/* The same WARN() in another source file: what it prints is another file and line. */
static bool reports_elsewhere(const struct special_entry *a, const struct special_entry *b)
{
	enum { SIZE = 12, FLAGS = 10 };
	const char *x, *y;

	if (!streq(a->row->name, "__bug_table") || a->size != SIZE || !a->section->data || !b->section->data ||
	    memcmp(a->section->data + a->offset + FLAGS, b->section->data + b->offset + FLAGS, 2))
		return false;
	x = reported_file(a);
	y = reported_file(b);
	return x && y && !streq(x, y);
}

/* First what says nothing to anybody, then what may be reported as a wrong target. */
static bool same_entry(struct matching *m, const struct special_entry *a,
		       const struct special_entry *b)
{
	if (a->row != b->row || a->size != b->size)
		return false;
	if (items_number(&m->p, entry_place(m->c->x, a)) != items_number(&m->q, entry_place(m->c->y, b)))
		return false;
	if (reports_elsewhere(a, b)) {
		m->c->elsewhere = true;
		return true;
	}
	if (a->size && a->section->data && b->section->data && !same_entry_bytes(a, b))
		return false;
	if (!same_slice_code(a, b) || !same_extent(m, a, b))
		return false;
	return (!a->size || same_entry_refs(m, a, b)) && same_slice_refs(m->c, a, b);
}

static bool find_same(struct matching *m, const struct special_entry *a, bool *used)
{
	const struct special_entry_vec *list = &m->c->y->entries;

	for (size_t i = 0; i < list->n; i++) {
		if (used[i] || !entry_counts(&list->at[i]))
			continue;
		free(m->c->why);
		m->c->why = NULL;
		if (!same_entry(m, a, &list->at[i]))
			continue;
		used[i] = true;
		return true;
	}
	return false;
}

static bool missing(struct comparison *c, const struct entity *has, const struct special_entry *entry,
		    const struct entity *lacks)
{
	char *because = c->why;

	c->lost_entry = true;
	c->why = xasprintf("%s has an entry in %s for +0x%llx that %s does not have%s%s", has->name,
			   entry->row->name, (long long)entry_place(has, entry), lacks->name,
			   because ? ": " : "", because ? because : "");
	free(because);
	return false;
}

static bool match_all(struct matching *m)
{
	struct comparison *c = m->c;
	scoped_free bool *used = xcalloc(c->y->entries.n + 1, sizeof(*used));

	for (size_t i = 0; i < c->x->entries.n; i++) {
		const struct special_entry *a = &c->x->entries.at[i];

		if (entry_counts(a) && !find_same(m, a, used))
			return missing(c, c->x, a, c->y);
	}
	free(c->why);
	c->why = NULL;
	for (size_t i = 0; i < c->y->entries.n; i++)
		if (entry_counts(&c->y->entries.at[i]) && !used[i])
			return missing(c, c->y, &c->y->entries.at[i], c->x);
	return true;
}

bool same_entries(struct comparison *c)
{
	struct matching m = { .c = c };

	items_pair(c, &m.p, &m.q);
	bool same = match_all(&m);

	items_free(&m.p);
	items_free(&m.q);
	return same;
}
