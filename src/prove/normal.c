// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/str.h"
#include "prove/parts.h"

static const char *keep(struct normal *n, char *text)
{
	return *str_vec_push(&n->names, text);
}

/* "livepatch_f.cold" → "f.cold" */
static const char *old_name(const struct prove_request *rq, const char *name, struct normal *n)
{
	static const char call[] = "sys_livepatch_"; /* __do_sys_livepatch_x: of SYSCALL_DEFINE */
	const char *at = starts_with(name, "__") ? strstr(name, call) : NULL;

	if (at)
		return keep(n, xasprintf("%.*ssys_%s", (int)(at - name), name, at + strlen(call)));
	for (size_t i = 0; i < rq->set->list.n; i++) {
		const struct replacement *r = &rq->set->list.at[i];
		size_t length = strlen(r->new_name);

		if (strncmp(name, r->new_name, length) == 0 && (!name[length] || name[length] == '.'))
			return keep(n, xasprintf("%s%s", r->name, name + length));
	}
	return name;
}

void normal_rename(struct object *o, const struct prove_request *rq,
		   const struct mapping_of_names *m, struct normal *n)
{
	for (size_t i = 1; i < o->nsymbols; i++) {
		struct obj_symbol *s = &o->symbols[i];
		const char *canonical = s->shndx == SHN_UNDEF ? map_get(&m->of_symbol, s->name) : NULL;

		if (canonical)
			s->name = keep(n, xstrdup(canonical));
		else if (s->shndx != SHN_UNDEF && symbol_is_function(s))
			s->name = old_name(rq, s->name, n);
		if (s->bind != STB_LOCAL)
			map_put(&o->globals, s->name, s);
	}
}

/* ---- what is outside in the extraction is outside in the reference ---- */

/* With a section a function and variable, a section symbol means what stands in it. */
static struct entity *target_of(struct model *m, const struct obj_reloc *r)
{
	struct obj_section *s = r->symbol->section;
	int64_t at;

	if (!s)
		return NULL;
	if (r->symbol->type != STT_SECTION)
		return model_entity_at(m, s, (int64_t)r->symbol->value);
	at = (int64_t)r->symbol->value + r->addend + (reloc_is_pcrel(r->type) ? 4 : 0);
	if (at < 0)
		at = 0;
	return model_entity_at(m, s, at < (int64_t)s->size || !s->size ? at : (int64_t)s->size - 1);
}

static const char *outside_name(const struct mapping_of_names *m, const struct entity *e,
				const struct obj_reloc *r)
{
	const char *name = e && e->symbol ? map_get(&m->outside, e->name) : NULL;

	if (!name && e && e->symbol && r->type != R_X86_64_PLT32)
		name = map_get(&m->old_pointers, e->name);
	return name;
}

static struct obj_symbol *new_symbol(struct normal *n, struct map *known, const char *name)
{
	struct obj_symbol *s = map_get(known, name);

	if (s)
		return s;
	s = xcalloc(1, sizeof(*s));
	*s = (struct obj_symbol){ .name = keep(n, xstrdup(name)), .bind = STB_GLOBAL,
				  .shndx = SHN_UNDEF };
	ptr_vec_push(&n->symbols, s);
	map_put(known, s->name, s);
	return s;
}

static bool is_code_entry(const char *section)
{
	return streq(section, "__mcount_loc") || streq(section, "__patchable_function_entries");
}

void normal_detach(struct object *o, struct model *like, const struct mapping_of_names *m,
		   struct normal *n)
{
	struct map known = { 0 };

	for (size_t i = 1; i < o->nsections; i++) {
		if (!(o->sections[i].flags & SHF_ALLOC) || is_code_entry(o->sections[i].name))
			continue;
		for (size_t k = 0; k < o->sections[i].nrelocs; k++) {
			struct obj_reloc *r = &o->sections[i].relocs[k];
			const struct obj_reloc *twin = &like->object->sections[i].relocs[k];
			struct entity *e = target_of(like, twin);
			const char *name = outside_name(m, e, twin);

			if (!name)
				continue;
			r->addend = twin->addend + (int64_t)twin->symbol->value - (int64_t)e->start;
			r->symbol = new_symbol(n, &known, name);
		}
	}
	map_free(&known);
}

/* ---- what may differ ---- */

/* struct bug_entry with DEBUG_BUGVERBOSE: where, file, line, flags (include/asm-generic/bug.h). */
static void forget_positions(struct obj_section *s)
{
	enum { ENTRY = 12, FILE_FIELD = 4, LINE_FIELD = 8 };
	unsigned char *data = (unsigned char *)s->data;

	if (!data || s->size % ENTRY)
		return;
	for (uint64_t at = 0; at < s->size; at += ENTRY)
		memset(data + at + LINE_FIELD, 0, 2);
	for (size_t k = 0; k < s->nrelocs; k++)
		if (s->relocs[k].offset % ENTRY == FILE_FIELD)
			s->relocs[k].type = R_X86_64_NONE;
}

static void shift_references(struct object *o, const struct obj_section *s, uint64_t old,
			     unsigned int by)
{
	for (size_t i = 1; i < o->nsections; i++)
		for (size_t k = 0; k < o->sections[i].nrelocs; k++) {
			struct obj_reloc *r = &o->sections[i].relocs[k];

			if (r->symbol->section == s && r->symbol->type == STT_SECTION &&
			    r->addend + (reloc_is_pcrel(r->type) ? 4 : 0) == (int64_t)old)
				r->addend += by;
		}
}

/* A function begins behind its ENDBR. */
static void forget_endbr(struct object *o)
{
	static const unsigned char endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };

	/* These lie in front of the ENDBR, or behind it. */
	for (size_t i = 1; i < o->nsections; i++)
		for (size_t k = 0; is_code_entry(o->sections[i].name) && k < o->sections[i].nrelocs; k++)
			o->sections[i].relocs[k].type = R_X86_64_NONE;
	for (size_t i = 1; i < o->nsymbols; i++) {
		struct obj_symbol *s = &o->symbols[i];

		if (!symbol_is_function(s) || !s->section->data || s->size <= sizeof(endbr64) ||
		    s->value + s->size > s->section->size ||
		    memcmp(s->section->data + s->value, endbr64, sizeof(endbr64)))
			continue;
		shift_references(o, s->section, s->value, sizeof(endbr64));
		s->value += sizeof(endbr64);
		s->size -= sizeof(endbr64);
	}
}

void normal_apply(struct object *o, unsigned int what)
{
	for (size_t i = 1; i < o->nsections && (what & NORMAL_POSITION); i++)
		if (streq(o->sections[i].name, "__bug_table"))
			forget_positions(&o->sections[i]);
	if (what & NORMAL_ENDBR)
		forget_endbr(o);
}

void normal_free(struct normal *n)
{
	for (size_t i = 0; i < n->symbols.n; i++)
		free(n->symbols.at[i]);
	ptr_vec_free(&n->symbols);
	str_vec_free_all(&n->names);
}
