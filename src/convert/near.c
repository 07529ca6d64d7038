// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "convert/convert.h"
#include "target/names.h"

enum { CLONES_SHOWN = 4, NEAR_SHOWN = 3 };

/* What the compiler's suffixes mean (gcc/ipa-sra.cc, ipa-cp.cc, ipa-split.cc, bb-reorder.cc). */
static const struct {
	const char *suffix, *meaning;
} suffixes[] = {
	{".isra.", "a clone with other parameters"},
	{".constprop.", "a clone for constant arguments"},
	{".part.", "the part that was not inlined"},
	{".cold", "its unlikely part"},
	{".llvm.", "renamed by LTO"},
};

static const char *meaning_of(const char *suffix)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (starts_with(suffix, suffixes[i].suffix))
			return suffixes[i].meaning;
	return "numbered by the compiler";
}

/* "; the compiler made NAME.isra.0 (a clone with other parameters; vmlinux) of it". */
static size_t add_clones(const struct symlist *l, const char *name, struct str *out)
{
	size_t n = strlen(name), found = 0;

	for (size_t i = 0; i < l->entries.n; i++) {
		const struct sym_entry *e = &l->entries.at[i];

		if (strncmp(e->name, name, n) || e->name[n] != '.' || !e->count)
			continue;
		if (found++ < CLONES_SHOWN)
			str_add(out, "%s%s (%s, in %s)",
				found == 1 ? "; the compiler made of it " : ", ", e->name,
				meaning_of(e->name + n), e->object);
	}
	return found;
}

static bool worth_a_look(const char *candidate, const char *name, size_t n)
{
	size_t m = strlen(candidate);

	return candidate[0] == name[0] && m + 3 >= n && m <= n + 3;
}

static void add_near(const struct symlist *l, const char *name, struct str *out)
{
	struct str_vec candidates = { 0 };
	size_t n = strlen(name);

	for (size_t i = 0; i < l->entries.n; i++)
		if (l->entries.at[i].count && worth_a_look(l->entries.at[i].name, name, n))
			str_vec_push(&candidates, (char *)l->entries.at[i].name);
	scoped_free char *near = near_names(name, &candidates, NEAR_SHOWN);

	if (near)
		str_add(out, "; near: %s", near);
	str_vec_free(&candidates);
}

char *convert_near(const struct symlist *l, const char *name)
{
	struct str text = { 0 };

	if (!add_clones(l, name, &text))
		add_near(l, name, &text);
	return text.s;
}
