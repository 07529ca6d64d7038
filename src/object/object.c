// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/object.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* Relocation types of the x86-64 psABI (table 4.9) that the kernel's compilers emit. */
static const struct reloc_type {
	const char *name;
	unsigned char size;
	bool pcrel;
} reloc_types[] = {
	[R_X86_64_NONE] = { "R_X86_64_NONE", 0, false },
	[R_X86_64_64] = { "R_X86_64_64", 8, false },
	[R_X86_64_PC32] = { "R_X86_64_PC32", 4, true },
	[R_X86_64_GOT32] = { "R_X86_64_GOT32", 4, false },
	[R_X86_64_PLT32] = { "R_X86_64_PLT32", 4, true },
	[R_X86_64_GOTPCREL] = { "R_X86_64_GOTPCREL", 4, true },
	[R_X86_64_32] = { "R_X86_64_32", 4, false },
	[R_X86_64_32S] = { "R_X86_64_32S", 4, false },
	[R_X86_64_16] = { "R_X86_64_16", 2, false },
	[R_X86_64_PC16] = { "R_X86_64_PC16", 2, true },
	[R_X86_64_8] = { "R_X86_64_8", 1, false },
	[R_X86_64_PC8] = { "R_X86_64_PC8", 1, true },
	[R_X86_64_TPOFF32] = { "R_X86_64_TPOFF32", 4, false },
	[R_X86_64_PC64] = { "R_X86_64_PC64", 8, true },
	[R_X86_64_GOTPCRELX] = { "R_X86_64_GOTPCRELX", 4, true },
	[R_X86_64_REX_GOTPCRELX] = { "R_X86_64_REX_GOTPCRELX", 4, true },
};

static const struct reloc_type *reloc_type(uint32_t type)
{
	if (type >= ARRAY_SIZE(reloc_types) || !reloc_types[type].name)
		return NULL;
	return &reloc_types[type];
}

bool reloc_is_pcrel(uint32_t type)
{
	return reloc_type(type) && reloc_type(type)->pcrel;
}

unsigned int reloc_size(uint32_t type)
{
	return reloc_type(type) ? reloc_type(type)->size : 0;
}

const char *reloc_name(uint32_t type)
{
	return reloc_type(type) ? reloc_type(type)->name : "unknown relocation";
}

bool symbol_is_function(const struct obj_symbol *s)
{
	return s->type == STT_FUNC && s->section && (s->section->flags & SHF_EXECINSTR);
}

static struct error *damaged(const struct object *o, const char *what, size_t index)
{
	return error_new("D2", "%s: damaged ELF file: %s %zu", o->path, what, index);
}

static struct error *check_header(struct object *o, Elf *elf)
{
	GElf_Ehdr eh;
	const char *what = NULL;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh))
		return error_new("D1", "%s: not an ELF file", o->path);
	if (eh.e_ident[EI_CLASS] != ELFCLASS64)
		what = "32-bit ELF";
	else if (eh.e_ident[EI_DATA] != ELFDATA2LSB)
		what = "big-endian ELF";
	else if (eh.e_machine != EM_X86_64)
		what = "an ELF file for another machine than x86_64";
	else if (eh.e_type == ET_EXEC || eh.e_type == ET_DYN)
		what = "a linked ELF file";
	else if (eh.e_type != ET_REL)
		what = "an ELF file of another type";
	if (what)
		return error_new("D1", "%s: %s, not a relocatable x86_64 object", o->path, what);
	return NULL;
}

static struct error *read_sections(struct object *o, Elf *elf)
{
	size_t n, shstrndx;

	if (elf_getshdrnum(elf, &n) || elf_getshdrstrndx(elf, &shstrndx) || n < 1)
		return error_new("D2", "%s: damaged ELF file: no section headers", o->path);
	o->nsections = n;
	o->sections = xcalloc(n, sizeof(*o->sections));
	for (size_t i = 0; i < n; i++) {
		struct obj_section *s = &o->sections[i];
		Elf_Scn *scn = elf_getscn(elf, i);
		GElf_Shdr sh;

		s->name = "";
		if (i == 0)
			continue;
		if (!scn || !gelf_getshdr(scn, &sh))
			return damaged(o, "section", i);
		s->name = elf_strptr(elf, shstrndx, sh.sh_name);
		if (!s->name)
			return damaged(o, "name of section", i);
		s->index = i;
		s->type = sh.sh_type;
		s->flags = sh.sh_flags;
		s->align = sh.sh_addralign;
		s->entsize = sh.sh_entsize;
		s->link = sh.sh_link;
		s->info = sh.sh_info;
		s->size = sh.sh_size;
		if (s->size > OBJ_SIZE_MAX || s->align > OBJ_ALIGN_MAX || s->align & (s->align - 1))
			return damaged(o, "size or alignment of section", i);
		if (s->type == SHT_NOBITS)
			continue;
		if (sh.sh_offset > o->map.size || sh.sh_size > o->map.size - sh.sh_offset)
			return damaged(o, "extent of section", i);
		s->data = sh.sh_size ? o->map.data + sh.sh_offset : NULL;
	}
	return NULL;
}

static struct error *read_symbol(struct object *o, const struct obj_section *tab,
				 const char *strings, size_t strsize, size_t i)
{
	struct obj_symbol *s = &o->symbols[i];
	Elf64_Sym sym;

	memcpy(&sym, tab->data + i * sizeof(sym), sizeof(sym));
	if (sym.st_name >= strsize && sym.st_name)
		return damaged(o, "name of symbol", i);
	*s = (struct obj_symbol){
		.name = sym.st_name ? strings + sym.st_name : "",
		.value = sym.st_value,
		.size = sym.st_size,
		.type = ELF64_ST_TYPE(sym.st_info),
		.bind = ELF64_ST_BIND(sym.st_info),
		.other = sym.st_other,
		.shndx = sym.st_shndx,
		.index = i,
	};
	if (sym.st_shndx == SHN_UNDEF || sym.st_shndx == SHN_ABS || sym.st_shndx == SHN_COMMON)
		return NULL;
	if (sym.st_shndx >= SHN_LORESERVE && sym.st_shndx != SHN_XINDEX)
		return NULL; /* SHN_LIVEPATCH and other processor specific ones: no section */
	if (sym.st_shndx >= o->nsections)
		return damaged(o, "section of symbol", i);
	s->section = &o->sections[sym.st_shndx];
	if (s->value > s->section->size || s->size > s->section->size - s->value)
		return damaged(o, "extent of symbol", i);
	if (s->type == STT_SECTION) {
		s->section->section_symbol = s;
		s->name = s->section->name;
	}
	return NULL;
}

static struct error *read_symbols(struct object *o)
{
	struct obj_section *tab = NULL;

	for (size_t i = 1; i < o->nsections && !tab; i++)
		if (o->sections[i].type == SHT_SYMTAB)
			tab = &o->sections[i];
	if (!tab)
		return error_new("D3", "%s: no symbol table: the file is stripped", o->path);
	if (tab->link == 0 || tab->link >= o->nsections || tab->size % sizeof(Elf64_Sym) ||
	    tab->size == 0 || tab->entsize != sizeof(Elf64_Sym))
		return damaged(o, "symbol table in section", tab->index);
	const struct obj_section *str = &o->sections[tab->link];

	if (str->type != SHT_STRTAB || !str->data || str->data[str->size - 1])
		return damaged(o, "string table in section", tab->link);
	if (o->nsections >= SHN_LORESERVE)
		return error_new("D2", "%s: more than %d sections are not supported", o->path,
				 SHN_LORESERVE);
	o->nsymbols = tab->size / sizeof(Elf64_Sym);
	o->symbols = xcalloc(o->nsymbols, sizeof(*o->symbols));
	for (size_t i = 0; i < o->nsymbols; i++)
		TRY(read_symbol(o, tab, (const char *)str->data, str->size, i));
	o->symbols[0].section = NULL;
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	const struct obj_symbol *x = *(struct obj_symbol *const *)a;
	const struct obj_symbol *y = *(struct obj_symbol *const *)b;

	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static bool is_listed(const struct obj_symbol *s)
{
	return s->section && s->type != STT_SECTION && s->type != STT_FILE;
}

static void index_symbols(struct object *o)
{
	for (size_t i = 1; i < o->nsymbols; i++) {
		struct obj_symbol *s = &o->symbols[i];

		if (is_listed(s))
			s->section->nsymbols++;
		if (s->bind != STB_LOCAL && *s->name)
			map_put(&o->globals, s->name, s);
	}
	for (size_t i = 1; i < o->nsections; i++) {
		struct obj_section *s = &o->sections[i];

		s->symbols = xcalloc(s->nsymbols, sizeof(*s->symbols));
		s->nsymbols = 0;
		if (!map_has(&o->sections_by_name, s->name))
			map_put(&o->sections_by_name, s->name, s);
	}
	for (size_t i = 1; i < o->nsymbols; i++) {
		struct obj_symbol *s = &o->symbols[i];

		if (is_listed(s))
			s->section->symbols[s->section->nsymbols++] = s;
	}
	for (size_t i = 1; i < o->nsections; i++)
		if (o->sections[i].nsymbols)
			qsort(o->sections[i].symbols, o->sections[i].nsymbols,
			      sizeof(struct obj_symbol *), by_value);
}

static int by_offset(const void *a, const void *b)
{
	const struct obj_reloc *x = a, *y = b;

	return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static struct error *read_relocs(struct object *o, const struct obj_section *rela)
{
	if (rela->info == 0 || rela->info >= o->nsections || rela->size % sizeof(Elf64_Rela) ||
	    (rela->size && rela->entsize != sizeof(Elf64_Rela)))
		return damaged(o, "relocation section", rela->index);
	struct obj_section *s = &o->sections[rela->info];
	size_t n = rela->size / sizeof(Elf64_Rela);
	bool sorted = true;

	s->relocs = xreallocarray(s->relocs, s->nrelocs + n, sizeof(*s->relocs));
	for (size_t i = 0; i < n; i++) {
		Elf64_Rela r;

		memcpy(&r, rela->data + i * sizeof(r), sizeof(r));
		if (ELF64_R_SYM(r.r_info) >= o->nsymbols || r.r_addend > OBJ_ADDEND_MAX ||
		    r.r_addend < -OBJ_ADDEND_MAX)
			return damaged(o, "symbol or addend of a relocation in section", rela->index);
		uint32_t type = ELF64_R_TYPE(r.r_info);

		if (r.r_offset > s->size || reloc_size(type) > s->size - r.r_offset)
			return damaged(o, "offset of a relocation in section", rela->index);
		if (type == R_X86_64_NONE)
			continue;
		s->relocs[s->nrelocs++] = (struct obj_reloc){
			.offset = r.r_offset,
			.type = type,
			.addend = r.r_addend,
			.symbol = &o->symbols[ELF64_R_SYM(r.r_info)],
		};
		if (s->nrelocs > 1 && s->relocs[s->nrelocs - 2].offset > r.r_offset)
			sorted = false;
	}
	if (!sorted)
		qsort(s->relocs, s->nrelocs, sizeof(*s->relocs), by_offset);
	return NULL;
}

static struct error *read_all(struct object *o)
{
	if (elf_version(EV_CURRENT) == EV_NONE)
		return error_new("D2", "libelf is too old");
	if (o->map.size < sizeof(Elf64_Ehdr))
		return error_new("D1", "%s: %s", o->path, o->map.size ? "truncated" : "empty file");
	Elf *elf = elf_memory((char *)o->map.data, o->map.size);

	o->elf = elf;
	if (!elf)
		return error_new("D1", "%s: not an ELF file", o->path);
	TRY(check_header(o, elf));
	TRY(read_sections(o, elf));
	TRY(read_symbols(o));
	for (size_t i = 1; i < o->nsections; i++)
		if (o->sections[i].type == SHT_RELA)
			TRY(read_relocs(o, &o->sections[i]));
		else if (o->sections[i].type == SHT_REL)
			return error_new("D1", "%s: relocations without addends (SHT_REL)", o->path);
	index_symbols(o);
	return NULL;
}

static struct error *finish(struct object *o, struct object **object)
{
	struct error *err = read_all(o);

	if (err) {
		object_free(o);
		return err->hint ? err : error_hint(err, "give an object file as the compiler for "
							"x86_64 wrote it");
	}
	*object = o;
	return NULL;
}

struct error *object_read(const char *path, struct object **object)
{
	struct object *o = xcalloc(1, sizeof(*o));
	struct error *err = map_file(path, &o->map);

	o->path = xstrdup(path);
	if (err) {
		object_free(o);
		return err;
	}
	return finish(o, object);
}

struct error *object_read_memory(const char *name, void *data, size_t size, struct object **object)
{
	struct object *o = xcalloc(1, sizeof(*o));

	o->path = xstrdup(name);
	o->map = (struct mapping){ data, size };
	o->borrowed = true;
	return finish(o, object);
}

void object_free(struct object *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->nsections; i++) {
		free(o->sections[i].relocs);
		free(o->sections[i].symbols);
	}
	free(o->sections);
	free(o->symbols);
	map_free(&o->globals);
	map_free(&o->sections_by_name);
	if (o->elf)
		elf_end(o->elf);
	if (!o->borrowed)
		unmap_file(&o->map);
	free(o->path);
	free(o);
}

struct obj_section *object_section(const struct object *object, const char *name)
{
	return map_get(&object->sections_by_name, name);
}

struct obj_ref object_locate(struct obj_section *section, int64_t offset)
{
	size_t lo = 0, hi = section->nsymbols;
	struct obj_symbol *best = NULL;

	while (lo < hi) { /* first symbol beyond offset */
		size_t mid = lo + (hi - lo) / 2;

		if ((int64_t)section->symbols[mid]->value <= offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	/* Several symbols may start at one place (aliases, sizeless labels): look back over those. */
	for (size_t i = lo; i-- > 0 && lo - i < 16;) {
		struct obj_symbol *s = section->symbols[i];
		bool covers = offset < (int64_t)(s->value + s->size) || offset == (int64_t)s->value;

		if (covers && (!best || (best->size == 0 && s->size > 0)))
			best = s;
	}
	if (best)
		return (struct obj_ref){ best, offset - (int64_t)best->value };
	return (struct obj_ref){ section->section_symbol, offset };
}

struct obj_ref object_reloc_ref(const struct obj_reloc *reloc, unsigned int bias)
{
	int64_t offset = reloc->addend + (reloc_is_pcrel(reloc->type) ? (int64_t)bias : 0);
	struct obj_symbol *s = reloc->symbol;

	if (s->section && (s->type == STT_SECTION || (s->bind == STB_LOCAL && s->size == 0))) {
		struct obj_ref ref = object_locate(s->section, (int64_t)s->value + offset);

		if (ref.symbol)
			return ref;
	}
	return (struct obj_ref){ s, offset };
}

size_t object_relocs_in(const struct obj_section *section, uint64_t from, uint64_t to, size_t *first)
{
	size_t lo = 0, hi = section->nrelocs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (section->relocs[mid].offset < from)
			lo = mid + 1;
		else
			hi = mid;
	}
	*first = lo;
	size_t n = 0;

	while (lo + n < section->nrelocs && section->relocs[lo + n].offset < to)
		n++;
	return n;
}
