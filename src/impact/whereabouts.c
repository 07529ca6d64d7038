// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/whereabouts.h"

#include "base/cleanup.h"
#include "base/str.h"
#include "impact/lookup.h"

enum { FUNCTIONS_SHOWN = 3, PLACES_SHOWN = 3 };

static void add_origin(const struct index_part *part, const struct index_function *f, struct str *out)
{
	const char *file = index_string(part, f->file);

	str_add(out, "; ");
	if (*file)
		str_add(out, "that of %s:%u ", file, f->line);
	else
		str_add(out, "the function ");
}

static void add_place(const struct index_part *part, uint32_t symbol, size_t n, struct str *out)
{
	const struct index_symbol *s = index_symbol(part, symbol);

	if (n < PLACES_SHOWN)
		str_add(out, "%s%s:%s", n ? ", " : "", index_object_name(part, s->object),
			index_symbol_name(part, symbol));
}

static void add_more(size_t n, struct str *out)
{
	if (n > PLACES_SHOWN)
		str_add(out, " and %zu more", n - PLACES_SHOWN);
}

/* Symbols at which code of it begins. */
static size_t add_code(const struct index_part *part, const struct index_function *f, struct str *out)
{
	struct index_range r = index_instances_of(part, f);
	scoped_str struct str list = { 0 };
	bool init = false;
	size_t n = 0;

	for (uint32_t i = 0; i < r.n; i++) {
		uint32_t symbol = index_instance(part, r.first + i)->symbol;

		if (symbol == INDEX_NONE)
			continue;
		init |= index_symbol(part, symbol)->flags & SYMBOL_INIT;
		add_place(part, symbol, n, &list);
		str_add(&list, "%s", n < PLACES_SHOWN ? clone_kind(index_symbol_name(part, symbol)) : "");
		n++;
	}
	if (!n)
		return 0;
	add_more(n, &list);
	str_add(out, "has its code at %s%s", list.s, init ? ", in init memory" : "");
	return n;
}

static size_t add_copies(const struct index_part *part, const struct index_function *f, bool also,
			 struct str *out)
{
	struct index_range r = index_inlines_of(part, f);
	scoped_str struct str list = { 0 };
	size_t n = 0;

	for (uint32_t i = 0; i < r.n; i++) {
		const struct index_inline *copy = index_inline(part, r.first + i);
		uint32_t symbol = index_instance(part, copy->into)->symbol;

		if (symbol == INDEX_NONE)
			continue;
		add_place(part, symbol, n, &list);
		n++;
	}
	if (!r.n)
		return 0;
	add_more(n, &list);
	str_add(out, "%s%s%s", also ? ", and was inlined" : "was inlined by the compiler, wherever it is used",
		n ? ": into " : "", n ? list.s : "");
	return r.n;
}

static bool add_function(const struct index_part *part, const struct index_function *f,
			 struct str *out)
{
	scoped_str struct str text = { 0 };
	size_t code = add_code(part, f, &text), copies = add_copies(part, f, code, &text);

	if (!code && !copies && !*index_string(part, f->file))
		return false;
	add_origin(part, f, out);
	if (code || copies)
		str_add(out, "%s", text.s);
	else
		str_add(out, "has left neither code nor copies: it is not used, or its body equals "
			     "another's, and that is called instead");
	return true;
}

char *whereabouts_in(const struct impact_index *index, const char *name)
{
	struct str text = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < index->n; i++) {
		const struct index_part *part = &index->parts[i];
		struct index_range r = index_functions_named(part, name);

		for (uint32_t k = 0; k < r.n && n < FUNCTIONS_SHOWN; k++)
			n += add_function(part, index_function(part, r.first + k), &text);
	}
	return text.s;
}

char *whereabouts_of(const char *name, void *whereabouts)
{
	struct whereabouts *w = whereabouts;

	if (!w->asked) {
		struct error *err = index_open(w->target, &w->index);

		w->asked = true;
		if (err)
			index_close(&w->index); /* no DWARF: then nothing is known */
		error_free(err);
	}
	return whereabouts_in(&w->index, name);
}

void whereabouts_close(struct whereabouts *w)
{
	index_close(&w->index);
}
