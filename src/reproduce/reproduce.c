// SPDX-License-Identifier: GPL-2.0-or-later
#include "reproduce/reproduce.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* A shipped function beside a rebuilt one, while they are compared. */
struct pairing {
	struct reproduction *r;
	struct entity *e;
	const struct image_symbol *shipped;
	const unsigned char *bytes;
	struct insn_vec insns; /* of the shipped function */
	char *why;
};

static bool in_group(const struct reproduction *r, const struct image_symbol *s)
{
	return r->file < 0 || s->file == r->file;
}

/* Does a jump label stand here? objtool turns its jump into a NOP (--hacks=jump_label). */
static bool is_jump_label(const struct entity *e, uint32_t offset)
{
	for (size_t i = 0; i < e->entries.n; i++) {
		const struct special_entry *entry = &e->entries.at[i];
		size_t first;

		if (entry->row->key < 0 || entry->row->action != SPECIAL_COPY)
			continue;
		object_relocs_in(entry->section, entry->offset, entry->offset + entry->size, &first);
		const struct obj_reloc *code = &entry->section->relocs[first + entry->row->owner];

		if (code->symbol->value + code->addend == e->start + offset)
			return true;
	}
	return false;
}

/* First relocation inside the rebuilt instruction, or NULL. */
static const struct obj_reloc *insn_reloc(const struct entity *e, const struct insn *i)
{
	size_t first;
	uint64_t at = e->start + i->offset;

	return object_relocs_in(e->section, at, at + i->length, &first) ?
		       &e->section->relocs[first] : NULL;
}

/* Fields that the linker fills in are zero in the object: make them zero in the shipped copy. */
static void mask_relocated(const struct entity *e, const struct insn *i, unsigned char *norm)
{
	size_t first, n;
	uint64_t at = e->start + i->offset;

	n = object_relocs_in(e->section, at, at + i->length, &first);
	for (size_t k = 0; k < n; k++) {
		const struct obj_reloc *r = &e->section->relocs[first + k];
		uint64_t from = r->offset - at;

		if (!i->branch && from + reloc_size(r->type) <= i->length)
			memset(norm + from, 0, reloc_size(r->type));
	}
}

static bool same_target(const struct pairing *p, const struct insn *i, const struct insn *j)
{
	bool i_in = i->target >= 0 && i->target < (int64_t)p->e->size;
	bool j_in = j->target >= 0 && j->target < (int64_t)p->shipped->size;

	if (!i_in || !j_in)
		return i_in == j_in;
	return insn_at(&p->e->insns, i->target) == insn_at(&p->insns, j->target);
}

static bool same_shipped_insn(const struct pairing *p, const struct insn *i, const struct insn *j)
{
	unsigned char norm[INSN_MAX];

	if (i->branch && j->nop && i->length == j->length && is_jump_label(p->e, i->offset))
		return true;
	if (i->norm_length != j->norm_length)
		return false;
	memcpy(norm, j->norm, j->norm_length);
	mask_relocated(p->e, i, norm);
	if (memcmp(i->norm, norm, i->norm_length))
		return false;
	if ((i->branch || i->rip_relative) && !insn_reloc(p->e, i))
		return same_target(p, i, j);
	return true;
}

static void differs(struct pairing *p, const struct insn *i, const struct insn *j)
{
	char a[96] = "end of the function", b[96] = "end of the function";

	if (i)
		insn_format(p->e->section->data + p->e->start + i->offset, i->length, a, sizeof(a));
	if (j)
		insn_format(p->bytes + j->offset, j->length, b, sizeof(b));
	p->why = xasprintf("at +0x%x: rebuilt '%s', shipped '%s'",
			   i ? i->offset : (uint32_t)p->e->size, a, b);
}

static bool same_insns(struct pairing *p)
{
	const struct insn_vec *a = entity_insns(p->e);

	for (size_t k = 0; k < a->n || k < p->insns.n; k++) {
		const struct insn *i = k < a->n ? &a->at[k] : NULL;
		const struct insn *j = k < p->insns.n ? &p->insns.at[k] : NULL;

		if (i && j && same_shipped_insn(p, i, j))
			continue;
		differs(p, i, j);
		return false;
	}
	return true;
}

/* ---- references ---- */

/* What the shipped field refers to: a place, or (modules) an undefined symbol. */
struct shipped_ref {
	bool known;
	uint64_t place;
	const char *undefined;
	int64_t offset;
};

static struct shipped_ref linked_ref(const struct pairing *p, const struct insn *j, uint64_t field,
				     const struct obj_reloc *r)
{
	unsigned int size = reloc_size(r->type);
	struct shipped_ref ref = { .known = size == 4 || size == 8 };
	uint64_t end = p->shipped->place + j->offset + j->length;
	int32_t narrow;

	if (j->branch) { /* short or near */
		ref.place = p->shipped->place + j->target;
	} else if (size == 8) {
		memcpy(&ref.place, p->bytes + field, 8);
	} else {
		memcpy(&narrow, p->bytes + field, 4);
		ref.place = r->type == R_X86_64_32 ? (uint32_t)narrow : (uint64_t)(int64_t)narrow;
		if (reloc_is_pcrel(r->type))
			ref.place += end;
	}
	return ref;
}

static struct shipped_ref module_ref(const struct pairing *p, const struct insn *j, uint64_t field)
{
	struct object *o = p->r->image->object;
	struct obj_section *s = &o->sections[p->shipped->section];
	uint64_t at = p->shipped->place - module_place(p->shipped->section, 0);
	struct shipped_ref ref = { 0 };
	size_t first;

	if (!object_relocs_in(s, at + j->offset, at + j->offset + j->length, &first)) {
		ref.known = j->branch || j->rip_relative;
		ref.place = p->shipped->place + j->target;
		return ref;
	}
	size_t n = object_relocs_in(s, at + field, at + field + 1, &first);

	if (!n)
		return ref;
	const struct obj_reloc *r = &s->relocs[first];
	int64_t offset = r->addend;

	if (reloc_is_pcrel(r->type))
		offset += j->offset + j->length - field;
	ref.known = true;
	if (r->symbol->section)
		ref.place = module_place(r->symbol->section->index, r->symbol->value + offset);
	else
		ref.undefined = r->symbol->name;
	ref.offset = offset;
	return ref;
}

static void wrong_ref(struct pairing *p, const struct ref_site *site, const struct shipped_ref *s)
{
	struct image_symbol *at = s->undefined ? NULL : image_symbol_at(p->r->image, s->place);

	p->why = xasprintf("at +0x%llx: rebuilt code refers to %s+0x%llx, shipped code to %s+0x%llx",
			   (unsigned long long)site->offset,
			   site->ref.entity ? site->ref.entity->name :
			   site->ref.symbol ? site->ref.symbol->name : "?",
			   (unsigned long long)site->ref.offset,
			   s->undefined ? s->undefined : at ? at->name : "?",
			   (unsigned long long)(at ? s->place - at->place : s->place));
}

static bool same_text(const struct pairing *p, const struct ref *ref, uint64_t place)
{
	const struct obj_section *s = ref->entity->section;
	uint64_t at = ref->entity->start + ref->offset;
	const char *text = (const char *)s->data + at;
	size_t n = strnlen(text, s->size - at) + 1;
	const unsigned char *shipped = image_bytes(p->r->image, place, n);

	return !shipped || memcmp(shipped, text, n) == 0;
}

/* An entity of the object at a shipped place: known already, or learned now. */
static bool learn(struct pairing *p, const struct entity *e, uint64_t base)
{
	struct image_symbol **known = &p->r->symbol[e->index];

	if (!e->symbol)
		return true;
	if (*known && (*known)->place == base)
		return true;
	struct image_symbol *s = image_named_at(p->r->image, base, e->name);

	if (!s)
		return false;
	if (*known && p->r->status[e->index] == REPRO_SAME)
		return false;
	*known = s;
	return true;
}

static bool same_shipped_ref(struct pairing *p, const struct ref_site *site,
			     const struct shipped_ref *s)
{
	const struct ref *ref = &site->ref;

	if (!s->known)
		return true;
	switch (ref->kind) {
	case REF_EXTERN:
		if (s->undefined)
			return streq(s->undefined, ref->symbol->name) && s->offset == ref->offset;
		return image_named_at(p->r->image, s->place - ref->offset, ref->symbol->name) ||
		       !image_find(p->r->image, ref->symbol->name);
	case REF_STRING:
		return s->undefined || same_text(p, ref, s->place);
	case REF_BYTES:
		return true;
	case REF_PLACE:
		return !s->undefined;
	case REF_ENTITY:
		break;
	}
	/* A module's own export may be referred to by name, a static one by section and offset. */
	if (s->undefined)
		return streq(s->undefined, ref->entity->name);
	return learn(p, ref->entity, s->place - ref->offset);
}

static const struct insn *insn_covering(const struct insn_vec *list, uint64_t offset, size_t *index)
{
	while (*index < list->n && list->at[*index].offset + list->at[*index].length <= offset)
		(*index)++;
	return *index < list->n ? &list->at[*index] : NULL;
}

static bool same_refs(struct pairing *p)
{
	const struct ref_site_vec *refs = entity_refs(p->r->model, p->e);
	size_t index = 0;

	for (size_t k = 0; k < refs->n; k++) {
		const struct ref_site *site = &refs->at[k];
		const struct insn *i = insn_covering(&p->e->insns, site->offset, &index);

		if (!i || !site->ref.reloc)
			continue;
		const struct insn *j = &p->insns.at[index];
		uint64_t field = j->offset + (i->branch ? j->imm_at : site->offset - i->offset);
		struct shipped_ref s = p->r->image->module ? module_ref(p, j, field) :
							     linked_ref(p, j, field, site->ref.reloc);

		if (!same_shipped_ref(p, site, &s)) {
			wrong_ref(p, site, &s);
			return false;
		}
	}
	return true;
}

/* ---- functions ---- */

static bool try_candidate(struct reproduction *r, struct entity *e, struct image_symbol *s)
{
	struct pairing p = { .r = r, .e = e, .shipped = s };

	p.bytes = image_bytes(r->image, s->place, s->size);
	if (!p.bytes || s->type != STT_FUNC)
		return false;
	insn_decode(p.bytes, s->size, &p.insns);
	bool same = same_insns(&p) && same_refs(&p);

	insn_vec_free(&p.insns);
	if (same) {
		free(r->why[e->index]);
		r->why[e->index] = NULL;
		r->status[e->index] = REPRO_SAME;
		r->symbol[e->index] = s;
	} else {
		if (r->status[e->index] != REPRO_DIFFERENT) {
			r->status[e->index] = REPRO_DIFFERENT;
			r->symbol[e->index] = s;
			r->why[e->index] = take(p.why);
		}
		free(p.why);
	}
	return same;
}

static bool is_candidate(const struct reproduction *r, const struct entity *e,
			 const struct image_symbol *s)
{
	bool local = e->symbol->bind == STB_LOCAL;

	return s->type == STT_FUNC && local == (s->bind == STB_LOCAL) &&
	       (!local || in_group(r, s));
}

static void reproduce_function(struct reproduction *r, struct entity *e)
{
	r->functions++;
	r->status[e->index] = REPRO_ABSENT;
	for (struct image_symbol *s = image_find(r->image, e->name); s; s = s->next_same_name)
		if (is_candidate(r, e, s) && try_candidate(r, e, s))
			break;
	r->same += r->status[e->index] == REPRO_SAME;
}

/* Of the shipped groups of symbols named after this file, the one that has most of our names. */
static int32_t find_group(const struct model *m, const struct image *image, const char *source)
{
	const char *slash = strrchr(source, '/');
	int32_t i = (int32_t)(intptr_t)map_get(&image->files_by_name, slash ? slash + 1 : source) - 1;
	int32_t best = -1;
	size_t most = 0;
	struct map names = { 0 };

	for (size_t k = 0; k < m->entities.n; k++)
		if (m->entities.at[k]->symbol && m->entities.at[k]->symbol->bind == STB_LOCAL)
			map_put(&names, m->entities.at[k]->name, m->entities.at[k]);
	for (; i >= 0; i = image->files.at[i].next) {
		const struct image_file *f = &image->files.at[i];
		size_t hits = 0;

		for (uint32_t k = f->first; k < f->end; k++)
			hits += map_has(&names, image->symbols[k].name);
		if (best < 0 || hits > most) {
			best = i;
			most = hits;
		}
	}
	map_free(&names);
	return best;
}

void reproduce(struct model *model, struct image *image, const char *source,
	       struct reproduction *r)
{
	size_t n = model->entities.n;

	*r = (struct reproduction){ .image = image, .model = model };
	r->file = find_group(model, image, source);
	r->status = xcalloc(n, sizeof(*r->status));
	r->symbol = xcalloc(n, sizeof(*r->symbol));
	r->why = xcalloc(n, sizeof(*r->why));
	for (size_t i = 0; i < n; i++)
		if (model->entities.at[i]->kind == ENTITY_FUNCTION)
			reproduce_function(r, model->entities.at[i]);
}

void reproduction_free(struct reproduction *r)
{
	for (size_t i = 0; r->why && i < r->model->entities.n; i++)
		free(r->why[i]);
	free(r->why);
	free(r->status);
	free(r->symbol);
	*r = (struct reproduction){ 0 };
}

struct image_symbol *reproduced_symbol(const struct reproduction *r, const struct entity *e)
{
	struct image_symbol *found = NULL;

	if (r->symbol[e->index])
		return r->symbol[e->index];
	if (!e->symbol)
		return NULL;
	for (struct image_symbol *s = image_find(r->image, e->name); s; s = s->next_same_name) {
		bool local = e->symbol->bind == STB_LOCAL;

		if (local != (s->bind == STB_LOCAL) || (local && !in_group(r, s)) ||
		    s->size != e->size)
			continue;
		if (found)
			return NULL;
		found = s;
	}
	return found;
}
