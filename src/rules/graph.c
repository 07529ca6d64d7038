// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/graph.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "impact/index.h"

struct graph {
	struct impact_index index;
};

/* ---- finding ---- */

static uint32_t object_number(const struct index_part *part, const char *name)
{
	for (uint32_t i = 0; index_object(part, i); i++)
		if (streq(index_object_name(part, i), name))
			return i;
	return INDEX_NONE;
}

struct error *graph_find(struct check *c, const struct replaced_symbol *r, struct graph_node *node,
			 bool *found)
{
	*found = false;
	if (!r->symbol || r->symbol->type != STT_FUNC)
		return NULL;
	if (!c->graph)
		c->graph = xcalloc(1, sizeof(*c->graph));
	TRY(index_need_calls(c->target, &c->graph->index, r->image->kobject));
	*node = (struct graph_node){ .image = r->image };
	for (size_t i = 0; i < c->graph->index.n && !*found; i++) {
		node->part = &c->graph->index.parts[i];
		node->object = object_number(node->part, r->image->kobject);
		if (node->object == INDEX_NONE)
			continue;
		node->symbol = index_symbol_at(node->part, node->object, r->symbol->place);
		*found = node->symbol != INDEX_NONE &&
			 index_symbol(node->part, node->symbol)->place == r->symbol->place;
	}
	return NULL;
}

void graph_close(struct check *c)
{
	if (!c->graph)
		return;
	index_close(&c->graph->index);
	free(c->graph);
	c->graph = NULL;
}

const char *graph_name(const struct graph_node *node)
{
	return index_symbol_name(node->part, node->symbol);
}

const struct image_symbol *graph_image_symbol(const struct graph_node *node)
{
	uint64_t place = index_symbol(node->part, node->symbol)->place;
	const struct image_symbol *s = image_named_at(node->image, place, graph_name(node));

	return s ? s : image_symbol_at(node->image, place);
}

/* ---- the search ---- */

struct search {
	struct check *c;
	struct graph_node at; /* node->symbol: the one that is looked at */
	enum known_kind kind;
	uint32_t *below;      /* by symbol: whom it calls on the way down, plus one; 0: not seen */
	struct u32_vec queue;
	struct graph_answer *answer;
	bool only;
};

static void enqueue(struct search *s, uint32_t symbol, uint32_t below)
{
	if (s->below[symbol])
		return;
	s->below[symbol] = below + 1;
	u32_vec_push(&s->queue, symbol);
}

static void set_other(struct search *s, const char *why)
{
	if (s->answer->other)
		return;
	s->answer->other = graph_name(&s->at);
	s->answer->why = why;
}

static void set_chain(struct search *s, uint32_t from, uint32_t start)
{
	struct str out = { 0 };

	for (uint32_t i = from;; i = s->below[i] - 1) {
		str_add(&out, "%s%s", out.n ? " > " : "", index_symbol_name(s->at.part, i));
		if (i == start)
			break;
	}
	s->answer->chain = out.s;
}

/* A name of the function is exported. */
static bool is_exported(const struct search *s)
{
	struct index_range names = index_aliases(s->at.part, s->at.symbol);

	for (uint32_t i = 0; i < names.n; i++)
		if (export_find(&s->c->exports, index_symbol_name(s->at.part, names.first + i)))
			return true;
	return false;
}

/* Callers go to the queue; says whether there is one that counts. */
static bool add_callers(struct search *s)
{
	struct index_range callers = index_callers(s->at.part, index_symbol(s->at.part, s->at.symbol));
	bool any = false;

	for (uint32_t i = 0; i < callers.n; i++) {
		const struct index_edge *e = index_edge(s->at.part, index_caller(s->at.part, callers.first + i));
		const struct index_symbol *from = e ? index_symbol(s->at.part, e->from) : NULL;

		if (!from || from->object != s->at.object || from->flags & SYMBOL_INIT || e->kind == EDGE_ADDRESS)
			continue;
		any = true;
		enqueue(s, from->body, s->at.symbol);
	}
	return any;
}

static bool known_by_name(const struct graph_node *node, enum known_kind kind, struct graph_root *root)
{
	const struct known_function *k = node->image->module ? NULL : known_find(kind, graph_name(node));

	if (k && k->root)
		root->what = k->why;
	return k && k->root;
}

/* *others, *why: who else may call it by pointer. */
static bool called_by_pointer(const struct graph_node *node, enum known_kind kind, struct graph_root *root,
			      bool *others, const char **why)
{
	const struct known_pointer *row = NULL;
	bool registered = graph_registration(node, kind, &root->where);
	enum pointer_use use = graph_pointer_use(node, kind, registered, &row, why);

	*others = use == POINTER_OTHER;
	if (registered) {
		root->what = root->where.registrar->runs;
	} else if (use == POINTER_KIND) {
		root->what = row->runs;
		root->pointer = graph_pointer_text(node, row);
	}
	return root->what;
}

bool graph_called_by_pointer(const struct graph_node *node, enum known_kind kind, struct graph_root *root)
{
	const char *why;
	bool others;

	*root = (struct graph_root){ 0 };
	return called_by_pointer(node, kind, root, &others, &why);
}

static void set_root(struct search *s, struct graph_root *root, uint32_t start)
{
	if (s->answer->chain) {
		free(root->pointer);
		return;
	}
	set_chain(s, s->at.symbol, start);
	s->answer->root = *root;
}

static void look_at(struct search *s, uint32_t start)
{
	struct graph_root root = { 0 };
	bool exported, called, others = false;
	const char *why = NULL;

	if (known_by_name(&s->at, s->kind, &root)) {
		set_root(s, &root, start);
		return;
	}
	bool is_root = called_by_pointer(&s->at, s->kind, &root, &others, &why);

	if (is_root)
		set_root(s, &root, start);
	if (is_root && !s->only)
		return;
	exported = is_exported(s);
	/* What everybody uses, and what ends the machine, is no way from here to there. */
	if (s->at.symbol != start && ((exported && !s->only) || known_find(KNOWN_NO_RETURN, graph_name(&s->at))))
		return;
	called = add_callers(s);
	if (exported)
		set_other(s, "exported");
	else if (others)
		set_other(s, why);
	else if (!called && !is_root)
		set_other(s, "no caller is known");
}

void graph_search(struct check *c, const struct graph_node *node, enum known_kind kind, bool only,
		  struct graph_answer *answer)
{
	struct search s = { .c = c, .at = *node, .kind = kind, .answer = answer, .only = only };
	uint32_t start = index_symbol(node->part, node->symbol)->body;

	*answer = (struct graph_answer){ 0 };
	s.below = xcalloc(index_symbol_count(node->part) + 1, sizeof(*s.below));
	enqueue(&s, start, start);
	for (size_t i = 0; i < s.queue.n && !(answer->other && (only || answer->chain)); i++) {
		s.at.symbol = s.queue.at[i];
		look_at(&s, start);
	}
	u32_vec_free(&s.queue);
	free(s.below);
}

void graph_answer_free(struct graph_answer *answer)
{
	free(answer->chain);
	free(answer->root.pointer);
	*answer = (struct graph_answer){ 0 };
}

void graph_each_callee(struct check *c, const struct graph_node *node, graph_visit *visit, void *arg)
{
	const struct index_symbol *s = index_symbol(node->part, node->symbol);
	struct index_range callees = index_callees(node->part, s);

	for (uint32_t i = 0; i < callees.n; i++) {
		const struct index_edge *e = index_edge(node->part, callees.first + i);
		const struct index_symbol *to = e ? index_symbol(node->part, e->to) : NULL;
		struct graph_node callee = *node;

		if (!to || e->kind == EDGE_ADDRESS || to->object != node->object)
			continue;
		callee.symbol = to->body;
		visit(c, &callee, arg);
	}
}
