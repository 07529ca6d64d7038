// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/closure.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/closure_parts.h"
#include "diff/policy.h"

/* Bytes from the relocated field to the end of the instruction, as model_ref() was told. */
static int64_t ref_bias(const struct ref *ref)
{
	if (ref->entity)
		return (int64_t)ref->entity->start + ref->offset -
		       (int64_t)ref->symbol->value - ref->reloc->addend;
	if (ref->symbol->section)
		return ref->offset - (int64_t)ref->symbol->value - ref->reloc->addend;
	return ref->offset - ref->reloc->addend;
}

static void late_target(struct closure *c, struct entity *owner, const char *section)
{
	struct finding *f = finding_add(c->rq->findings, "X4", SEVERITY_REFUSAL,
					c->rq->resolver->kobject, owner->name, section,
					"an entry in %s refers to a symbol of the module: it would be "
					"processed before the symbol is resolved", section);

	finding_way_out(f, "write the fix so that the replaced function does not use this "
			   "construct on a symbol of the module");
}

static void write_ref(struct closure *c, struct entity *owner, unsigned int section, uint64_t base,
		      const struct ref_site *site, const char *special)
{
	const struct obj_reloc *r = site->ref.reloc;
	struct target_ref t = closure_target(c, site, owner, special != NULL);

	if (!t.known)
		return;
	if (t.klp_module && special) {
		late_target(c, owner, special);
		return;
	}
	if (!r) { /* a near branch that the assembler had resolved */
		memset(writer_bytes(c->w, section, base + site->offset), 0, 4);
		writer_reloc(c->w, section, base + site->offset, R_X86_64_PLT32, t.symbol,
			     t.offset - 4);
		return;
	}
	writer_reloc(c->w, section, base + site->offset, r->type, t.symbol,
		     t.offset - ref_bias(&site->ref));
}

/* ---- special section entries ---- */

static void place_slice(struct closure *c, struct entity *owner, const struct special_entry *e)
{
	struct obj_section *s = e->slice_section;
	uint64_t key = s ? slice_key(s, e->slice_offset) : 0;
	struct ref_site_vec refs;

	if (!s || (map_has_u64(&c->slices, key) &&
		   (!e->slice_size || !map_get_u64(&c->empty_slices, key))))
		return;
	/* An empty replacement and the one after it start at the same place. */
	if (e->slice_size)
		map_put_u64(&c->empty_slices, key, NULL);
	else
		map_put_u64(&c->empty_slices, key, (void *)1);
	unsigned int section = writer_section(c->w, s->name, SHT_PROGBITS,
					      SHF_ALLOC | SHF_EXECINSTR, 0);
	uint64_t at = writer_append(c->w, section, section_bytes(s, e->slice_offset),
				    e->slice_size, 1);

	map_put_u64(&c->slices, key, (void *)(uintptr_t)(at + 1));
	code_refs(c->rq->patched, s, e->slice_offset, e->slice_size, &refs);
	for (size_t i = 0; i < refs.n; i++)
		write_ref(c, owner, section, at, &refs.at[i], s->name);
	ref_site_vec_free(&refs);
}

static void write_entry(struct closure *c, struct entity *owner, const struct special_entry *e)
{
	const struct obj_section *s = e->section;
	struct ref_site_vec refs;

	if (s == e->slice_section)
		return; /* only the slice, already placed */
	unsigned int section = writer_section(c->w, s->name, SHT_PROGBITS,
					      s->flags & (SHF_ALLOC | SHF_WRITE), s->entsize);

	if (s->flags & SHF_LINK_ORDER)
		writer_link_section(c->w, section, c->text);
	uint64_t at = writer_append(c->w, section, section_bytes(s, e->offset), e->size,
				    s->align);

	stretch_refs(c->rq->patched, e->section, e->offset, e->size, &refs);
	for (size_t i = 0; i < refs.n; i++)
		write_ref(c, owner, section, at, &refs.at[i], s->name);
	ref_site_vec_free(&refs);
}

/* Offset in the function of the instruction that an entry is about. */
static uint64_t entry_site(const struct entity *owner, const struct special_entry *e)
{
	size_t first;

	object_relocs_in(e->section, e->offset, e->offset + e->size, &first);
	const struct obj_reloc *code = &e->section->relocs[first + e->row->owner];

	return code->symbol->value + code->addend - owner->start;
}

/* A jump label without its entry never changes: its jump becomes the NOP that objtool would write. */
static void silence_site(struct closure *c, const struct placed *p, uint64_t site)
{
	static const unsigned char nop2[] = { 0x66, 0x90 }, nop5[] = { 0x0f, 0x1f, 0x44, 0, 0 };
	unsigned char *code = writer_bytes(c->w, p->section, p->offset + site);

	if (*code == 0xeb)
		memcpy(code, nop2, sizeof(nop2));
	else if (*code == 0xe9)
		memcpy(code, nop5, sizeof(nop5));
}

static void write_entries(struct closure *c, size_t index, struct map *silenced)
{
	struct entity *owner = c->placed.at[index].entity;

	for (size_t i = 0; i < owner->entries.n; i++)
		place_slice(c, owner, &owner->entries.at[i]);
	for (size_t i = 0; i < owner->entries.n; i++) {
		const struct special_entry *e = &owner->entries.at[i];

		switch (policy_for_entry(c->rq->patched, e, owner, c->rq->resolver,
					 c->rq->findings)) {
		case ENTRY_KEEP:
			write_entry(c, owner, e);
			break;
		case ENTRY_SILENCE:
			silence_site(c, &c->placed.at[index], entry_site(owner, e));
			map_put_u64(silenced, entry_site(owner, e), (void *)1);
			break;
		case ENTRY_REFUSED:
			break;
		}
	}
}

/* ---- the whole ---- */

static void write_refs(struct closure *c, size_t index)
{
	struct placed p = c->placed.at[index];
	struct entity *e = p.entity;
	struct map silenced = { 0 };

	if (e->kind == ENTITY_FUNCTION)
		write_entries(c, index, &silenced);
	const struct ref_site_vec *refs = entity_refs(c->rq->patched, e);

	for (size_t i = 0; i < refs->n; i++)
		if (!map_has_u64(&silenced, refs->at[i].offset - 1)) /* E9: one opcode byte */
			write_ref(c, e, p.section, p.offset, &refs->at[i], NULL);
	map_free(&silenced);
}

static bool is_root(const struct entity *e, const char *kobject)
{
	if (e->kind != ENTITY_FUNCTION || is_gone(e, kobject))
		return false;
	if (e->change == CHANGED)
		return true;
	return e->change == NEW && e->symbol->bind != STB_LOCAL;
}

static void place_roots(struct closure *c)
{
	struct entity_vec *all = &c->rq->patched->entities;

	for (size_t i = 0; i < all->n; i++) {
		struct entity *e = all->at[i];

		if (!is_root(e, c->rq->resolver->kobject))
			continue;
		if (e->twin)
			entity_refs(c->rq->original, e->twin);
		policy_for_root(e, c->rq->resolver, c->rq->findings);
		if (e->parent && e->parent->twin && e->parent->change == UNCHANGED) {
			/* Its cold part changed: the function itself must be replaced. */
			e->parent->change = e->parent->twin->change = CHANGED;
			e->parent->why = xstrdup("its .cold part changed");
			closure_place(c, e->parent);
		}
		closure_place(c, e);
	}
}

struct error *closure_write(const struct closure_request *rq, const char *path,
			    struct closure_stats *stats, bool *written)
{
	scoped_writer struct obj_writer *w = writer_new();
	struct closure c = { .rq = rq, .w = w, .stats = stats };
	struct error *err = NULL;

	*written = false;
	c.text = writer_section(w, ".text", SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, 0);
	policy_for_unit(rq->original, rq->patched, rq->resolver, rq->findings);
	place_roots(&c);
	for (; c.done < c.placed.n; c.done++)
		write_refs(&c, c.done);
	if (c.placed.n && !findings_refuse(rq->findings)) {
		writer_section(w, ".note.GNU-stack", SHT_PROGBITS, 0, 0);
		err = writer_finish(w, path);
		*written = !err;
	}
	map_free(&c.placed_of);
	map_free(&c.symbols);
	map_free(&c.slices);
	map_free(&c.empty_slices);
	map_free(&c.strings);
	placed_vec_free(&c.placed);
	str_vec_free_all(&c.names);
	return err;
}

void replaced_free(struct replaced_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->at[i].kobject);
		free(list->at[i].name);
		free(list->at[i].symbol);
		free(list->at[i].source);
		free(list->at[i].why);
	}
	replaced_vec_free(list);
}
