// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * C15: replaced functions that no call between replaced functions joins. A task may run the old one of
 * two of them and then, in the same system call, the new one of the other; the consistency model
 * covers no more than the time during which a replaced function is on the stack.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rules/detectors.h"

/* Groups of the list's functions, by index: a forest. */
struct groups {
	const struct inspection *in;
	size_t *parent;
};

static size_t root(const struct groups *g, size_t i)
{
	while (g->parent[i] != i)
		i = g->parent[i];
	return i;
}

/* The list's function that a symbol means: a replacement, or an old one by its name. */
static bool find(const struct groups *g, const char *symbol, size_t *index)
{
	for (size_t i = 0; symbol && i < g->in->functions.n; i++) {
		const struct inspect_func *f = &g->in->functions.at[i];

		if (!streq(symbol, f->name) && !(f->new_name && streq(symbol, f->new_name)))
			continue;
		*index = i;
		return true;
	}
	return false;
}

static void join(struct groups *g, const char *a, const char *b)
{
	size_t i, k;

	if (find(g, a, &i) && find(g, b, &k))
		g->parent[root(g, i)] = root(g, k);
}

static const char *function_at(const struct obj_section *s, uint64_t at)
{
	struct obj_ref ref = object_locate((struct obj_section *)s, at);

	return ref.symbol ? ref.symbol->name : NULL;
}

static struct error *join_late(struct check *c, const struct rule *rule, const struct late *late,
			       void *arg)
{
	if (late->section && late->parts && late->section->flags & SHF_EXECINSTR)
		join(arg, function_at(late->section, late->offset), late->parts->symbol);
	return NULL;
}

static void join_section(struct groups *g, const struct obj_section *s)
{
	for (size_t i = 0; i < s->nrelocs; i++) {
		struct obj_ref to = object_reloc_ref(&s->relocs[i], 4);

		if (to.symbol)
			join(g, function_at(s, s->relocs[i].offset), to.symbol->name);
	}
}

/* One replacement for several names is one piece of code. */
static void join_same(struct groups *g)
{
	for (size_t i = 0; i < g->in->functions.n; i++)
		join(g, g->in->functions.at[i].name, g->in->functions.at[i].new_name);
}

static struct error *join_calls(struct check *c, const struct rule *rule, struct groups *g)
{
	join_same(g);
	for (size_t i = 1; i < c->in->object->nsections; i++)
		if (c->in->object->sections[i].flags & SHF_EXECINSTR)
			join_section(g, &c->in->object->sections[i]);
	return check_each_late(c, rule, join_late, g);
}

static bool is_declared(const struct check *c, const char *id)
{
	for (size_t i = 0; c->description && i < c->description->waivers.n; i++)
		if (c->description->waivers.at[i].declaration &&
		    streq(c->description->waivers.at[i].id, id))
			return true;
	return false;
}

struct error *rule_system_call(struct check *c, const struct rule *rule)
{
	struct groups g = { .in = c->in, .parent = xcalloc(c->in->functions.n + 1, sizeof(size_t)) };
	scoped_free size_t *owned = g.parent;
	scoped_str struct str names = { 0 };
	size_t roots = 0;

	for (size_t i = 0; i < c->in->functions.n; i++)
		owned[i] = i;
	TRY(join_calls(c, rule, &g));
	for (size_t i = 0; i < c->in->functions.n; i++)
		if (root(&g, i) == i && ++roots <= 5)
			str_add(&names, "%s%s", names.n ? ", " : "", c->in->functions.at[i].name);
	if (roots < 2 || is_declared(c, rule->id))
		return NULL;
	finding_way_out(rule_finding(c, rule, NULL, NULL, NULL,
		"%zu groups of replaced functions that no call joins (%s%s): one system call may run the "
		"old code of one and then the new code of another", roots, names.s,
		roots > 5 ? ", ..." : ""),
		"if they must agree, replace a function that calls both; if not, say so: [declare %s]",
		rule->id);
	return NULL;
}
