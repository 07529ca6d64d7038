// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/shipped.h"

#include <string.h>

#include "base/str.h"
#include "object/insn.h"

/* ---- ftrace locations ---- */

/* vmlinux: addresses between two symbols (include/asm-generic/vmlinux.lds.h, MCOUNT_REC). */
static bool linked_has_ftrace(const struct image *im, const struct image_symbol *f)
{
	const struct image_symbol *start = image_find(im, "__start_mcount_loc");
	const struct image_symbol *stop = image_find(im, "__stop_mcount_loc");
	const unsigned char *list = start && stop && stop->place > start->place ?
				    image_bytes(im, start->place, stop->place - start->place) : NULL;

	for (uint64_t at = 0; list && at + 8 <= stop->place - start->place; at += 8) {
		uint64_t address;

		memcpy(&address, list + at, sizeof(address));
		if (address >= f->place && address < f->place + (f->size ? f->size : 1))
			return true;
	}
	return false;
}

static bool section_has_ftrace(const struct obj_section *s, const struct image_symbol *f)
{
	for (size_t i = 0; i < s->nrelocs; i++) {
		const struct obj_reloc *r = &s->relocs[i];
		uint64_t place = r->symbol->section ?
				 module_place(r->symbol->section->index, r->symbol->value + r->addend) : 0;

		if (place >= f->place && place < f->place + (f->size ? f->size : 1))
			return true;
	}
	return false;
}

bool shipped_has_ftrace(const struct image *im, const struct image_symbol *f)
{
	if (!im->module)
		return linked_has_ftrace(im, f);
	for (size_t i = 1; i < im->object->nsections; i++) {
		const struct obj_section *s = &im->object->sections[i];

		if ((streq(s->name, "__mcount_loc") ||
		     streq(s->name, "__patchable_function_entries")) && section_has_ftrace(s, f))
			return true;
	}
	return false;
}

/* ---- sealed functions ---- */

bool shipped_is_sealed(const struct image *im, const struct image_symbol *f)
{
	for (size_t i = 1; i < im->nsections; i++) {
		const struct image_section *s = &im->sections[i];

		if (!streq(s->name, ".ibt_endbr_seal") || s->type != SHT_PROGBITS)
			continue;
		for (uint64_t at = 0; at + 4 <= s->size; at += 4) {
			int32_t distance;

			memcpy(&distance, im->map.data + s->offset + at, sizeof(distance));
			if (s->address + at + (int64_t)distance == f->place)
				return true;
		}
	}
	return false;
}

/* ---- who hands the function on ---- */

static bool wanted(const char *callee, enum known_kind kind, struct registration *where)
{
	const struct registrar *r = registrar_find(callee);

	if (!r || r->kind != kind)
		return false;
	where->registrar = r;
	where->callee = callee;
	return true;
}

/* The first call of a registrar among the next instructions of vmlinux' code. */
static bool calls_registrar(const struct image *im, const struct image_symbol *in, uint64_t from,
			    enum known_kind kind, struct registration *where)
{
	enum { WINDOW = 24 };
	const unsigned char *code = image_bytes(im, in->place, in->size);
	struct insn_vec list = { 0 };
	bool found = false;

	if (!code)
		return false;
	insn_decode(code, in->size, &list);
	for (size_t i = 0, seen = 0; i < list.n && seen < WINDOW && !found; i++) {
		const struct insn *k = &list.at[i];

		if (k->offset + k->length <= from)
			continue;
		seen++;
		const struct image_symbol *to = k->branch ?
						image_symbol_at(im, in->place + k->target) : NULL;

		found = to && to->place == in->place + k->target && wanted(to->name, kind, where);
	}
	insn_vec_free(&list);
	return found;
}

/* vmlinux is linked at fixed addresses: an address in code is a sign-extended 32-bit immediate, or
 * the displacement of a lea. The first kind is looked for. */
static bool linked_registration(const struct image *im, const struct image_symbol *f,
				enum known_kind kind, struct registration *where)
{
	uint32_t address = (uint32_t)f->place;

	for (size_t i = 1; i < im->nsections; i++) {
		const struct image_section *s = &im->sections[i];
		const unsigned char *start = im->map.data + s->offset, *p = start;

		if (s->type != SHT_PROGBITS || !(s->flags & SHF_EXECINSTR))
			continue;
		for (; (p = memmem(p, start + s->size - p, &address, sizeof(address))); p++) {
			uint64_t place = s->address + (p - start);
			const struct image_symbol *in = image_symbol_at(im, place);

			if (!in || in->type != STT_FUNC || place >= in->place + in->size)
				continue;
			where->in = in;
			where->offset = place - in->place;
			if (calls_registrar(im, in, where->offset, kind, where))
				return true;
		}
	}
	return false;
}

static bool refers_to(const struct image *im, const struct obj_reloc *r, const struct image_symbol *f)
{
	return !reloc_is_pcrel(r->type) && r->symbol->section &&
	       module_place(r->symbol->section->index, r->symbol->value + r->addend) == f->place &&
	       im->module;
}

static bool section_registration(const struct image *im, const struct obj_section *s,
				 const struct image_symbol *f, enum known_kind kind,
				 struct registration *where)
{
	enum { WINDOW = 8 };

	for (size_t i = 0; i < s->nrelocs; i++) {
		if (!refers_to(im, &s->relocs[i], f))
			continue;
		where->in = image_symbol_at(im, module_place(s->index, s->relocs[i].offset));
		if (!where->in)
			continue;
		where->offset = module_place(s->index, s->relocs[i].offset) - where->in->place;
		for (size_t k = i + 1; k < s->nrelocs && k < i + WINDOW; k++)
			if (reloc_is_pcrel(s->relocs[k].type) &&
			    wanted(s->relocs[k].symbol->name, kind, where))
				return true;
	}
	return false;
}

bool shipped_registration(const struct image *im, const struct image_symbol *f, enum known_kind kind,
			  struct registration *where)
{
	if (!im->module)
		return linked_registration(im, f, kind, where);
	for (size_t i = 1; i < im->object->nsections; i++) {
		const struct obj_section *s = &im->object->sections[i];

		if ((s->flags & SHF_EXECINSTR) && section_registration(im, s, f, kind, where))
			return true;
	}
	return false;
}
