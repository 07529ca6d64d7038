// SPDX-License-Identifier: GPL-2.0-or-later
/* Damage to the livepatch symbols and relocations of a module that was converted before. */
#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "damage.h"

static bool is_klp_rela(const struct input *in, size_t i)
{
	return starts_with(section_name(in, i), ".klp.rela.");
}

static bool is_klp_symbol(const struct input *in, size_t i)
{
	return starts_with(symbol_name(in, i), ".klp.sym.");
}

static bool klp_section_of_unknown_object(struct input *in)
{
	size_t s = pick_section(in, is_klp_rela);
	scoped_free char *name = xasprintf(".klp.rela.%s.%s", unknown_name(),
					   section_name(in, get_section(in, s).sh_info));

	rename_section(in, s, name);
	return true;
}

static bool klp_section_of_no_object(struct input *in)
{
	rename_section(in, pick_section(in, is_klp_rela), rnd(2) ? ".klp.rela." : ".klp.rela..text");
	return true;
}

static bool klp_section_unmarked(struct input *in)
{
	size_t s = pick_section(in, is_klp_rela);
	Elf64_Shdr sh = get_section(in, s);

	sh.sh_flags &= rnd(2) ? ~(uint64_t)SHF_ALLOC : ~(uint64_t)SHF_RELA_LIVEPATCH;
	put_section(in, s, sh);
	return true;
}

static bool module_section_needs_vmlinux(struct input *in)
{
	size_t s = find_section(in, ".klp.rela.vmlinux.");
	scoped_free char *name =
		xasprintf(".klp.rela.ext4.%s%u", section_name(in, get_section(in, s).sh_info), rnd(99));

	rename_section(in, s, name);
	return true;
}

static bool klp_symbol_elsewhere(struct input *in)
{
	size_t i = pick_symbol(in, is_klp_symbol);
	Elf64_Sym sym = get_symbol(in, i);

	sym.st_shndx = rnd(3) ? rnd(2) ? SHN_ABS : SHN_UNDEF : 1;
	put_symbol(in, i, sym);
	return true;
}

static bool klp_symbol_malformed(struct input *in)
{
	FORMS(is_klp_symbol, "%", ".klp.sym.%", ".klp.sym.vmlinux.twice", ".klp.sym.vmlinux.twice,",
		  ".klp.sym.vmlinux.twice,x", ".klp.sym.vmlinux,1", ".klp.sym..twice,1",
		  ".klp.sym.vmlinux.,1", ".klp.sym.vmlinux.twice,-1", ".klp.sym.vmlinux.twice,1a",
	      ".klp.sym.vmlinux.twice,99999999999");
}

static bool klp_symbol_unknown(struct input *in)
{
	FORMS(is_klp_symbol, ".klp.sym.%.twice,1", ".klp.sym.vmlinux.%,0", ".klp.sym.ext4.hidden,0",
		  ".klp.sym.vmlinux.twice,0", ".klp.sym.vmlinux.twice,3", ".klp.sym.ext4.key,2");
}

static bool is_ordinary_rela(const struct input *in, size_t i)
{
	Elf64_Shdr sh = get_section(in, i);

	return sh.sh_type == SHT_RELA && sh.sh_size && !is_klp_rela(in, i) &&
	       (get_section(in, sh.sh_info).sh_flags & SHF_ALLOC);
}

static bool ordinary_reloc_to_klp_symbol(struct input *in)
{
	size_t s = pick_section(in, is_ordinary_rela);

	if (!s)
		return false;
	size_t k = rnd(reloc_count(in, s));
	Elf64_Rela r = get_reloc(in, s, k);

	if (ELF64_R_TYPE(r.r_info) == R_X86_64_NONE)
		return false;
	r.r_info = ELF64_R_INFO(pick_symbol(in, is_klp_symbol), ELF64_R_TYPE(r.r_info));
	put_reloc(in, s, k, r);
	return true;
}

static bool is_no_klp_symbol(const struct input *in, size_t i)
{
	return !is_klp_symbol(in, i);
}

static bool klp_reloc_to_ordinary_symbol(struct input *in)
{
	size_t s = pick_section(in, is_klp_rela), k = rnd(reloc_count(in, s));
	Elf64_Rela r = get_reloc(in, s, k);
	size_t symbol = rnd(8) ? pick_symbol(in, is_no_klp_symbol) : 0;

	r.r_info = ELF64_R_INFO(symbol, ELF64_R_TYPE(r.r_info));
	put_reloc(in, s, k, r);
	return true;
}

/* A further reference of a section that has livepatch relocations already. */
static bool converted_in_part(struct input *in)
{
	size_t i = find_symbol(in, "printk");

	if (!i || find_symbol(in, "hidden"))
		return false;
	rename_symbol(in, i, "hidden");
	return true;
}

const struct damage converted_damages[] = {
	{"klp section of an unknown object", IS_CONVERTED, "K3", klp_section_of_unknown_object},
	{"klp section of no object", IS_CONVERTED, "B5", klp_section_of_no_object},
	{"klp section is not marked", IS_CONVERTED, "B5", klp_section_unmarked},
	{"module's klp section needs vmlinux", IS_CONVERTED, "X10", module_section_needs_vmlinux},
	{"klp symbol is not marked", IS_CONVERTED, "B5", klp_symbol_elsewhere},
	{"klp symbol is malformed", IS_CONVERTED, "B5", klp_symbol_malformed},
	{"klp symbol is unknown", IS_CONVERTED, "K3", klp_symbol_unknown},
	{"ordinary relocation to a klp symbol", IS_CONVERTED, "B5", ordinary_reloc_to_klp_symbol},
	{"klp relocation to an ordinary symbol", IS_CONVERTED, "B5", klp_reloc_to_ordinary_symbol},
	{"converted in part", IS_CONVERTED, "K11", converted_in_part},
};
const size_t n_converted_damages = ARRAY_SIZE(converted_damages);
