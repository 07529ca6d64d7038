// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/model.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "object/entries.h"

/*
 * Name without what compilers number: ".17" components anywhere ("x.isra.0.cold" → "x.isra.cold"),
 * and the counter of __UNIQUE_ID_ names (include/linux/compiler.h: __COUNTER__).
 */
static char *make_key(const char *name)
{
	char *key = xstrdup(name), *to = key;
	bool unique = starts_with(name, "__UNIQUE_ID_");

	for (const char *p = name; *p;) {
		if (*p == '.' && isdigit((unsigned char)p[1])) {
			const char *q = p + 1;

			while (isdigit((unsigned char)*q))
				q++;
			if (*q == 0 || *q == '.') {
				if (unique)
					while (to > key && isdigit((unsigned char)to[-1]))
						to--;
				p = q;
				continue;
			}
		}
		*to++ = *p++;
	}
	if (unique)
		while (to > key && isdigit((unsigned char)to[-1]))
			to--;
	*to = 0;
	return key;
}

static struct entity *add_entity(struct model *m, enum entity_kind kind, const char *name,
				 struct obj_section *section)
{
	struct entity *e = xcalloc(1, sizeof(*e));

	e->kind = kind;
	e->name = name;
	e->key = make_key(name);
	e->section = section;
	e->row = special_find(section->name);
	e->index = m->entities.n;
	entity_vec_push(&m->entities, e);
	return e;
}

/* Sections of entries and of what a livepatch never carries hold no entities of their own. */
static bool holds_entities(const struct obj_section *s)
{
	const struct special_section *row = special_find(s->name);

	return (s->flags & SHF_ALLOC) &&
	       (!row || row->action == SPECIAL_UNIT || row->action == SPECIAL_INIT ||
		row->action == SPECIAL_EXIT || row->action == SPECIAL_PERCPU || row->action == SPECIAL_DESCRIPTOR);
}

/* Can a section hold constants or variables that no symbol names? */
static bool wants_anon(const struct obj_section *s)
{
	const struct special_section *row = special_find(s->name);

	if (!(s->flags & SHF_ALLOC) || s->size == 0 || (s->flags & SHF_EXECINSTR))
		return false;
	return !row || row->action == SPECIAL_PERCPU || row->action == SPECIAL_INIT ||
	       row->action == SPECIAL_EXIT;
}

static void add_anon(struct model *m, struct obj_section *s, uint64_t start, uint64_t end)
{
	if (start >= end)
		return;
	struct entity *e = add_entity(m, ENTITY_ANON, s->name, s);

	e->start = start;
	e->size = end - start;
}

/* Cuts [start, end), which no symbol covers, where relocations point into it. */
static void add_gap(struct model *m, struct obj_section *s, const struct places *cuts,
		    uint64_t start, uint64_t end)
{
	if (!(s->flags & SHF_MERGE))
		for (size_t i = 0; i < cuts->n && cuts->at[i] < end; i++)
			if (cuts->at[i] > start) {
				add_anon(m, s, start, cuts->at[i]);
				start = cuts->at[i];
			}
	add_anon(m, s, start, end);
}

/* Local symbols of mergeable sections (clang: .L.str.3) are numbered and say nothing: contents do. */
/*
 * A lock class key without lockdep has no size: with -fdata-sections it stands alone in an empty
 * section, and only its address is used.
 */
static bool is_data_symbol(const struct obj_symbol *s)
{
	if ((s->section->flags & SHF_MERGE) && s->bind == STB_LOCAL)
		return false;
	if (s->type == STT_OBJECT && s->size == 0)
		return s->section->size == 0;
	return (s->type == STT_OBJECT || s->type == STT_NOTYPE || s->type == STT_COMMON ||
		s->type == STT_TLS) && s->size > 0;
}

/*
 * One entity a place: of several names (aliases) the global one speaks for all, since other units
 * refer to that.
 */
static void add_section_entities(struct model *m, struct obj_section *s, const struct places *cuts)
{
	struct entity *last = NULL;
	bool anon = wants_anon(s);
	uint64_t covered = 0;

	for (size_t i = 0; i < s->nsymbols; i++) {
		struct obj_symbol *sym = s->symbols[i];
		bool function = symbol_is_function(sym);

		if (!function && !is_data_symbol(sym))
			continue;
		if (last && last->start == sym->value && function &&
		    last->kind == ENTITY_FUNCTION) {
			if (last->symbol->bind == STB_LOCAL && sym->bind != STB_LOCAL) {
				last->symbol = sym;
				last->name = sym->name;
				free((char *)last->key);
				last->key = make_key(sym->name);
			}
			continue;
		}
		if (last && sym->value < last->start + last->size)
			continue; /* a label inside */
		if (anon)
			add_gap(m, s, cuts, covered, sym->value);
		struct entity *e = add_entity(m, function ? ENTITY_FUNCTION : ENTITY_DATA,
					      sym->name, s);

		e->symbol = sym;
		e->start = sym->value;
		e->size = sym->size;
		if (function)
			e->lead = sym->value - covered;
		covered = e->start + e->size;
		last = e;
	}
	if (anon)
		add_gap(m, s, cuts, covered, s->size);
}

/*
 * Where relocations point into each section. The four bytes from a pc-relative field to the end of
 * its instruction are assumed: a wrong guess cuts a stretch in two, in both objects alike.
 */
static struct places *collect_cuts(const struct object *o)
{
	struct places *cuts = xcalloc(o->nsections, sizeof(*cuts));

	for (size_t i = 1; i < o->nsections; i++)
		for (size_t k = 0; k < o->sections[i].nrelocs; k++) {
			const struct obj_reloc *r = &o->sections[i].relocs[k];
			bool code = o->sections[i].flags & SHF_EXECINSTR;

			if (!(o->sections[i].flags & SHF_ALLOC) || !r->symbol->section)
				continue;
			places_push(&cuts[r->symbol->section->index],
				     r->symbol->value + r->addend +
					     (code && reloc_is_pcrel(r->type) ? 4 : 0));
		}
	for (size_t i = 1; i < o->nsections; i++)
		places_sort(&cuts[i]);
	return cuts;
}

static void add_entities(struct model *m)
{
	struct places *cuts = collect_cuts(m->object);

	for (size_t i = 1; i < m->object->nsections; i++) {
		struct obj_section *s = &m->object->sections[i];
		size_t first = m->entities.n;

		if (holds_entities(s))
			add_section_entities(m, s, &cuts[i]);
		m->nby_section[i] = m->entities.n - first;
		places_free(&cuts[i]);
	}
	free(cuts);
	size_t at = 0;

	for (size_t i = 1; i < m->object->nsections; i++) {
		m->by_section[i] = m->entities.at + at;
		at += m->nby_section[i];
	}
}

static void index_keys(struct model *m)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		void **slot = map_slot(&m->by_key, m->entities.at[i]->key);

		if (!*slot) {
			*slot = xcalloc(1, sizeof(struct entity_vec));
			ptr_vec_push(&m->keys, *slot);
		}
		entity_vec_push(*slot, m->entities.at[i]);
	}
}

/* "x.cold" belongs to "x": GCC names the part after its function (gcc/varasm.c). */
static void link_cold_parts(struct model *m)
{
	struct map by_name = { 0 };

	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.at[i]->kind == ENTITY_FUNCTION)
			map_put(&by_name, m->entities.at[i]->name, m->entities.at[i]);
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *e = m->entities.at[i];
		const char *cold = e->kind == ENTITY_FUNCTION ? strstr(e->name, ".cold") : NULL;

		if (!cold)
			continue;
		scoped_free char *base = xstrndup(e->name, cold - e->name);

		e->parent = map_get(&by_name, base);
	}
	map_free(&by_name);
}

struct entity *model_entity_at(struct model *m, const struct obj_section *section, int64_t at)
{
	struct entity **list = m->by_section[section->index];
	size_t lo = 0, hi = m->nby_section[section->index];

	while (lo < hi) { /* first entity that ends beyond the place */
		size_t mid = lo + (hi - lo) / 2;

		if ((int64_t)(list[mid]->start + list[mid]->size) <= at)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < m->nby_section[section->index] && at >= (int64_t)(list[lo]->start - list[lo]->lead))
		return list[lo];
	/* One past the end of the last entity: an end label, "return address" of a tail call. */
	if (lo > 0 && at == (int64_t)(list[lo - 1]->start + list[lo - 1]->size))
		return list[lo - 1];
	return NULL;
}

static bool is_string_section(const struct obj_section *s)
{
	return (s->flags & SHF_MERGE) && (s->flags & SHF_STRINGS) && s->entsize == 1;
}

static struct ref place_ref(struct model *m, struct obj_section *s, int64_t at)
{
	struct entity *e = model_entity_at(m, s, at);
	struct ref ref = { .kind = REF_ENTITY, .entity = e };

	if (!e)
		return (struct ref){ .kind = REF_PLACE, .offset = at };
	if (e->kind == ENTITY_ANON && s->data) {
		if (is_string_section(s) && at >= 0 && at < (int64_t)s->size)
			ref.kind = REF_STRING;
		else if ((s->flags & SHF_MERGE) && at >= 0 && at < (int64_t)s->size)
			ref.kind = REF_BYTES;
	}
	ref.offset = at - (int64_t)e->start;
	return ref;
}

struct ref model_ref(struct model *m, const struct obj_reloc *reloc, int64_t bias)
{
	int64_t offset = reloc->addend + (reloc_is_pcrel(reloc->type) ? bias : 0);
	struct obj_symbol *s = reloc->symbol;
	struct ref ref = { .kind = REF_EXTERN, .symbol = s, .offset = offset, .reloc = reloc };

	if (!s->section)
		return ref;
	ref = place_ref(m, s->section, (int64_t)s->value + offset);
	if (ref.kind == REF_PLACE && s->type != STT_SECTION) { /* beyond its section: an offset of the symbol */
		ref = place_ref(m, s->section, (int64_t)s->value);
		ref.kind = ref.entity ? REF_ENTITY : REF_PLACE;
		ref.offset += offset;
	}
	ref.reloc = reloc;
	ref.symbol = s;
	return ref;
}

const char *ref_name(const struct ref *ref)
{
	return ref->entity ? ref->entity->name : ref->symbol ? ref->symbol->name : "a place without a name";
}

const struct insn_vec *entity_insns(struct entity *e)
{
	if (!e->decoded && e->kind == ENTITY_FUNCTION && e->section->data)
		insn_decode(e->section->data + e->start, e->size, &e->insns);
	e->decoded = true;
	return &e->insns;
}

void entity_forget_insns(struct entity *e)
{
	insn_vec_free(&e->insns);
	e->decoded = false;
}

/* Bytes from the field to the end of its instruction: what a pc-relative addend leaves out. */
static unsigned int field_bias(const struct insn *i, uint64_t field)
{
	return i->offset + i->length - field;
}

static void collect_code_refs(struct model *m, struct obj_section *section, uint64_t start,
			      uint64_t size, const struct insn_vec *insns, struct ref_site_vec *refs)
{
	size_t first, n = object_relocs_in(section, start, start + size, &first), k = 0;

	for (size_t i = 0; i < insns->n; i++) {
		const struct insn *in = &insns->at[i];
		uint64_t end = start + in->offset + in->length;
		bool relocated = false;

		for (; k < n && section->relocs[first + k].offset < end; k++) {
			const struct obj_reloc *r = &section->relocs[first + k];

			if (r->type == R_X86_64_NONE)
				continue;
			relocated = true;
			ref_site_vec_push(refs, (struct ref_site){
				.offset = r->offset - start,
				.ref = model_ref(m, r, field_bias(in, r->offset - start)),
				.branch = in->branch,
			});
		}
		bool leaves = in->target < 0 || in->target >= (int64_t)size;

		if (!relocated && (in->branch || in->rip_relative) && leaves)
			ref_site_vec_push(refs, (struct ref_site){
				.offset = in->offset + (in->branch ? in->imm_at : in->disp_at),
				.ref = place_ref(m, section, (int64_t)start + in->target),
				.branch = in->branch,
			});
	}
}

void stretch_refs(struct model *m, struct obj_section *section, uint64_t offset, uint64_t size,
		  struct ref_site_vec *refs)
{
	size_t first, n = object_relocs_in(section, offset, offset + size, &first);

	*refs = (struct ref_site_vec){ 0 };
	for (size_t k = 0; k < n; k++) {
		const struct obj_reloc *r = &section->relocs[first + k];

		if (r->type != R_X86_64_NONE)
			ref_site_vec_push(refs, (struct ref_site){ .offset = r->offset - offset,
								   .ref = model_ref(m, r, 0) });
	}
}

void code_refs(struct model *m, struct obj_section *section, uint64_t offset, uint64_t size,
	       struct ref_site_vec *refs)
{
	struct insn_vec insns = { 0 };

	*refs = (struct ref_site_vec){ 0 };
	if (section->data)
		insn_decode(section->data + offset, size, &insns);
	collect_code_refs(m, section, offset, size, &insns, refs);
	insn_vec_free(&insns);
}

/* Unnamed constants hold jump tables, whose pc-relative fields count from the table's start. */
static bool is_table(const struct entity *e)
{
	return e->kind == ENTITY_ANON && !(e->section->flags & SHF_WRITE);
}

static void table_refs(struct model *m, const struct entity *e, struct ref_site_vec *refs)
{
	size_t first, n = object_relocs_in(e->section, e->start, e->start + e->size, &first);

	for (size_t k = 0; k < n; k++) {
		const struct obj_reloc *r = &e->section->relocs[first + k];
		uint64_t at = r->offset - e->start;

		if (r->type != R_X86_64_NONE)
			ref_site_vec_push(refs, (struct ref_site){ .offset = at,
								   .ref = model_ref(m, r, -(int64_t)at) });
	}
}

const struct ref_site_vec *entity_refs(struct model *m, struct entity *e)
{
	if (e->refs_ready)
		return &e->refs;
	if (e->kind == ENTITY_FUNCTION)
		collect_code_refs(m, e->section, e->start, e->size, entity_insns(e), &e->refs);
	else if (is_table(e))
		table_refs(m, e, &e->refs);
	else
		stretch_refs(m, e->section, e->start, e->size, &e->refs);
	e->refs_ready = true;
	return &e->refs;
}

bool entity_is_init(const struct entity *e)
{
	return e->row && e->row->action == SPECIAL_INIT;
}

struct error *model_new(struct object *object, struct finding_vec *findings, struct model **model)
{
	struct model *m = xcalloc(1, sizeof(*m));

	m->object = object;
	m->findings = findings;
	m->by_section = xcalloc(object->nsections, sizeof(*m->by_section));
	m->nby_section = xcalloc(object->nsections, sizeof(*m->nby_section));
	add_entities(m);
	index_keys(m);
	link_cold_parts(m);
	entries_read(m);
	*model = m;
	return NULL;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *e = m->entities.at[i];

		insn_vec_free(&e->insns);
		ref_site_vec_free(&e->refs);
		special_entry_vec_free(&e->entries);
		free((char *)e->key);
		free(e->why);
		free(e);
	}
	for (size_t i = 0; i < m->keys.n; i++) {
		entity_vec_free(m->keys.at[i]);
		free(m->keys.at[i]);
	}
	ptr_vec_free(&m->keys);
	map_free(&m->by_key);
	entity_vec_free(&m->entities);
	free(m->by_section);
	free(m->nby_section);
	free(m);
}
