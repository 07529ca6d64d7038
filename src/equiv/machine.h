// SPDX-License-Identifier: GPL-2.0-or-later
/* The symbolic machine that src/equiv/ runs code on; nobody else includes this. */
#ifndef SUTURE_EQUIV_MACHINE_H
#define SUTURE_EQUIV_MACHINE_H

#include <Zydis/Zydis.h>
#include <z3.h>

#include "equiv/equiv.h"

enum {
	RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R12 = 12, REGISTERS = 16,
	SAVED = 6,                     /* registers that a function leaves as they were */
	GHOSTS = REGISTERS + SAVED,    /* reg[REGISTERS + i]: what they were on entry */
	FRAME = 768,                   /* bytes below the return address that are looked at */
	ARGUMENTS = 64,                /* bytes of it and above that may be read */
	STEPS_MAX = 4000,              /* instructions from one branch to the next */
};
extern const uint8_t saved_registers[SAVED];

enum { CF, ZF, SF, OF, FLAGS };

/* NULL: nothing is known, and nobody may ask. */
struct machine {
	Z3_ast reg[GHOSTS], flag[FLAGS];
	Z3_ast left[REGISTERS];        /* while a register has this value, nobody may read it */
	Z3_ast frame[FRAME];           /* bytes, [FRAME + offset from the stack pointer on entry] */
	bool kept[FRAME / 8];          /* the slot holds a saved register, put there by a push */
	bool shared;                   /* others may know addresses of the frame: it is memory like any */
};

enum event_kind { EV_LOAD, EV_STORE, EV_CALL, EV_OTHER, EV_LABEL, EV_WARN };

/* Something that others could notice, in the order in which it happens. */
struct event {
	enum event_kind kind;
	char *name;                    /* width and segment, callee, instruction, ...: must be equal */
	Z3_ast value[24];              /* must be equal */
	bool left[24];                 /* the value is of no consequence, if it is so for side 1 */
	size_t n;
	Z3_ast *frame;                 /* the frame as it becomes shared; else NULL */
	bool *kept;
	uint32_t at;                   /* offset of the instruction */
};
DEFINE_VEC(event_vec, struct event)

enum stop { STOP_FAILED, STOP_BRANCH, STOP_RETURN, STOP_DEAD };

/* Code of one side: the function and the part that was split off it. */
struct code {
	struct model *model;
	struct entity *part[2];
	size_t parts;
};

/* A place in the code. */
struct pc {
	uint32_t part, insn;
};

/* One side on its way to the next branch. */
struct run {
	struct solver *s;
	const struct equiv_request *rq;
	const struct code *code;
	unsigned int side;
	struct machine *m;
	struct pc pc;
	struct event_vec events;
	enum stop stop;
	Z3_ast condition;              /* STOP_BRANCH: taken when true */
	bool by_key;                   /* by a jump label */
	struct machine after;          /* behind the last event, or at the start */
	struct pc after_pc;
	struct pc taken, next;
	uint32_t at;                   /* offset of the instruction in its part */
	struct signature own;
	char *why;                     /* STOP_FAILED */
};

struct solver {
	Z3_context z;
	Z3_solver solver;
	Z3_ast sp;                     /* the stack pointer on entry, of both */
	Z3_sort bits[65];
	unsigned int queries;
	bool exhausted;
	struct map asked;              /* id of a formula → what the answer was */
};

/* solver.c */
void solver_open(struct solver *s);
void solver_close(struct solver *s);
Z3_ast number(struct solver *s, unsigned int width, uint64_t value);
Z3_ast variable(struct solver *s, unsigned int width, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* NULL: it is none. Until the next call. */
const char *variable_name(struct solver *s, Z3_ast a);
Z3_ast condition_variable(struct solver *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
Z3_ast simple(struct solver *s, Z3_ast a);
Z3_ast bits_of(struct solver *s, Z3_ast a, unsigned int high, unsigned int low);
Z3_ast join_bits(struct solver *s, Z3_ast high, Z3_ast low);
Z3_ast widen(struct solver *s, Z3_ast a, unsigned int width, bool sign);
unsigned int width_of(struct solver *s, Z3_ast a);
/* Are two values equal whenever the premise (or NULL) holds? */
bool always_equal(struct solver *s, Z3_ast premise, Z3_ast a, Z3_ast b);
/* Is the value the stack pointer on entry and a constant? Does it depend on it in any way? */
bool stack_offset(struct solver *s, Z3_ast a, int64_t *offset);
bool mentions_stack(struct solver *s, Z3_ast a);
bool is_true(struct solver *s, Z3_ast a);
/* Gives each variable of a value something of its own, so that what differs, looks different. */
void any_values(struct solver *s, Z3_ast a, uint64_t seed, Z3_model model, struct map *seen);
bool is_false(struct solver *s, Z3_ast a);

/* machine.c */
bool run_fail(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void machine_start(struct solver *s, struct machine *m);
struct event *run_event(struct run *r, enum event_kind kind, char *name);
/* NULL: failed. */
Z3_ast run_load(struct run *r, const char *segment, Z3_ast address, unsigned int width);
bool run_store(struct run *r, const char *segment, Z3_ast address, Z3_ast value, bool push);
/* Values of an event that lead to the frame make it shared. */
bool run_share(struct run *r, struct event *e);
Z3_ast word_of(struct solver *s, const struct machine *m, size_t at, unsigned int bytes);

/* call.c. The name is the event's; function: where an indirect call leads, or NULL. */
bool run_call(struct run *r, char *name, Z3_ast function, struct signature sig);
bool run_return(struct run *r);
bool is_left_behind(const struct machine *m, unsigned int reg);
/* Registers that are no parameters, at the start of a function. */
void machine_leave(struct machine *m, const struct signature *own);

/* step.c: from r->pc to the next branch. insn.c: one instruction that is computed. */
void run_to_branch(struct run *r);
struct place {                     /* an instruction with its operands */
	const struct insn *insn;
	struct entity *part;
	ZydisDecodedInstruction z;
	ZydisDecodedOperand op[ZYDIS_MAX_OPERAND_COUNT];
};
/* 1: done, 0: no such instruction, -1: failed. */
int compute(struct run *r, const struct place *p);
Z3_ast flags_condition(struct run *r, unsigned int code);
Z3_ast operand_address(struct run *r, const struct place *p, const ZydisDecodedOperand *op);
Z3_ast read_operand(struct run *r, const struct place *p, const ZydisDecodedOperand *op);
bool write_operand(struct run *r, const struct place *p, const ZydisDecodedOperand *op, Z3_ast value);
const char *segment_of(const ZydisDecodedOperand *op);
/* Value of what a reference in the field at this offset of the instruction leads to; NULL and no failure:
 * there is none. */
Z3_ast reference_at(struct run *r, const struct place *p, unsigned int field);

/* facts.c: what is known besides of the values at a pair of places. */
enum { FACTS_MAX = 8 };
struct facts {
	Z3_ast at[FACTS_MAX];
	unsigned int n;
};
/* The premise, in terms of the n places with the values that it speaks of; two places make a word. What speaks of
 * anything else is left out. */
void facts_of(struct facts *f, struct solver *s, Z3_ast premise, const Z3_ast *value, size_t n);
/* Only what is true of these values, too. True: some are not. */
bool facts_meet(struct facts *f, struct solver *s, Z3_ast premise, const Z3_ast *value, size_t n);
/* All of them of these values; NULL: nothing. */
Z3_ast facts_about(const struct facts *f, struct solver *s, const Z3_ast *value, size_t n);

/* relation.c: what holds at a pair of places, whichever way they were reached. */
struct relation;
/* facts: keep what the premise says, not only what follows for equal values and constants. */
struct relation *relation_new(struct solver *s, Z3_ast premise, struct machine *const m[2], bool facts);
/* 1: weakened, 0: as it was, -1: cannot be. */
int relation_meet(struct relation *rel, struct solver *s, Z3_ast premise, struct machine *const m[2]);
/* Machines in that state; the facts about their values, or NULL. */
Z3_ast relation_machines(const struct relation *rel, struct solver *s, struct machine *const m[2]);
void relation_free(struct relation *rel);
/* Is what others may see of both frames from now on the same? */
bool same_frames(struct solver *s, Z3_ast premise, Z3_ast *const frame[2], bool *const kept[2]);

#endif
