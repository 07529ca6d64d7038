// SPDX-License-Identifier: GPL-2.0-or-later
/* What the loader reads: .modinfo, checksums, section names, struct klp_func. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "damage.h"

static bool change_bytes(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = ko_section(ko, row->section);
	size_t n = strlen(row->other);
	unsigned char *p = s ? memmem(ko->data + s->sh_offset, s->sh_size, row->other, n) : NULL;

	if (!p)
		return false;
	p[row->number] ^= 1;
	*what = xasprintf("%.20s", (char *)p);
	return true;
}

static bool change_checksum(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = ko_section(ko, "__versions");
	uint64_t at;

	if (!s || s->sh_size < 64)
		return false;
	at = s->sh_offset + random % (s->sh_size / 64) * 64;
	*what = xstrdup((char *)ko->data + at + 8);
	ko->data[at + row->number] ^= 1;
	return true;
}

static Elf64_Shdr *klp_section(const struct ko *ko)
{
	for (size_t i = 1; i < ko->nsections; i++)
		if (starts_with(ko_section_name(ko, &ko->sections[i]), ".klp.rela."))
			return &ko->sections[i];
	return NULL;
}

static bool change_klp_section(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = klp_section(ko);
	size_t index = s - ko->sections;

	if (!s)
		return false;
	*what = xstrdup(ko_section_name(ko, s));
	if (row->number) {
		s->sh_flags &= ~(uint64_t)row->number;
		return true;
	}
	scoped_free char *name = xasprintf(".klp.rela.%s", row->other);
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)ko->data;
	uint32_t at = ko_add_string(ko, &ko->sections[eh->e_shstrndx], name);

	ko->sections[index].sh_name = at;
	return true;
}

/* ---- struct klp_func: name, new function, position ---- */

static bool to_function(const struct ko *ko, const struct site *s)
{
	const Elf64_Sym *sym = ko_symbol(ko, site_symbol(s));

	return sym->st_shndx && sym->st_shndx < ko->nsections &&
	       ko_is_code(ko, &ko->sections[sym->st_shndx]);
}

static bool change_func(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	struct site s, t;
	unsigned char *position;

	if (!ko_choose(ko, ".data", to_function, random, &s))
		return false;
	*what = site_describe(ko, &s);
	switch (row->number) {
	case 0: /* to the one behind it */
		if (!ko_choose(ko, ".data", to_function, random + 1, &t) || t.r == s.r)
			return false;
		Elf64_Rela keep = *s.r;

		s.r->r_info = t.r->r_info;
		s.r->r_addend = t.r->r_addend;
		t.r->r_info = keep.r_info;
		t.r->r_addend = keep.r_addend;
		return true;
	case 1: /* not replaced at all */
		s.r->r_info = 0;
		s.r[-1].r_info = 0;
		return true;
	case 2:
		ko->data[s.target->sh_offset + s.r->r_offset + 8] = 9;
		return true;
	case 3: /* the homonym */
		position = &ko->data[s.target->sh_offset + s.r->r_offset + 8];
		if (!*position)
			return false;
		*position = *position == 1 ? 2 : 1;
		return true;
	default:
		s.r->r_addend += 4;
		return true;
	}
}


const struct damage damages_of_loader[] = {
	{ "checksum of an import", "O7", change_checksum, NULL, NULL, 0 },
	{ "name of a checksum", "O7", change_checksum, NULL, NULL, 9 },
	{ "not marked as a livepatch", "O7", change_bytes, ".modinfo", "livepatch=", 0 },
	{ "license", "O7", change_bytes, ".modinfo", "license=GPL", 8 },
	{ "made for another kernel", "O7", change_bytes, ".modinfo", "vermagic=", 11 },
	{ "flag of the livepatch relocation section", "O7", change_klp_section, NULL, NULL, 0x00100000 },
	{ "wrong object in the name of the section", "O7", change_klp_section, NULL, "loop..text", 0 },
	{ "wrong section in the name of the section", "O7", change_klp_section, NULL, "vmlinux..data", 0 },
	{ "two functions exchanged", "O3", change_func, NULL, NULL, 0 },
	{ "a function not replaced", "O2", change_func, NULL, NULL, 1 },
	{ "position of a replaced function", "O7", change_func, NULL, NULL, 2 },
	{ "replaced by the middle of a function", "O7", change_func, NULL, NULL, 4 },
	{ "homonym of a replaced function", "O2", change_func, NULL, NULL, 3 },
	{ 0 },
};
