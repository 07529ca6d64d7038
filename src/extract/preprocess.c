// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/preprocess.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "units/kbuild.h"

/* The words of command_argv() that say what to make, and how many words each takes. */
static size_t output_words(const char *word)
{
	if (streq(word, "-o") || streq(word, "-MF"))
		return 2;
	return streq(word, "-c") || streq(word, "-MMD");
}

static void make_argv(const struct command *command, const char *farm, const char *out,
		      struct str_vec *argv)
{
	SCOPED(str_vec_free_all) struct str_vec compile = {0};
	static const char *const more[] = {"-E", "-dD", "-o"};

	command_argv(command, farm, "", "", &compile);
	for (size_t i = 0; i < compile.n && compile.at[i];) {
		size_t drop = output_words(compile.at[i]);

		if (!drop)
			str_vec_push(argv, xstrdup(compile.at[i++]));
		else
			i += drop;
	}
	for (size_t i = 0; i < ARRAY_SIZE(more); i++)
		str_vec_push(argv, xstrdup(more[i]));
	str_vec_push(argv, xstrdup(out));
	str_vec_push(argv, NULL);
}

static struct error *run(const struct command *command, const char *farm, const char *cwd,
			 const char *out, double *cpu)
{
	static const char *const env[] = {"LC_ALL=C", NULL};
	SCOPED(str_vec_free_all) struct str_vec argv = {0};
	scoped_process_result struct process_result result = {0};

	make_argv(command, farm, out, &argv);
	struct process p = {.argv = (const char *const *)argv.at, .cwd = cwd, .env = env};
	struct error *err = process_run(&p, &result);

	if (err && streq(err->id, "Y3")) {
		struct error *better = error_new("U10", "%s", err->message);

		error_free(err);
		return better;
	}
	TRY(err);
	*cpu = result.cpu;
	if (!result.status)
		return NULL;
	const char *what = strstr(result.output, "error:");

	what = what ? what : result.output;
	return error_new("M2", "%s: does not preprocess: %.*s", command->source,
			 (int)strcspn(what, "\n"), what);
}

/* Files that Kbuild generates for the unit may be missing: then they are made. */
static struct error *run_or_generate(const struct target *target, const struct command *command,
				     const char *farm, const char *cwd, const char *out,
				     double *cpu)
{
	struct error *err = run(command, farm, cwd, out, cpu);
	struct str_vec objects = {.at = (char *[]) {command->object_name}, .n = 1};

	if (!err || target->user_build || !streq(err->id, "M2"))
		return err;
	error_free(err);
	TRY(kbuild_make(target, &objects));
	return run(command, farm, cwd, out, cpu);
}

/* "include …/Makefile" in a Makefile that only leads on: Debian's headers are in two directories.
 */
static char *further_headers(const char *kbuild)
{
	scoped_free char *path = path_join(kbuild, "Makefile"), *text = NULL;
	scoped_error struct error *err = read_file(path, &text, NULL);
	const char *p = err ? NULL : strstr(text, "include ");

	if (!p || (p != text && p[-1] != '\n'))
		return NULL;
	p += strlen("include ");
	scoped_free char *file = xstrndup(p, strcspn(p, " \n"));

	return ends_with(file, "/Makefile") ? path_dirname(file) : NULL;
}

static void find_headers(const struct target *t, struct str_vec *headers)
{
	char *more = further_headers(t->kbuild);

	str_vec_push(headers, xstrdup(t->kbuild));
	if (more)
		str_vec_push(headers, more);
	if (t->user_build)
		str_vec_push(headers, xstrdup(t->srctree));
}

struct error *preprocess(struct target *target, const struct command *command, const char *farm,
			 const char *workdir, struct tu *tu, double *cpu)
{
	SCOPED(str_vec_free_all) struct str_vec headers = {0};
	scoped_free char *cwd = command_cwd(target, command, farm);
	scoped_free char *out = path_join(workdir, "preprocessed.i");
	char *text = NULL;
	size_t size;

	find_headers(target, &headers);
	TRY(run_or_generate(target, command, farm, cwd, out, cpu));
	struct error *err = read_file(out, &text, &size);

	unlink(out);
	TRY(err);
	scoped_free char *source = farm ? realpath(farm, NULL) : xstrdup(target->srctree);

	return tu_read(text, size,
		       &(struct tu_roots) {.cwd = cwd,
					   .source = source ? source : target->srctree,
					   .object = target->objtree,
					   .headers = &headers,
					   .is_view = farm != NULL,
					   .tree = target->srctree},
		       tu);
}
