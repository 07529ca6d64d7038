// SPDX-License-Identifier: GPL-2.0-or-later
#include "object/insn.h"

#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

static ZydisDecoder *decoder(void)
{
	static ZydisDecoder d;
	static bool ready;

	if (!ready) {
		ZydisDecoderInit(&d, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		ready = true;
	}
	return &d;
}

/* Direct branches are the instructions with a pc-relative immediate. */
static bool is_branch(const ZydisDecodedInstruction *z)
{
	return (z->attributes & ZYDIS_ATTRIB_IS_RELATIVE) && z->raw.imm[0].is_relative;
}

static bool ends_control(const ZydisDecodedInstruction *z)
{
	switch (z->meta.category) {
	case ZYDIS_CATEGORY_UNCOND_BR:
	case ZYDIS_CATEGORY_RET:
		return true;
	default:
		return z->mnemonic == ZYDIS_MNEMONIC_UD2 || z->mnemonic == ZYDIS_MNEMONIC_UD1 ||
		       z->mnemonic == ZYDIS_MNEMONIC_INT3;
	}
}

/*
 * Branches in near form: jmp rel8 (EB) becomes E9, jcc rel8 (70+cc) becomes 0F 80+cc (Intel SDM
 * volume 2, JMP and Jcc); which of the two stands there depends on distances only. Prefixes stay.
 */
static void normalise_branch(struct insn *i, const unsigned char *code)
{
	unsigned int n = i->imm_at; /* prefixes and opcode */

	memcpy(i->norm, code, n);
	if (i->imm_size == 1 && n >= 1 && code[n - 1] == 0xeb) {
		i->norm[n - 1] = 0xe9;
	} else if (i->imm_size == 1 && n >= 1 && (code[n - 1] & 0xf0) == 0x70) {
		i->norm[n - 1] = 0x0f;
		i->norm[n++] = 0x80 | (code[i->imm_at - 1] & 0x0f);
	}
	i->norm_length = n;
}

static void describe(struct insn *i, const ZydisDecodedInstruction *z, const unsigned char *code)
{
	i->length = z->length;
	i->nop = z->mnemonic == ZYDIS_MNEMONIC_NOP;
	i->int3 = z->mnemonic == ZYDIS_MNEMONIC_INT3;
	i->ends = ends_control(z);
	if (z->raw.disp.size) {
		i->disp_at = z->raw.disp.offset;
		i->disp_size = z->raw.disp.size / 8;
	}
	if (z->raw.imm[0].size) {
		i->imm_at = z->raw.imm[0].offset;
		i->imm_size = z->raw.imm[0].size / 8;
	}
	i->branch = is_branch(z);
	i->rip_relative = !i->branch && (z->attributes & ZYDIS_ATTRIB_IS_RELATIVE);
	if (i->branch) {
		i->target = (int64_t)i->offset + i->length + z->raw.imm[0].value.s;
		normalise_branch(i, code);
		return;
	}
	memcpy(i->norm, code, z->length);
	i->norm_length = z->length;
	if (i->rip_relative) {
		i->target = (int64_t)i->offset + i->length + z->raw.disp.value;
		memset(i->norm + i->disp_at, 0, i->disp_size);
	}
}

void insn_decode(const unsigned char *code, size_t size, struct insn_vec *list)
{
	*list = (struct insn_vec){ 0 };
	for (size_t at = 0; at < size;) {
		struct insn i = { .offset = at, .length = 1, .norm_length = 1, .norm = { code[at] } };
		ZydisDecodedInstruction z;

		if (ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder(), NULL, code + at, size - at,
							       &z)))
			describe(&i, &z, code + at);
		insn_vec_push(list, i);
		at += i.length;
	}
}

long insn_at(const struct insn_vec *list, int64_t offset)
{
	size_t lo = 0, hi = list->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (list->at[mid].offset < offset)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < list->n && list->at[lo].offset == offset ? (long)lo : -1;
}

void insn_format(const unsigned char *code, size_t size, char *buffer, size_t room)
{
	ZydisDisassembledInstruction d;

	if (ZYAN_SUCCESS(ZydisDisassembleIntel(ZYDIS_MACHINE_MODE_LONG_64, 0, code, size, &d)))
		snprintf(buffer, room, "%s", d.text);
	else
		snprintf(buffer, room, "(bytes)");
}
