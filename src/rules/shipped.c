// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/shipped.h"

#include <string.h>

#include "base/str.h"

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
