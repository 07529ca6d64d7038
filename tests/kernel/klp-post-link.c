// SPDX-License-Identifier: GPL-2.0-or-later
#include "klp-post-link.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

#define TOMBSTONE ".klp.tombstone."
enum { LIVEPATCH_INDEX = 0xff20, RELA_LIVEPATCH = 0x00100000 };

struct file {
	char *data;
	Elf64_Shdr *sections;
	size_t n;
	const char *names, *strings;
	Elf64_Sym *symbols;
	size_t nsymbols, symtab;
};

static Elf64_Shdr *section(struct file *f, const char *name)
{
	for (size_t i = 1; i < f->n; i++)
		if (streq(f->names + f->sections[i].sh_name, name))
			return &f->sections[i];
	return NULL;
}

static size_t symbol(const struct file *f, const char *name)
{
	for (size_t i = 1; i < f->nsymbols; i++)
		if (streq(f->strings + f->symbols[i].st_name, name))
			return i;
	return 0;
}

static void open_tables(struct file *f)
{
	Elf64_Ehdr *eh = (Elf64_Ehdr *)f->data;

	f->sections = (Elf64_Shdr *)(f->data + eh->e_shoff);
	f->n = eh->e_shnum;
	f->names = f->data + f->sections[eh->e_shstrndx].sh_offset;
	for (size_t i = 1; i < f->n; i++)
		if (f->sections[i].sh_type == SHT_SYMTAB)
			f->symtab = i;
	f->symbols = (Elf64_Sym *)(f->data + f->sections[f->symtab].sh_offset);
	f->nsymbols = f->sections[f->symtab].sh_size / sizeof(Elf64_Sym);
	f->strings = f->data + f->sections[f->sections[f->symtab].sh_link].sh_offset;
}

/* The first record without a type. */
static Elf64_Rela *free_record(struct file *f, const char *name, size_t target)
{
	Elf64_Shdr *s = section(f, name);
	Elf64_Rela *r = s ? (Elf64_Rela *)(f->data + s->sh_offset) : NULL;

	if (!s)
		return NULL;
	s->sh_type = SHT_RELA;
	s->sh_flags = SHF_ALLOC | SHF_INFO_LINK | RELA_LIVEPATCH;
	s->sh_entsize = sizeof(*r);
	s->sh_link = f->symtab;
	s->sh_info = target;
	for (size_t i = 0; i < s->sh_size / sizeof(*r); i++)
		if (!r[i].r_info)
			return &r[i];
	return NULL;
}

static char *move(struct file *f, size_t target, Elf64_Rela *r, const char *name)
{
	scoped_free char *rela = xasprintf(".klp.rela.vmlinux.%s", f->names + f->sections[target].sh_name);
	scoped_free char *klp = xasprintf(".klp.sym.vmlinux.%s,0", name);
	Elf64_Rela *to = free_record(f, rela, target);
	size_t s = symbol(f, klp);

	if (!to || !s)
		return xasprintf("no %s", to ? klp : rela);
	f->symbols[s].st_shndx = LIVEPATCH_INDEX;
	f->symbols[ELF64_R_SYM(r->r_info)].st_shndx = LIVEPATCH_INDEX;
	*to = (Elf64_Rela){ r->r_offset, ELF64_R_INFO(s, ELF64_R_TYPE(r->r_info)), r->r_addend };
	r->r_info = ELF64_R_INFO(ELF64_R_SYM(r->r_info), R_X86_64_NONE);
	return NULL;
}

static char *move_all(struct file *f, const Elf64_Shdr *rela)
{
	Elf64_Rela *r = (Elf64_Rela *)(f->data + rela->sh_offset);

	for (size_t i = 0; i < rela->sh_size / sizeof(*r); i++) {
		const char *name = f->strings + f->symbols[ELF64_R_SYM(r[i].r_info)].st_name;
		char *why;

		if (!starts_with(name, TOMBSTONE) || ELF64_R_TYPE(r[i].r_info) == R_X86_64_NONE)
			continue;
		why = move(f, rela->sh_info, &r[i], name + strlen(TOMBSTONE));
		if (why)
			return why;
	}
	return NULL;
}

char *klp_post_link(const char *path)
{
	scoped_free char *data = NULL;
	struct file f = { 0 };
	size_t size;
	scoped_error struct error *err = read_file(path, &data, &size);

	if (err)
		return xstrdup(err->message);
	f.data = data;
	open_tables(&f);
	for (size_t i = 1; i < f.n; i++) {
		char *why = f.sections[i].sh_type == SHT_RELA && f.sections[i].sh_info < f.n ?
				    move_all(&f, &f.sections[i]) : NULL;

		if (why)
			return why;
	}
	err = write_file(path, data, size);
	return err ? xstrdup(err->message) : NULL;
}
