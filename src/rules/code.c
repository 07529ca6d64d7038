// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/code.h"

#include <string.h>

#include "base/str.h"
#include "object/insn.h"

/* A function while it is followed. */
struct code {
	const struct graph_node *node;
	const struct image_symbol *symbol;
	const unsigned char *bytes;
	const struct obj_section *section; /* modules */
	struct insn_vec list;
	const char **callee; /* by instruction: what is called or jumped to, NULL: nothing, or itself */
	unsigned char *seen;
	struct u32_vec queue;
};

/* include/linux/kthread.h, include/linux/freezer.h: what the loop of a thread asks. */
static const char *const questions[] = { "kthread_should_stop", "kthread_should_park",
					 "kthread_freezable_should_stop", "kthread_should_stop_or_park",
					 "__kthread_should_park" };
/* Where a task sleeps, as loops of threads call it. */
static const char *const sleepers[] = { "schedule", "schedule_*", "msleep*", "usleep_*", "kthread_parkme",
					"wait_for_completion*", "wait_woken", "__wait_*", "io_schedule*",
					"down_interruptible", "do_wait_intr*", "prepare_to_wait_event",
					"prepare_to_swait_event*" };

static bool is_one_of(const char *name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t length = strcspn(list[i], "*");

		if (list[i][length] ? strncmp(name, list[i], length) == 0 : streq(name, list[i]))
			return true;
	}
	return false;
}

static bool is_call(const struct code *c, const struct insn *k)
{
	return k->branch && c->bytes[k->offset + k->length - k->imm_size - 1] == 0xe8;
}

static bool is_inside(const struct code *c, const struct insn *k)
{
	return k->target >= 0 && (uint64_t)k->target < c->symbol->size;
}

static const char *callee_of(const struct code *c, const struct insn *k)
{
	uint64_t at = (c->symbol->place & 0xffffffffffu) + k->offset;
	const struct image_symbol *s;
	size_t first;

	if (!k->branch)
		return NULL;
	if (c->section && object_relocs_in((struct obj_section *)c->section, at, at + k->length, &first)) {
		const struct obj_reloc *r = &c->section->relocs[first];

		if (r->symbol->shndx == SHN_UNDEF || !r->symbol->section)
			return r->symbol->name;
		s = image_symbol_at(c->node->image, module_place(r->symbol->section->index,
					r->symbol->value + r->addend + at + k->length - r->offset));
		return s ? s->name : "";
	}
	if (is_inside(c, k))
		return NULL;
	s = image_symbol_at(c->node->image, c->symbol->place + k->target);
	return s ? s->name : "";
}

static bool is_cold(const char *name)
{
	return ends_with(name, ".cold") || strstr(name, ".cold.");
}

/* Does control leave the function here, for good and as it should? */
static bool is_exit(const struct code *c, size_t i)
{
	const struct insn *k = &c->list.at[i];

	if (k->branch && is_call(c, k))
		return false;
	if (k->branch)
		return c->callee[i] && !is_cold(c->callee[i]) && !known_find(KNOWN_NO_RETURN, c->callee[i]);
	return k->ends && (c->bytes[k->offset] == 0xc3 || c->bytes[k->offset] == 0xcb ||
			   c->bytes[k->offset] == 0xc2);
}

static void enter(struct code *c, long i)
{
	if (i < 0 || (size_t)i >= c->list.n || c->seen[i])
		return;
	c->seen[i] = 1;
	u32_vec_push(&c->queue, i);
}

static bool is_ud2(const struct code *c, const struct insn *k)
{
	return k->length == 2 && c->bytes[k->offset] == 0x0f && c->bytes[k->offset + 1] == 0x0b;
}

/* Puts what may run after the instruction on the list. */
static void go_on(struct code *c, size_t i)
{
	const struct insn *k = &c->list.at[i];

	if (k->branch && is_call(c, k)) {
		if (!c->callee[i] || !known_find(KNOWN_NO_RETURN, c->callee[i]))
			enter(c, i + 1);
		return;
	}
	if (k->branch && !c->callee[i])
		enter(c, insn_at(&c->list, k->target));
	/* A WARN() is an ud2 that the handler steps over; one of BUG() has nothing of its own behind it. */
	if (!k->ends || is_ud2(c, k))
		enter(c, i + 1);
}

/* Marks all that may run after instruction `from` (the first one: from is -1). */
static void follow(struct code *c, long from)
{
	memset(c->seen, 0, c->list.n);
	c->queue.n = 0;
	if (from < 0)
		enter(c, 0);
	else
		go_on(c, from);
	for (size_t i = 0; i < c->queue.n; i++)
		go_on(c, c->queue.at[i]);
}

static bool reaches_exit(const struct code *c)
{
	for (size_t i = 0; i < c->list.n; i++)
		if (c->seen[i] && is_exit(c, i))
			return true;
	return false;
}

static void look_at_call(struct code *c, size_t i, struct code_facts *facts)
{
	const char *name = c->callee[i];

	if (known_find(KNOWN_NO_RETURN, name)) {
		facts->ends_in = name;
		return;
	}
	follow(c, i);
	if (!c->seen[i])
		return; /* not in a loop */
	if (!reaches_exit(c))
		facts->endless = true;
	if (is_one_of(name, questions, ARRAY_SIZE(questions)))
		facts->asks = name;
	else if (is_one_of(name, sleepers, ARRAY_SIZE(sleepers)) && !facts->sleeps)
		facts->sleeps = name;
}

static void find_facts(struct code *c, struct code_facts *facts)
{
	enum { LIMIT = 20000 }; /* instructions; the largest functions of a kernel have fewer */
	struct u32_vec calls = { 0 };

	if (!c->list.n || c->list.n > LIMIT)
		return;
	facts->known = true;
	follow(c, -1);
	facts->returns = reaches_exit(c);
	for (size_t i = 0; i < c->list.n; i++)
		if (c->seen[i] && c->callee[i] && c->list.at[i].branch &&
		    !streq(c->callee[i], "__fentry__"))
			u32_vec_push(&calls, i);
	for (size_t i = 0; i < calls.n; i++)
		look_at_call(c, calls.at[i], facts);
	u32_vec_free(&calls);
}

struct code_facts code_facts(const struct graph_node *node)
{
	struct code c = { .node = node, .symbol = graph_image_symbol(node) };
	struct code_facts facts = { 0 };
	uint32_t section = c.symbol ? c.symbol->place >> 40 : 0;

	c.bytes = c.symbol && c.symbol->size ? image_bytes(node->image, c.symbol->place, c.symbol->size) : NULL;
	if (!c.bytes)
		return facts;
	if (node->image->module && section < node->image->object->nsections)
		c.section = &node->image->object->sections[section];
	insn_decode(c.bytes, c.symbol->size, &c.list);
	c.callee = xcalloc(c.list.n + 1, sizeof(*c.callee));
	c.seen = xcalloc(c.list.n + 1, 1);
	for (size_t i = 0; i < c.list.n; i++)
		c.callee[i] = callee_of(&c, &c.list.at[i]);
	find_facts(&c, &facts);
	free(c.callee);
	free(c.seen);
	u32_vec_free(&c.queue);
	insn_vec_free(&c.list);
	return facts;
}
