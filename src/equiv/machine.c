// SPDX-License-Identifier: GPL-2.0-or-later
/* Memory, and what others could notice of it. */
#include "equiv/machine.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

/* System V ABI, AMD64 supplement, 3.2.1: what belongs to the caller. rsp aside. */
const uint8_t saved_registers[SAVED] = { RBX, RBP, R12, R12 + 1, R12 + 2, R12 + 3 };

bool run_fail(struct run *r, const char *fmt, ...)
{
	va_list args;

	r->stop = STOP_FAILED;
	if (r->why)
		return false;
	va_start(args, fmt);
	if (vasprintf(&r->why, fmt, args) < 0)
		abort();
	va_end(args);
	return false;
}

void machine_start(struct solver *s, struct machine *m)
{
	*m = (struct machine){ 0 };
	for (unsigned int i = 0; i < REGISTERS; i++)
		m->reg[i] = i == RSP ? s->sp : variable(s, 64, "entry%u", i);
	for (unsigned int i = 0; i < SAVED; i++)
		m->reg[REGISTERS + i] = m->reg[saved_registers[i]];
}

struct event *run_event(struct run *r, enum event_kind kind, char *name)
{
	struct event e = { .kind = kind, .name = name, .at = r->at };

	return event_vec_push(&r->events, e);
}

/* ---- the frame ---- */

/*
 * Is [offset, offset + bytes) of the frame memory like any other? What a push put there of a saved
 * register is nobody's object, so nobody else has its address.
 */
static bool is_kept(const struct machine *m, int64_t offset, unsigned int bytes)
{
	for (int64_t at = offset; at < offset + (int64_t)bytes; at++)
		if (at < 0 && m->kept[(FRAME + at) / 8])
			return true;
	return false;
}

static bool frame_range(struct run *r, int64_t offset, unsigned int bytes, bool push)
{
	int64_t top = 0;

	if (!stack_offset(r->s, r->m->reg[RSP], &top))
		return run_fail(r, "the stack pointer is not known");
	if (offset < (push ? top - (int64_t)bytes : top) || offset < -FRAME || offset + (int64_t)bytes > ARGUMENTS)
		return run_fail(r, "a place below the stack pointer, or far away in the stack");
	return true;
}

Z3_ast word_of(struct solver *s, const struct machine *m, size_t at, unsigned int bytes)
{
	Z3_ast all = m->frame[at];

	for (unsigned int i = 1; all && i < bytes; i++)
		all = m->frame[at + i] ? Z3_mk_concat(s->z, m->frame[at + i], all) : NULL;
	return simple(s, all);
}

/* What the caller put above: parameters on the stack, which are the same for both. */
static Z3_ast above(struct solver *s, int64_t offset, unsigned int bytes)
{
	Z3_ast all = NULL;

	for (unsigned int i = 0; i < bytes; i++) {
		Z3_ast byte = variable(s, 8, "above%lld", (long long)offset + i);

		all = all ? Z3_mk_concat(s->z, byte, all) : byte;
	}
	return simple(s, all);
}

static Z3_ast frame_load(struct run *r, int64_t offset, unsigned int bytes)
{
	if (offset >= 0)
		return above(r->s, offset, bytes);
	if (offset + (int64_t)bytes > 0) {
		run_fail(r, "a place that is half in the frame");
		return NULL;
	}
	Z3_ast value = word_of(r->s, r->m, FRAME + offset, bytes);

	if (!value)
		run_fail(r, "a place of the frame that nothing is known of");
	return value;
}

static bool is_saved(const struct machine *m, Z3_ast value)
{
	for (unsigned int i = 0; i < SAVED; i++)
		if (value && value == m->reg[REGISTERS + i])
			return true;
	return false;
}

static bool frame_store(struct run *r, int64_t offset, Z3_ast value, unsigned int bytes, bool push)
{
	if (offset + (int64_t)bytes > 0)
		return run_fail(r, "writes above its frame");
	for (unsigned int i = 0; i < bytes; i++) {
		size_t at = FRAME + offset + i;

		r->m->frame[at] = bits_of(r->s, value, 8 * i + 7, 8 * i);
		r->m->kept[at / 8] = push && is_saved(r->m, value);
	}
	return true;
}

/* ---- all memory ---- */

static char *access_name(const char *what, const char *segment, unsigned int width)
{
	return xasprintf("%s %s%u", what, segment, width);
}

/* Is the address one of the frame that only this function has? -1: failed. */
static int is_private(struct run *r, const char *segment, Z3_ast address, unsigned int bytes, bool push,
		      int64_t *offset)
{
	if (!address) {
		run_fail(r, "an address that nothing is known of");
		return -1;
	}
	if (*segment || !mentions_stack(r->s, address))
		return 0;
	if (!stack_offset(r->s, address, offset)) {
		run_fail(r, "an address in the stack that is computed");
		return -1;
	}
	if (!frame_range(r, *offset, bytes, push))
		return -1;
	if (!r->m->shared || push || *offset >= 0 || is_kept(r->m, *offset, bytes))
		return 1;
	return 0;
}

Z3_ast run_load(struct run *r, const char *segment, Z3_ast address, unsigned int width)
{
	int64_t offset = 0;
	int private = is_private(r, segment, address, width / 8, false, &offset);

	if (private)
		return private > 0 ? frame_load(r, offset, width / 8) : NULL;
	struct event *e = run_event(r, EV_LOAD, access_name("load", segment, width));

	e->value[e->n++] = address;
	return variable(r->s, width, "event%zu_%u", r->events.n, width);
}

bool run_store(struct run *r, const char *segment, Z3_ast address, Z3_ast value, bool push)
{
	unsigned int width = value ? width_of(r->s, value) : 64;
	int64_t offset = 0;

	if (push && r->m->shared && !is_saved(r->m, value))
		return run_fail(r, "a push to a frame that others know of");
	int private = is_private(r, segment, address, width / 8, push, &offset);

	if (private)
		return private > 0 && frame_store(r, offset, value, width / 8, push);
	if (!value)
		return run_fail(r, "stores something that nothing is known of");
	struct event *e = run_event(r, EV_STORE, access_name("store", segment, width));

	e->value[e->n++] = address;
	e->value[e->n++] = value;
	return run_share(r, e);
}

bool run_share(struct run *r, struct event *e)
{
	struct machine *m = r->m;
	bool leads = false;
	int64_t top = 0;

	for (size_t i = e->kind == EV_LOAD ? e->n : 0; i < e->n; i++)
		leads |= mentions_stack(r->s, e->value[i]);
	if (!leads || m->shared)
		return true;
	if (!stack_offset(r->s, m->reg[RSP], &top) || top < -FRAME)
		return run_fail(r, "the stack pointer is not known");
	e->frame = xcalloc(FRAME, sizeof(*e->frame));
	e->kept = xmemdup(m->kept, sizeof(m->kept));
	for (int64_t at = top; at < 0; at++)
		if (!m->kept[(FRAME + at) / 8])
			e->frame[FRAME + at] = m->frame[FRAME + at];
	for (size_t at = 0; at < FRAME; at++)
		if (!m->kept[at / 8])
			m->frame[at] = NULL;
	m->shared = true;
	return true;
}

bool same_frames(struct solver *s, Z3_ast premise, Z3_ast *const frame[2], bool *const kept[2])
{
	for (size_t at = 0; at < FRAME; at++) {
		if (kept[0][at / 8] != kept[1][at / 8])
			return false;
		if (!frame[0][at] && !frame[1][at])
			continue;
		if (!always_equal(s, premise, frame[0][at], frame[1][at]))
			return false;
	}
	return true;
}
