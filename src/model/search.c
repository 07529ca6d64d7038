// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/search.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"

enum { MEMORY_LIMIT = 2500, /* MiB */ DEPTH_LIMIT = 2000000 };
#define BITSTATE_MINUTES "12" /* of the clock */

/* What differs between the kinds: switches of the checker's compilation, and its arguments. */
static const struct {
	const char *options, *arguments;
	bool optimise;
} kinds[] = {
	[CHECK_SAFETY] = { "-DSAFETY -DNOFAIR -DCOLLAPSE", "", false },
	[CHECK_LIVENESS] = { "-DNFAIR=3 -DCOLLAPSE", "-a -f", false },
	[CHECK_LONG] = { "-DSAFETY -DNOFAIR -DCOLLAPSE", "", true },
	[CHECK_BITSTATE] = { "-DSAFETY -DNOFAIR -DBITSTATE", "-w33 -Q" BITSTATE_MINUTES, true },
};

static bool installed(const char *program)
{
	scoped_free char *path = xstrdup(getenv("PATH") ? getenv("PATH") : "");
	bool found = false;

	for (char *dir = strtok(path, ":"); dir && !found; dir = strtok(NULL, ":")) {
		scoped_free char *file = path_join(dir, program);

		found = access(file, X_OK) == 0;
	}
	return found;
}

const char *search_impossible(void)
{
	if (!installed("spin"))
		return "spin is not installed";
	return installed("tcc") || installed("cc") ? NULL : "no C compiler (tcc or cc) is installed";
}

static const char *compiler(bool optimise)
{
	return optimise ? "cc -O2" : installed("tcc") ? "tcc" : "cc -O0";
}

struct error *model_write(const char *dir)
{
	for (size_t i = 0; i < model_file_count; i++) {
		scoped_free char *path = path_join(dir, model_files[i].name);
		scoped_free char *parent = path_dirname(path);

		TRY(make_dirs(parent));
		TRY(write_file(path, model_files[i].text, strlen(model_files[i].text)));
	}
	return NULL;
}

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

char *search_version(void)
{
	const char *const argv[] = { "spin", "-V", NULL };
	scoped_process_result struct process_result result = { 0 };
	scoped_error struct error *err = process_run(&(struct process){ .argv = argv }, &result);

	return err || result.status ? NULL : take(result.output);
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

static void judge(const char *output, struct search_result *r)
{
	r->violated = violated_property(output);
	r->states = number_at(output, "states, stored", false);
	r->depth = number_at(output, "depth reached ", true);
	r->timed_out = strstr(output, "Time limit of") != NULL;
	r->complete = number_at(output, "errors: ", true) == 0 &&
		      !strstr(output, "Search not completed") && !r->timed_out &&
		      !strstr(output, "search depth too small");
}

struct error *search_run(const struct search *s, struct search_result *r)
{
	scoped_temp_dir char *dir = NULL;
	scoped_free char *output = NULL;
	scoped_free char *make = xasprintf(
		"spin -a %s %s/livepatch.pml >spin.log 2>&1 || { cat spin.log; exit 1; }; "
		"%s -w -DMEMLIM=%d -DVECTORSZ=2048 %s -o pan pan.c",
		s->switches, s->model, compiler(kinds[s->kind].optimise), MEMORY_LIMIT,
		kinds[s->kind].options);
	scoped_free char *search = xasprintf("./pan -n -m%d %s", DEPTH_LIMIT, kinds[s->kind].arguments);

	*r = (struct search_result){ 0 };
	TRY(temp_dir_new("model", &dir));
	TRY(run(dir, make, s->timeout, &output, &r->cpu));
	free(take(output));
	TRY(run(dir, search, s->timeout, &output, &r->cpu));
	judge(output, r);
	return NULL;
}

struct error *search_story(const struct search *s, const struct story_names *names, struct str *story,
			   double *cpu)
{
	bool live = s->kind == CHECK_LIVENESS;
	scoped_temp_dir char *dir = NULL;
	scoped_free char *output = NULL;
	scoped_free char *command = xasprintf(
		"spin -a %s %s/livepatch.pml >spin.log 2>&1 && "
		"%s -w -DMEMLIM=%d -DVECTORSZ=2048 %s -o pan pan.c && ./pan -n %s >pan.log 2>&1; "
		"spin -k livepatch.pml.trail %s %s/livepatch.pml 2>&1 | grep story:",
		s->switches, s->model, compiler(false), MEMORY_LIMIT,
		live ? kinds[CHECK_LIVENESS].options : "-DSAFETY -DNOFAIR -DBFS -DCOLLAPSE",
		live ? kinds[CHECK_LIVENESS].arguments : "", s->switches, s->model);

	TRY(temp_dir_new("model", &dir));
	TRY(run(dir, command, s->timeout, &output, cpu));
	return story_tell(output, names, story) ? NULL : error_new("Y3", "no counterexample");
}
