// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/touched.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/str.h"

DEFINE_VEC(line_vec, uint32_t)

/* Old line numbers that a file's hunks change or insert behind. */
static void changed_lines(const struct fix_file *file, struct line_vec *lines)
{
	for (size_t i = 0; i < file->hunks.n; i++) {
		const struct hunk *h = &file->hunks.at[i];
		uint32_t line = h->old_start;

		for (size_t k = 0; k < h->lines.n; k++) {
			char what = h->lines.at[k][0];

			if (what != ' ')
				line_vec_push(lines, line);
			line += what != '+';
		}
	}
}

static int by_line(const void *a, const void *b)
{
	const struct lookup_hit *x = a, *y = b;

	return x->function->line < y->function->line ? -1 : x->function->line > y->function->line;
}

/* All functions of one part that are declared in the file, by line. */
static void functions_of(const struct index_part *part, const char *path,
			 struct lookup_hit_vec *list)
{
	for (uint32_t i = 0; i < index_function_count(part); i++) {
		const struct index_function *f = index_function(part, i);

		if (streq(index_string(part, f->file), path))
			lookup_hit_vec_push(list, (struct lookup_hit){ part, f });
	}
	if (list->n)
		qsort(list->at, list->n, sizeof(*list->at), by_line);
}

/* Those that begin at the last line of a declaration not behind the changed line. */
static void mark(const struct lookup_hit_vec *list, uint32_t line, bool *marked)
{
	size_t end = 0;

	while (end < list->n && list->at[end].function->line <= line)
		end++;
	for (size_t i = end; i-- > 0; ) {
		if (list->at[i].function->line != list->at[end - 1].function->line)
			break;
		marked[i] = true;
	}
}

static void touched_in(const struct index_part *part, const struct fix_file *file,
		       struct lookup_hit_vec *touched)
{
	SCOPED(lookup_hit_vec_free) struct lookup_hit_vec list = { 0 };
	SCOPED(line_vec_free) struct line_vec lines = { 0 };

	functions_of(part, file->path, &list);
	changed_lines(file, &lines);
	scoped_free bool *marked = xcalloc(list.n + 1, sizeof(*marked));

	for (size_t i = 0; i < lines.n; i++)
		mark(&list, lines.at[i], marked);
	for (size_t i = 0; i < list.n; i++)
		if (marked[i])
			lookup_hit_vec_push(touched, list.at[i]);
}

void touched_functions(const struct impact_index *index, const struct fix *fix,
		       struct lookup_hit_vec *touched)
{
	for (size_t k = 0; k < index->n; k++)
		for (size_t i = 0; i < fix->files.n; i++)
			touched_in(&index->parts[k], &fix->files.at[i], touched);
}

static bool is_compiled(const struct unit_vec *units, const char *name)
{
	for (size_t i = 0; i < units->n; i++)
		if (streq(units->at[i].source, name))
			return true;
	return false;
}

/* One finding a function and unit. */
static void report(const struct lookup_hit *hit, const struct index_instance *into,
		   struct map *said, struct finding_vec *findings)
{
	const struct index_unit *unit = index_unit(hit->part, into->unit);
	const struct index_symbol *s = index_symbol(hit->part, into->symbol);
	const char *name = index_string(hit->part, hit->function->name);
	uint64_t key = (uint64_t)hit->function->name << 32 | into->unit;

	if (map_has_u64(said, key) || (s && s->flags & SYMBOL_INIT))
		return;
	map_put_u64(said, key, (void *)hit);
	scoped_free char *where = xasprintf("%s:%u", index_string(hit->part, hit->function->file),
					    hit->function->line);
	struct finding *f = finding_add(findings, "I5", SEVERITY_REFUSAL,
					index_object_name(hit->part, unit->object), name, where,
					"%s in %s has a copy of its body, and that unit was not "
					"compiled with the fix",
					index_symbol_name(hit->part, into->symbol),
					index_string(hit->part, unit->name));

	finding_way_out(f, "suture impact %s:%s lists all copies", where, name);
}

static void check_instance(const struct lookup_hit *hit, uint32_t i, const struct unit_vec *units,
			   struct map *said, struct finding_vec *findings)
{
	const struct index_instance *into = index_instance(hit->part, i);
	const struct index_unit *unit = into ? index_unit(hit->part, into->unit) : NULL;

	if (unit && !is_compiled(units, index_string(hit->part, unit->name)))
		report(hit, into, said, findings);
}

void touched_check_reach(const struct impact_index *index, const struct fix *fix,
			 const struct unit_vec *units, struct finding_vec *findings)
{
	SCOPED(lookup_hit_vec_free) struct lookup_hit_vec touched = { 0 };
	SCOPED(map_free) struct map said = { 0 };

	touched_functions(index, fix, &touched);
	for (size_t i = 0; i < touched.n; i++) {
		const struct lookup_hit *hit = &touched.at[i];
		struct index_range own = index_instances_of(hit->part, hit->function);
		struct index_range copies = index_inlines_of(hit->part, hit->function);

		for (uint32_t k = 0; k < own.n; k++)
			check_instance(hit, own.first + k, units, &said, findings);
		for (uint32_t k = 0; k < copies.n; k++)
			check_instance(hit, index_inline(hit->part, copies.first + k)->into, units,
				       &said, findings);
	}
}

struct error *impact_check_build(struct target *target, const struct fix *fix,
				 const struct unit_vec *units, struct finding_vec *findings)
{
	scoped_index struct impact_index index = { 0 };
	bool shared = false;

	for (size_t i = 0; i < fix->files.n; i++)
		shared |= !fix->files.at[i].created && !is_compiled(units, fix->files.at[i].path);
	if (!shared || findings_refuse(findings))
		return NULL;
	scoped_error struct error *err = index_open(target, &index);

	if (err && !streq(err->id, "I1"))
		return take(err);
	if (err) {
		finding_add(findings, "I1", SEVERITY_WARNING, "vmlinux", NULL, NULL,
			    "copies of the changed functions in other units were not looked for: %s",
			    err->message);
		return NULL;
	}
	touched_check_reach(&index, fix, units, findings);
	return NULL;
}
