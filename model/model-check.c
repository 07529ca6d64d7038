// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks the model: searches each row of the table, and compares the verdict with the row's. Output in TAP, with
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
#include "model/search.h"
#include "rows.h"

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

/* The shortest counterexample of a row, in words. */
static struct error *tell(const char *model, const struct row *row)
{
	const struct search search = { .model = model, .switches = row->switches, .kind = row->check,
				       .timeout = 1200 };
	scoped_story_names struct story_names names = { 0 };
	scoped_str struct str story = { 0 };
	double cpu = 0;

	TRY(read_names(model, row, &names));
	TRY(error_context(search_story(&search, &names, &story, &cpu), "%s", row->name));
	printf("%s (%s): %s\n%s", row->name, row->property, row->what, story.s);
	return NULL;
}

static bool as_expected(const struct row *row, const struct search_result *v)
{
	if (row->property)
		return v->violated && streq(v->violated, row->property);
	if (row->check == CHECK_BITSTATE) /* says nothing but that no error was met */
		return !v->violated && (v->complete || v->timed_out);
	return !v->violated && v->complete;
}

static const char *verdict_word(const struct row *row, const struct search_result *v)
{
	if (v->violated)
		return v->violated;
	if (row->check == CHECK_BITSTATE)
		return v->complete ? "no error" : v->timed_out ? "time over" : "unfinished";
	return v->complete ? "holds" : "unfinished";
}

/* One line: TAP, name, verdict, sizes, description. */
static bool report(size_t number, const struct row *row, const struct search_result *v)
{
	bool good = as_expected(row, v);

	printf("%s %zu - %-25s %-12s %10.0f states, depth %7.0f, %6.1f s CPU: %s\n",
	       good ? "ok" : "not ok", number, row->name,
	       verdict_word(row, v), v->states, v->depth,
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
		struct search_result v = { 0 };

		if (!wanted(row, with_long, names, n))
			continue;
		const struct search search = {
			.model = model, .switches = row->switches, .kind = row->check,
			.timeout = row->check >= CHECK_LONG ? 20000 : 1200,
		};
		scoped_error struct error *err = search_run(&search, &v);

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
