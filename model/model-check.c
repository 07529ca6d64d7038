// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks the model: for each row of the table, spin makes a checker, tcc compiles it (the checkers are as fast
 * as those of cc -O0, and there in no time), and its verdict is compared with the row's. Output in TAP, with
 * states, depth, and CPU seconds.
 *
 *     model-check [--long | --story | --list] MODEL-DIRECTORY [ROW...]
 *
 * --story: of rows that violate a safety property, tells the shortest counterexample, function by function.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "model/story.h"
#include "rows.h"

enum { MEMORY_LIMIT = 2500, /* MiB */ DEPTH_LIMIT = 2000000 };

struct verdict {
	char *violated;  /* property, "completes", "end state"; NULL: none */
	bool complete;   /* the whole state space was searched */
	double states, depth, cpu;
};

/* Runs a command line in the scratch directory; its output is the caller's. */
static struct error *run(const char *dir, const char *command, double timeout, char **output,
			 double *cpu)
{
	const char *const argv[] = { "nice", "-n", "15", "sh", "-c", command, NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv, .cwd = dir, .timeout = timeout }, &result));
	*cpu += result.cpu;
	if (result.status && !result.timed_out)
		return error_new("Y3", "%s: %s", command, result.output);
	*output = take(result.output);
	return NULL;
}

/* The number before (behind = false) or after a word of the checker's output; -1: it is not there. */
static double number_at(const char *output, const char *word, bool behind)
{
	const char *at = strstr(output, word);

	if (!at)
		return -1;
	if (behind)
		return strtod(at + strlen(word), NULL);
	while (at > output && strchr("0123456789.e+ ", at[-1]))
		at--;
	return strtod(at, NULL);
}

static char *violated_property(const char *output)
{
	const char *at = strstr(output, "pan:1: assertion violated");

	if (at && (at = strstr(at, "P_")))
		return xstrndup(at, strspn(at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"));
	if (strstr(output, "pan:1: acceptance cycle"))
		return xstrdup("completes");
	if (strstr(output, "pan:1: invalid end state"))
		return xstrdup("end state");
	return strstr(output, "pan:1:") ? xstrdup("something else") : NULL;
}

static void judge(const char *output, struct verdict *v)
{
	v->violated = violated_property(output);
	v->states = number_at(output, "states, stored", false);
	v->depth = number_at(output, "depth reached ", true);
	v->complete = number_at(output, "errors: ", true) == 0 &&
		      !strstr(output, "Search not completed") &&
		      !strstr(output, "search depth too small");
}

static struct error *check(const char *model, const struct row *row, struct verdict *v)
{
	static const char *const options[] = {
		[CHECK_SAFETY] = "-DSAFETY -DNOFAIR -DCOLLAPSE",
		[CHECK_LIVENESS] = "-DNFAIR=3 -DCOLLAPSE",
		[CHECK_LONG] = "-DSAFETY -DNOFAIR -DCOLLAPSE",
		[CHECK_BITSTATE] = "-DSAFETY -DNOFAIR -DBITSTATE",
	};
	static const char *const arguments[] = {
		[CHECK_SAFETY] = "", [CHECK_LIVENESS] = "-a -f",
		[CHECK_LONG] = "", [CHECK_BITSTATE] = "-w33",
	};
	scoped_temp_dir char *dir = NULL;
	scoped_free char *output = NULL;
	scoped_free char *make = xasprintf(
		"spin -a %s %s/livepatch.pml >spin.log 2>&1 || { cat spin.log; exit 1; }; "
		"%s -w -DMEMLIM=%d -DVECTORSZ=2048 %s -o pan pan.c",
		row->switches, model, row->check >= CHECK_LONG ? "cc -O2" : "tcc", MEMORY_LIMIT,
		options[row->check]);
	scoped_free char *search = xasprintf("./pan -n -m%d %s", DEPTH_LIMIT, arguments[row->check]);

	TRY(temp_dir_new("model", &dir));
	TRY(run(dir, make, 600, &output, &v->cpu));
	free(take(output));
	TRY(run(dir, search, row->check >= CHECK_LONG ? 20000 : 1200, &output, &v->cpu));
	judge(output, v);
	return NULL;
}

/* The names that the row's instance gives its functions. */
static struct error *read_names(const char *model, const struct row *row, struct story_names *names)
{
	const char *at = strstr(row->switches, "-DINSTANCE=");
	const char *file = at ? at + strlen("-DINSTANCE=") : "instances/standard.h";
	scoped_free char *name = xstrndup(file, strcspn(file, " "));
	scoped_free char *path = path_join(model, name);
	scoped_free char *text = NULL;

	TRY(read_file(path, &text, NULL));
	story_names_read(text, names);
	return NULL;
}

/* Searches breadth first for the shortest counterexample, and tells it. */
static struct error *tell(const char *model, const struct row *row)
{
	scoped_temp_dir char *dir = NULL;
	scoped_free char *output = NULL;
	scoped_free char *command = xasprintf(
		"spin -a %s %s/livepatch.pml >spin.log 2>&1 && "
		"tcc -w -DMEMLIM=%d -DVECTORSZ=2048 -DSAFETY -DNOFAIR -DBFS -DCOLLAPSE -o pan pan.c && "
		"./pan -n >pan.log 2>&1; spin -k livepatch.pml.trail %s %s/livepatch.pml 2>&1 | grep story:",
		row->switches, model, MEMORY_LIMIT, row->switches, model);
	scoped_story_names struct story_names names = { 0 };
	scoped_str struct str story = { 0 };
	double cpu = 0;

	TRY(read_names(model, row, &names));
	TRY(temp_dir_new("model", &dir));
	TRY(run(dir, command, 1200, &output, &cpu));
	if (!story_tell(output, &names, &story))
		return error_new("Y3", "%s: no counterexample", row->name);
	printf("%s (%s): %s\n%s", row->name, row->property, row->what, story.s);
	return NULL;
}

static bool as_expected(const struct row *row, const struct verdict *v)
{
	if (row->property)
		return v->violated && streq(v->violated, row->property);
	return !v->violated && v->complete;
}

/* One line: TAP, name, verdict, sizes, description. */
static bool report(size_t number, const struct row *row, const struct verdict *v)
{
	bool good = as_expected(row, v);

	printf("%s %zu - %-25s %-12s %10.0f states, depth %7.0f, %6.1f s CPU: %s\n",
	       good ? "ok" : "not ok", number, row->name,
	       v->violated ? v->violated : v->complete ? "holds" : "unfinished", v->states, v->depth,
	       v->cpu, row->what);
	if (!good)
		printf("# expected: %s\n", row->property ? row->property : "holds");
	fflush(stdout);
	return good;
}

static bool wanted(const struct row *row, bool with_long, char **names, int n)
{
	for (int i = 0; i < n; i++)
		if (streq(names[i], row->name))
			return true;
	return n == 0 && (with_long || row->check < CHECK_LONG);
}

static int tell_all(const char *model, char **names, int n)
{
	int status = 0;

	for (size_t i = 0; i < model_row_count; i++) {
		const struct row *row = &model_rows[i];

		if (!row->property || row->check != CHECK_SAFETY || !wanted(row, false, names, n))
			continue;
		scoped_error struct error *err = tell(model, row);

		if (err) {
			fprintf(stderr, "%s\n", err->message);
			status = 1;
		}
	}
	return status;
}

static void list_rows(void)
{
	for (size_t i = 0; i < model_row_count; i++)
		printf("%-25s %-9s %s\n    %s\n", model_rows[i].name,
		       model_rows[i].property ? model_rows[i].property : "holds",
		       model_rows[i].what, model_rows[i].switches);
}

/* Checks the rows that are wanted; 0 when all came out as they must, and there was one. */
static int check_all(const char *model, bool with_long, char **names, int n)
{
	size_t number = 0, failed = 0;
	double cpu = 0;

	for (size_t i = 0; i < model_row_count; i++) {
		const struct row *row = &model_rows[i];
		struct verdict v = { 0 };

		if (!wanted(row, with_long, names, n))
			continue;
		scoped_error struct error *err = check(model, row, &v);

		number++;
		if (err)
			printf("not ok %zu - %s: %s\n", number, row->name, err->message);
		if (err || !report(number, row, &v))
			failed++;
		cpu += v.cpu;
		free(v.violated);
		if (err && streq(err->id, "Y4"))
			break;
	}
	printf("1..%zu\n# %.0f s CPU in all\n", number, cpu);
	return number == 0 || failed != 0;
}

int main(int argc, char **argv)
{
	bool with_long = argc > 1 && streq(argv[1], "--long");
	bool stories = argc > 1 && streq(argv[1], "--story");
	int first = with_long || stories ? 2 : 1;

	if (argc == 2 && streq(argv[1], "--list"))
		return list_rows(), 0;
	if (argc <= first) {
		fprintf(stderr, "usage: model-check [--long | --story | --list] MODEL-DIRECTORY [ROW...]\n");
		return 2;
	}
	scoped_free char *model = realpath(argv[first], NULL);

	if (!model)
		return perror(argv[first]), 2;
	process_setup_signals();
	if (stories)
		return tell_all(model, argv + first + 1, argc - first - 1);
	return check_all(model, with_long, argv + first + 1, argc - first - 1);
}
