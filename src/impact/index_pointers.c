// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Addresses of functions in initialised data. In vmlinux, which is linked, any word that is the first
 * address of a function is taken for one; in a module the relocations say it. What the words are called
 * (variable, structure, member) is added by the DWARF of the object, if there is any.
 */
#include <string.h>

#include "impact/index_build.h"
#include "impact/index_types.h"

/* Lists of the functions themselves, which nobody calls by (include/asm-generic/vmlinux.lds.h). */
static bool is_list_of_functions(const char *section)
{
	static const char *const lists[] = { "__mcount_loc", "__patchable_function_entries", "__versions",
					     "_kprobe_blacklist", "_error_injection_whitelist",
					     ".gnu.linkonce.this_module" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (starts_with(section, lists[i]))
			return true;
	return false;
}

static bool holds_pointers(uint32_t type, uint64_t flags, const char *name)
{
	return type == SHT_PROGBITS && (flags & SHF_ALLOC) && !(flags & SHF_EXECINSTR) && name &&
	       !is_list_of_functions(name);
}

static void add_pointer(struct index_builder *b, uint64_t place, uint64_t to)
{
	uint32_t i = index_symbol_begins(b, to);

	if (i != INDEX_NONE)
		index_pointer_vec_push(&b->pointers, (struct index_pointer){
			.place = place, .to = i, .holder = INDEX_NONE, .type = INDEX_NONE,
			.member = INDEX_NONE });
}

/* The lists of vmlinux that lie amid other data, between two symbols. */
static bool is_listed(const struct image *im, uint64_t place)
{
	static const char *const ends[][2] = {
		{ "__start_kprobe_blacklist", "__stop_kprobe_blacklist" },
		{ "__start_error_injection_whitelist", "__stop_error_injection_whitelist" },
		{ "__start_mcount_loc", "__stop_mcount_loc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct image_symbol *from = image_find(im, ends[i][0]), *to = image_find(im, ends[i][1]);

		if (from && to && place >= from->place && place < to->place)
			return true;
	}
	return false;
}

static void scan_linked(struct index_builder *b, const struct image *im)
{
	const struct image_symbol *text = image_find(im, "_stext"), *end = image_find(im, "_etext");

	for (size_t i = 1; text && end && i < im->nsections; i++) {
		const struct image_section *s = &im->sections[i];

		for (uint64_t at = 0; holds_pointers(s->type, s->flags, s->name) && at + 8 <= s->size; at += 8) {
			uint64_t value;

			memcpy(&value, im->map.data + s->offset + at, sizeof(value));
			if (value >= text->place && value < end->place && !is_listed(im, s->address + at))
				add_pointer(b, s->address + at, value);
		}
	}
}

static void scan_module(struct index_builder *b, const struct image *im)
{
	for (size_t i = 1; i < im->object->nsections; i++) {
		const struct obj_section *s = &im->object->sections[i];

		for (size_t k = 0; holds_pointers(s->type, s->flags, s->name) && k < s->nrelocs; k++) {
			const struct obj_reloc *r = &s->relocs[k];

			if (r->type == R_X86_64_64 && r->symbol->section)
				add_pointer(b, module_place(i, r->offset),
					    module_place(r->symbol->section->index, r->symbol->value + r->addend));
		}
	}
}

static int by_place(const void *a, const void *b)
{
	const struct index_pointer *x = a, *y = b;

	return x->place < y->place ? -1 : x->place > y->place;
}

void index_add_pointers(struct index_builder *b, const struct image *image, struct index_ground *ground)
{
	ground->first_pointer = b->pointers.n;
	if (!image->module)
		scan_linked(b, image);
	else if (image->object)
		scan_module(b, image);
	ground->end_pointer = b->pointers.n;
	if (ground->end_pointer > ground->first_pointer)
		qsort(b->pointers.at + ground->first_pointer, ground->end_pointer - ground->first_pointer,
		      sizeof(struct index_pointer), by_place);
}

void index_name_pointers(struct index_builder *b, const struct index_ground *ground, struct map *memo,
			 Dwarf_Die *variable, uint64_t place)
{
	uint32_t lo = ground->first_pointer, hi = ground->end_pointer, holder;
	Dwarf_Die type;
	uint64_t size;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->pointers.at[mid].place < place)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Most variables have none: their size need not be known. */
	if (lo == ground->end_pointer || b->pointers.at[lo].place - place > INT32_MAX ||
	    b->pointers.at[lo].holder != INDEX_NONE || !types_of_variable(variable, &type, &size))
		return;
	const char *name = dwarf_diename(variable);

	holder = index_add_string(b, name ? name : "");
	for (; lo < ground->end_pointer && b->pointers.at[lo].place - place < size; lo++) {
		struct index_pointer *p = &b->pointers.at[lo];

		p->holder = holder;
		types_member(b, memo, &type, p->place - place, &p->type, &p->member);
	}
}
