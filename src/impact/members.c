// SPDX-License-Identifier: GPL-2.0-or-later
/* The list of functions that are concerned: each once, under its strongest reason. */
#include <string.h>

#include "base/str.h"
#include "impact/impact.h"

const struct impact_role_info impact_roles[IMPACT_ROLES] = {
	[ROLE_BODY] = { "body", true, "the function" },
	[ROLE_CLONE] = { "clone", true, "a copy that the compiler made" },
	[ROLE_INLINED] = { "inlined", true, "the body is part of it" },
	[ROLE_CONVENTION] = { "convention", true, "calls a copy in the compiler's own way" },
	[ROLE_CONTRACT] = { "contract", true, "relies on what the compiler saw in the body" },
	[ROLE_FOLDED] = { "folded", true, "shares the body, and must keep what its source says" },
	[ROLE_STATIC] = { "static", true, "has the value of a static variable that nothing wrote" },
	[ROLE_CHANGED] = { "changed", true, "its machine code changes with the fix" },
	[ROLE_COLD] = { "cold", false, "goes with the function that it is part of" },
	[ROLE_TWIN] = { "twin", false, "is redirected with the function: same address" },
	[ROLE_WRAPPER] = { "wrapper", false, "jumps to the function, and so to its replacement" },
};

/* The slot of a member's number + 1; members whose hashes are equal follow each other. */
static void **member_slot(struct impact_result *r, const char *object, const char *symbol,
			  uint64_t place)
{
	uint64_t h = hash_bytes(symbol, strlen(symbol), hash_bytes(object, strlen(object), place));

	for (;; h++) {
		void **slot = map_slot_u64(&r->known, h);
		const struct impact_member *m = *slot ? &r->members.at[(uintptr_t)*slot - 1] : NULL;

		if (!m || (m->place == place && streq(m->symbol, symbol) && streq(m->object, object)))
			return slot;
	}
}

static void add_why(struct impact_member *m, char *why)
{
	for (size_t i = 0; i < m->why.n; i++)
		if (streq(m->why.at[i], why)) {
			free(why);
			return;
		}
	str_vec_push(&m->why, why);
}

static struct impact_member *add(struct impact_result *r, const char *object, const char *symbol,
				 const char *unit, uint64_t place, enum impact_role role, char *why)
{
	void **slot = member_slot(r, object, symbol, place);
	struct impact_member *m;

	if (!*slot) {
		impact_member_vec_push(&r->members, (struct impact_member){
			.object = xstrdup(object), .symbol = xstrdup(symbol),
			.unit = xstrdup(unit), .place = place, .role = IMPACT_ROLES });
		*slot = (void *)(uintptr_t)r->members.n;
	}
	m = &r->members.at[(uintptr_t)*slot - 1];
	if (role < m->role)
		m->role = role;
	add_why(m, why);
	m->replace = impact_roles[m->role].replace && !m->why_not;
	return m;
}

struct impact_member *impact_add(struct impact_result *r, const struct index_part *part,
				 uint32_t symbol, enum impact_role role, char *why)
{
	const struct index_symbol *s = index_symbol(part, symbol);
	const struct index_instance *i = index_instance(part, s->instance);
	const struct index_unit *u = i ? index_unit(part, i->unit) : NULL;
	struct impact_member *m = add(r, index_object_name(part, s->object),
				      index_string(part, s->name),
				      u ? index_string(part, u->name) : "", s->place, role, why);

	if (s->flags & SYMBOL_INIT) {
		m->why_not = "init code: it has run and is gone";
		m->replace = false;
	}
	return m;
}

struct impact_member *impact_add_named(struct impact_result *r, const char *object,
				       const char *symbol, const char *unit,
				       enum impact_role role, char *why)
{
	return add(r, object, symbol, unit, 0, role, why);
}

static int order(const void *a, const void *b)
{
	const struct impact_member *x = a, *y = b;
	int c;

	if (x->role != y->role)
		return x->role < y->role ? -1 : 1;
	if (streq(x->object, "vmlinux") != streq(y->object, "vmlinux"))
		return streq(x->object, "vmlinux") ? -1 : 1;
	if ((c = strcmp(x->object, y->object)) || (c = strcmp(x->symbol, y->symbol)))
		return c;
	return x->place < y->place ? -1 : x->place > y->place;
}

void impact_sort(struct impact_result *r)
{
	for (size_t i = 0; i < r->members.n; i++) {
		struct impact_member *m = &r->members.at[i];

		if (m->role == ROLE_STATIC && !r->compiled && !m->why_not)
			m->why_not = "only if the new body has the access to that variable that nothing "
				     "has so far";
		m->replace = impact_roles[m->role].replace && !m->why_not;
	}
	if (r->members.n)
		qsort(r->members.at, r->members.n, sizeof(*r->members.at), order);
	map_free(&r->known);
	for (size_t i = 0; i < r->members.n; i++) {
		const struct impact_member *m = &r->members.at[i];

		*member_slot(r, m->object, m->symbol, m->place) = (void *)(uintptr_t)(i + 1);
	}
}

void impact_result_free(struct impact_result *r)
{
	for (size_t i = 0; i < r->members.n; i++) {
		struct impact_member *m = &r->members.at[i];

		free(m->object);
		free(m->symbol);
		free(m->unit);
		str_vec_free_all(&m->why);
		str_vec_free_all(&m->callers);
		str_vec_free_all(&m->pointers);
		free(m->prototype);
	}
	impact_member_vec_free(&r->members);
	map_free(&r->known);
	str_vec_free_all(&r->notes);
	str_vec_free_all(&r->self);
	free(r->function);
	free(r->file);
	*r = (struct impact_result){ 0 };
}
