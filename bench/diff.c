// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How the comparison of two objects grows: units of 500 to 8000 functions, one of which changed.
 *
 *     bench-diff [REPETITIONS]
 *
 * Prints a table and exits with 1 when 8000 functions take more than 10 times as long as 1000, or
 * 1000 functions more than 0.18 CPU seconds (what another tool needs for 500).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "diff/compare.h"

static const size_t sizes[] = { 500, 1000, 2000, 4000, 8000 };
enum { BASE = 1 }; /* index of 1000 in sizes */

#define LIMIT_RATIO 10.0
#define LIMIT_SECONDS 0.18

struct result {
	double seconds;
	long memory; /* KiB */
	size_t changed;
};

/*
 * Functions as in real units: calls among each other, strings, static locals of equal names,
 * branches, shared variables, a table of pointers.
 */
static void add_function(struct str *s, size_t i, bool fixed)
{
	str_add(s,
		"static __attribute__((noinline)) int work%zu(struct item *p, int a)\n{\n"
		"\tstatic int count;\n\tint sum = a * %zu;\n\n"
		"\tif (!p || a > %zu) {\n\t\treport(\"work%zu: %%d is too big\\n\", a);\n"
		"\t\treturn -22;\n\t}\n"
		"\tcount += p->value;\n"
		"\tfor (int i = 0; i < p->n %s; i++) {\n\t\tsum += p->list[i] ^ shared[%zu];\n"
		"\t\tif (sum & 0x%zx)\n\t\t\tsum -= handle(p, sum, \"common\");\n\t}\n",
		i, i % 100 + 3, i % 1000 + 5, i, fixed ? "&& i < 64" : "", i % 16, i % 200 + 1);
	if (i)
		str_add(s, "\tif (sum > a)\n\t\tsum += work%zu(p->next, a - 1);\n", i - 1 - i % 7 % i);
	str_add(s, "\treturn use(&count, sum);\n}\n");
}

static char *make_source(size_t n, bool fixed)
{
	struct str s = { 0 };

	str_add(&s, "struct item { int value, n; int list[8]; struct item *next; };\n"
		    "int report(const char *, ...), handle(struct item *, int, const char *);\n"
		    "int use(void *, int);\nstatic int shared[16] = { 1 };\n");
	for (size_t i = 0; i < n; i++)
		add_function(&s, i, fixed && i == n / 2);
	str_add(&s, "int (*const table[])(struct item *, int) = {\n");
	for (size_t i = 0; i < n; i++)
		str_add(&s, "\twork%zu,\n", i);
	str_add(&s, "};\n");
	return s.s;
}

static struct error *compile(const char *dir, size_t n, bool fixed, char **object)
{
	scoped_free char *text = make_source(n, fixed);
	scoped_free char *source = xasprintf("%s/%zu%s.c", dir, n, fixed ? "fixed" : "");
	const char *argv[] = { "gcc", "-O1", "-w", "-fno-pic", "-mcmodel=kernel", "-pg", "-mfentry",
			       "-mrecord-mcount", "-ffunction-sections", "-fdata-sections", "-g0",
			       "-fno-asynchronous-unwind-tables", "-c", "-o", NULL, source, NULL };
	scoped_process_result struct process_result r = { 0 };

	*object = xasprintf("%s.o", source);
	argv[14] = *object;
	TRY(write_file(source, text, strlen(text)));
	TRY(process_run(&(struct process){ .argv = argv }, &r));
	return r.status ? error_new("Y3", "the compiler failed: %s", r.output) : NULL;
}

static struct error *diff(const char *original, const char *patched, size_t *changed)
{
	scoped_object struct object *o = NULL, *p = NULL;
	struct finding_vec findings = { 0 };
	struct model *a = NULL, *b = NULL;

	TRY(object_read(original, &o));
	TRY(object_read(patched, &p));
	TRY(model_new(o, &findings, &a));
	TRY(model_new(p, &findings, &b));
	correlate(a, b);
	compare(a, b);
	*changed = 0;
	for (size_t i = 0; i < b->entities.n; i++)
		*changed += b->entities.at[i]->change != UNCHANGED;
	model_free(a);
	model_free(b);
	findings_free(&findings);
	return NULL;
}

/* In a process of its own, so that its peak of memory is its own. */
static struct error *measure(const char *original, const char *patched, struct result *result)
{
	int ends[2];

	if (pipe(ends))
		return error_errno("pipe");
	pid_t pid = fork();

	if (pid == 0) {
		struct result r = { 0 };
		double start = own_cpu_seconds();
		struct error *err = diff(original, patched, &r.changed);
		struct rusage usage;

		r.seconds = own_cpu_seconds() - start;
		getrusage(RUSAGE_SELF, &usage);
		r.memory = usage.ru_maxrss;
		if (err || write(ends[1], &r, sizeof(r)) != sizeof(r))
			_exit(1);
		_exit(0);
	}
	bool got = pid > 0 && read(ends[0], result, sizeof(*result)) == sizeof(*result);

	close(ends[0]);
	close(ends[1]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return got ? NULL : error_new("D2", "%s: the comparison failed", original);
}

/* The best of several: other work on the machine only ever adds. */
static struct error *best_of(unsigned long runs, const char *dir, size_t n, struct result *best)
{
	scoped_free char *original = NULL, *patched = NULL;

	TRY(compile(dir, n, false, &original));
	TRY(compile(dir, n, true, &patched));
	for (unsigned long i = 0; i < runs; i++) {
		struct result r = { 0 };

		TRY(measure(original, patched, &r));
		if (i == 0 || r.seconds < best->seconds)
			*best = r;
	}
	return NULL;
}

static struct error *run(unsigned long runs, int *code)
{
	scoped_temp_dir char *dir = NULL;
	struct result results[ARRAY_SIZE(sizes)];

	TRY(temp_dir_new("bench", &dir));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		TRY(best_of(runs, dir, sizes[i], &results[i]));
	printf("functions  CPU s   to 1000  peak MiB  changed\n");
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		printf("%9zu  %6.3f  %6.2f  %8.1f  %7zu\n", sizes[i], results[i].seconds,
		       results[i].seconds / results[BASE].seconds, results[i].memory / 1024.0,
		       results[i].changed);
	double ratio = results[ARRAY_SIZE(sizes) - 1].seconds / results[BASE].seconds;

	*code = ratio > LIMIT_RATIO || results[BASE].seconds > LIMIT_SECONDS;
	printf("%s: 8000 functions %.1f times 1000 (limit %.0f), 1000 functions %.3f s (limit %.2f)\n",
	       *code ? "TOO SLOW" : "fine", ratio, LIMIT_RATIO, results[BASE].seconds, LIMIT_SECONDS);
	return NULL;
}

int main(int argc, char **argv)
{
	int code = 1;

	process_setup_signals();
	struct error *err = run(argc > 1 ? strtoul(argv[1], NULL, 10) : 3, &code);

	if (err)
		fprintf(stderr, "%s\n", err->message);
	error_free(err);
	return code;
}
