// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the branches on the way said of the values at a pair of places. Each fact is a formula over the variables
 * "place N" (relation.c counts the places): it speaks of what is there, whichever class that belongs to.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "equiv/machine.h"

static Z3_ast place_variable(struct solver *s, size_t i)
{
	return variable(s, 32, "place %zu", i);
}

struct variables {
	bool places, others;
};

static void look_for_variables(struct solver *s, Z3_ast a, struct map *seen, struct variables *v)
{
	uint64_t id = Z3_get_ast_id(s->z, a);

	if (Z3_get_ast_kind(s->z, a) != Z3_APP_AST || map_has_u64(seen, id))
		return;
	map_put_u64(seen, id, seen);
	Z3_app app = Z3_to_app(s->z, a);
	unsigned int n = Z3_get_app_num_args(s->z, app);

	for (unsigned int i = 0; i < n; i++)
		look_for_variables(s, Z3_get_app_arg(s->z, app, i), seen, v);
	if (n || Z3_get_decl_kind(s->z, Z3_get_app_decl(s->z, app)) != Z3_OP_UNINTERPRETED)
		return;
	const char *name = variable_name(s, a);

	*(name && starts_with(name, "place ") ? &v->places : &v->others) = true;
}

static struct variables variables_of(struct solver *s, Z3_ast a)
{
	struct variables v = { 0 };
	struct map seen = { 0 };

	look_for_variables(s, a, &seen, &v);
	map_free(&seen);
	return v;
}

/* ---- terms that take the place of others ---- */

struct terms {
	Z3_ast *from, *to;
	unsigned int n;
};

static void add_term(struct solver *s, struct terms *t, Z3_ast from, Z3_ast to)
{
	if (!from || Z3_get_ast_kind(s->z, from) == Z3_NUMERAL_AST)
		return;
	for (unsigned int i = 0; i < t->n; i++)
		if (t->from[i] == from)
			return;
	t->from[t->n] = from;
	t->to[t->n++] = to;
}

static struct terms terms_new(size_t n)
{
	return (struct terms){ xcalloc(n, sizeof(Z3_ast)), xcalloc(n, sizeof(Z3_ast)), 0 };
}

static void terms_free(struct terms *t)
{
	free(t->from);
	free(t->to);
}

/* ---- facts ---- */

static void add_fact(struct facts *f, struct solver *s, Z3_ast fact)
{
	if (f->n < FACTS_MAX && !is_true(s, fact) && !variables_of(s, fact).others)
		f->at[f->n++] = fact;
}

void facts_of(struct facts *f, struct solver *s, Z3_ast premise, const Z3_ast *value, size_t n)
{
	SCOPED(terms_free) struct terms t = terms_new(2 * n);
	Z3_app app = Z3_to_app(s->z, premise);
	bool all = Z3_get_decl_kind(s->z, Z3_get_app_decl(s->z, app)) == Z3_OP_AND;

	for (size_t i = 0; i + 1 < n; i += 2)
		add_term(s, &t, join_bits(s, value[i + 1], value[i]),
			 join_bits(s, place_variable(s, i + 1), place_variable(s, i)));
	for (size_t i = 0; i < n; i++)
		add_term(s, &t, value[i], place_variable(s, i));
	*f = (struct facts){ 0 };
	for (unsigned int i = 0; i < (all ? Z3_get_app_num_args(s->z, app) : 1); i++)
		add_fact(f, s, Z3_substitute(s->z, all ? Z3_get_app_arg(s->z, app, i) : premise, t.n, t.from, t.to));
}

/* A fact about these values; NULL: one of them is not there. */
static Z3_ast about(struct solver *s, Z3_ast fact, const Z3_ast *value, size_t n)
{
	SCOPED(terms_free) struct terms t = terms_new(n);

	for (size_t i = 0; i < n; i++)
		if (value[i]) {
			t.from[t.n] = place_variable(s, i);
			t.to[t.n++] = value[i];
		}
	fact = Z3_substitute(s->z, fact, t.n, t.from, t.to);
	return variables_of(s, fact).places ? NULL : simple(s, fact);
}

bool facts_meet(struct facts *f, struct solver *s, Z3_ast premise, const Z3_ast *value, size_t n)
{
	unsigned int had = f->n;

	f->n = 0;
	for (unsigned int i = 0; i < had; i++) {
		Z3_ast fact = about(s, f->at[i], value, n);

		if (fact && always_equal(s, premise, fact, Z3_mk_true(s->z)))
			f->at[f->n++] = f->at[i];
	}
	return f->n != had;
}

Z3_ast facts_about(const struct facts *f, struct solver *s, const Z3_ast *value, size_t n)
{
	Z3_ast all[FACTS_MAX];
	unsigned int k = 0;

	for (unsigned int i = 0; i < f->n; i++) {
		Z3_ast fact = about(s, f->at[i], value, n);

		if (fact)
			all[k++] = fact;
	}
	return k ? simple(s, Z3_mk_and(s->z, k, all)) : NULL;
}
