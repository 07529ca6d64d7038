// SPDX-License-Identifier: GPL-2.0-or-later
/* Relocations that lead elsewhere, or nowhere. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "damage.h"

static bool to_string(const struct ko *ko, const struct site *s)
{
	const Elf64_Sym *sym = ko_symbol(ko, site_symbol(s));

	return sym->st_shndx && sym->st_shndx < ko->nsections &&
	       starts_with(ko_section_name(ko, &ko->sections[sym->st_shndx]), ".rodata.str");
}

static bool is_call(const struct ko *ko, const struct site *s)
{
	return s->r->r_offset && ko->data[s->target->sh_offset + s->r->r_offset - 1] == 0xe8 &&
	       site_to_import(ko, s);
}

static bool exchange_symbol(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;
	uint32_t other;

	if (!ko_choose(ko, NULL, row->number ? site_to_klp : site_to_import, random, &s))
		return false;
	other = ko_another(ko, site_symbol(&s), row->number, random / 7);
	if (!other)
		return false;
	scoped_free char *place = site_describe(ko, &s);

	s.r->r_info = ELF64_R_INFO(other, ELF64_R_TYPE(s.r->r_info));
	*what = xasprintf("%s -> %s", place, ko_symbol_name(ko, other));
	return true;
}

static bool shift_addend(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	static site_filter *const filters[] = { site_to_klp, is_call, site_to_data };
	struct site s;

	if (!ko_choose(ko, NULL, filters[row->number], random, &s))
		return false;
	s.r->r_addend += row->number == 1 ? 1 : 8;
	*what = site_describe(ko, &s);
	return true;
}

static bool exchange_string(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s, t;

	for (uint32_t k = 0; k < 32; k++) {
		if (!ko_choose(ko, NULL, to_string, random, &s) || !ko_choose(ko, NULL, to_string, random / 3 + k, &t))
			return false;
		if (s.r->r_addend == t.r->r_addend || site_symbol(&s) != site_symbol(&t))
			continue;
		*what = site_describe(ko, &s);
		s.r->r_addend = t.r->r_addend;
		return true;
	}
	return false;
}

static bool change_string(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;

	if (!ko_choose(ko, NULL, to_string, random, &s))
		return false;
	const Elf64_Shdr *strings = &ko->sections[ko_symbol(ko, site_symbol(&s))->st_shndx];

	*what = site_describe(ko, &s);
	ko->data[strings->sh_offset + ko_symbol(ko, site_symbol(&s))->st_value + s.r->r_addend] ^= 1;
	return true;
}

static bool retype(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;

	if (!ko_choose(ko, NULL, row->number == R_X86_64_NONE ? NULL : site_to_klp, random, &s))
		return false;
	uint32_t type = ELF64_R_TYPE(s.r->r_info);

	if (row->number != R_X86_64_NONE)
		type = type == R_X86_64_32S ? R_X86_64_PC32 : R_X86_64_32S;
	else
		type = R_X86_64_NONE;
	*what = site_describe(ko, &s);
	s.r->r_info = ELF64_R_INFO(site_symbol(&s), type);
	return true;
}

static bool fill_field(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s;

	if (!ko_choose(ko, NULL, NULL, random, &s))
		return false;
	*what = site_describe(ko, &s);
	ko->data[s.target->sh_offset + s.r->r_offset] = 0x10;
	return true;
}

static bool double_place(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s, t;

	if (!ko_choose(ko, NULL, site_to_klp, random, &s) || !ko_choose(ko, NULL, site_to_import, random / 5, &t) ||
	    s.target != t.target)
		return false;
	*what = site_describe(ko, &s);
	s.r->r_offset = t.r->r_offset;
	return true;
}


const struct damage damages_of_relocs[] = {
	{ "relocation to another livepatch symbol", "O4", exchange_symbol, NULL, NULL, 1 },
	{ "call of another exported function", "O4", exchange_symbol, NULL, NULL, 0 },
	{ "addend of a livepatch relocation off by 8", "O4", shift_addend, NULL, NULL, 0 },
	{ "addend of a call off by 1", "O4", shift_addend, NULL, NULL, 1 },
	{ "addend of a variable off by 8", "O4", shift_addend, NULL, NULL, 2 },
	{ "another string", "O4", exchange_string, NULL, NULL, 0 },
	{ "a letter of a string", "O4", change_string, NULL, NULL, 0 },
	{ "type of a relocation", "O3", retype, NULL, NULL, 1 },
	{ "relocation lost", "O3", retype, NULL, NULL, R_X86_64_NONE },
	{ "field of a relocation not zero", "O7", fill_field, NULL, NULL, 0 },
	{ "two relocations for one place", "O7", double_place, NULL, NULL, 0 },
	{ 0 },
};
