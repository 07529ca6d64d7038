// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Derives real fixes for the targets and runs the table over them: each is built and passes the boot
 * test, or is refused. Arguments: the programs derive-fixes and fix-table. $SUTURE_TEST_FIXES: how
 * many for each target (default 12). Status 77 when no target has a newer source.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/target.h"

enum { SKIP = 77 };

static struct error *run_program(const char *const *argv, int *status)
{
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv }, &result));
	fputs(result.output, stdout);
	*status = result.status;
	return NULL;
}

static struct error *try_target(char **programs, const char *target, int *status)
{
	const char *most = getenv("SUTURE_TEST_FIXES");
	scoped_temp_dir char *dir = NULL;

	TRY(temp_dir_new("derived", &dir));
	const char *const derive[] = { programs[0], "--target", target, "--most",
				       most && *most ? most : "12", "-o", dir, NULL };
	const char *const table[] = { programs[1], "--target", target, "--boot", dir, NULL };

	TRY(run_program(derive, status));
	return *status ? NULL : run_program(table, status);
}

static bool is_wanted(const struct target *t)
{
	const char *names = getenv("SUTURE_TEST_TARGETS");
	scoped_free char *padded = names && *names ? xasprintf(" %s ", names) : NULL;
	scoped_free char *name = xasprintf(" %s ", t->name);

	return padded ? strstr(padded, name) != NULL : starts_with(t->name, "debian:");
}

static struct error *run(char **programs, int *worst)
{
	struct target_vec targets = { 0 };
	struct error *err = target_list(&targets);

	for (size_t i = 0; i < targets.n; i++) {
		int status = SKIP;

		if (!err && is_wanted(targets.at[i]))
			err = try_target(programs, targets.at[i]->name, &status);
		if (status != SKIP && (*worst == SKIP || status > *worst))
			*worst = status;
		target_free(targets.at[i]);
	}
	target_vec_free(&targets);
	return err;
}

int main(int argc, char **argv)
{
	int status = SKIP;

	if (argc != 3)
		return 64;
	quiet = true;
	process_setup_signals();
	struct error *err = run(argv + 1, &status);

	if (!err)
		return status;
	fprintf(stderr, "%s: %s\n", err->id, err->message);
	error_free(err);
	return 2;
}
