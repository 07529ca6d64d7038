// SPDX-License-Identifier: GPL-2.0-or-later
/* Who uses a function, by the relocations of its object. */
#include <elf.h>
#include <fcntl.h>
#include <gelf.h>

#include "base/mem.h"
#include "base/str.h"
#include "layout/prototype.h"

/* Sections whose entries mention the start of a function without using it. */
static const char *const bystanders[] = {
	"__mcount_loc",	 "__patchable_function_entries",
	".orc_",	 "__bug_table",
	"__ex_table",	 ".eh_frame",
	".discard.",	 ".call_sites",
	".cfi_sites",	 ".ibt_endbr_seal",
	".return_sites", ".retpoline_sites",
	".sframe",
};

struct start {
	uint16_t section;
	uint64_t offset;
};
DEFINE_VEC(start_vec, struct start)

struct scan {
	Elf *elf;
	Elf_Data *symbols;
	size_t nsymbols, strings;
	const char *function;
	const struct exposure *exposure;
	struct start_vec starts; /* of the function and its clones */
};

static const char *symbol_name(const struct scan *s, const GElf_Sym *sym)
{
	const char *name = elf_strptr(s->elf, s->strings, sym->st_name);

	return name ? name : "";
}

static bool open_symbols(struct scan *s)
{
	for (Elf_Scn *scn = elf_nextscn(s->elf, NULL); scn; scn = elf_nextscn(s->elf, scn)) {
		GElf_Shdr header;

		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_SYMTAB ||
		    !header.sh_entsize)
			continue;
		s->symbols = elf_getdata(scn, NULL);
		s->nsymbols = header.sh_size / header.sh_entsize;
		s->strings = header.sh_link;
		return s->symbols != NULL;
	}
	return false;
}

/* Is this symbol the function, or a clone of it? */
static bool is_function(const struct scan *s, const GElf_Sym *sym)
{
	size_t n = strlen(s->function);
	const char *name = symbol_name(s, sym);

	return GELF_ST_TYPE(sym->st_info) == STT_FUNC && strncmp(name, s->function, n) == 0 &&
	       (name[n] == 0 || name[n] == '.');
}

/* Name of the sized symbol at a place, or NULL. Linear: asked only when a prototype changed. */
static const char *symbol_at(const struct scan *s, uint16_t section, uint64_t offset)
{
	GElf_Sym sym;

	for (size_t i = 1; i < s->nsymbols; i++)
		if (gelf_getsym(s->symbols, i, &sym) && sym.st_shndx == section &&
		    sym.st_value <= offset && offset - sym.st_value < sym.st_size)
			return symbol_name(s, &sym);
	return NULL;
}

/* Where the function and its clones start. */
static void find_starts(struct scan *s)
{
	GElf_Sym sym;

	for (size_t i = 1; i < s->nsymbols; i++)
		if (gelf_getsym(s->symbols, i, &sym) && is_function(s, &sym))
			start_vec_push(&s->starts, (struct start) {sym.st_shndx, sym.st_value});
}

/* Does the place hold one of the function's starts? (pcrel: the addend is 4 too small) */
static bool refers(const struct scan *s, const GElf_Rela *rela)
{
	GElf_Sym target;
	uint32_t type = GELF_R_TYPE(rela->r_info);
	int64_t bias = type == R_X86_64_PC32 || type == R_X86_64_PLT32 ? 4 : 0;

	if (!gelf_getsym(s->symbols, GELF_R_SYM(rela->r_info), &target))
		return false;
	for (size_t i = 0; i < s->starts.n; i++)
		if (target.st_shndx == s->starts.at[i].section &&
		    target.st_value + rela->r_addend + bias == s->starts.at[i].offset)
			return true;
	return false;
}

/* Is the field the distance of a direct call or jump (e8, e9, 0f 8x)? */
static bool is_branch(Elf_Scn *code, uint64_t at)
{
	Elf_Data *data = elf_getdata(code, NULL);
	const unsigned char *p = data ? data->d_buf : NULL;

	if (!p || at < 2 || at > data->d_size)
		return false;
	return p[at - 1] == 0xe8 || p[at - 1] == 0xe9 ||
	       (p[at - 2] == 0x0f && (p[at - 1] & 0xf0) == 0x80);
}

static char *describe(const struct scan *s, Elf_Scn *scn, const GElf_Shdr *header, const char *name,
		      uint64_t at)
{
	const char *user = symbol_at(s, elf_ndxscn(scn), at);

	if (!(header->sh_flags & SHF_EXECINSTR))
		return xasprintf("its address is stored in '%s'", user ? user : name);
	if (!is_branch(scn, at))
		return xasprintf("its address is taken in '%s'", user ? user : name);
	if (user && exposure_replaced(s->exposure, user))
		return NULL;
	return xasprintf("'%s' calls it and is not replaced", user ? user : name);
}

static bool is_bystander(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(bystanders); i++)
		if (starts_with(name, bystanders[i]))
			return true;
	return false;
}

static char *scan_relocations(const struct scan *s, Elf_Scn *scn, const GElf_Shdr *header,
			      size_t names)
{
	Elf_Scn *target = elf_getscn(s->elf, header->sh_info);
	GElf_Shdr to;
	GElf_Rela rela;

	if (!target || !gelf_getshdr(target, &to) || !(to.sh_flags & SHF_ALLOC))
		return NULL;
	const char *name = elf_strptr(s->elf, names, to.sh_name);
	Elf_Data *data = elf_getdata(scn, NULL);

	if (!data || !name || is_bystander(name))
		return NULL;
	for (int i = 0; gelf_getrela(data, i, &rela); i++) {
		char *user =
			refers(s, &rela) ? describe(s, target, &to, name, rela.r_offset) : NULL;

		if (user)
			return user;
	}
	return NULL;
}

/* Is there another function in a section that holds this one (and not only parts of itself)? */
static bool shares_section(const struct scan *s)
{
	GElf_Sym other;

	for (size_t k = 1; k < s->nsymbols; k++) {
		if (!gelf_getsym(s->symbols, k, &other) || is_function(s, &other) ||
		    GELF_ST_TYPE(other.st_info) != STT_FUNC)
			continue;
		for (size_t i = 0; i < s->starts.n; i++)
			if (other.st_shndx == s->starts.at[i].section)
				return true;
	}
	return false;
}

static char *scan_sections(const struct scan *s)
{
	size_t names;

	if (elf_getshdrstrndx(s->elf, &names))
		return NULL;
	for (Elf_Scn *scn = elf_nextscn(s->elf, NULL); scn; scn = elf_nextscn(s->elf, scn)) {
		GElf_Shdr header;

		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_RELA)
			continue;
		char *user = scan_relocations(s, scn, &header, names);

		if (user)
			return user;
	}
	return NULL;
}

char *prototype_user(const struct dwarf_unit *unit, const struct exposure *e, const char *function,
		     bool *hidden)
{
	struct scan s = {.function = function, .exposure = e};
	scoped_fd int fd = open(unit->path, O_RDONLY | O_CLOEXEC);
	char *user = NULL;

	/* a handle of our own: libdwfl takes the relocations that it applied out of its tables */
	elf_version(EV_CURRENT);
	s.elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ_MMAP, NULL);
	*hidden = true;
	if (s.elf && open_symbols(&s)) {
		find_starts(&s);
		*hidden = shares_section(&s);
		user = scan_sections(&s);
	}
	start_vec_free(&s.starts);
	elf_end(s.elf);
	return user;
}
