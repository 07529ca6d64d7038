// SPDX-License-Identifier: GPL-2.0-or-later
/* Entries of special sections. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "damage.h"

static void trim_relocs(struct ko *ko, Elf64_Shdr *rela, uint64_t size)
{
	Elf64_Rela *r = (Elf64_Rela *)(ko->data + rela->sh_offset);
	size_t n = rela->sh_size / sizeof(*r), kept = 0;

	for (size_t i = 0; i < n; i++)
		if (r[i].r_offset < size)
			r[kept++] = r[i];
	rela->sh_size = kept * sizeof(*r);
}

/* The last entry is gone: bytes and relocations. */
static bool drop_entry(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = ko_section(ko, row->section);
	SCOPED(site_vec_free) struct site_vec all = { 0 };
	uint64_t size = row->number;

	if (!s)
		return false;
	ko_sites(ko, row->section, &all);
	if (row->number <= 0 && all.n) /* the size is for the kernel to know: by the relocations */
		size = s->sh_size / (all.n / -row->number);
	if (!all.n || !size || s->sh_size < size)
		return false;
	*what = xasprintf("the last of %zu", (size_t)(s->sh_size / size));
	s->sh_size -= size;
	for (size_t i = 1; i < ko->nsections; i++)
		if (ko->sections[i].sh_type == SHT_RELA && &ko->sections[ko->sections[i].sh_info] == s)
			trim_relocs(ko, &ko->sections[i], s->sh_size);
	return true;
}

/* A relocation of an entry leads elsewhere: number says which of an entry's, other which step. */
static bool move_entry_target(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	SCOPED(site_vec_free) struct site_vec all = { 0 };
	size_t each = strtoul(row->other, NULL, 10);

	ko_sites(ko, row->section, &all);
	if (!all.n || all.n % each)
		return false;
	struct site *s = &all.at[random % (all.n / each) * each + row->number];

	s->r->r_addend += 1;
	*what = site_describe(ko, s);
	return true;
}

static bool change_entry(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = ko_section(ko, row->section);

	if (!s || (uint64_t)row->number >= s->sh_size)
		return false;
	ko->data[s->sh_offset + row->number] ^= row->other ? 0x80 : 1;
	*what = xasprintf("%s+0x%lx", row->section, row->number);
	return true;
}

static bool drop_sites(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *s = ko_section(ko, row->section);
	SCOPED(site_vec_free) struct site_vec all = { 0 };

	ko_sites(ko, row->section, &all);
	if (!s || !all.n)
		return false;
	all.at[0].rela->sh_size = 0;
	*what = xstrdup("all of them");
	return true;
}


const struct damage damages_of_entries[] = {
	{ "exception entry lost", "O3", drop_entry, "__ex_table", NULL, 12 },
	{ "BUG entry lost", "O3", drop_entry, "__bug_table", NULL, 12 },
	{ "alternative lost", "O3", drop_entry, ".altinstructions", NULL, -2 },
	{ "jump label lost", "O3", drop_entry, "__jump_table", NULL, 16 },
	{ "lock prefix entry lost", "O3", drop_entry, ".smp_locks", NULL, 4 },
	{ "exception handler elsewhere", "O3", move_entry_target, "__ex_table", "2", 1 },
	{ "jump label's target elsewhere", "O3", move_entry_target, "__jump_table", "3", 1 },
	{ "jump label's key elsewhere", "O4", move_entry_target, "__jump_table", "3", 2 },
	{ "feature of an alternative", "O3", change_entry, ".altinstructions", NULL, 8 },
	{ "code of an alternative", "O3", change_entry, ".altinstr_replacement", "", 0 },
	{ "line of a BUG", "O3", change_entry, "__bug_table", NULL, 8 },
	{ "kind of an exception entry", "O3", change_entry, "__ex_table", NULL, 8 },
	{ "return sites lost", "O7", drop_sites, ".return_sites", NULL, 0 },
	{ "unwind data lost", "O7", drop_sites, ".orc_unwind_ip", NULL, 0 },
	{ 0 },
};
