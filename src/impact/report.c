// SPDX-License-Identifier: GPL-2.0-or-later
/* The result of a query for people and as JSON. */
#include <string.h>

#include "base/str.h"
#include "impact/impact.h"

enum { WHY_SHOWN = 3, CALLERS_SHOWN = 12, POINTERS_SHOWN = 3 };

static void print_some(const char *what, const struct str_vec *list, size_t shown, FILE *out)
{
	if (!list->n)
		return;
	fprintf(out, "             %s", what);
	for (size_t i = 0; i < list->n && i < shown; i++)
		fprintf(out, "%s %s", i ? "," : "", list->at[i]);
	if (list->n > shown)
		fprintf(out, " and %zu more", list->n - shown);
	fprintf(out, "\n");
}

static void print_member(const struct impact_member *m, FILE *out)
{
	fprintf(out, "  %-10s %s:%s%s%s%s\n", impact_roles[m->role].name, m->object, m->symbol,
		*m->unit ? " (" : "", m->unit, *m->unit ? ")" : "");
	for (size_t i = 0; i < m->why.n && i < WHY_SHOWN; i++)
		fprintf(out, "             %s\n", m->why.at[i]);
	if (m->why_not)
		fprintf(out, "             not replaced: %s\n", m->why_not);
	print_some("called by", &m->callers, CALLERS_SHOWN, out);
	print_some("its address is in", &m->pointers, POINTERS_SHOWN, out);
	if (m->prototype)
		fprintf(out, "             and is called from there as %s\n", m->prototype);
}

static size_t print_those(const struct impact_result *r, bool replace, FILE *out)
{
	size_t n = 0;

	for (size_t i = 0; i < r->members.n; i++) {
		if (r->members.at[i].replace != replace)
			continue;
		print_member(&r->members.at[i], out);
		n++;
	}
	return n;
}

static size_t count(const struct impact_result *r, bool replace)
{
	size_t n = 0;

	for (size_t i = 0; i < r->members.n; i++)
		n += r->members.at[i].replace == replace;
	return n;
}

void impact_print(const struct impact_result *r, FILE *out)
{
	size_t n = count(r, true);

	if (r->line)
		fprintf(out, "%s (%s:%u)\n", r->function, r->file, r->line);
	else
		fprintf(out, "%s\n", r->function);
	fprintf(out, "to replace, so that nothing relies on the old code: %zu function%s\n", n,
		n == 1 ? "" : "s");
	print_those(r, true, out);
	if (count(r, false))
		fprintf(out, "concerned, but not to be replaced:\n");
	print_those(r, false, out);
	for (size_t i = 0; i < r->self.n; i++)
		fprintf(out, "contract   %s\n", r->self.at[i]);
	for (size_t i = 0; i < r->notes.n; i++)
		fprintf(out, "note       %s\n", r->notes.at[i]);
	if (r->units_probed)
		fprintf(out, "probed     %zu unit%s, %.1f CPU seconds of the compiler\n", r->units_probed,
			r->units_probed == 1 ? "" : "s", r->cpu_compiler);
}

static json_t *strings(const struct str_vec *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, json_string(list->at[i]));
	return array;
}

static json_t *member_json(const struct impact_member *m)
{
	json_t *j = json_pack("{ss ss ss ss sb so so so}", "object", m->object, "symbol", m->symbol,
			      "unit", m->unit, "role", impact_roles[m->role].name, "replace",
			      m->replace, "why", strings(&m->why), "callers", strings(&m->callers),
			      "pointers", strings(&m->pointers));

	if (m->prototype)
		json_object_set_new(j, "prototype", json_string(m->prototype));
	if (m->why_not)
		json_object_set_new(j, "why_not", json_string(m->why_not));
	return j;
}

json_t *impact_json(const struct impact_result *r)
{
	json_t *members = json_array();

	for (size_t i = 0; i < r->members.n; i++)
		json_array_append_new(members, member_json(&r->members.at[i]));
	return json_pack("{ss ss sI so so so sI}", "function", r->function, "file",
			 r->file ? r->file : "", "line", (json_int_t)r->line, "members", members,
			 "depends_on_callers", strings(&r->self), "notes", strings(&r->notes),
			 "units_probed", (json_int_t)r->units_probed);
}
