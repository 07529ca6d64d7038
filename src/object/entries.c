// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/entries.h"

#include "base/str.h"

static int by_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void places_sort(struct places *p)
{
	if (p->n)
		qsort(p->at, p->n, sizeof(uint64_t), by_u64);
}

/* Bytes of an entry: from the table, or what the number of relocations gives. */
/*
 * struct bug_entry (include/asm-generic/bug.h): with and without CONFIG_DEBUG_BUGVERBOSE. Told by
 * how many relocations there are for the bytes.
 */
static const struct {
	uint8_t size, relocs;
} bug_layouts[] = { { 12, 2 }, { 8, 1 } };

static uint64_t bug_entry_size(const struct obj_section *s)
{
	for (size_t i = 0; i < ARRAY_SIZE(bug_layouts); i++)
		if (s->size % bug_layouts[i].size == 0 &&
		    s->nrelocs == s->size / bug_layouts[i].size * bug_layouts[i].relocs)
			return bug_layouts[i].size;
	return 0;
}

static uint64_t entry_size(const struct special_section *row, const struct obj_section *s)
{
	size_t n = row->relocs ? s->nrelocs / row->relocs : 0;

	if (streq(row->name, "__bug_table"))
		return bug_entry_size(s);
	if (row->entry)
		return s->size % row->entry ? 0 : row->entry;
	if (!n || s->nrelocs % row->relocs || s->size % n)
		return 0;
	return s->size / n;
}

/* End of the slice that starts at a place: where the next one starts, or the section's end. */
static uint64_t slice_end(const uint64_t *starts, size_t n, uint64_t at, uint64_t size)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (starts[mid] <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n ? starts[lo] : size;
}

/* The relocation's target inside a SPECIAL_SLICE section, or NULL. */
static struct obj_section *slice_target(const struct obj_reloc *r, uint64_t *at)
{
	const struct special_section *row;

	if (!r->symbol->section)
		return NULL;
	row = special_find(r->symbol->section->name);
	if (!row || row->action != SPECIAL_SLICE)
		return NULL;
	*at = r->symbol->value + r->addend;
	return *at <= r->symbol->section->size ? r->symbol->section : NULL;
}

static void unknown_layout(struct model *m, const struct obj_section *s)
{
	struct finding *f = finding_add(m->findings, "D5", SEVERITY_REFUSAL, NULL, NULL, s->name,
					"%s: entries of section %s cannot be told apart (%zu bytes, "
					"%zu relocations)", m->object->path, s->name,
					(size_t)s->size, s->nrelocs);

	finding_way_out(f, "report the compiler and kernel version: the table of special sections "
			   "needs a row for it");
}

/*
 * Where struct alt_instr (arch/x86/include/asm/alternative.h) has the length of the replacement, by
 * the size of the struct: 5.10, 5.11 to 6.2, and since 6.3.
 */
static const struct {
	uint8_t size, length_at;
} alternative_layouts[] = { { 13, 11 }, { 12, 11 }, { 14, 13 } };

/* Bytes of the replacement that the entry points to; -1 when its layout is not known. */
static int64_t replacement_length(const struct obj_section *s, uint64_t at, uint64_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(alternative_layouts); i++)
		if (alternative_layouts[i].size == size && s->data)
			return s->data[at + alternative_layouts[i].length_at];
	return -1;
}

static void set_slice(struct special_entry *entry, const struct obj_reloc *r)
{
	uint64_t at;
	struct obj_section *target = slice_target(r, &at);
	int64_t length = replacement_length(entry->section, entry->offset, entry->size);

	if (!target || length < 0 || (uint64_t)length > target->size - at)
		return;
	entry->slice_section = target;
	entry->slice_offset = at;
	entry->slice_size = length;
}

static void add_entry(struct model *m, struct obj_section *s, const struct special_section *row,
		      uint64_t at, uint64_t size)
{
	size_t first, n = object_relocs_in(s, at, at + size, &first);
	struct special_entry entry = { .row = row, .section = s, .offset = at, .size = size };

	if (row->owner < 0 || (size_t)row->owner >= n)
		return;
	const struct obj_reloc *owner = &s->relocs[first + row->owner];

	if (!owner->symbol->section)
		return;
	struct entity *e = model_entity_at(m, owner->symbol->section,
					   (int64_t)owner->symbol->value + owner->addend);

	if (!e || e->kind != ENTITY_FUNCTION)
		return;
	for (size_t i = 0; i < n && row->action == SPECIAL_COPY && !entry.slice_section; i++)
		set_slice(&entry, &s->relocs[first + i]);
	special_entry_vec_push(&e->entries, entry);
}

static void read_special(struct model *m, struct obj_section *s, const struct special_section *row)
{
	uint64_t size = entry_size(row, s);

	if (s->size == 0 || row->owner < 0 || row->action == SPECIAL_DROP)
		return;
	if (!size) {
		unknown_layout(m, s);
		return;
	}
	for (uint64_t at = 0; at + size <= s->size; at += size)
		add_entry(m, s, row, at, size);
}

/* A section without a row that points into code is none that we know how to carry over. */
static void check_unknown(struct model *m, const struct obj_section *s)
{
	if (!(s->flags & SHF_ALLOC) || (s->flags & SHF_EXECINSTR) || s->nsymbols || !s->nrelocs)
		return;
	if (starts_with(s->name, ".rodata") || starts_with(s->name, ".data") ||
	    starts_with(s->name, ".bss") || starts_with(s->name, ".rela"))
		return;
	for (size_t i = 0; i < s->nrelocs; i++) {
		struct obj_section *target = s->relocs[i].symbol->section;

		if (!target || !(target->flags & SHF_EXECINSTR))
			continue;
		struct entity *e = model_entity_at(m, target, (int64_t)s->relocs[i].symbol->value +
							      s->relocs[i].addend);
		static const struct special_section unknown = { "(unknown)", SPECIAL_UNIT, 0, 0, 0,
								-1, "" };

		if (e && e->kind == ENTITY_FUNCTION)
			special_entry_vec_push(&e->entries, (struct special_entry){
				.row = &unknown, .section = (struct obj_section *)s,
				.offset = s->relocs[i].offset });
	}
}

/*
 * Out-of-line code that functions jump to by themselves (.altinstr_aux, _static_cpu_has()): each
 * stretch belongs to the function that jumps there.
 */
static void read_jumped_slices(struct model *m, struct obj_section *aux)
{
	const struct special_section *row = special_find(aux->name);
	struct places starts = { 0 };

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 1; i < m->object->nsections; i++) {
			struct obj_section *s = &m->object->sections[i];

			if (!(s->flags & SHF_EXECINSTR) || s == aux)
				continue;
			for (size_t k = 0; k < s->nrelocs; k++) {
				const struct obj_reloc *r = &s->relocs[k];
				uint64_t at = r->symbol->value + r->addend + 4;

				if (r->symbol->section != aux || at > aux->size)
					continue;
				struct entity *e = model_entity_at(m, s, r->offset);

				if (pass == 0)
					places_push(&starts, at);
				else if (e)
					special_entry_vec_push(&e->entries, (struct special_entry){
						.row = row, .section = aux,
						.slice_section = aux, .slice_offset = at,
						.slice_size = slice_end(starts.at, starts.n, at,
									aux->size) - at });
			}
		}
		places_sort(&starts);
	}
	places_free(&starts);
}

void entries_read(struct model *m)
{
	for (size_t i = 1; i < m->object->nsections; i++) {
		struct obj_section *s = &m->object->sections[i];
		const struct special_section *row = special_find(s->name);

		if (s->type == SHT_RELA || s->type == SHT_SYMTAB || s->type == SHT_STRTAB)
			continue;
		if (row && row->action == SPECIAL_SLICE)
			read_jumped_slices(m, s);
		else if (row)
			read_special(m, s, row);
		else
			check_unknown(m, s);
	}
}
