// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/writer.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"

struct out_reloc {
	uint64_t offset;
	uint32_t type;
	unsigned int symbol;
	int64_t addend;
};
DEFINE_VEC(out_reloc_vec, struct out_reloc)

struct out_section {
	char *name;
	uint32_t type;
	uint64_t flags, entsize, align, size;
	unsigned int link;
	unsigned int symbol; /* handle + 1 */
	struct str bytes;
	struct out_reloc_vec relocs;
};
DEFINE_VEC(out_section_vec, struct out_section)

struct out_symbol {
	char *name;
	unsigned int section;
	uint64_t value, size;
	unsigned char type, bind;
	uint32_t index; /* in the file */
};
DEFINE_VEC(out_symbol_vec, struct out_symbol)

struct obj_writer {
	struct out_section_vec sections; /* [0] is the null section */
	struct out_symbol_vec symbols;
	struct map by_name;
};

struct obj_writer *writer_new(void)
{
	struct obj_writer *w = xcalloc(1, sizeof(*w));

	out_section_vec_push(&w->sections, (struct out_section){ .name = xstrdup("") });
	return w;
}

void writer_free(struct obj_writer *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->sections.n; i++) {
		free(w->sections.at[i].name);
		str_free(&w->sections.at[i].bytes);
		out_reloc_vec_free(&w->sections.at[i].relocs);
	}
	for (size_t i = 0; i < w->symbols.n; i++)
		free(w->symbols.at[i].name);
	out_section_vec_free(&w->sections);
	out_symbol_vec_free(&w->symbols);
	map_free(&w->by_name);
	free(w);
}

unsigned int writer_section(struct obj_writer *w, const char *name, uint32_t type, uint64_t flags,
			    uint64_t entsize)
{
	unsigned int known = (uintptr_t)map_get(&w->by_name, name);

	if (known)
		return known;
	struct out_section s = { .name = xstrdup(name), .type = type, .flags = flags,
				 .entsize = entsize, .align = 1 };

	out_section_vec_push(&w->sections, s);
	map_put(&w->by_name, s.name, (void *)(uintptr_t)(w->sections.n - 1));
	return w->sections.n - 1;
}

void writer_link_section(struct obj_writer *w, unsigned int section, unsigned int link)
{
	w->sections.at[section].link = link;
	w->sections.at[section].flags |= SHF_LINK_ORDER;
}

static void append_zeros(struct str *bytes, uint64_t n)
{
	static const char zeros[64];

	for (; n > sizeof(zeros); n -= sizeof(zeros))
		str_add_bytes(bytes, zeros, sizeof(zeros));
	str_add_bytes(bytes, zeros, n);
}

/* Between functions stand one-byte instructions (int3): disassemblers stay in step. */
static void append_padding(struct out_section *s, uint64_t n)
{
	for (; (s->flags & SHF_EXECINSTR) && n; n--)
		str_add_bytes(&s->bytes, "\xcc", 1);
	append_zeros(&s->bytes, n);
}

uint64_t writer_append(struct obj_writer *w, unsigned int section, const void *data, uint64_t size,
		       uint64_t align)
{
	struct out_section *s = &w->sections.at[section];
	uint64_t a = align ? align : 1;
	uint64_t offset = (s->size + a - 1) / a * a;

	if (a > s->align)
		s->align = a;
	if (s->type != SHT_NOBITS) {
		append_padding(s, offset - s->size);
		if (data)
			str_add_bytes(&s->bytes, data, size);
		else
			append_zeros(&s->bytes, size);
	}
	s->size = offset + size;
	return offset;
}

unsigned char *writer_bytes(struct obj_writer *w, unsigned int section, uint64_t offset)
{
	return (unsigned char *)w->sections.at[section].bytes.s + offset;
}

unsigned int writer_symbol(struct obj_writer *w, const char *name, unsigned int section,
			   uint64_t value, uint64_t size, unsigned char type, unsigned char bind)
{
	out_symbol_vec_push(&w->symbols, (struct out_symbol){ xstrdup(name), section, value, size,
							      type, bind, 0 });
	return w->symbols.n - 1;
}

unsigned int writer_section_symbol(struct obj_writer *w, unsigned int section)
{
	if (!w->sections.at[section].symbol) {
		unsigned int h = writer_symbol(w, "", section, 0, 0, STT_SECTION, STB_LOCAL);

		w->sections.at[section].symbol = h + 1;
	}
	return w->sections.at[section].symbol - 1;
}

void writer_reloc(struct obj_writer *w, unsigned int section, uint64_t offset, uint32_t type,
		  unsigned int symbol, int64_t addend)
{
	out_reloc_vec_push(&w->sections.at[section].relocs,
			   (struct out_reloc){ offset, type, symbol, addend });
}

/* The generic ABI wants local symbols first; sh_info is the index of the first other one. */
static uint32_t number_symbols(struct obj_writer *w)
{
	uint32_t next = 1, locals;

	for (size_t i = 0; i < w->symbols.n; i++)
		if (w->symbols.at[i].bind == STB_LOCAL)
			w->symbols.at[i].index = next++;
	locals = next;
	for (size_t i = 0; i < w->symbols.n; i++)
		if (w->symbols.at[i].bind != STB_LOCAL)
			w->symbols.at[i].index = next++;
	return locals;
}

static struct str symbol_table(struct obj_writer *w, struct str *strings)
{
	size_t n = w->symbols.n + 1;
	scoped_free Elf64_Sym *table = xcalloc(n, sizeof(*table));
	struct str out = { 0 };

	str_add_bytes(strings, "", 1);
	for (size_t i = 0; i < w->symbols.n; i++) {
		const struct out_symbol *s = &w->symbols.at[i];
		Elf64_Sym *sym = &table[s->index];

		if (*s->name) {
			sym->st_name = strings->n;
			str_add_bytes(strings, s->name, strlen(s->name) + 1);
		}
		sym->st_info = ELF64_ST_INFO(s->bind, s->type);
		sym->st_shndx = s->section;
		sym->st_value = s->value;
		sym->st_size = s->size;
	}
	str_add_bytes(&out, table, n * sizeof(*table));
	return out;
}

static struct str reloc_table(struct obj_writer *w, const struct out_section *s)
{
	struct str out = { 0 };

	for (size_t i = 0; i < s->relocs.n; i++) {
		const struct out_reloc *r = &s->relocs.at[i];
		Elf64_Rela rela = {
			.r_offset = r->offset,
			.r_info = ELF64_R_INFO((uint64_t)w->symbols.at[r->symbol].index, r->type),
			.r_addend = r->addend,
		};

		str_add_bytes(&out, &rela, sizeof(rela));
	}
	return out;
}

/* The file under construction: headers of all sections, names, bytes. */
struct layout {
	struct str file, names;
	Elf64_Shdr *headers;
	size_t n;
};

static void place_section(struct layout *l, const char *name, Elf64_Shdr sh, const void *data)
{
	uint64_t a = sh.sh_addralign ? sh.sh_addralign : 1;

	append_zeros(&l->file, (a - l->file.n % a) % a);
	sh.sh_offset = l->file.n;
	sh.sh_name = l->names.n;
	str_add_bytes(&l->names, name, strlen(name) + 1);
	if (sh.sh_type != SHT_NOBITS)
		str_add_bytes(&l->file, data, sh.sh_size);
	l->headers[l->n++] = sh;
}

static void place_sections(struct obj_writer *w, struct layout *l)
{
	for (size_t i = 1; i < w->sections.n; i++) {
		struct out_section *s = &w->sections.at[i];
		Elf64_Shdr sh = { .sh_type = s->type, .sh_flags = s->flags, .sh_size = s->size,
				  .sh_addralign = s->align, .sh_entsize = s->entsize,
				  .sh_link = s->link };

		place_section(l, s->name, sh, s->bytes.s);
	}
}

static void place_relocs(struct obj_writer *w, struct layout *l, size_t symtab)
{
	for (size_t i = 1; i < w->sections.n; i++) {
		struct out_section *s = &w->sections.at[i];

		if (!s->relocs.n)
			continue;
		struct str bytes = reloc_table(w, s);
		scoped_free char *name = xasprintf(".rela%s", s->name);
		Elf64_Shdr sh = { .sh_type = SHT_RELA, .sh_flags = SHF_INFO_LINK,
				  .sh_size = bytes.n, .sh_addralign = 8,
				  .sh_entsize = sizeof(Elf64_Rela), .sh_link = symtab, .sh_info = i };

		place_section(l, name, sh, bytes.s);
		str_free(&bytes);
	}
}

static size_t count_reloc_sections(const struct obj_writer *w)
{
	size_t n = 0;

	for (size_t i = 1; i < w->sections.n; i++)
		n += w->sections.at[i].relocs.n > 0;
	return n;
}

struct error *writer_finish(struct obj_writer *w, const char *path)
{
	uint32_t locals = number_symbols(w);
	struct str strings = { 0 };
	struct str symbols = symbol_table(w, &strings);
	size_t relocs = count_reloc_sections(w), n = w->sections.n + relocs + 3;
	struct layout l = { .headers = xcalloc(n, sizeof(Elf64_Shdr)), .n = 1 };
	size_t symtab = w->sections.n + relocs;
	Elf64_Ehdr eh = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
				       EV_CURRENT },
			  .e_type = ET_REL, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			  .e_ehsize = sizeof(eh), .e_shentsize = sizeof(Elf64_Shdr),
			  .e_shnum = n, .e_shstrndx = n - 1 };

	str_add_bytes(&l.names, "", 1);
	append_zeros(&l.file, sizeof(eh));
	place_sections(w, &l);
	place_relocs(w, &l, symtab);
	place_section(&l, ".symtab", (Elf64_Shdr){ .sh_type = SHT_SYMTAB, .sh_size = symbols.n,
						   .sh_addralign = 8, .sh_info = locals,
						   .sh_entsize = sizeof(Elf64_Sym),
						   .sh_link = symtab + 1 }, symbols.s);
	place_section(&l, ".strtab", (Elf64_Shdr){ .sh_type = SHT_STRTAB, .sh_size = strings.n },
		      strings.s);
	scoped_free char *names = NULL;
	size_t names_size = l.names.n + sizeof(".shstrtab");

	names = xcalloc(names_size, 1);
	memcpy(names, l.names.s, l.names.n);
	memcpy(names + l.names.n, ".shstrtab", sizeof(".shstrtab"));
	place_section(&l, ".shstrtab", (Elf64_Shdr){ .sh_type = SHT_STRTAB,
						     .sh_size = names_size }, names);
	append_zeros(&l.file, (8 - l.file.n % 8) % 8);
	eh.e_shoff = l.file.n;
	str_add_bytes(&l.file, l.headers, n * sizeof(Elf64_Shdr));
	memcpy(l.file.s, &eh, sizeof(eh));
	struct error *err = write_file(path, l.file.s, l.file.n);

	str_free(&l.file);
	str_free(&l.names);
	str_free(&strings);
	str_free(&symbols);
	free(l.headers);
	return err;
}
