// SPDX-License-Identifier: GPL-2.0-or-later
/* Instructions. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "damage.h"
#include "object/insn.h"

/* Relocations inside the code; those of what every function calls count always. */
static bool has_reloc(struct ko *ko, const Elf64_Shdr *code, uint64_t from, uint64_t to, bool call)
{
	SCOPED(site_vec_free) struct site_vec all = { 0 };
	bool found = false;

	ko_sites(ko, ko_section_name(ko, code), &all);
	for (size_t i = 0; i < all.n; i++)
		found |= all.at[i].r->r_offset + 4 > from && all.at[i].r->r_offset < to &&
			 (!call || ko_is_plumbing(ko_symbol_name(ko, site_symbol(&all.at[i]))));
	return found;
}

enum { IMMEDIATE, DISPLACEMENT, CONDITION, DISTANCE, CALL, REGISTER };

/* Changes the instruction in the way that is asked for; false: it is not of that kind. */
static bool change_insn(unsigned char *p, const struct insn *i, long how)
{
	switch (how) {
	case IMMEDIATE:
		if (i->branch || !i->imm_size)
			return false;
		p[i->imm_at] ^= 1;
		return true;
	case DISPLACEMENT:
		if (i->rip_relative || !i->disp_size)
			return false;
		p[i->disp_at] ^= 8;
		return true;
	case CONDITION:
		if (!i->branch || (p[0] & 0xf0) != 0x70)
			return false;
		p[0] ^= 1;
		return true;
	case DISTANCE:
		if (!i->branch || i->imm_size != 1)
			return false;
		p[i->imm_at] -= 1;
		return true;
	case CALL:
		if (!i->branch || p[0] != 0xe8)
			return false;
		memcpy(p, "\x0f\x1f\x44\x00\x00", 5);
		return true;
	default: /* mov between registers: the other way round */
		if (i->length != 3 || (p[0] & 0xf0) != 0x40 || p[1] != 0x89 || p[2] < 0xc0 ||
		    (p[2] & 7) == (p[2] >> 3 & 7))
			return false;
		p[1] = 0x8b;
		return true;
	}
}

static bool change_code(struct ko *ko, const struct damage *row, uint32_t random, char **what)
{
	Elf64_Shdr *code = ko_section(ko, ".text");
	SCOPED(insn_vec_free) struct insn_vec list = { 0 };

	if (!code)
		return false;
	unsigned char *bytes = ko->data + code->sh_offset;

	insn_decode(bytes, code->sh_size, &list);
	for (size_t k = 0; k < list.n; k++) {
		const struct insn *i = &list.at[(random + k) % list.n];

		if (i->nop || i->int3 ||
		    has_reloc(ko, code, i->offset, i->offset + i->length, row->number == CALL))
			continue;
		if (!change_insn(bytes + i->offset, i, row->number))
			continue;
		*what = xasprintf(".text+0x%x", i->offset);
		return true;
	}
	return false;
}


const struct damage damages_of_code[] = {
	{ "another immediate", "O3", change_code, NULL, NULL, IMMEDIATE },
	{ "another displacement", "O3", change_code, NULL, NULL, DISPLACEMENT },
	{ "condition inverted", "O3", change_code, NULL, NULL, CONDITION },
	{ "jump to another place", "O3", change_code, NULL, NULL, DISTANCE },
	{ "call lost", "O3", change_code, NULL, NULL, CALL },
	{ "registers exchanged", "O3", change_code, NULL, NULL, REGISTER },
	{ 0 },
};
