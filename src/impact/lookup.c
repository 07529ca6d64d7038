// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/lookup.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "object/image.h"

/* Suffixes of gcc's clones: ipa-sra.cc, ipa-cp.cc, ipa-split.cc, ipa-param-manipulation, lto. */
static const struct clone_suffix {
	const char *suffix, *text;
} clone_suffixes[] = {
	{ ".isra", " (isra: parameters left out or passed by value)" },
	{ ".constprop", " (constprop: made for constant arguments)" },
	{ ".part", " (part: what is behind the first test)" },
	{ ".cold", " (cold: what is rarely executed)" },
	{ ".lto_priv", " (lto_priv: renamed by link time optimisation)" },
	{ ".localalias", " (localalias: a local name of a global function)" },
	{ ".llvm", " (llvm: renamed by link time optimisation)" },
};

const char *clone_kind(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(clone_suffixes); i++)
		if (strstr(name, clone_suffixes[i].suffix))
			return clone_suffixes[i].text;
	return "";
}

const char *lookup_file(const struct lookup *found, size_t hit)
{
	const struct lookup_hit *h = &found->hits.at[hit];

	return index_string(h->part, h->function->file);
}

void lookup_free(struct lookup *found)
{
	lookup_hit_vec_free(&found->hits);
}

/* Is `end` the path, or the end of it from some directory on? */
static bool path_ends(const char *path, const char *end)
{
	size_t n = strlen(path), m = strlen(end);

	return n >= m && streq(path + n - m, end) && (n == m || path[n - m - 1] == '/');
}

/* A function without code and copies is a declaration only: nothing was made of it. */
static bool has_code(const struct index_function *f)
{
	return f->instances || f->inlines;
}

static void collect(const struct index_part *part, const char *file, const char *name,
		    struct lookup *found)
{
	struct index_range r = index_functions_named(part, name);

	for (uint32_t i = 0; i < r.n; i++) {
		const struct index_function *f = index_function(part, r.first + i);

		if (has_code(f) && (!file || path_ends(index_string(part, f->file), file)))
			lookup_hit_vec_push(&found->hits, (struct lookup_hit){ part, f });
	}
}

static bool same_function(const struct lookup_hit *x, const struct lookup_hit *y)
{
	return x->function->line == y->function->line &&
	       streq(index_string(x->part, x->function->file),
		     index_string(y->part, y->function->file));
}

static struct error *several(const struct lookup *found, const char *spec)
{
	scoped_str struct str list = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < found->hits.n; i++) {
		const struct lookup_hit *h = &found->hits.at[i];
		bool known = false;

		for (size_t k = 0; k < i && !known; k++)
			known = same_function(h, &found->hits.at[k]);
		if (!known && n++ < 12)
			str_add(&list, "%s%s:%s", n > 1 ? ", " : "", index_string(h->part,
				h->function->file), index_string(h->part, h->function->name));
	}
	return error_hint(error_new("I4", "%s: %zu functions have this name: %s%s", spec, n, list.s,
				    n > 12 ? ", ..." : ""), "say FILE:NAME");
}

struct error *lookup_function(const struct impact_index *index, const char *spec,
			      struct lookup *found)
{
	const char *colon = strrchr(spec, ':');
	scoped_free char *file = colon ? xstrndup(spec, colon - spec) : NULL;
	scoped_free char *name = xstrdup(colon ? colon + 1 : spec);

	*found = (struct lookup){ 0 };
	name[strcspn(name, ".")] = 0;
	for (size_t i = 0; i < index->n; i++)
		collect(&index->parts[i], file, name, found);
	if (!found->hits.n)
		return error_new("I3", "%s: the shipped kernel has neither code nor inlined copies of "
				 "such a function", spec);
	for (size_t i = 1; i < found->hits.n; i++)
		if (!same_function(&found->hits.at[0], &found->hits.at[i])) {
			struct error *err = several(found, spec);

			lookup_free(found);
			return err;
		}
	return NULL;
}

static bool in_unit(const struct index_part *part, const struct index_symbol *s, const char *object,
		    const char *unit)
{
	const struct index_instance *i = index_instance(part, s->instance);
	const struct index_unit *u = i ? index_unit(part, i->unit) : NULL;

	return u && streq(index_string(part, u->name), unit) &&
	       streq(index_object_name(part, s->object), object);
}

uint32_t lookup_in_unit(const struct impact_index *index, const char *object, const char *unit,
			const char *name, const struct index_part **part)
{
	scoped_free char *base = xstrndup(name, name_base_length(name));

	for (size_t k = 0; k < index->n; k++) {
		struct index_range r = index_symbols_starting(&index->parts[k], base);
		uint32_t near = INDEX_NONE;

		*part = &index->parts[k];
		for (uint32_t i = 0; i < r.n; i++) {
			uint32_t at = index_by_name(*part, r.first + i);
			const struct index_symbol *s = index_symbol(*part, at);

			if (!s || !name_same_base(index_string(*part, s->name), name) ||
			    !in_unit(*part, s, object, unit))
				continue;
			if (streq(index_string(*part, s->name), name))
				return at;
			near = at;
		}
		if (near != INDEX_NONE)
			return near;
	}
	return INDEX_NONE;
}
