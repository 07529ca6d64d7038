// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does `suture build` cost beside the compiler, Kbuild and objtool runs that it cannot avoid?
 *
 *     build/bench/bench-build [--runs N] TARGET FIX.patch...
 *
 * One line a fix: median wall time, CPU of the tools, CPU of Suture itself, their ratio, and the peak
 * memory of the Suture process so far. The first run of each fix (cold original object) is shown
 * apart.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "driver/build.h"

enum { MAX_RUNS = 99 };

struct sample {
	double wall, tools, own;
};

static struct error *build_once(struct target *target, char *fix_path, struct sample *s, bool *made)
{
	scoped_temp_dir char *out = NULL;
	struct build_report report = { 0 };
	struct fix fix = { 0 };

	TRY(temp_dir_new("bench", &out));
	struct error *err = fix_read(&fix_path, 1, &fix);
	struct build_request rq = { target, &fix, "livepatch-bench", out, true, NULL };

	if (!err)
		err = build_livepatch(&rq, &report);
	*s = (struct sample){ report.seconds, report.cpu_tools, report.cpu_own };
	*made = report.module != NULL;
	build_report_free(&report);
	fix_free(&fix);
	return err;
}

static int by_own(const void *a, const void *b)
{
	double x = ((const struct sample *)a)->own, y = ((const struct sample *)b)->own;

	return x < y ? -1 : x > y;
}

static long peak_kib(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return u.ru_maxrss;
}

static void show(const char *name, const char *what, const struct sample *s, bool made)
{
	printf("%-36.36s %-6s %6.2f %9.2f %8.3f %6.1f %% %8ld  %s\n", name, what, s->wall, s->tools,
	       s->own, s->tools > 0 ? 100 * s->own / (s->own + s->tools) : 0.0, peak_kib() / 1024,
	       made ? "built" : "refused");
	fflush(stdout);
}

static struct error *bench_fix(struct target *target, char *path, unsigned int runs)
{
	struct sample samples[MAX_RUNS], first;
	bool made;

	TRY(build_once(target, path, &first, &made));
	show(path_basename(path), "first", &first, made);
	for (unsigned int i = 0; i < runs; i++)
		TRY(build_once(target, path, &samples[i], &made));
	qsort(samples, runs, sizeof(samples[0]), by_own);
	show(path_basename(path), "median", &samples[runs / 2], made);
	return NULL;
}

int main(int argc, char **argv)
{
	scoped_target struct target *target = NULL;
	unsigned int runs = 5;
	int at = 1;

	if (argc > 2 && streq(argv[1], "--runs")) {
		runs = atoi(argv[2]);
		at = 3;
	}
	if (argc - at < 2 || runs < 1 || runs > MAX_RUNS) {
		fputs("usage: bench-build [--runs N] TARGET FIX.patch...\n", stderr);
		return 64;
	}
	quiet = true;
	process_setup_signals();
	struct error *err = target_open(argv[at], &target);

	printf("%-36s %-6s %6s %9s %8s %8s %8s\n", "fix", "run", "wall s", "tools CPU", "own CPU",
	       "own", "peak MiB");
	for (int i = at + 1; !err && i < argc; i++)
		err = bench_fix(target, argv[i], runs);
	if (err) {
		fprintf(stderr, "bench-build: %s: %s\n", err->id, err->message);
		error_free(err);
		return 2;
	}
	return 0;
}
