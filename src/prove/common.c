// SPDX-License-Identifier: GPL-2.0-or-later
/* Helpers that one side calls and the other side has in line. */
#include <string.h>

#include "base/str.h"
#include "prove/parts.h"

/*
 * Calls that the compiler makes, or leaves out, as it sees fit: checks whose outcome it can sometimes
 * prove, the standard functions that it may expand, and how indirect calls and returns are made.
 */
static bool is_compilers_own(const char *name)
{
	static const char *const names[] = {
		"__fortify_panic", "fortify_panic", "__stack_chk_fail", "memcpy", "memset",
		"memmove", "memcmp", "strlen", "strcmp", "strncmp", "strcpy", "strncpy",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (streq(name, names[i]))
			return true;
	return starts_with(name, "__x86_indirect_thunk_");
}

static bool is_missing(const struct common *c, const char *key, const struct map *in)
{
	return !map_has(in, key) && !map_has(&c->hidden, key) && !map_has(&c->known, key) &&
	       !is_compilers_own(key);
}

/* Counts the helper in; its name no longer matters. */
static void count_in(struct common *c, const char *name, struct skeleton *to)
{
	struct entity *e = map_get(c->by_name, name);

	map_put(&c->hidden, e->name, e);
	skeleton_add(c->model, e, to);
}

/* Helpers whose call stands in `with` alone. */
static bool expand_calls(struct common *c, struct skeleton *with, const struct skeleton *without)
{
	bool any = false;

	for (size_t i = 0; i < with->refs.n; i++) {
		const char *key = with->refs.entries[i].key;

		if (!map_has(c->by_name, key) || !is_missing(c, key, &without->refs))
			continue;
		count_in(c, key, with);
		any = true;
	}
	return any;
}

static bool has_some(const struct common *c, const struct skeleton *helper, const struct skeleton *full,
		     const struct skeleton *poor)
{
	for (size_t i = 0; i < helper->refs.n; i++) {
		const char *key = helper->refs.entries[i].key;

		if (map_has(&full->refs, key) && is_missing(c, key, &poor->refs))
			return true;
	}
	return false;
}

/* Helpers that both sides call, and one has in line as well: those that hold what the other lacks. */
static bool expand_partly_inlined(struct common *c, struct skeleton *poor, struct skeleton *full)
{
	size_t n = poor->refs.n;
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		const char *key = poor->refs.entries[i].key;
		struct skeleton helper;

		if (!map_has(c->by_name, key) || map_has(&c->hidden, key))
			continue;
		skeleton_make(c->model, map_get(c->by_name, key), &helper);
		bool useful = has_some(c, &helper, full, poor);

		skeleton_free(&helper);
		if (!useful)
			continue;
		count_in(c, key, poor);
		if (map_has(&full->refs, key))
			count_in(c, key, full);
		any = true;
	}
	return any;
}

static void know_values(struct common *c, const struct entity *e)
{
	uint32_t v;

	for (uint64_t at = 0; at + sizeof(v) <= e->size; at += sizeof(v)) {
		memcpy(&v, e->section->data + e->start + at, sizeof(v));
		char *text = skeleton_constant(v, sizeof(v));

		if (text)
			map_put(&c->known, *str_vec_push(&c->owned, text), (void *)1);
	}
}

void common_make(struct common *c)
{
	enum { ROUNDS = 6 };

	for (size_t i = 0; i < c->t.refs.n; i++) {
		const struct entity *e = map_get(c->constants, c->t.refs.entries[i].key);

		if (e)
			know_values(c, e);
	}

	for (unsigned int round = 0; round < ROUNDS; round++) {
		bool any = expand_calls(c, &c->s, &c->t);

		any |= expand_calls(c, &c->t, &c->s);
		if (!any)
			any = expand_partly_inlined(c, &c->t, &c->s);
		if (!any)
			any = expand_partly_inlined(c, &c->s, &c->t);
		if (!any)
			break;
	}
}

char *common_lacks(const struct common *c, const struct map *a, const struct map *b)
{
	enum { LIMIT = 3 };
	struct str out = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++)
		if (is_missing(c, a->entries[i].key, b) && n++ < LIMIT)
			str_add(&out, "%s%.60s", out.n ? ", " : "", a->entries[i].key);
	if (n > LIMIT)
		str_add(&out, " and %zu more", n - LIMIT);
	return out.s;
}

void common_free(struct common *c)
{
	skeleton_free(&c->s);
	skeleton_free(&c->t);
	map_free(&c->hidden);
	map_free(&c->known);
	str_vec_free_all(&c->owned);
}
