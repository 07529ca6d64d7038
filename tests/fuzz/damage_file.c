// SPDX-License-Identifier: GPL-2.0-or-later
/* Damage to the header of the file and to section headers. */
#include "base/mem.h"
#include "damage.h"

/* ---- which sections ---- */

static bool has_bytes(const struct input *in, size_t i)
{
	Elf64_Shdr sh = get_section(in, i);

	return sh.sh_type != SHT_NOBITS && sh.sh_type != SHT_NULL && sh.sh_size;
}

static bool is_plain(const struct input *in, size_t i)
{
	return has_bytes(in, i) && get_section(in, i).sh_type == SHT_PROGBITS;
}

static bool is_named(const struct input *in, size_t i)
{
	return get_section(in, i).sh_type != SHT_NULL;
}

static bool is_table(const struct input *in, size_t i)
{
	Elf64_Shdr sh = get_section(in, i);

	return sh.sh_type == SHT_SYMTAB || (sh.sh_type == SHT_RELA && sh.sh_size);
}

/* ---- the header ---- */

static bool cut_off(struct input *in)
{
	in->size = rnd(in->size); /* the section headers, or the last section, are at the end */
	return true;
}

static bool no_magic(struct input *in)
{
	in->data[rnd(SELFMAG)] ^= 1 + rnd(255);
	return true;
}

static bool wrong_class(struct input *in)
{
	in->data[EI_CLASS] = rnd(2) ? ELFCLASS32 : ELFCLASSNONE;
	return true;
}

static bool wrong_order(struct input *in)
{
	in->data[EI_DATA] = rnd(2) ? ELFDATA2MSB : 3 + rnd(200);
	return true;
}

static bool wrong_machine(struct input *in)
{
	static const uint16_t others[] = {EM_NONE, EM_386, EM_ARM, EM_AARCH64, EM_RISCV, EM_S390};
	Elf64_Ehdr eh = get_header(in);

	eh.e_machine = rnd(2) ? others[rnd(ARRAY_SIZE(others))] : 0x200 + rnd(0x1000);
	put_header(in, eh);
	return true;
}

static bool wrong_type(struct input *in)
{
	static const uint16_t others[] = {ET_NONE, ET_EXEC, ET_DYN, ET_CORE};
	Elf64_Ehdr eh = get_header(in);

	eh.e_type = rnd(2) ? others[rnd(4)] : 5 + rnd(0xf000);
	put_header(in, eh);
	return true;
}

static bool headers_beyond_file(struct input *in)
{
	Elf64_Ehdr eh = get_header(in);

	eh.e_shoff = rnd(4) ? in->size - rnd(eh.e_shnum * sizeof(Elf64_Shdr))
			    : (uint64_t)rnd(1u << 31) << rnd(33) | in->size;
	put_header(in, eh);
	return true;
}

static bool wrong_header_size(struct input *in)
{
	Elf64_Ehdr eh = get_header(in);

	do
		eh.e_shentsize = rnd(2) ? rnd(256) : rnd(65536);
	while (eh.e_shentsize == sizeof(Elf64_Shdr));
	put_header(in, eh);
	return true;
}

static bool too_many_headers(struct input *in)
{
	Elf64_Ehdr eh = get_header(in);
	size_t room = (in->size - eh.e_shoff) / sizeof(Elf64_Shdr);

	eh.e_shnum = rnd(4) ? room + 1 + rnd(SHN_LORESERVE - room - 1) : 0;
	put_header(in, eh);
	return true;
}

static bool no_section_names(struct input *in)
{
	Elf64_Ehdr eh = get_header(in);
	size_t i = rnd(2) ? pick_section(in, is_plain) : eh.e_shnum + rnd(SHN_LORESERVE - eh.e_shnum);

	eh.e_shstrndx = rnd(4) ? i : 0;
	put_header(in, eh);
	return true;
}

/* ---- section headers ---- */

static bool section_beyond_file(struct input *in)
{
	size_t i = pick_section(in, has_bytes);
	Elf64_Shdr sh = get_section(in, i);
	uint64_t much = rnd(2) ? 1 + rnd(4096) : (uint64_t)(1 + rnd(1u << 30)) << rnd(34);

	if (rnd(2))
		sh.sh_offset = in->size - sh.sh_size + much;
	else
		sh.sh_size = in->size - sh.sh_offset + much;
	put_section(in, i, sh);
	return true;
}

static bool odd_alignment(struct input *in)
{
	size_t i = pick_section(in, is_named);
	Elf64_Shdr sh = get_section(in, i);

	sh.sh_addralign = 3 + 2 * rnd(1u << 30);
	put_section(in, i, sh);
	return true;
}

static bool name_beyond_table(struct input *in)
{
	size_t i = pick_section(in, is_named);
	Elf64_Shdr sh = get_section(in, i);

	sh.sh_name = get_section(in, get_header(in).e_shstrndx).sh_size + rnd(1u << 30);
	put_section(in, i, sh);
	return true;
}

static bool names_without_end(struct input *in)
{
	Elf64_Shdr sh = get_section(in, get_header(in).e_shstrndx);
	char last = 'a' + rnd(26);

	put_bytes(in, sh.sh_offset + sh.sh_size - 1, &last, 1);
	return true;
}

static bool sections_overlap(struct input *in)
{
	size_t a = pick_section(in, is_plain), b = pick_section(in, is_plain);
	Elf64_Shdr from = get_section(in, a), to = get_section(in, b);

	if (a == b)
		return false;
	uint64_t at = to.sh_offset + rnd(to.sh_size);

	if (at + from.sh_size > in->size || at == from.sh_offset)
		return false;
	from.sh_offset = at;
	put_section(in, a, from);
	return true;
}

static bool wrong_entry_size(struct input *in)
{
	size_t i = pick_section(in, is_table);
	Elf64_Shdr sh = get_section(in, i);

	do
		sh.sh_entsize = rnd(3) ? rnd(64) : rnd(1u << 31);
	while (sh.sh_entsize == sizeof(Elf64_Sym));
	put_section(in, i, sh);
	return true;
}

static bool broken_table_size(struct input *in)
{
	size_t i = pick_section(in, is_table);
	Elf64_Shdr sh = get_section(in, i);

	sh.sh_size -= 1 + rnd(sizeof(Elf64_Sym) - 1);
	put_section(in, i, sh);
	return true;
}

const struct damage file_damages[] = {
	{"file cut off", ANY, "D1 D2 D3", cut_off},
	{"magic number", ANY, "D1", no_magic},
	{"class is not 64 bit", ANY, "D1", wrong_class},
	{"byte order", ANY, "D1", wrong_order},
	{"machine is not x86_64", ANY, "D1", wrong_machine},
	{"type is not relocatable", ANY, "D1", wrong_type},
	{"section headers beyond the file", ANY, "D1 D2", headers_beyond_file},
	{"size of a section header", ANY, "D1 D2 B3", wrong_header_size},
	{"number of section headers", ANY, "D1 D2", too_many_headers},
	{"no table of section names", ANY, "D2", no_section_names},
	{"section beyond the file", ANY, "D2", section_beyond_file},
	{"alignment is no power of two", ANY, "D2", odd_alignment},
	{"section's name out of the table", ANY, "D2", name_beyond_table},
	{"section names without an end", ANY, "D2", names_without_end},
	{"sections overlap", ANY, "B3", sections_overlap},
	{"wrong entry size", ANY, "D2", wrong_entry_size},
	{"table's size is no multiple", ANY, "D2", broken_table_size},
};
const size_t n_file_damages = ARRAY_SIZE(file_damages);
