// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Machine code of one function as a list of instructions in a normal form, in which two compilations
 * of the same code are equal: the fields that the assembler, the linker or the kernel fill in
 * (relocations, branch distances, short against near branches) are taken out and kept beside it.
 */
#ifndef SUTURE_OBJECT_INSN_H
#define SUTURE_OBJECT_INSN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"

enum { INSN_MAX = 16 };

struct insn {
	uint32_t offset;              /* from the start of the code */
	uint8_t length;               /* bytes in the code */
	uint8_t norm_length;          /* bytes of norm */
	unsigned char norm[INSN_MAX]; /* opcode, prefixes, operands; displacement and immediate
				       * fields included, pc-relative fields zeroed and branches
				       * in near form (rel32) */
	uint8_t disp_at, disp_size;   /* displacement field inside the code's bytes, size 0: none */
	uint8_t imm_at, imm_size;     /* immediate field, size 0: none */
	bool branch;                  /* direct jump or call: pc-relative immediate */
	bool rip_relative;            /* the displacement is relative to the end of the insn */
	bool nop, int3, ends;         /* ends: control does not go on to the next one */
	int64_t target;               /* branch or rip_relative: offset from the start of the code */
};

DEFINE_VEC(insn_vec, struct insn)

/*
 * Decodes [code, code + size). What cannot be decoded becomes a one-byte instruction of norm_length
 * 1 (so that a comparison of odd code still compares its bytes). Never fails; *list is the caller's.
 */
void insn_decode(const unsigned char *code, size_t size, struct insn_vec *list);

/* Index of the instruction at this offset, or -1. Logarithmic. */
long insn_at(const struct insn_vec *list, int64_t offset);

/* Intel-syntax text of one instruction into buffer, for messages. */
void insn_format(const unsigned char *code, size_t size, char *buffer, size_t room);

#endif
