// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <string.h>

#include "base/str.h"
#include "object/insn.h"
#include "prove/parts.h"

struct builder {
	struct model *model;
	struct skeleton *s;
	struct map seen; /* entity index */
	struct entity_vec todo;
};

static void note(struct builder *b, char *text)
{
	if (map_has(&b->s->refs, text)) {
		free(text);
		return;
	}
	str_vec_push(&b->s->owned, text);
	map_put(&b->s->refs, text, (void *)1);
}

static void enter(struct builder *b, struct entity *e)
{
	if (map_has_u64(&b->seen, e->index))
		return;
	map_put_u64(&b->seen, e->index, e);
	entity_vec_push(&b->todo, e);
	if (!e->parent)
		map_put(&b->s->functions, e->key, e);
}

static void note_string(struct builder *b, const struct ref *r)
{
	const struct obj_section *s = r->entity->section;
	uint64_t at = r->entity->start + r->offset;

	if (s->data && at < s->size)
		note(b, xasprintf("\"%.*s\"", (int)strnlen((const char *)s->data + at, s->size - at),
				  (const char *)s->data + at));
}

static void note_literal(struct builder *b, const struct ref *r)
{
	const struct obj_section *s = r->entity->section;
	uint64_t n = s->entsize ? s->entsize : 1, at = (r->entity->start + r->offset) / n * n;

	if (s->data && at + n <= s->size)
		note(b, xasprintf("literal %016" PRIx64, hash_bytes(s->data + at, n, 0)));
}

/* __func__: the name of a replaced function is the new one in the livepatch. */
static bool is_function_name(const struct entity *e)
{
	return starts_with(e->name, "__func__.") || starts_with(e->name, "__FUNCTION__.") ||
	       starts_with(e->name, "__PRETTY_FUNCTION__.");
}

static void note_constant(struct builder *b, struct entity *e)
{
	if (is_function_name(e)) {
		note(b, xasprintf("the function's name"));
		return;
	}
	if (e->section->data && !(e->section->flags & SHF_WRITE))
		note(b, xasprintf("constant %016" PRIx64,
				  hash_bytes(e->section->data + e->start, e->size, 0)));
	const struct ref_site_vec *refs = entity_refs(b->model, e);

	for (size_t i = 0; i < refs->n; i++)
		if (refs->at[i].ref.kind == REF_STRING)
			note_string(b, &refs->at[i].ref);
}

static void note_entity(struct builder *b, const struct ref *r, bool branch)
{
	struct entity *e = r->entity;

	if (e->kind == ENTITY_FUNCTION) {
		enter(b, e);
		if (!branch && r->offset == 0)
			note(b, xasprintf("&%s", e->key));
	} else if (e->symbol && (e->section->flags & SHF_WRITE)) {
		note(b, xstrdup(e->key));
	} else {
		note_constant(b, e);
	}
}

/* Offsets into variables are a matter of how the address is made; that it is this variable is not. */
static void note_refs(struct builder *b, const struct ref_site_vec *refs, bool code_only)
{
	for (size_t i = 0; i < refs->n; i++) {
		const struct ref *r = &refs->at[i].ref;

		if (r->kind == REF_EXTERN)
			note(b, xstrdup(r->symbol->name));
		else if (code_only && (r->kind == REF_PLACE || r->entity->kind == ENTITY_FUNCTION))
			continue;
		else if (r->kind == REF_STRING)
			note_string(b, r);
		else if (r->kind == REF_BYTES)
			note_literal(b, r);
		else if (r->kind == REF_ENTITY)
			note_entity(b, r, refs->at[i].branch);
	}
}

/* An entry counts by its section and by what it names beside the function's own code. */
static void note_entries(struct builder *b, struct entity *e)
{
	for (size_t i = 0; i < e->entries.n; i++) {
		const struct special_entry *s = &e->entries.at[i];
		struct ref_site_vec refs;

		if (starts_with(s->section->name, ".discard"))
			continue;
		note(b, xasprintf("entry in %s", s->section->name));
		if (!streq(s->section->name, "__bug_table")) {
			stretch_refs(b->model, s->section, s->offset, s->size, &refs);
			note_refs(b, &refs, true);
			ref_site_vec_free(&refs);
		}
		if (!s->slice_section)
			continue;
		code_refs(b->model, s->slice_section, s->slice_offset, s->slice_size, &refs);
		note_refs(b, &refs, true);
		ref_site_vec_free(&refs);
	}
}

/* Bits in a row, as in sizes, limits of types and masks: a compiler has several ways to say these. */
static bool is_round(uint64_t v)
{
	uint64_t low = v & -v;

	return ((v + low) & v) == 0;
}

/* Constants of 16 bits and more: sizes, masks, error codes, magic numbers. "<= n" and "< n + 1" are the same, and so are
 * adding n and subtracting -n. */
char *skeleton_constant(uint64_t v, size_t size)
{
	if (v <= 0xffff || v >= 0xffff0000u || is_round(v))
		return NULL;
	v = v > UINT32_MAX / 2 && size == 4 ? (uint32_t)-v : v;
	return xasprintf("0x%" PRIx64, (v + 1) & ~(uint64_t)1);
}

static void note_immediates(struct builder *b, struct entity *e)
{
	const struct insn_vec *insns = entity_insns(e);

	for (size_t i = 0; i < insns->n; i++) {
		const struct insn *in = &insns->at[i];
		uint64_t v = 0;

		if (in->branch || in->imm_size < 4 || in->imm_at + in->imm_size > in->length)
			continue;
		memcpy(&v, e->section->data + e->start + in->offset + in->imm_at, in->imm_size);
		char *text = skeleton_constant(v, in->imm_size);

		if (text)
			note(b, text);
	}
	entity_forget_insns(e);
}

void skeleton_add(struct model *model, struct entity *e, struct skeleton *s)
{
	struct builder b = { .model = model, .s = s };

	enter(&b, e);
	for (size_t i = 0; i < b.todo.n; i++) {
		note_refs(&b, entity_refs(model, b.todo.at[i]), false);
		note_entries(&b, b.todo.at[i]);
		note_immediates(&b, b.todo.at[i]);
	}
	map_free(&b.seen);
	entity_vec_free(&b.todo);
}

void skeleton_make(struct model *model, struct entity *e, struct skeleton *s)
{
	*s = (struct skeleton){ 0 };
	skeleton_add(model, e, s);
}

void skeleton_free(struct skeleton *s)
{
	map_free(&s->refs);
	map_free(&s->functions);
	str_vec_free_all(&s->owned);
}
