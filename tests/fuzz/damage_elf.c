// SPDX-License-Identifier: GPL-2.0-or-later
/* Damage to symbols and relocations, and what makes a file no module to be converted. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "damage.h"

/* ---- which sections ---- */

static bool is_plain(const struct input *in, size_t i)
{
	return get_section(in, i).sh_type == SHT_PROGBITS && get_section(in, i).sh_size;
}

static bool is_rela(const struct input *in, size_t i)
{
	return get_section(in, i).sh_type == SHT_RELA && get_section(in, i).sh_size;
}

static bool is_loaded_rela(const struct input *in, size_t i)
{
	return is_rela(in, i) &&
	       (get_section(in, get_section(in, i).sh_info).sh_flags & SHF_ALLOC);
}

static size_t strings_of(const struct input *in)
{
	return get_section(in, symbol_table(in)).sh_link;
}

/* ---- symbols ---- */

static bool no_symbols(struct input *in)
{
	Elf64_Shdr sh = get_section(in, symbol_table(in));

	sh.sh_type = rnd(2) ? SHT_PROGBITS : SHT_STRTAB;
	put_section(in, symbol_table(in), sh);
	return true;
}

/* A copy of it in the place of another section. */
static bool second_symbol_table(struct input *in)
{
	size_t i = pick_section(in, is_plain);
	Elf64_Shdr sh = get_section(in, symbol_table(in));
	char *data = xmalloc(in->size + sh.sh_size);

	memcpy(data, in->data, in->size);
	memcpy(data + in->size, in->data + sh.sh_offset, sh.sh_size);
	free(in->data);
	in->data = data;
	sh.sh_offset = in->size;
	sh.sh_name = get_section(in, i).sh_name;
	in->size += sh.sh_size;
	put_section(in, i, sh);
	return true;
}

static bool strings_elsewhere(struct input *in)
{
	Elf64_Shdr sh = get_section(in, symbol_table(in));
	size_t n = get_header(in).e_shnum;

	sh.sh_link = rnd(3) ? pick_section(in, is_plain) : rnd(2) ? 0 : n + rnd(1u << 30);
	put_section(in, symbol_table(in), sh);
	return true;
}

static bool strings_without_end(struct input *in)
{
	Elf64_Shdr sh = get_section(in, strings_of(in));
	char last = 1 + rnd(255);

	put_bytes(in, sh.sh_offset + sh.sh_size - 1, &last, 1);
	return true;
}

static bool any_symbol(const struct input *in, size_t i)
{
	return i > 0;
}

static bool is_defined(const struct input *in, size_t i)
{
	size_t section = get_symbol(in, i).st_shndx;

	return section != SHN_UNDEF && section < SHN_LORESERVE;
}

static bool symbol_name_beyond(struct input *in)
{
	size_t i = pick_symbol(in, any_symbol);
	Elf64_Sym sym = get_symbol(in, i);

	sym.st_name = get_section(in, strings_of(in)).sh_size + rnd(1u << 30);
	put_symbol(in, i, sym);
	return true;
}

static bool symbol_section_beyond(struct input *in)
{
	size_t i = pick_symbol(in, any_symbol), n = get_header(in).e_shnum;
	Elf64_Sym sym = get_symbol(in, i);

	sym.st_shndx = n + rnd(SHN_LORESERVE - n);
	put_symbol(in, i, sym);
	return true;
}

/* kernel/module/main.c simplify_symbols(): common ones are refused, others are taken for an index. */
static bool symbol_section_reserved(struct input *in)
{
	size_t i = pick_symbol(in, is_defined);
	Elf64_Sym sym = get_symbol(in, i);

	if (ELF64_ST_TYPE(sym.st_info) == STT_FILE || ELF64_ST_TYPE(sym.st_info) == STT_SECTION)
		return false;
	sym.st_shndx = rnd(2) ? SHN_COMMON : SHN_LORESERVE + rnd(0x20);
	put_symbol(in, i, sym);
	return true;
}

static bool symbol_beyond_section(struct input *in)
{
	size_t i = pick_symbol(in, is_defined);
	Elf64_Sym sym = get_symbol(in, i);
	uint64_t size = get_section(in, sym.st_shndx).sh_size;
	uint64_t much = (uint64_t)(1 + rnd(1u << 30)) << rnd(34);

	if (rnd(2))
		sym.st_value = size + much;
	else
		sym.st_size = size - sym.st_value + much;
	put_symbol(in, i, sym);
	return true;
}

/* ---- relocations ---- */

static bool reloc_symbol_beyond(struct input *in)
{
	size_t s = pick_section(in, is_rela), k = rnd(reloc_count(in, s));
	Elf64_Rela r = get_reloc(in, s, k);
	uint64_t symbol = symbol_count(in) + (rnd(2) ? rnd(64) : rnd(1u << 31));

	r.r_info = ELF64_R_INFO(symbol, ELF64_R_TYPE(r.r_info));
	put_reloc(in, s, k, r);
	return true;
}

static bool reloc_beyond_section(struct input *in)
{
	size_t s = pick_section(in, is_rela), k = rnd(reloc_count(in, s));
	Elf64_Rela r = get_reloc(in, s, k);
	uint64_t size = get_section(in, get_section(in, s).sh_info).sh_size;

	r.r_offset = rnd(2) ? size - rnd(4) : size + ((uint64_t)rnd(1u << 31) << rnd(33));
	put_reloc(in, s, k, r);
	return true;
}

/* arch/x86/kernel/module.c apply_relocate_add(): "Unknown rela relocation". */
static bool reloc_type_unknown(struct input *in)
{
	static const uint32_t refused[] = {R_X86_64_GOT32,    R_X86_64_COPY, R_X86_64_GOTPCREL,
					   R_X86_64_16,	      R_X86_64_8,    R_X86_64_TPOFF32,
					   R_X86_64_GOTPCRELX};
	size_t s = pick_section(in, is_loaded_rela);

	if (!s)
		return false;
	size_t k = rnd(reloc_count(in, s));
	Elf64_Rela r = get_reloc(in, s, k);
	uint32_t type = rnd(2) ? refused[rnd(ARRAY_SIZE(refused))]
			       : R_X86_64_NUM + rnd(1u << 20);

	r.r_info = ELF64_R_INFO(ELF64_R_SYM(r.r_info), type);
	put_reloc(in, s, k, r);
	return true;
}

static bool relocs_of_nothing(struct input *in)
{
	size_t s = pick_section(in, is_rela), n = get_header(in).e_shnum;
	Elf64_Shdr sh = get_section(in, s);

	sh.sh_info = rnd(2) ? 0 : n + rnd(1u << 30);
	put_section(in, s, sh);
	return true;
}

static bool relocs_with_other_symbols(struct input *in)
{
	size_t s = pick_section(in, is_rela);
	Elf64_Shdr sh = get_section(in, s);

	do
		sh.sh_link = rnd(2) ? rnd(get_header(in).e_shnum) : rnd(1u << 30);
	while (sh.sh_link == symbol_table(in));
	put_section(in, s, sh);
	return true;
}

static bool relocs_without_addends(struct input *in)
{
	size_t s = pick_section(in, is_rela);
	Elf64_Shdr sh = get_section(in, s);

	sh.sh_type = SHT_REL;
	put_section(in, s, sh);
	return true;
}

/* ---- the module as a whole ---- */

static bool is_modinfo(const struct input *in, size_t i)
{
	return i == find_section(in, ".modinfo");
}

static bool no_livepatch(struct input *in)
{
	Elf64_Shdr sh = get_section(in, pick_section(in, is_modinfo));
	static const char key[] = "livepatch=";
	char *at = memmem(in->data + sh.sh_offset, sh.sh_size, key, sizeof(key) - 1);

	check(at, "a module of the corpus is no livepatch");
	at[rnd(sizeof(key) - 1)] ^= 1 + rnd(127);
	return true;
}

static bool signed_module(struct input *in)
{
	static const char magic[] = "~Module signature appended~\n";
	size_t n = rnd(512);
	char *data = xmalloc(in->size + n + sizeof(magic) - 1);

	memcpy(data, in->data, in->size);
	for (size_t i = 0; i < n; i++)
		data[in->size + i] = rnd(256);
	memcpy(data + in->size + n, magic, sizeof(magic) - 1);
	free(in->data);
	in->data = data;
	in->size += n + sizeof(magic) - 1;
	return true;
}

const struct damage elf_damages[] = {
	{"no symbol table", ANY, "D3", no_symbols},
	{"two symbol tables", ANY, "B3", second_symbol_table},
	{"symbols' string table elsewhere", ANY, "D2", strings_elsewhere},
	{"symbol names without an end", ANY, "D2", strings_without_end},
	{"symbol's name out of the table", ANY, "D2", symbol_name_beyond},
	{"symbol's section does not exist", ANY, "D2", symbol_section_beyond},
	{"symbol's section is reserved", ANY, "K12", symbol_section_reserved},
	{"symbol beyond its section", ANY, "D2", symbol_beyond_section},
	{"relocation's symbol does not exist", ANY, "D2", reloc_symbol_beyond},
	{"relocation beyond its section", ANY, "D2", reloc_beyond_section},
	{"relocation the loader does not know", ANY, "K12", reloc_type_unknown},
	{"relocations of no section", ANY, "D2", relocs_of_nothing},
	{"relocations with other symbols", ANY, "B3", relocs_with_other_symbols},
	{"relocations without addends", ANY, "D1", relocs_without_addends},
	{"not marked as a livepatch", ANY, "K5", no_livepatch},
	{"signed", ANY, "K6", signed_module},
};
const size_t n_elf_damages = ARRAY_SIZE(elf_damages);
