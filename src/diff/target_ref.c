// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/closure_parts.h"
#include "diff/policy.h"

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
	struct placed *p = closure_place(c, e);

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

struct target_ref closure_target(struct closure *c, const struct ref_site *site,
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
	case REF_PLACE:
		return slice_target(c, ref, owner);
	case REF_ENTITY:
		break;
	}
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
