// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/closure.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/policy.h"
#include "object/writer.h"

/* Where an included entity stands in the new object. */
struct placed {
	struct entity *entity;
	unsigned int section;
	uint64_t offset; /* of the entity itself, its leading padding before it */
	unsigned int symbol;
};
DEFINE_VEC(placed_vec, struct placed)

struct closure {
	const struct closure_request *rq;
	struct obj_writer *w;
	struct map placed_of;  /* entity index → index in placed + 1 */
	struct placed_vec placed;
	size_t done;           /* placed entities whose references are written */
	struct map symbols;    /* name of an undefined symbol → handle + 1 */
	struct str_vec names;  /* owns the keys of symbols */
	struct map slices;     /* slice_key() → offset in the new section + 1 */
	struct map empty_slices; /* slice_key() → 1 while only an empty slice is placed there */
	struct map strings;    /* text → offset in .rodata.str + 1 */
	unsigned int text;
	struct closure_stats *stats;
};

static uint64_t slice_key(const struct obj_section *s, uint64_t offset)
{
	return (uint64_t)s->index << 40 | offset;
}

/* NULL where the file has no bytes: zeros. */
static const unsigned char *section_bytes(const struct obj_section *s, uint64_t at)
{
	return s->data ? s->data + at : NULL;
}

static struct placed *find_placed(struct closure *c, const struct entity *e)
{
	uintptr_t i = (uintptr_t)map_get_u64(&c->placed_of, e->index);

	return i ? &c->placed.at[i - 1] : NULL;
}

/* ---- names of the new functions ---- */

static char *unused_name(struct closure *c, const char *wanted)
{
	char *name = xstrdup(wanted);

	for (unsigned int n = 2; map_has(c->rq->names, name); n++) {
		free(name);
		name = xasprintf("%s.u%u", wanted, n);
	}
	return name;
}

static bool is_replacement(const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && e->twin && e->change == CHANGED && !e->parent;
}

static unsigned int function_symbol(struct closure *c, struct entity *e, uint64_t offset)
{
	bool global = e->symbol->bind != STB_LOCAL && !e->twin;
	const struct entity *named = e->parent ? e->parent : e;
	scoped_free char *wanted = named->twin ? xasprintf("livepatch_%s", e->name) :
						 xstrdup(e->name);
	char *name = global ? xstrdup(wanted) : unused_name(c, wanted);
	unsigned int symbol = writer_symbol(c->w, name, c->text, offset, e->size, STT_FUNC,
					    global || is_replacement(e) ? STB_GLOBAL : STB_LOCAL);

	map_put(c->rq->names, name, (void *)1);
	str_vec_push(&c->names, name);
	if (is_replacement(e)) {
		const struct resolver *r = c->rq->resolver;
		struct image_symbol *s = r->repro ? reproduced_symbol(r->repro, e->twin) : NULL;

		replaced_vec_push(c->rq->replaced, (struct replaced){
			.kobject = xstrdup(r->kobject),
			.name = xstrdup(s ? s->name : e->name),
			.sympos = s ? image_sympos(r->image, s) : 0,
			.symbol = xstrdup(name),
			.source = xstrdup(c->rq->source),
			.why = xstrdup(e->why),
		});
	}
	return symbol;
}

/* ---- placing ---- */

static void place_function(struct closure *c, struct entity *e, struct placed *p)
{
	const struct obj_section *s = e->section;
	uint64_t start = e->start - e->lead;
	uint64_t at = writer_append(c->w, c->text, section_bytes(s, start), e->lead + e->size,
				    s->align > 16 ? s->align : 16);

	p->section = c->text;
	p->offset = at + e->lead;
	p->symbol = function_symbol(c, e, p->offset);
	if (!e->twin)
		c->stats->functions_new++;
	else if (is_replacement(e))
		c->stats->functions_changed++;
}

/* New data keeps the kind of section it had; numbered and per-symbol names are folded. */
static unsigned int data_section(struct closure *c, const struct obj_section *s)
{
	bool writable = s->flags & SHF_WRITE;

	if (s->type == SHT_NOBITS)
		return writer_section(c->w, ".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 0);
	if (special_find(s->name))
		return writer_section(c->w, s->name, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0);
	if (starts_with(s->name, ".data..ro_after_init"))
		return writer_section(c->w, ".data..ro_after_init", SHT_PROGBITS,
				      SHF_ALLOC | SHF_WRITE, 0);
	return writable ? writer_section(c->w, ".data", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 0) :
			  writer_section(c->w, ".rodata", SHT_PROGBITS, SHF_ALLOC, 0);
}

static void place_data(struct closure *c, struct entity *e, struct placed *p)
{
	const struct obj_section *s = e->section;
	const unsigned char *bytes = section_bytes(s, e->start);
	bool global = e->symbol && e->symbol->bind != STB_LOCAL && !e->twin;

	p->section = data_section(c, s);
	p->offset = writer_append(c->w, p->section, bytes, e->size, s->align);
	p->symbol = e->symbol ? writer_symbol(c->w, e->name, p->section, p->offset, e->size,
					      STT_OBJECT, global ? STB_GLOBAL : STB_LOCAL) :
				writer_section_symbol(c->w, p->section);
	if (e->symbol)
		c->stats->data_new++;
}

/* Makes sure that the entity is in the livepatch. */
static struct placed *place(struct closure *c, struct entity *e)
{
	struct placed *known = find_placed(c, e), p = { .entity = e };

	if (known)
		return known;
	if (e->kind == ENTITY_FUNCTION)
		place_function(c, e, &p);
	else
		place_data(c, e, &p);
	placed_vec_push(&c->placed, p);
	map_put_u64(&c->placed_of, e->index, (void *)(uintptr_t)c->placed.n);
	return &c->placed.at[c->placed.n - 1];
}

/* ---- targets of references ---- */

struct target_ref {
	bool known;
	bool weak;
	unsigned int symbol;
	int64_t offset; /* of the target from the symbol */
	bool klp_module; /* resolved only when a module comes */
};

static unsigned int undefined_symbol(struct closure *c, char *name, unsigned char bind)
{
	uintptr_t known = (uintptr_t)map_get(&c->symbols, name);

	if (known) {
		free(name);
		return known - 1;
	}
	unsigned int h = writer_symbol(c->w, name, 0, 0, 0, STT_NOTYPE, bind);

	str_vec_push(&c->names, name);
	map_put(&c->symbols, name, (void *)(uintptr_t)(h + 1));
	c->stats->klp_symbols += starts_with(name, KLP_REF_PREFIX);
	return h;
}

static struct target_ref resolved(struct closure *c, struct resolution res, int64_t offset)
{
	struct target_ref t = { .known = res.kind != RESOLVED_NOT, .offset = offset };

	if (!t.known)
		return t;
	t.klp_module = res.kind == RESOLVED_KLP && !res.in_vmlinux;
	t.symbol = undefined_symbol(c, res.name, res.kind == RESOLVED_WEAK ? STB_WEAK : STB_GLOBAL);
	return t;
}

static struct target_ref string_target(struct closure *c, const struct ref *ref)
{
	const struct obj_section *s = ref->entity->section;
	uint64_t at = ref->entity->start + ref->offset;
	const char *text = (const char *)s->data + at;
	size_t n = strnlen(text, s->size - at);
	unsigned int section = writer_section(c->w, ".rodata.str", SHT_PROGBITS, SHF_ALLOC, 0);
	uintptr_t known = n < s->size - at ? (uintptr_t)map_get(&c->strings, text) : 0;

	if (!known) {
		known = writer_append(c->w, section, text, n + (n < s->size - at), 1) + 1;
		if (n < s->size - at)
			map_put(&c->strings, text, (void *)known);
	}
	return (struct target_ref){ .known = true, .offset = known - 1,
				    .symbol = writer_section_symbol(c->w, section) };
}

static struct target_ref literal_target(struct closure *c, const struct ref *ref)
{
	const struct obj_section *s = ref->entity->section;
	uint64_t n = s->entsize ? s->entsize : 1;
	uint64_t at = ref->entity->start + ref->offset;
	unsigned int section = writer_section(c->w, ".rodata.cst", SHT_PROGBITS, SHF_ALLOC, 0);
	uint64_t first = at / n * n;

	if (first + n > s->size)
		n = s->size - first;
	return (struct target_ref){
		.known = true,
		.offset = writer_append(c->w, section, s->data + first, n, s->align) + (at - first),
		.symbol = writer_section_symbol(c->w, section),
	};
}

static struct target_ref refuse_nameless(struct closure *c, const struct ref *ref,
					 const struct entity *owner)
{
	const struct obj_section *s = ref->symbol ? ref->symbol->section : owner->section;
	struct finding *f = finding_add(c->rq->findings, "D5", SEVERITY_REFUSAL,
					c->rq->resolver->kobject, owner->name, s->name,
					"the function refers to a place in section %s that belongs to "
					"no function, variable or known entry", s->name);

	finding_way_out(f, "change the fix so that this function stays as it is");
	return (struct target_ref){ 0 };
}

static struct target_ref slice_target(struct closure *c, const struct ref *ref,
				      const struct entity *owner)
{
	struct obj_section *s = ref->symbol ? ref->symbol->section : NULL;
	uintptr_t known = s ? (uintptr_t)map_get_u64(&c->slices, slice_key(s, ref->offset)) : 0;

	if (!known)
		return refuse_nameless(c, ref, owner);
	unsigned int section = writer_section(c->w, s->name, SHT_PROGBITS,
					      SHF_ALLOC | SHF_EXECINSTR, 0);

	return (struct target_ref){ .known = true, .offset = known - 1,
				    .symbol = writer_section_symbol(c->w, section) };
}

/*
 * Special sections refer to code by section and offset, and so do jumps between the parts of a
 * function: objtool takes a jump to a function's symbol for a sibling call (add_dead_ends(),
 * add_jump_destinations() in tools/objtool/check.c).
 */
static struct target_ref placed_target(struct closure *c, struct entity *e, int64_t offset,
				       bool special)
{
	struct placed *p = place(c, e);

	if (e->kind == ENTITY_FUNCTION && (special || offset || e->parent))
		return (struct target_ref){ .known = true, .offset = offset + (int64_t)p->offset,
					    .symbol = writer_section_symbol(c->w, p->section) };
	if (e->symbol)
		return (struct target_ref){ .known = true, .symbol = p->symbol, .offset = offset };
	return (struct target_ref){ .known = true, .symbol = p->symbol,
				    .offset = offset + (int64_t)p->offset };
}

/*
 * A pointer to a replaced function, as against a call, goes to the old one: ftrace leads to the new
 * one from there, and what keeps the pointer outlives the livepatch (rule C7).
 */
static bool points_to_old(const struct ref_site *site, bool special, const struct entity *owner)
{
	const struct entity *e = site->ref.entity;

	return !special && !site->branch && is_replacement(e) && site->ref.offset == 0 && e != owner;
}

static struct target_ref find_target(struct closure *c, const struct ref_site *site,
				     struct entity *owner, bool special)
{
	const struct resolver *r = c->rq->resolver;
	const struct ref *ref = &site->ref;
	struct entity *e = ref->entity;

	switch (ref->kind) {
	case REF_STRING:
		return string_target(c, ref);
	case REF_BYTES:
		return literal_target(c, ref);
	case REF_EXTERN:
		return resolved(c, resolve_extern(r, ref->symbol, owner->name), ref->offset);
	case REF_ENTITY:
		break;
	}
	if (!e)
		return slice_target(c, ref, owner);
	switch (policy_for(e, owner, r, c->rq->findings)) {
	case POLICY_REFUSED:
		return (struct target_ref){ 0 };
	case POLICY_INCLUDE:
		if (points_to_old(site, special, owner))
			return resolved(c, resolve_entity(r, e->twin, owner->name), ref->offset);
		return placed_target(c, e, ref->offset, special);
	case POLICY_LIVE:
		break;
	}
	return resolved(c, resolve_entity(r, e->twin, owner->name), ref->offset);
}

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
	struct target_ref t = find_target(c, site, owner, special != NULL);

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
			place(c, e->parent);
		}
		place(c, e);
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
