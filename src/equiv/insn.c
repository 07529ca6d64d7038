// SPDX-License-Identifier: GPL-2.0-or-later
/* Instructions that are computed: Intel SDM volume 2, what each does to its operands and the flags. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "equiv/machine.h"

/* ---- registers ---- */

static int number_of(ZydisRegister reg)
{
	ZydisRegister wide = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);

	return wide >= ZYDIS_REGISTER_RAX && wide <= ZYDIS_REGISTER_R15 ? (int)(wide - ZYDIS_REGISTER_RAX) : -1;
}

static unsigned int shift_of(ZydisRegister reg)
{
	return reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH ? 8 : 0;
}

static Z3_ast read_register(struct run *r, ZydisRegister reg, unsigned int width)
{
	int n = number_of(reg);
	Z3_ast all = n >= 0 ? r->m->reg[n] : NULL;

	if (!all)
		run_fail(r, n >= 0 ? "a register that nothing is known of" : "a register of another kind");
	return all ? bits_of(r->s, all, shift_of(reg) + width - 1, shift_of(reg)) : NULL;
}

/* What is below the stack pointer is lost: an interrupt may come. */
static bool move_stack(struct run *r, Z3_ast value)
{
	int64_t offset = 0;

	if (!stack_offset(r->s, value, &offset) || offset > 8 || offset < -FRAME || offset % 8)
		return run_fail(r, "the stack pointer is computed, or the frame is large");
	r->m->reg[RSP] = value;
	for (int64_t at = -FRAME; at < offset && at < 0; at++) {
		r->m->frame[FRAME + at] = NULL;
		r->m->kept[(FRAME + at) / 8] = false;
	}
	return true;
}

static bool write_register(struct run *r, ZydisRegister reg, Z3_ast value, unsigned int width)
{
	int n = number_of(reg);
	unsigned int shift = shift_of(reg);

	if (n < 0)
		return run_fail(r, "a register of another kind");
	if (n == RSP)
		return width == 64 ? move_stack(r, value) : run_fail(r, "a part of the stack pointer");
	Z3_ast old = r->m->reg[n];

	if (!value || width == 64) {
		r->m->reg[n] = value;
	} else if (width == 32) {
		r->m->reg[n] = widen(r->s, value, 64, false);
	} else if (!old) {
		return run_fail(r, "a part of a register that nothing is known of");
	} else {
		Z3_ast high = bits_of(r->s, old, 63, shift + width);

		value = join_bits(r->s, high, value);
		r->m->reg[n] = shift ? join_bits(r->s, value, bits_of(r->s, old, shift - 1, 0)) : value;
	}
	return true;
}

/* ---- operands ---- */

const char *segment_of(const ZydisDecodedOperand *op)
{
	return op->mem.segment == ZYDIS_REGISTER_GS ? "gs:" : op->mem.segment == ZYDIS_REGISTER_FS ? "fs:" : "";
}

Z3_ast reference_at(struct run *r, const struct place *p, unsigned int field)
{
	const struct ref_site_vec *refs = entity_refs(r->code->model, p->part);
	Z3_ast found = NULL;

	for (size_t i = 0; i < refs->n; i++) {
		if (refs->at[i].offset != p->insn->offset + field)
			continue;
		int64_t offset = 0;
		scoped_free char *base = r->rq->target(r->rq->arg, r->side, &refs->at[i].ref, &offset);

		if (!base || found) {
			run_fail(r, "a reference that cannot be told");
			return NULL;
		}
		found = simple(r->s, Z3_mk_bvadd(r->s->z, variable(r->s, 64, "at %s", base),
						 number(r->s, 64, offset)));
	}
	return found;
}

/* Are there references in the instruction at all, other than in this field? */
static bool has_reference(struct run *r, const struct place *p, unsigned int field, unsigned int size)
{
	const struct ref_site_vec *refs = entity_refs(r->code->model, p->part);

	for (size_t i = 0; size && i < refs->n; i++)
		if (refs->at[i].offset >= p->insn->offset + field &&
		    refs->at[i].offset < p->insn->offset + field + size)
			return true;
	return false;
}

Z3_ast operand_address(struct run *r, const struct place *p, const ZydisDecodedOperand *op)
{
	Z3_ast sum = NULL;
	bool refers = has_reference(r, p, p->insn->disp_at, p->insn->disp_size);

	if (refers)
		sum = reference_at(r, p, p->insn->disp_at);
	else if (op->mem.base == ZYDIS_REGISTER_RIP)
		run_fail(r, "a reference that cannot be told");
	else
		sum = number(r->s, 64, op->mem.disp.has_displacement ? op->mem.disp.value : 0);
	if (p->z.address_width != 64)
		run_fail(r, "an address of another size");
	if (sum && op->mem.base != ZYDIS_REGISTER_NONE && op->mem.base != ZYDIS_REGISTER_RIP) {
		Z3_ast base = read_register(r, op->mem.base, 64);

		sum = base ? Z3_mk_bvadd(r->s->z, sum, base) : NULL;
	}
	if (sum && op->mem.index != ZYDIS_REGISTER_NONE) {
		Z3_ast index = read_register(r, op->mem.index, 64);

		sum = index ? Z3_mk_bvadd(r->s->z, sum, Z3_mk_bvmul(r->s->z, index,
								  number(r->s, 64, op->mem.scale))) : NULL;
	}
	return r->stop == STOP_FAILED && r->why ? NULL : simple(r->s, sum);
}

static Z3_ast read_immediate(struct run *r, const struct place *p, const ZydisDecodedOperand *op)
{
	if (!has_reference(r, p, p->insn->imm_at, p->insn->imm_size))
		return number(r->s, op->size, op->imm.value.u);
	Z3_ast value = reference_at(r, p, p->insn->imm_at);

	if (p->z.operand_width == 64)
		return value; /* R_X86_64_32S: the linker has seen that the sign's extension is the address */
	return value ? bits_of(r->s, value, op->size - 1, 0) : NULL;
}

Z3_ast read_operand(struct run *r, const struct place *p, const ZydisDecodedOperand *op)
{
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
		return read_register(r, op->reg.value, op->size);
	if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		return read_immediate(r, p, op);
	if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.type == ZYDIS_MEMOP_TYPE_MEM && op->size <= 64) {
		Z3_ast address = operand_address(r, p, op);

		return address ? run_load(r, segment_of(op), address, op->size) : NULL;
	}
	run_fail(r, "an operand of another kind");
	return NULL;
}

bool write_operand(struct run *r, const struct place *p, const ZydisDecodedOperand *op, Z3_ast value)
{
	if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
		return write_register(r, op->reg.value, value, op->size);
	if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.type != ZYDIS_MEMOP_TYPE_MEM)
		return run_fail(r, "an operand of another kind");
	Z3_ast address = operand_address(r, p, op);

	return address && run_store(r, segment_of(op), address, value, false);
}

/* ---- flags ---- */

static void forget_flags(struct run *r)
{
	memset(r->m->flag, 0, sizeof(r->m->flag));
}

static Z3_ast is_negative(struct run *r, Z3_ast a)
{
	unsigned int top = width_of(r->s, a) - 1;

	return simple(r->s, Z3_mk_eq(r->s->z, bits_of(r->s, a, top, top), number(r->s, 1, 1)));
}

static void result_flags(struct run *r, Z3_ast value)
{
	r->m->flag[ZF] = simple(r->s, Z3_mk_eq(r->s->z, value, number(r->s, width_of(r->s, value), 0)));
	r->m->flag[SF] = is_negative(r, value);
}

static Z3_ast carry_as(struct run *r, unsigned int width)
{
	return Z3_mk_ite(r->s->z, r->m->flag[CF], number(r->s, width, 1), number(r->s, width, 0));
}

/* a + b, a - b; with: the carry flag as well. */
static Z3_ast sum(struct run *r, Z3_ast a, Z3_ast b, bool minus, bool with)
{
	Z3_context z = r->s->z;
	unsigned int width = width_of(r->s, a);
	Z3_ast wide_a = Z3_mk_zero_ext(z, 1, a), wide_b = Z3_mk_zero_ext(z, 1, b);

	if (with && !r->m->flag[CF]) {
		run_fail(r, "a flag that nothing is known of");
		return NULL;
	}
	if (with)
		wide_b = Z3_mk_bvadd(z, wide_b, Z3_mk_zero_ext(z, 1, carry_as(r, width)));
	Z3_ast wide = simple(r->s, minus ? Z3_mk_bvsub(z, wide_a, wide_b) : Z3_mk_bvadd(z, wide_a, wide_b));
	/* without carry the plain form, which is easier to compare */
	Z3_ast value = with ? bits_of(r->s, wide, width - 1, 0) :
		       simple(r->s, minus ? Z3_mk_bvsub(z, a, b) : Z3_mk_bvadd(z, a, b));
	Z3_ast turned = minus ? Z3_mk_bvand(z, Z3_mk_bvxor(z, a, b), Z3_mk_bvxor(z, a, value)) :
				Z3_mk_bvand(z, Z3_mk_bvxor(z, a, value), Z3_mk_bvxor(z, b, value));

	result_flags(r, value);
	if (minus && !with)
		r->m->flag[ZF] = simple(r->s, Z3_mk_eq(z, a, b));
	r->m->flag[CF] = !with && minus ? simple(r->s, Z3_mk_bvult(z, a, b)) :
					  is_negative(r, wide);
	r->m->flag[OF] = is_negative(r, simple(r->s, turned));
	return value;
}

static Z3_ast logic(struct run *r, ZydisMnemonic what, Z3_ast a, Z3_ast b)
{
	Z3_context z = r->s->z;
	Z3_ast value = what == ZYDIS_MNEMONIC_OR ? Z3_mk_bvor(z, a, b) :
		       what == ZYDIS_MNEMONIC_XOR ? Z3_mk_bvxor(z, a, b) : Z3_mk_bvand(z, a, b);

	value = simple(r->s, value);
	result_flags(r, value);
	r->m->flag[CF] = r->m->flag[OF] = Z3_mk_false(z);
	return value;
}

Z3_ast flags_condition(struct run *r, unsigned int code)
{
	Z3_context z = r->s->z;
	Z3_ast *f = r->m->flag, all = NULL, two[2];

	switch (code >> 1) {
	case 0:
		all = f[OF];
		break;
	case 1:
		all = f[CF];
		break;
	case 2:
		all = f[ZF];
		break;
	case 3:
		two[0] = f[CF], two[1] = f[ZF];
		all = f[CF] && f[ZF] ? Z3_mk_or(z, 2, two) : NULL;
		break;
	case 4:
		all = f[SF];
		break;
	case 6:
		all = f[SF] && f[OF] ? Z3_mk_xor(z, f[SF], f[OF]) : NULL;
		break;
	case 7:
		two[0] = f[SF] && f[OF] ? Z3_mk_xor(z, f[SF], f[OF]) : NULL, two[1] = f[ZF];
		all = two[0] && two[1] ? Z3_mk_or(z, 2, two) : NULL;
		break;
	}
	if (!all) {
		run_fail(r, "a flag that nothing is known of");
		return NULL;
	}
	return simple(r->s, code & 1 ? Z3_mk_not(z, all) : all);
}

/* ---- groups of instructions ---- */

static bool shift_by(struct run *r, const struct place *p, Z3_ast a, Z3_ast count)
{
	Z3_context z = r->s->z;
	unsigned int width = width_of(r->s, a);
	Z3_ast by = widen(r->s, bits_of(r->s, count, 7, 0), width, false), value = NULL;

	by = simple(r->s, Z3_mk_bvand(z, by, number(r->s, width, width == 64 ? 63 : 31)));
	switch (p->z.mnemonic) {
	case ZYDIS_MNEMONIC_SHL:
		value = Z3_mk_bvshl(z, a, by);
		break;
	case ZYDIS_MNEMONIC_SHR:
		value = Z3_mk_bvlshr(z, a, by);
		break;
	default:
		value = Z3_mk_bvashr(z, a, by);
	}
	value = simple(r->s, value);
	forget_flags(r);
	if (p->op[1].type == ZYDIS_OPERAND_TYPE_IMMEDIATE && (p->op[1].imm.value.u & 31))
		result_flags(r, value);
	return write_operand(r, p, &p->op[0], value);
}

/* Two operands, or one, read first. */
static bool arithmetic(struct run *r, const struct place *p)
{
	ZydisMnemonic what = p->z.mnemonic;
	Z3_context z = r->s->z;
	Z3_ast a = read_operand(r, p, &p->op[0]), b = NULL, value = NULL, carry;

	if (!a)
		return false;
	unsigned int width = width_of(r->s, a);

	if (p->z.operand_count_visible > 1) {
		b = read_operand(r, p, &p->op[1]);
		if (!b)
			return false;
		if (what != ZYDIS_MNEMONIC_SHL && what != ZYDIS_MNEMONIC_SHR && what != ZYDIS_MNEMONIC_SAR)
			b = widen(r->s, b, width, true);
	}
	switch (what) {
	case ZYDIS_MNEMONIC_ADD:
	case ZYDIS_MNEMONIC_ADC:
		value = sum(r, a, b, false, what == ZYDIS_MNEMONIC_ADC);
		break;
	case ZYDIS_MNEMONIC_SUB:
	case ZYDIS_MNEMONIC_SBB:
		value = sum(r, a, b, true, what == ZYDIS_MNEMONIC_SBB);
		break;
	case ZYDIS_MNEMONIC_CMP:
		sum(r, a, b, true, false);
		return true;
	case ZYDIS_MNEMONIC_TEST:
		logic(r, ZYDIS_MNEMONIC_AND, a, b);
		return true;
	case ZYDIS_MNEMONIC_AND:
	case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_XOR:
		value = logic(r, what, a, b);
		break;
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_DEC:
		carry = r->m->flag[CF];
		value = sum(r, a, number(r->s, width, 1), what == ZYDIS_MNEMONIC_DEC, false);
		r->m->flag[CF] = carry;
		break;
	case ZYDIS_MNEMONIC_NEG:
		value = sum(r, number(r->s, width, 0), a, true, false);
		break;
	case ZYDIS_MNEMONIC_NOT:
		value = simple(r->s, Z3_mk_bvnot(z, a));
		break;
	default:
		return shift_by(r, p, a, b);
	}
	return value && write_operand(r, p, &p->op[0], value);
}

static bool moves(struct run *r, const struct place *p)
{
	const ZydisDecodedOperand *to = &p->op[0], *from = &p->op[1];
	Z3_ast value = NULL, old;

	switch (p->z.mnemonic) {
	case ZYDIS_MNEMONIC_LEA:
		value = operand_address(r, p, from);
		if (!value || *segment_of(from))
			return run_fail(r, "an address of a segment");
		return write_operand(r, p, to, bits_of(r->s, value, to->size - 1, 0));
	case ZYDIS_MNEMONIC_MOV:
		if (to->type == ZYDIS_OPERAND_TYPE_REGISTER && from->type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    to->size == 64 && number_of(from->reg.value) >= 0 && !r->m->reg[number_of(from->reg.value)])
			return write_operand(r, p, to, NULL); /* nobody knows, nobody asks */
		/* fall through */
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		value = read_operand(r, p, from);
		return value && write_operand(r, p, to, widen(r->s, value, to->size,
							      p->z.mnemonic != ZYDIS_MNEMONIC_MOVZX));
	case ZYDIS_MNEMONIC_XCHG:
		if (to->type != ZYDIS_OPERAND_TYPE_REGISTER || from->type != ZYDIS_OPERAND_TYPE_REGISTER)
			return run_fail(r, "an exchange with memory");
		old = read_operand(r, p, to);
		value = read_operand(r, p, from);
		return value && old && write_operand(r, p, to, value) && write_operand(r, p, from, old);
	default:
		return run_fail(r, "not a move");
	}
}

static bool push_or_pop(struct run *r, const struct place *p)
{
	Z3_context z = r->s->z;
	Z3_ast top = r->m->reg[RSP], eight = number(r->s, 64, 8), value;

	if (p->op[0].size != 64)
		return run_fail(r, "a push of another size");
	if (p->op[0].type == ZYDIS_OPERAND_TYPE_REGISTER && p->op[0].reg.value == ZYDIS_REGISTER_RSP)
		return run_fail(r, "the stack pointer is pushed, or popped");
	if (p->z.mnemonic == ZYDIS_MNEMONIC_POP) {
		value = run_load(r, "", top, 64);
		return value && p->op[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		       write_operand(r, p, &p->op[0], value) &&
		       move_stack(r, simple(r->s, Z3_mk_bvadd(z, top, eight)));
	}
	value = read_operand(r, p, &p->op[0]);
	top = simple(r->s, Z3_mk_bvsub(z, top, eight));
	return value && run_store(r, "", top, value, true) && move_stack(r, top);
}

static bool conditional(struct run *r, const struct place *p)
{
	Z3_ast c = flags_condition(r, p->z.opcode & 15);
	const ZydisDecodedOperand *to = &p->op[0];

	if (!c)
		return false;
	if (p->z.meta.category == ZYDIS_CATEGORY_SETCC)
		return write_operand(r, p, to, simple(r->s, Z3_mk_ite(r->s->z, c, number(r->s, 8, 1),
								    number(r->s, 8, 0))));
	Z3_ast old = read_operand(r, p, to), value = read_operand(r, p, &p->op[1]);

	return old && value && write_operand(r, p, to, simple(r->s, Z3_mk_ite(r->s->z, c, value, old)));
}

/* cbw and its kind: the upper half of rax, or rdx, by the sign of what is there. */
static bool sign_extends(struct run *r, unsigned int from, unsigned int to, bool into_rdx)
{
	Z3_ast a = read_register(r, ZYDIS_REGISTER_RAX, 64), wide;

	if (!a)
		return false;
	wide = widen(r->s, bits_of(r->s, a, from - 1, 0), to, true);
	if (!into_rdx)
		return write_register(r, to == 64 ? ZYDIS_REGISTER_RAX : ZYDIS_REGISTER_EAX, wide, to);
	wide = Z3_mk_bvashr(r->s->z, bits_of(r->s, a, from - 1, 0), number(r->s, from, from - 1));
	return write_register(r, from == 64 ? ZYDIS_REGISTER_RDX : ZYDIS_REGISTER_EDX, simple(r->s, wide), from);
}

static bool multiplies(struct run *r, const struct place *p)
{
	unsigned int n = p->z.operand_count_visible;
	Z3_ast a = read_operand(r, p, &p->op[n - 2]), b = read_operand(r, p, &p->op[n - 1]);

	if (!a || !b)
		return false;
	b = widen(r->s, b, width_of(r->s, a), true);
	forget_flags(r);
	return write_operand(r, p, &p->op[0], simple(r->s, Z3_mk_bvmul(r->s->z, a, b)));
}

int compute(struct run *r, const struct place *p)
{
	bool locked = p->z.attributes & (ZYDIS_ATTRIB_HAS_LOCK | ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE |
					 ZYDIS_ATTRIB_HAS_REPNE);

	if (locked)
		return 0;
	switch (p->z.mnemonic) {
	case ZYDIS_MNEMONIC_ADD: case ZYDIS_MNEMONIC_ADC: case ZYDIS_MNEMONIC_SUB: case ZYDIS_MNEMONIC_SBB:
	case ZYDIS_MNEMONIC_CMP: case ZYDIS_MNEMONIC_TEST: case ZYDIS_MNEMONIC_AND: case ZYDIS_MNEMONIC_OR:
	case ZYDIS_MNEMONIC_INC: case ZYDIS_MNEMONIC_DEC: case ZYDIS_MNEMONIC_NEG: case ZYDIS_MNEMONIC_NOT:
	case ZYDIS_MNEMONIC_SHL: case ZYDIS_MNEMONIC_SHR: case ZYDIS_MNEMONIC_SAR:
		return arithmetic(r, p) ? 1 : -1;
	case ZYDIS_MNEMONIC_XOR:
		if (p->op[0].type == ZYDIS_OPERAND_TYPE_REGISTER && p->op[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    p->op[0].reg.value == p->op[1].reg.value && p->op[0].size >= 32) {
			Z3_ast zero = number(r->s, p->op[0].size, 0); /* whatever was there */

			result_flags(r, zero);
			r->m->flag[CF] = r->m->flag[OF] = Z3_mk_false(r->s->z);
			return write_operand(r, p, &p->op[0], zero) ? 1 : -1;
		}
		return arithmetic(r, p) ? 1 : -1;
	case ZYDIS_MNEMONIC_MOV:
		for (unsigned int i = 0; i < 2; i++)
			if (p->op[i].type == ZYDIS_OPERAND_TYPE_REGISTER && number_of(p->op[i].reg.value) < 0)
				return 0; /* control, segment, ... */
		return moves(r, p) ? 1 : -1;
	case ZYDIS_MNEMONIC_XCHG:
		if (p->op[0].type != ZYDIS_OPERAND_TYPE_REGISTER || p->op[1].type != ZYDIS_OPERAND_TYPE_REGISTER)
			return 0;
		/* fall through */
	case ZYDIS_MNEMONIC_LEA: case ZYDIS_MNEMONIC_MOVZX: case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		return moves(r, p) ? 1 : -1;
	case ZYDIS_MNEMONIC_PUSH: case ZYDIS_MNEMONIC_POP:
		return push_or_pop(r, p) ? 1 : -1;
	case ZYDIS_MNEMONIC_CWDE:
		return sign_extends(r, 16, 32, false) ? 1 : -1;
	case ZYDIS_MNEMONIC_CDQE:
		return sign_extends(r, 32, 64, false) ? 1 : -1;
	case ZYDIS_MNEMONIC_CDQ:
		return sign_extends(r, 32, 32, true) ? 1 : -1;
	case ZYDIS_MNEMONIC_CQO:
		return sign_extends(r, 64, 64, true) ? 1 : -1;
	case ZYDIS_MNEMONIC_IMUL:
		return p->z.operand_count_visible > 1 ? (multiplies(r, p) ? 1 : -1) : 0;
	default:
		break;
	}
	if (p->z.meta.category == ZYDIS_CATEGORY_SETCC || p->z.meta.category == ZYDIS_CATEGORY_CMOV)
		return conditional(r, p) ? 1 : -1;
	return 0;
}
