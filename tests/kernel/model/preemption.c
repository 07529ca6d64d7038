// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the model says about full preemption, on stock kernels: booted with preempt=full, new functions run in
 * tasks that were switched back already; with the kernel's default, none does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "boot/boot.h"

enum { SKIP = 77, ROUNDS = 5, BOOTS = 4 };

static struct target *target; /* of the test that runs */
static char *dir;             /* scratch: sources and modules */

/* The threads start with the guest; in the end, who sleeps in a livepatch that is gone gets time to wake up
 * (window.c: six seconds). */
static const char count_script[] = "case $1 in before) insmod /test/suture_caller.ko ;; esac\n";
static const char nap_script[] =
	"case $1 in\n"
	"before) insmod /test/suture_caller.ko ;;\n"
	"after) sleep 8 ;;\n"
	"esac\n";

/* The modules, built for the target in the scratch directory. */
static struct error *build_modules(const char *sources)
{
	static const char *const names[] = { "Kbuild", "suture_caller.c", "window.c",
					     "window_nap.c" };
	scoped_free char *place = xasprintf("M=%s", dir);
	scoped_free char *cc = target->cc ? xasprintf("CC=%s", target->cc) : xstrdup("V=0");
	const char *const argv[] = { "make", "-s", "-C", target->kbuild, place, cc,
				     "CONFIG_DEBUG_INFO_BTF_MODULES=", "modules", NULL };
	scoped_process_result struct process_result result = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_free char *source = path_join(sources, names[i]);
		scoped_free char *copy = path_join(dir, names[i]);

		TRY(copy_file(source, copy));
	}
	TRY(process_run(&(struct process){ .argv = argv }, &result));
	return result.status ? error_new("Y3", "make failed: %s", result.output) : NULL;
}

/* How many lifetimes of the livepatch the console tells of, and in how many a promise was broken. */
static void count_lifetimes(const char *console, unsigned int *all, unsigned int *broken)
{
	static const char words[] = "suture: broken promises: ";

	*all = *broken = 0;
	for (const char *at = console; (at = strstr(at, words));) {
		at += strlen(words);
		(*all)++;
		if (strtol(at, NULL, 10) > 0)
			(*broken)++;
	}
}

/* Boots with the command line; the console, and the findings, are the caller's. */
static char *boot(const char *module, const char *script_text, const char *cmdline, unsigned int rounds,
		  struct boot_result *result)
{
	scoped_free char *livepatch = path_join(dir, module);
	scoped_free char *callers = path_join(dir, "suture_caller.ko");
	scoped_free char *script = path_join(dir, "script.sh");
	scoped_free char *log = path_join(dir, "console");
	struct str_vec extra = { .at = &callers, .n = 1 };
	struct boot_request request = {
		.livepatch = livepatch, .script = script, .extra = &extra, .cmdline = cmdline,
		.rounds = rounds, .console_log = log, .cold = true, .timeout = 400,
	};
	char *console = NULL;

	assert_null(write_file(script, script_text, strlen(script_text)));
	struct error *err = boot_test(target, &request, result);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	assert_null(read_file(log, &console, NULL));
	return console;
}

static void check_cycles(const char *cmdline, bool may_break)
{
	struct boot_result result;
	scoped_free char *console = boot("window.ko", count_script, cmdline, ROUNDS, &result);
	unsigned int all, broken;

	count_lifetimes(console, &all, &broken);
	print_message("%s, %s: new function in an unpatched task in %u of %u cycles\n",
		      target->release, cmdline ? cmdline : "default preemption", broken, all);
	for (size_t i = 0; i < result.findings.n; i++)
		print_message("%s: %s\n", result.findings.at[i].id, result.findings.at[i].message);
	assert_int_equal(all, ROUNDS + 1);
	if (may_break)
		assert_true(broken > 0);
	else
		assert_int_equal(broken, 0);
	boot_result_free(&result);
}

static void test_full_preemption(void **state)
{
	check_cycles("preempt=full", true);
}

static void test_default_preemption(void **state)
{
	check_cycles(NULL, false);
}

/* Did the guest's kernel oops? Says how. */
static bool oopsed(const struct boot_result *result)
{
	for (size_t i = 0; i < result->findings.n; i++) {
		print_message("%s, preempt=full, a replacement that sleeps: %s: %s\n",
			      target->release, result->findings.at[i].id,
			      result->findings.at[i].message);
		if (streq(result->findings.at[i].id, "Q2"))
			return true;
	}
	return false;
}

/*
 * The replacement sleeps when it runs where it should not: the module goes, and the code under the task. One
 * cycle a boot: if the module were loaded again, it might get the place that it had.
 */
static void test_removed_under_task(void **state)
{
	bool found = false;

	for (unsigned int i = 0; i < BOOTS && !found; i++) {
		struct boot_result result;

		free(boot("window_nap.ko", nap_script, "preempt=full", 0, &result));
		found = oopsed(&result);
		boot_result_free(&result);
	}
	assert_true(found);
}

/* All tests on one target. */
static int test_target(const char *name, const char *sources)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_preemption),
		cmocka_unit_test(test_default_preemption),
		cmocka_unit_test(test_removed_under_task),
	};
	struct error *err = target_open(name, &target);
	int status = 1;

	if (!err)
		err = temp_dir_new("model", &dir);
	if (!err)
		err = build_modules(sources);
	if (err)
		fprintf(stderr, "%s: %s: %s\n", name, err->id, err->message);
	else
		status = cmocka_run_group_tests_name(name, tests, NULL, NULL);
	error_free(err);
	temp_dir_remove(&dir);
	target_free(target);
	return status;
}

int main(int argc, char **argv)
{
	const char *list = getenv("SUTURE_TEST_TARGETS");
	scoped_free char *names = list ? xstrdup(list) : NULL;
	int status = 0;

	quiet = true;
	if (argc < 2 || !names || !*names) {
		fputs("skipped: SUTURE_TEST_TARGETS names no target\n", stderr);
		return SKIP;
	}
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	for (char *name = strtok(names, " "); name; name = strtok(NULL, " "))
		status |= test_target(name, argv[1]);
	return status;
}
