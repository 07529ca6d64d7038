// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls and returns: which registers hold parameters and results (System V ABI, AMD64 supplement, 3.2.3). */
#include <string.h>

#include "base/str.h"
#include "equiv/machine.h"

static const uint8_t argument_registers[6] = { RDI, RSI, RDX, RCX, 8, 9 };

static bool is_saved_register(unsigned int n)
{
	for (unsigned int i = 0; i < SAVED; i++)
		if (saved_registers[i] == n)
			return true;
	return n == RSP;
}

/* ---- what nobody may read ---- */

/*
 * P was compiled from a source: what a callee left behind in a register, or what a caller left in one that
 * is no parameter, is never read there. (With -fipa-ra a compiler knows better of some callees; gcc does not do that
 * where functions begin with a call for ftrace: gcc/opts.cc, finish_options(), profile_flag.)
 */
bool is_left_behind(const struct machine *m, unsigned int reg)
{
	return m->left[reg] && m->left[reg] == m->reg[reg];
}

void machine_leave(struct machine *m, const struct signature *own)
{
	for (unsigned int i = 0; own->known && i < REGISTERS; i++) {
		bool parameter = is_saved_register(i);

		for (unsigned int k = 0; k < own->n; k++)
			parameter |= argument_registers[k] == i;
		if (!parameter)
			m->left[i] = m->reg[i];
	}
}

/* ---- parameters ---- */

/* How many bytes a parameter has that follows "%", width and precision (printf(3), lib/vsprintf.c). */
static unsigned int conversion_size(const char *p)
{
	static const char wide[] = "lLqzjtZps";

	return *p && strchr(wide, *p) ? 8 : 4;
}

/* The parameters that the format says; false: they do not all have registers. */
static bool add_conversions(struct signature *sig, const char *format)
{
	enum { REGISTERS_FOR_THEM = ARRAY_SIZE(argument_registers) };

	for (const char *p = strchr(format, '%'); p; p = strchr(p, '%')) {
		if (*++p == '%') {
			p++;
			continue;
		}
		for (p += strspn(p, " #+-0"); *p && strchr("*.0123456789", *p); p++)
			if (*p == '*') {
				if (sig->n == REGISTERS_FOR_THEM)
					return false;
				sig->size[sig->n++] = 4;
			}
		if (sig->n == REGISTERS_FOR_THEM)
			return false;
		sig->size[sig->n++] = conversion_size(p);
	}
	return true;
}

/* With what follows a format; without a format that can be read, nothing is known of the parameters. */
static struct signature complete(struct run *r, struct signature sig)
{
	static const char text[] = "at text ";
	Z3_ast format = sig.known && sig.format ? r->m->reg[argument_registers[sig.n - 1]] : NULL;
	const char *name = format ? variable_name(r->s, format) : NULL;

	if (!sig.known || !sig.format)
		return sig;
	if (!name || !starts_with(name, text) || !add_conversions(&sig, name + strlen(text)))
		return (struct signature){ 0 };
	return sig;
}

static bool add_value(struct run *r, struct event *e, Z3_ast value, unsigned int bytes)
{
	if (!value)
		return run_fail(r, "a parameter, or result, that nothing is known of");
	e->value[e->n++] = bytes >= 8 ? value : bits_of(r->s, value, bytes > 4 ? 63 : 31, 0);
	return true;
}

/* Whatever may be a parameter of a callee that nothing is known of. */
static bool add_all_registers(struct run *r, struct event *e)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(argument_registers); i++) {
		unsigned int reg = argument_registers[i];

		e->left[e->n] = is_left_behind(r->m, reg);
		if (!add_value(r, e, r->m->reg[reg], 8))
			return false;
	}
	return true;
}

/* Parameters on the stack, which a callee that is not known may have. */
static bool add_stack_parameters(struct run *r, struct event *e)
{
	enum { WORDS = 6 };
	int64_t top = 0;

	if (!stack_offset(r->s, r->m->reg[RSP], &top))
		return run_fail(r, "the stack pointer is not known");
	for (int64_t i = 0; i < WORDS; i++) {
		int64_t at = top + 8 * i;
		Z3_ast value = at < 0 && at >= -FRAME ? word_of(r->s, r->m, FRAME + at, 8) : NULL;

		/* what nobody has written is no parameter; saved registers are none either */
		e->value[e->n++] = value && !r->m->kept[(FRAME + at) / 8] ? value :
				   variable(r->s, 64, "nothing");
	}
	return true;
}

/* The callee's own: of no use to anybody, but for the result. */
static void take_result(struct run *r, const struct signature *sig)
{
	struct machine *m = r->m;

	for (unsigned int i = 0; i < REGISTERS; i++)
		if (!is_saved_register(i))
			m->left[i] = m->reg[i] = variable(r->s, 64, "side%u_%zu_%u", r->side, r->events.n, i);
	memset(m->flag, 0, sizeof(m->flag));
	if (!sig->known || sig->result >= 8)
		m->reg[RAX] = variable(r->s, 64, "result%zu", r->events.n);
	else if (sig->result) /* what is above a small result is anything */
		m->reg[RAX] = join_bits(r->s, bits_of(r->s, m->reg[RAX], 63, sig->result * 8),
					variable(r->s, sig->result * 8, "small%zu", r->events.n));
	if (sig->known && sig->result > 8)
		m->reg[RDX] = variable(r->s, 64, "second%zu", r->events.n);
	else if (!sig->known)
		m->left[RDX] = NULL;
}

bool run_call(struct run *r, char *name, Z3_ast function, struct signature sig)
{
	struct event *e = run_event(r, EV_CALL, name);
	bool fine = true;

	if (sig.known && sig.n > ARRAY_SIZE(argument_registers))
		return run_fail(r, "a call with parameters on the stack");
	sig = complete(r, sig);
	if (function)
		e->value[e->n++] = function;
	for (unsigned int i = 0; fine && sig.known && i < sig.n; i++)
		fine = add_value(r, e, r->m->reg[argument_registers[i]], sig.size[i]);
	if (!sig.known)
		fine = add_all_registers(r, e) && add_stack_parameters(r, e);
	if (!fine || !run_share(r, e))
		return false;
	take_result(r, &sig);
	return true;
}

/* Everything as the caller left it; the results are an event of both sides. */
bool run_return(struct run *r)
{
	struct machine *m = r->m;
	const struct signature *own = &r->own;

	if (m->reg[RSP] != r->s->sp)
		return run_fail(r, "returns with another stack pointer");
	for (unsigned int i = 0; i < SAVED; i++)
		if (!m->reg[saved_registers[i]] ||
		    !always_equal(r->s, NULL, m->reg[saved_registers[i]], m->reg[REGISTERS + i]))
			return run_fail(r, "returns with a register changed that is the caller's");
	struct event *e = run_event(r, EV_OTHER, xstrdup("return"));

	if (own->known && !own->result) {
		r->stop = STOP_RETURN;
		return true;
	}
	if (!m->reg[RAX] || (!own->known && !m->reg[RDX]))
		return run_fail(r, "a result that nothing is known of");
	e->value[e->n++] = own->known && own->result < 8 ? bits_of(r->s, m->reg[RAX], own->result * 8 - 1, 0) :
							   m->reg[RAX];
	if (!own->known || own->result > 8)
		e->value[e->n++] = m->reg[RDX];
	for (size_t i = 0; i < e->n; i++)
		if (mentions_stack(r->s, e->value[i]))
			return run_fail(r, "returns an address of its frame");
	r->stop = STOP_RETURN;
	return true;
}

