// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/compare.h"

#include <fcntl.h>
#include <gelf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/mem.h"

/* An open object file with its symbol table. */
struct file {
	int fd;
	Elf *elf;
	size_t shstrndx;
	Elf_Data *symbols;
	size_t strtab;
};

static void file_close(struct file *f)
{
	if (f->elf)
		elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
}
#define scoped_elf SCOPED(file_close)

static struct error *unreadable(const char *path)
{
	return error_new("U16", "%s: not a readable object file: %s", path, elf_errmsg(-1));
}

static struct error *file_open(const char *path, struct file *f)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	elf_version(EV_CURRENT);
	f->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0)
		return error_errno("%s", path);
	f->elf = elf_begin(f->fd, ELF_C_READ_MMAP, NULL);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || elf_getshdrstrndx(f->elf, &f->shstrndx))
		return unreadable(path);
	while ((scn = elf_nextscn(f->elf, scn)))
		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_SYMTAB) {
			f->symbols = elf_getdata(scn, NULL);
			f->strtab = sh.sh_link;
		}
	return f->symbols ? NULL : unreadable(path);
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	return s ? hash_bytes(s, strlen(s) + 1, h) : hash_bytes("", 1, h);
}

static uint64_t mix_number(uint64_t h, uint64_t v)
{
	return hash_bytes(&v, sizeof(v), h);
}

static bool allocated(const struct file *f, size_t index, GElf_Shdr *sh)
{
	Elf_Scn *scn = elf_getscn(f->elf, index);

	return scn && gelf_getshdr(scn, sh) && (sh->sh_flags & SHF_ALLOC);
}

static const char *section_name(const struct file *f, size_t index)
{
	GElf_Shdr sh;
	Elf_Scn *scn = elf_getscn(f->elf, index);

	return scn && gelf_getshdr(scn, &sh) ? elf_strptr(f->elf, f->shstrndx, sh.sh_name) : NULL;
}

/* What a symbol is, independent of its number. */
static uint64_t mix_symbol(const struct file *f, uint64_t h, size_t index)
{
	GElf_Sym s;

	if (!gelf_getsym(f->symbols, index, &s))
		return mix_number(h, index);
	h = mix_text(h, elf_strptr(f->elf, f->strtab, s.st_name));
	h = mix_number(h, s.st_value);
	h = mix_number(h, s.st_info);
	h = mix_number(h, s.st_other);
	h = mix_number(h, s.st_size);
	if (s.st_shndx < SHN_LORESERVE)
		return mix_text(h, section_name(f, s.st_shndx));
	return mix_number(h, s.st_shndx);
}

/* Symbols of debug sections (GNU as makes section symbols for them) do not count. */
static uint64_t digest_symbols(const struct file *f, uint64_t h)
{
	size_t n = f->symbols->d_size / gelf_fsize(f->elf, ELF_T_SYM, 1, EV_CURRENT);
	GElf_Shdr sh;
	GElf_Sym s;

	for (size_t i = 1; i < n; i++) {
		if (!gelf_getsym(f->symbols, i, &s) || GELF_ST_TYPE(s.st_info) == STT_FILE)
			continue;
		if (s.st_shndx && s.st_shndx < SHN_LORESERVE && !allocated(f, s.st_shndx, &sh))
			continue;
		h = mix_symbol(f, h, i);
	}
	return h;
}

static uint64_t digest_relocations(const struct file *f, uint64_t h, Elf_Data *data)
{
	size_t size = gelf_fsize(f->elf, ELF_T_RELA, 1, EV_CURRENT);
	size_t n = data ? data->d_size / size : 0;
	GElf_Rela r;

	for (size_t i = 0; i < n; i++) {
		if (!gelf_getrela(data, i, &r))
			continue;
		h = mix_number(h, r.r_offset);
		h = mix_number(h, GELF_R_TYPE(r.r_info));
		h = mix_number(h, r.r_addend);
		h = mix_symbol(f, h, GELF_R_SYM(r.r_info));
	}
	return h;
}

static uint64_t digest_section(const struct file *f, uint64_t h, Elf_Scn *scn, const GElf_Shdr *sh)
{
	Elf_Data *data = elf_getdata(scn, NULL);

	h = mix_text(h, elf_strptr(f->elf, f->shstrndx, sh->sh_name));
	h = mix_number(h, sh->sh_type);
	h = mix_number(h, sh->sh_flags);
	h = mix_number(h, sh->sh_addralign);
	h = mix_number(h, sh->sh_size);
	if (sh->sh_type != SHT_NOBITS && data && data->d_buf)
		h = hash_bytes(data->d_buf, data->d_size, h);
	return h;
}

static uint64_t digest(const struct file *f, uint64_t seed)
{
	uint64_t h = digest_symbols(f, seed);
	Elf_Scn *scn = NULL;
	GElf_Shdr sh, target;

	while ((scn = elf_nextscn(f->elf, scn))) {
		if (!gelf_getshdr(scn, &sh))
			continue;
		if (sh.sh_flags & SHF_ALLOC)
			h = digest_section(f, h, scn, &sh);
		else if (sh.sh_type == SHT_RELA && allocated(f, sh.sh_info, &target))
			h = digest_relocations(f, mix_text(h, section_name(f, sh.sh_info)),
					       elf_getdata(scn, NULL));
	}
	return h;
}

struct error *objects_identical(const char *a, const char *b, bool *identical)
{
	scoped_elf struct file fa = {.fd = -1};
	scoped_elf struct file fb = {.fd = -1};

	TRY(file_open(a, &fa));
	TRY(file_open(b, &fb));
	/* Two digests with different beginnings: an accident would have to happen twice. */
	*identical = digest(&fa, 0) == digest(&fb, 0) && digest(&fa, 1) == digest(&fb, 1);
	return NULL;
}
