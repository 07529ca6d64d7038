// SPDX-License-Identifier: GPL-2.0-or-later
#include "roads.h"

static bool replaces(const struct build_report *report, const struct replaced *f)
{
	for (size_t i = 0; i < report->replaced.n; i++) {
		const struct replaced *g = &report->replaced.at[i];

		if (streq(f->kobject, g->kobject) && streq(f->name, g->name) &&
		    f->sympos == g->sympos)
			return true;
	}
	return false;
}

static void add_only(const struct build_report *has, const struct build_report *lacks,
		     const char *what, struct str *line)
{
	size_t n = 0;

	for (size_t i = 0; i < has->replaced.n; i++) {
		const struct replaced *f = &has->replaced.at[i];

		if (replaces(lacks, f))
			continue;
		str_add(line, "%s%s", n++ ? " " : what, f->name);
	}
}

static void add_proof(const struct build_report *source, struct str *line)
{
	size_t i, n = json_array_size(source->source), k;
	static const char *const sides[] = { "unpatched", "patched" };
	static const char *const classes[] = { "inlining", "not explained" };

	for (i = 0; i < n; i++)
		for (k = 0; k < 4; k++) {
			json_t *proof = json_object_get(json_array_get(source->source, i), sides[k % 2]);
			json_int_t count = json_integer_value(json_object_get(proof, classes[k / 2]));

			if (count)
				str_add(line, ", %lld %s (%s)", (long long)count, classes[k / 2],
					sides[k % 2]);
		}
}

void compare_roads(const struct build_report *objects, const struct build_report *source,
		   struct str *line)
{
	add_only(objects, source, ", only objects replace ", line);
	add_only(source, objects, ", only the source replaces ", line);
	add_proof(source, line);
}
