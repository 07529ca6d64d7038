// SPDX-License-Identifier: GPL-2.0-or-later
#include "ko.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

enum { ROOM = 4096 };

void ko_copy(const void *data, size_t size, struct ko *ko)
{
	ko->data = xcalloc(1, size + ROOM);
	memcpy(ko->data, data, size);
	ko->size = size;
	Elf64_Ehdr *eh = (Elf64_Ehdr *)ko->data;

	ko->sections = (Elf64_Shdr *)(ko->data + eh->e_shoff);
	ko->nsections = eh->e_shnum;
}

void ko_free(struct ko *ko)
{
	free(ko->data);
	*ko = (struct ko){ 0 };
}

/* ---- access ---- */

const char *ko_section_name(const struct ko *ko, const Elf64_Shdr *s)
{
	const Elf64_Ehdr *eh = (const Elf64_Ehdr *)ko->data;

	return (const char *)ko->data + ko->sections[eh->e_shstrndx].sh_offset + s->sh_name;
}

Elf64_Shdr *ko_section(const struct ko *ko, const char *name)
{
	for (size_t i = 1; i < ko->nsections; i++)
		if (streq(ko_section_name(ko, &ko->sections[i]), name))
			return &ko->sections[i];
	return NULL;
}

static Elf64_Shdr *symbol_table(const struct ko *ko)
{
	for (size_t i = 1; i < ko->nsections; i++)
		if (ko->sections[i].sh_type == SHT_SYMTAB)
			return &ko->sections[i];
	return NULL;
}

Elf64_Sym *ko_symbol(const struct ko *ko, uint32_t i)
{
	return (Elf64_Sym *)(ko->data + symbol_table(ko)->sh_offset) + i;
}

uint32_t ko_symbol_count(const struct ko *ko)
{
	return symbol_table(ko)->sh_size / sizeof(Elf64_Sym);
}

const char *ko_symbol_name(const struct ko *ko, uint32_t i)
{
	return (const char *)ko->data + ko->sections[symbol_table(ko)->sh_link].sh_offset +
	       ko_symbol(ko, i)->st_name;
}

/* Strings go to the end of the file, where the table they belong to is copied first. */
uint32_t ko_add_string(struct ko *ko, Elf64_Shdr *table, const char *text)
{
	size_t n = strlen(text) + 1;
	uint32_t at = table->sh_size;

	if (table->sh_offset + table->sh_size != ko->size) {
		if (table->sh_size > ROOM / 2)
			ko->data = xreallocarray(ko->data, 1, ko->size + table->sh_size + 2 * ROOM);
		Elf64_Ehdr *eh = (Elf64_Ehdr *)ko->data;
		size_t index = table - ko->sections;

		ko->sections = (Elf64_Shdr *)(ko->data + eh->e_shoff);
		table = &ko->sections[index];
		memcpy(ko->data + ko->size, ko->data + table->sh_offset, table->sh_size);
		table->sh_offset = ko->size;
		ko->size += table->sh_size;
	}
	memcpy(ko->data + ko->size, text, n);
	ko->size += n;
	table->sh_size += n;
	return at;
}

void ko_rename(struct ko *ko, uint32_t i, const char *name)
{
	uint32_t at = ko_add_string(ko, &ko->sections[symbol_table(ko)->sh_link], name);

	ko_symbol(ko, i)->st_name = at;
}

bool ko_is_klp(const struct ko *ko, uint32_t i)
{
	return ko_symbol(ko, i)->st_shndx == SHN_LIVEPATCH;
}

/* ---- choosing ---- */

bool ko_is_code(const struct ko *ko, const Elf64_Shdr *s)
{
	const char *name = ko_section_name(ko, s);

	return (s->sh_flags & SHF_EXECINSTR) && !starts_with(name, ".init") && !starts_with(name, ".exit") &&
	       !starts_with(name, ".altinstr");
}

bool ko_is_plumbing(const char *name)
{
	return streq(name, "__fentry__") || starts_with(name, "__x86_") || streq(name, "__stack_chk_fail");
}

static int by_offset(const void *a, const void *b)
{
	const Elf64_Rela *x = ((const struct site *)a)->r, *y = ((const struct site *)b)->r;

	return x->r_offset < y->r_offset ? -1 : x->r_offset > y->r_offset;
}

/* All relocations of code, or of the section of that name. */
void ko_sites(struct ko *ko, const char *section, struct site_vec *sites)
{
	for (size_t i = 1; i < ko->nsections; i++) {
		Elf64_Shdr *rela = &ko->sections[i], *target = &ko->sections[rela->sh_info];

		if (rela->sh_type != SHT_RELA)
			continue;
		if (section ? !streq(ko_section_name(ko, target), section) : !ko_is_code(ko, target))
			continue;
		for (uint64_t at = 0; at < rela->sh_size; at += sizeof(Elf64_Rela)) {
			Elf64_Rela *r = (Elf64_Rela *)(ko->data + rela->sh_offset + at);

			if (section || !ko_is_plumbing(ko_symbol_name(ko, ELF64_R_SYM(r->r_info))))
				site_vec_push(sites, (struct site){ rela, target, r });
		}
	}
	if (sites->n)
		qsort(sites->at, sites->n, sizeof(*sites->at), by_offset);
}

bool ko_choose(struct ko *ko, const char *section, site_filter *is, uint32_t random,
		   struct site *chosen)
{
	SCOPED(site_vec_free) struct site_vec all = { 0 }, good = { 0 };

	ko_sites(ko, section, &all);
	for (size_t i = 0; i < all.n; i++)
		if (!is || is(ko, &all.at[i]))
			site_vec_push(&good, all.at[i]);
	if (!good.n)
		return false;
	*chosen = good.at[random % good.n];
	return true;
}

uint32_t site_symbol(const struct site *s)
{
	return ELF64_R_SYM(s->r->r_info);
}

bool site_to_klp(const struct ko *ko, const struct site *s)
{
	return ko_is_klp(ko, site_symbol(s));
}

bool site_to_import(const struct ko *ko, const struct site *s)
{
	return site_symbol(s) && ko_symbol(ko, site_symbol(s))->st_shndx == SHN_UNDEF;
}

bool site_to_data(const struct ko *ko, const struct site *s)
{
	unsigned char before = s->r->r_offset ? ko->data[s->target->sh_offset + s->r->r_offset - 1] : 0xe8;

	if (before == 0xe8 || before == 0xe9 || (before & 0xf0) == 0x80)
		return false;
	return site_to_klp(ko, s) && ELF64_R_TYPE(s->r->r_info) == R_X86_64_PC32;
}

char *site_describe(const struct ko *ko, const struct site *s)
{
	return xasprintf("%s+0x%llx (%s)", ko_section_name(ko, s->target), (unsigned long long)s->r->r_offset,
			 ko_symbol_name(ko, site_symbol(s)));
}

/* Another symbol of the kind, from `random` on; 0: none. */
uint32_t ko_another(const struct ko *ko, uint32_t than, bool klp, uint32_t random)
{
	uint32_t n = ko_symbol_count(ko);

	for (uint32_t k = 0; k < n; k++) {
		uint32_t i = (random + k) % n;
		bool fits = klp ? ko_is_klp(ko, i) :
			    i && ko_symbol(ko, i)->st_shndx == SHN_UNDEF && !ko_is_plumbing(ko_symbol_name(ko, i));

		if (fits && i != than)
			return i;
	}
	return 0;
}
