// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls by pointer. Nobody sees where they lead; but the function's prototype, or the structures in which
 * its address lies, may say what alone calls it (known.h). Both are DWARF's: without it, nothing is said.
 */
#include "base/str.h"
#include "impact/index.h"
#include "rules/graph.h"

static const struct known_pointer *row_of(const struct graph_node *node, const char *what, enum known_kind kind)
{
	const struct known_pointer *row = *what ? known_pointer_find(what) : NULL;

	if (!row || row->kind != kind || (row->not_in && streq(row->not_in, node->image->kobject)))
		return NULL;
	return row;
}

static const struct known_pointer *row_of_member(const struct graph_node *node, const struct index_pointer *p,
						 enum known_kind kind)
{
	scoped_free char *what = xasprintf("%s.%s", index_string(node->part, p->type),
					   index_string(node->part, p->member));

	return row_of(node, what, kind);
}

/* Code that has the function's address as an operand; NULL if there is none. */
static const struct index_edge *taken_by(const struct graph_node *node)
{
	struct index_range callers = index_callers(node->part, index_symbol(node->part, node->symbol));

	for (uint32_t i = 0; i < callers.n; i++) {
		const struct index_edge *e = index_edge(node->part, index_caller(node->part, callers.first + i));

		if (e && e->kind == EDGE_ADDRESS)
			return e;
	}
	return NULL;
}

enum pointer_use graph_pointer_use(const struct graph_node *node, enum known_kind kind, bool registered,
				   const struct known_pointer **row, const char **why)
{
	const struct index_symbol *s = index_symbol(node->part, node->symbol);
	struct index_range data = index_pointers_to(node->part, s);
	const struct index_edge *taken = taken_by(node);

	if (!data.n && !taken)
		return POINTER_NONE;
	*row = row_of(node, index_string(node->part, s->prototype), kind);
	if (*row)
		return POINTER_KIND;
	for (uint32_t i = 0; i < data.n; i++) {
		*row = row_of_member(node, index_pointer(node->part, data.first + i), kind);
		if (!*row) {
			*why = "data points to it";
			return POINTER_OTHER;
		}
	}
	*why = "its address is taken";
	return taken && !registered ? POINTER_OTHER : POINTER_KIND;
}

char *graph_pointer_place(const struct graph_node *node)
{
	struct index_range data = index_pointers_to(node->part, index_symbol(node->part, node->symbol));
	const struct index_edge *taken = data.n ? NULL : taken_by(node);

	return taken ? xstrdup(index_symbol_name(node->part, taken->from)) :
		       index_pointer_name(node->part, index_pointer(node->part, data.first));
}

char *graph_pointer_text(const struct graph_node *node, const struct known_pointer *row)
{
	const struct index_symbol *s = index_symbol(node->part, node->symbol);
	scoped_free char *place = graph_pointer_place(node);
	bool in_data = index_pointers_to(node->part, s).n;
	bool by_prototype = streq(index_string(node->part, s->prototype), row->what);

	return xasprintf("%s%s%s%s%s", in_data ? "its address is in " : "", place, in_data ? "" : " has its address",
			 by_prototype ? ", and it is called by pointer as " : "", by_prototype ? row->what : "");
}
