// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/graph.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "impact/index.h"

/* What is known of one shipped object; made when it is first asked for. */
struct graph_object {
	const struct image *image;
	unsigned char *pointed; /* by symbol: data holds its address */
};
DEFINE_VEC(graph_object_vec, struct graph_object)

struct graph {
	struct impact_index index;
	struct graph_object_vec objects;
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
	for (size_t i = 0; i < c->graph->objects.n; i++)
		free(c->graph->objects.at[i].pointed);
	graph_object_vec_free(&c->graph->objects);
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

/* ---- data that points to functions ---- */

/* Lists of the functions themselves, which nobody calls by (include/asm-generic/vmlinux.lds.h). */
static bool is_list_of_functions(const char *section)
{
	static const char *const lists[] = { "__mcount_loc", "__patchable_function_entries", ".init",
					     ".exit", "__versions", "_kprobe_blacklist",
					     "_error_injection_whitelist", ".gnu.linkonce.this_module" };

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		if (starts_with(section, lists[i]))
			return true;
	return false;
}

static bool holds_pointers(const struct image_section *s)
{
	return s->type == SHT_PROGBITS && (s->flags & SHF_ALLOC) && !(s->flags & SHF_EXECINSTR) && s->name &&
	       !is_list_of_functions(s->name);
}

static void note_pointer(const struct graph_node *node, struct graph_object *o, uint64_t place)
{
	uint32_t i = index_symbol_at(node->part, node->object, place);

	if (i != INDEX_NONE && index_symbol(node->part, i)->place == place)
		o->pointed[index_symbol(node->part, i)->body] = 1;
}

/* The lists of vmlinux that lie amid other data, between two symbols. */
static bool is_listed(const struct image *im, uint64_t place)
{
	static const char *const ends[][2] = {
		{ "__start_kprobe_blacklist", "__stop_kprobe_blacklist" },
		{ "__start_error_injection_whitelist", "__stop_error_injection_whitelist" },
		{ "__start_mcount_loc", "__stop_mcount_loc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		const struct image_symbol *from = image_find(im, ends[i][0]), *to = image_find(im, ends[i][1]);

		if (from && to && place >= from->place && place < to->place)
			return true;
	}
	return false;
}

static void scan_linked(const struct graph_node *node, struct graph_object *o)
{
	const struct image *im = node->image;
	const struct image_symbol *text = image_find(im, "_stext"), *end = image_find(im, "_etext");

	for (size_t i = 1; text && end && i < im->nsections; i++) {
		const struct image_section *s = &im->sections[i];

		for (uint64_t at = 0; holds_pointers(s) && at + 8 <= s->size; at += 8) {
			uint64_t value;

			memcpy(&value, im->map.data + s->offset + at, sizeof(value));
			if (value >= text->place && value < end->place && !is_listed(im, s->address + at))
				note_pointer(node, o, value);
		}
	}
}

static void scan_module(const struct graph_node *node, struct graph_object *o)
{
	const struct object *object = node->image->object;

	for (size_t i = 1; i < object->nsections; i++) {
		const struct obj_section *s = &object->sections[i];

		if (!(s->flags & SHF_ALLOC) || (s->flags & SHF_EXECINSTR) || is_list_of_functions(s->name))
			continue;
		for (size_t k = 0; k < s->nrelocs; k++) {
			const struct obj_reloc *r = &s->relocs[k];

			if (r->type == R_X86_64_64 && r->symbol->section)
				note_pointer(node, o, module_place(r->symbol->section->index,
								   r->symbol->value + r->addend));
		}
	}
}

static const struct graph_object *object_of(struct check *c, const struct graph_node *node)
{
	for (size_t i = 0; i < c->graph->objects.n; i++)
		if (c->graph->objects.at[i].image == node->image)
			return &c->graph->objects.at[i];
	struct graph_object *o = graph_object_vec_push(&c->graph->objects, (struct graph_object){
		node->image, xcalloc(index_symbol_count(node->part) + 1, 1) });

	if (node->image->module)
		scan_module(node, o);
	else
		scan_linked(node, o);
	return o;
}

/* ---- the search ---- */

struct search {
	struct check *c;
	struct graph_node at; /* node->symbol: the one that is looked at */
	const struct graph_object *object;
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

/* Callers go to the queue; says whether there is one that counts, and whether the address is taken. */
static bool add_callers(struct search *s, bool *taken)
{
	struct index_range callers = index_callers(s->at.part, index_symbol(s->at.part, s->at.symbol));
	bool any = false;

	for (uint32_t i = 0; i < callers.n; i++) {
		const struct index_edge *e = index_edge(s->at.part, index_caller(s->at.part, callers.first + i));
		const struct index_symbol *from = e ? index_symbol(s->at.part, e->from) : NULL;

		if (!from || from->object != s->at.object || from->flags & SYMBOL_INIT)
			continue;
		if (e->kind == EDGE_ADDRESS) {
			*taken = true;
			continue;
		}
		any = true;
		enqueue(s, from->body, s->at.symbol);
	}
	return any;
}

static void look_at(struct search *s, graph_is_root *is_root, void *arg, uint32_t start)
{
	struct graph_root root = { 0 };
	bool taken = false;

	if (is_root(s->c, &s->at, arg, &root)) {
		if (!s->answer->chain) {
			set_chain(s, s->at.symbol, start);
			s->answer->root = root;
		}
		return;
	}
	bool exported = is_exported(s), called;

	/* What everybody uses, and what ends the machine, is no way from here to there. */
	if (s->at.symbol != start && ((exported && !s->only) || known_find(KNOWN_NO_RETURN, graph_name(&s->at))))
		return;
	called = add_callers(s, &taken);
	if (exported)
		set_other(s, "exported");
	else if (s->object->pointed[s->at.symbol])
		set_other(s, "data points to it");
	else if (taken)
		set_other(s, "its address is taken");
	else if (!called)
		set_other(s, "no caller is known");
}

void graph_search(struct check *c, const struct graph_node *node, graph_is_root *is_root, void *arg,
		  bool only, struct graph_answer *answer)
{
	struct search s = { .c = c, .at = *node, .object = object_of(c, node), .answer = answer,
			    .only = only };
	uint32_t start = index_symbol(node->part, node->symbol)->body;

	*answer = (struct graph_answer){ 0 };
	s.below = xcalloc(index_symbol_count(node->part) + 1, sizeof(*s.below));
	enqueue(&s, start, start);
	for (size_t i = 0; i < s.queue.n && !(answer->other && (only || answer->chain)); i++) {
		s.at.symbol = s.queue.at[i];
		look_at(&s, is_root, arg, start);
	}
	u32_vec_free(&s.queue);
	free(s.below);
}

void graph_answer_free(struct graph_answer *answer)
{
	free(answer->chain);
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
