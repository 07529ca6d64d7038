// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function of the shipped kernel that calls two others: the paths through its code from a call of the
 * first to the next call of the second, and whether one of them passes a place where the task can be
 * switched.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/relations.h"

enum call { NO_CALL, CALL_FIRST, CALL_SECOND, CALL_SLEEPS, CALL_MAYBE, CALL_OTHER };

struct edge {
	uint32_t from; /* instruction */
	uint64_t to;   /* place */
};
DEFINE_VEC(edge_vec, struct edge)

struct code {
	const struct impact_index *index;
	const struct image *image;
	uint64_t start, size, first, second;
	const unsigned char *bytes;
	struct insn_vec insns;
	unsigned char *kinds; /* enum call, by instruction */
	struct edge_vec edges; /* of jump labels and fixups */
};

static bool is_call(const struct code *c, const struct insn *i)
{
	return i->branch && c->bytes[i->offset + i->length - i->imm_size - 1] == 0xe8;
}

static bool is_conditional(const struct code *c, const struct insn *i)
{
	return i->branch && !i->ends && !is_call(c, i);
}

/* call or jmp through a register or memory: FF /2, /4 */
static bool is_indirect(const struct code *c, const struct insn *i)
{
	for (unsigned int k = 0; k + 1 < i->length && k < 3; k++)
		if (c->bytes[i->offset + k] == 0xff) {
			unsigned int reg = c->bytes[i->offset + k + 1] >> 3 & 7;

			return reg == 2 || reg == 4;
		}
	return false;
}

static enum call classify(const struct code *c, const struct insn *i)
{
	bool out = i->branch && (is_call(c, i) || i->target < 0 || (uint64_t)i->target >= c->size);
	uint64_t to = c->start + i->target;

	if (is_indirect(c, i))
		return CALL_MAYBE;
	if (!out)
		return NO_CALL;
	if (to == c->first)
		return CALL_FIRST;
	if (to == c->second)
		return CALL_SECOND;
	struct place p = index_place(c->index, c->image, to);
	const char *name = p.part ? index_symbol_name(p.part, p.symbol) : "";

	if (name_never_sleeps(name))
		return CALL_OTHER;
	return name_sleeps(name) ? CALL_SLEEPS : may_sleep(c->index, p) ? CALL_MAYBE : CALL_OTHER;
}

/* Tables of the linked kernel with jumps that are not in the code: pairs of self-relative words. */
static const struct {
	const char *start, *stop;
	unsigned int size;
} tables[] = {
	{ "__start___jump_table", "__stop___jump_table", 16 }, /* struct jump_entry, linux/jump_label.h */
	{ "__start___ex_table", "__stop___ex_table", 12 },     /* asm/extable.h */
};

static uint64_t word_at(const struct image *image, uint64_t place)
{
	const unsigned char *at = image_bytes(image, place, 4);
	int32_t value = 0;

	if (at)
		memcpy(&value, at, 4);
	return place + value;
}

static void add_edges(struct code *c, uint64_t start, uint64_t stop, unsigned int size)
{
	for (uint64_t at = start; at + size <= stop; at += size) {
		uint64_t from = word_at(c->image, at) - c->start;

		if (from >= c->size || insn_at(&c->insns, from) < 0)
			continue;
		edge_vec_push(&c->edges, (struct edge){ insn_at(&c->insns, from),
							word_at(c->image, at + 4) });
	}
}

static void read_tables(struct code *c)
{
	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		const struct image_symbol *start = image_find(c->image, tables[i].start);
		const struct image_symbol *stop = image_find(c->image, tables[i].stop);

		if (start && stop)
			add_edges(c, start->place, stop->place, tables[i].size);
	}
}

/* ---- the paths ---- */

/* What was passed since the call of the first; later ones say more. */
enum passed { NOT_REACHED, NOTHING, MAYBE, SLEEP };

struct paths {
	const struct code *c;
	unsigned char *state;   /* by instruction: the most that a path passed before it */
	uint32_t *via;          /* the call of that */
	struct u32_vec todo;
	enum passed found;
	uint32_t at, through;   /* the call of the second, and what was passed */
};

static void arrive(struct paths *p, long i, enum passed passed, uint32_t via)
{
	if (i < 0 || (size_t)i >= p->c->insns.n || p->state[i] >= passed)
		return;
	p->state[i] = passed;
	p->via[i] = via;
	u32_vec_push(&p->todo, i);
}

/* A jump to the part that was split off, or through a table: where that comes back is not looked at. */
static bool leaves_view(const struct code *c, const struct insn *in)
{
	if (is_call(c, in) || !in->ends)
		return false;
	if (!in->branch)
		return is_indirect(c, in);
	if (in->target >= 0 && (uint64_t)in->target < c->size)
		return false;
	struct place p = index_place(c->index, c->image, c->start + in->target);

	return p.part && index_symbol(p.part, p.symbol)->flags & SYMBOL_COLD;
}

static void step(struct paths *p, uint32_t i)
{
	const struct code *c = p->c;
	const struct insn *in = &c->insns.at[i];
	enum passed passed = p->state[i];
	uint32_t via = p->via[i];

	if (c->kinds[i] == CALL_SECOND) {
		if (passed > p->found) {
			p->found = passed;
			p->at = i;
			p->through = via;
		}
		return;
	}
	if (c->kinds[i] == CALL_FIRST)
		return; /* another one begins */
	if (c->kinds[i] == CALL_SLEEPS || (c->kinds[i] == CALL_MAYBE && passed < MAYBE)) {
		passed = c->kinds[i] == CALL_SLEEPS ? SLEEP : MAYBE;
		via = i;
	}
	if (leaves_view(c, in) && p->found < MAYBE) {
		p->found = MAYBE;
		p->at = p->through = i;
	}
	if (in->branch && !is_call(c, in) && in->target >= 0 && (uint64_t)in->target < c->size)
		arrive(p, insn_at(&c->insns, in->target), passed, via);
	for (size_t k = 0; k < c->edges.n; k++)
		if (c->edges.at[k].from == i)
			arrive(p, insn_at(&c->insns, c->edges.at[k].to - c->start), passed, via);
	if (!in->ends || is_conditional(c, in))
		arrive(p, i + 1, passed, via);
}

static void follow(struct paths *p, uint32_t first)
{
	memset(p->state, 0, p->c->insns.n);
	arrive(p, first + 1, NOTHING, first);
	while (p->todo.n)
		step(p, p->todo.at[--p->todo.n]);
}

static const char *called(const struct code *c, uint32_t i)
{
	const struct insn *in = &c->insns.at[i];
	struct place p = in->branch ? index_place(c->index, c->image, c->start + in->target) :
				      (struct place){ NULL, INDEX_NONE };

	return p.part ? index_symbol_name(p.part, p.symbol) : "something through a pointer";
}

static char *describe(const struct code *c, uint32_t first, uint32_t through, uint32_t second)
{
	return xasprintf("it calls %s at +0x%x, %s at +0x%x, %s at +0x%x", called(c, first),
			 c->insns.at[first].offset, called(c, through), c->insns.at[through].offset,
			 called(c, second), c->insns.at[second].offset);
}

static enum between search(const struct code *c, char **how)
{
	struct paths p = { .c = c, .state = xcalloc(c->insns.n + 1, 1),
			   .via = xcalloc(c->insns.n + 1, sizeof(*p.via)) };
	enum passed most = NOT_REACHED;

	for (uint32_t i = 0; i < c->insns.n; i++) {
		if (c->kinds[i] != CALL_FIRST)
			continue;
		p.found = NOT_REACHED;
		follow(&p, i);
		if (p.found <= most)
			continue;
		most = p.found;
		free(*how);
		*how = most > NOTHING ? describe(c, i, p.through, p.at) : NULL;
	}
	free(p.state);
	free(p.via);
	u32_vec_free(&p.todo);
	return most == SLEEP ? SLEEP_BETWEEN : most == MAYBE ? MAYBE_BETWEEN : NOTHING_BETWEEN;
}

/* An operand of 4 or 8 bytes at each place of the linked kernel: constants in code, tables, lists. */
bool address_is_taken(const struct image *vmlinux, struct place f, uint64_t place)
{
	const struct index_symbol *s = index_symbol(f.part, f.symbol);
	struct index_range callers = index_callers(f.part, s);

	for (uint32_t i = 0; i < callers.n; i++)
		if (index_edge(f.part, index_caller(f.part, callers.first + i))->kind == EDGE_ADDRESS)
			return true;
	for (size_t i = 1; i < vmlinux->nsections; i++) {
		const struct image_section *section = &vmlinux->sections[i];
		const unsigned char *data = vmlinux->map.data + section->offset;

		if (section->type != SHT_PROGBITS || !(section->flags & SHF_ALLOC) ||
		    section->flags & SHF_EXECINSTR || starts_with(section->name, "__ksymtab") ||
		    starts_with(section->name, "__patchable") || streq(section->name, "__mcount_loc"))
			continue;
		for (uint64_t at = 0; at + 8 <= section->size; at += 8)
			if (!memcmp(data + at, &place, 8))
				return true;
	}
	return false;
}

enum between between_calls(const struct impact_index *index, const struct image *image,
			   const struct image_symbol *caller, uint64_t first, uint64_t second, char **how)
{
	struct code c = { .index = index, .image = image, .start = caller->place, .size = caller->size,
			  .first = first, .second = second,
			  .bytes = image_bytes(image, caller->place, caller->size) };

	*how = NULL;
	if (!c.bytes || image->module)
		return MAYBE_BETWEEN; /* where calls lead stands in relocations there: not looked at */
	insn_decode(c.bytes, c.size, &c.insns);
	read_tables(&c);
	c.kinds = xcalloc(c.insns.n + 1, 1);
	for (size_t i = 0; i < c.insns.n; i++)
		c.kinds[i] = classify(&c, &c.insns.at[i]);
	enum between found = search(&c, how);

	edge_vec_free(&c.edges);
	free(c.kinds);
	insn_vec_free(&c.insns);
	return found;
}
