// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index of a target: what it costs to make, and how long a question takes.
 *
 *     bench-impact TARGET [QUESTIONS [modules]]
 *
 * Makes the index of vmlinux in a scratch directory (with `modules` also the one of all modules, in
 * the cache), then asks about functions chosen evenly over all names, each with an index that was just
 * opened. Exits with 1 when an index takes more than 60 CPU seconds or a question more than 0.3; the time
 * that passed is printed beside it, and says more about what else the machine does.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "impact/impact.h"
#include "impact/index_build.h"

#define LIMIT_MAKE 60.0
#define LIMIT_QUESTION 0.3

static double cpu(void)
{
	return own_cpu_seconds() + children_cpu_seconds();
}

static struct error *bench_make(struct target *target, bool modules, bool *slow)
{
	scoped_temp_dir char *dir = NULL;
	struct index_part part;
	double start = cpu(), wall = monotonic_seconds();

	TRY(temp_dir_new("bench", &dir));
	scoped_free char *path = path_join(dir, "vmlinux.idx");

	TRY(index_make_vmlinux(target, path, 0));
	double took = cpu() - start;

	TRY(index_part_open(path, &part));
	printf("vmlinux: %.2f CPU s, %.2f s; %u functions, %u symbols, %u edges, %u inlined copies, "
	       "%.1f MB\n", took, monotonic_seconds() - wall, index_function_count(&part),
	       index_symbol_count(&part), part.header->table[TABLE_EDGES].count,
	       part.header->table[TABLE_INLINES].count, part.map.size / 1e6);
	index_part_close(&part);
	*slow |= took > LIMIT_MAKE;
	if (!modules)
		return NULL;
	start = cpu();
	wall = monotonic_seconds();
	TRY(index_make_modules(target));
	took = cpu() - start;
	printf("modules: %.2f CPU s, %.2f s\n", took, monotonic_seconds() - wall);
	*slow |= took > LIMIT_MAKE;
	return NULL;
}

static struct error *one_question(struct target *target, const char *spec, size_t *members)
{
	scoped_index struct impact_index index = { 0 };
	SCOPED(impact_result_free) struct impact_result r = { 0 };
	struct impact_request rq = { .target = target, .index = &index, .function = spec };

	TRY(index_open(target, &index));
	TRY(impact_query(&rq, &r));
	*members = r.members.n;
	return NULL;
}

/* The function that has most copies: the worst case of a question. */
static char *largest(const struct index_part *part)
{
	const struct index_function *best = index_function(part, 0);

	for (uint32_t i = 0; i < index_function_count(part); i++)
		if (index_function(part, i)->inlines > best->inlines)
			best = index_function(part, i);
	return xasprintf("%s:%s", index_string(part, best->file), index_string(part, best->name));
}

struct times {
	double cpu, wall, worst_cpu, worst_wall;
};

static struct error *ask(struct target *target, const char *spec, struct times *t)
{
	size_t members = 0;
	double start = cpu(), wall = monotonic_seconds();
	scoped_error struct error *err = one_question(target, spec, &members);

	start = cpu() - start;
	wall = monotonic_seconds() - wall;
	if (err && !streq(err->id, "I4"))
		return take(err);
	t->cpu += start;
	t->wall += wall;
	if (wall > t->worst_wall)
		t->worst_wall = wall;
	if (start > t->worst_cpu) {
		t->worst_cpu = start;
		printf("  %-60s %5zu members %.4f CPU s\n", spec, members, start);
	}
	return NULL;
}

static struct error *bench_ask(struct target *target, unsigned long n, bool *slow)
{
	scoped_index struct impact_index index = { 0 };
	struct times t = { 0 };

	TRY(index_open(target, &index));
	const struct index_part *part = &index.parts[0];
	uint32_t count = index_function_count(part);
	scoped_free char *most = largest(part);

	for (unsigned long i = 0; i < n; i++) {
		const struct index_function *f = index_function(part, (uint64_t)i * count / n);
		scoped_free char *spec = xasprintf("%s:%s", index_string(part, f->file),
						   index_string(part, f->name));

		if (f->instances || f->inlines)
			TRY(ask(target, spec, &t));
	}
	TRY(ask(target, most, &t));
	printf("%lu questions: mean %.4f CPU s (%.4f s passed), worst %.4f (%.4f)\n", n, t.cpu / n,
	       t.wall / n, t.worst_cpu, t.worst_wall);
	*slow |= t.worst_cpu > LIMIT_QUESTION;
	return NULL;
}

static struct error *run(int argc, char **argv, bool *slow)
{
	scoped_target struct target *target = NULL;

	TRY(target_open(argv[1], &target));
	TRY(bench_make(target, argc > 3 && streq(argv[3], "modules"), slow));
	return bench_ask(target, argc > 2 ? strtoul(argv[2], NULL, 10) : 200, slow);
}

int main(int argc, char **argv)
{
	bool slow = false;

	process_setup_signals();
	if (argc < 2) {
		fprintf(stderr, "usage: bench-impact TARGET [QUESTIONS [modules]]\n");
		return 64;
	}
	struct error *err = run(argc, argv, &slow);

	if (err)
		fprintf(stderr, "%s: %s\n", err->id, err->message);
	error_free(err);
	return err ? 2 : slow;
}
