// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dangers are real: livepatches that the rules complain of, loaded all the same into the target's
 * own kernel, in a guest. Each must be found before, and do there what the rule's page says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "boot/boot.h"
#include "check-kit.h"
#include "rules/check.h"

static const char *const sources[] = { "Kbuild",	"danger.h", "stuck.c", "ambiguous.c",
				       "untraceable.c", "copy.c",   "late.c",  NULL };

static void assert_found(const char *module, const char *id)
{
	scoped_free char *file = kit_file(module);
	struct check_report r = { 0 };
	bool found = false;

	assert_null(check_module(&(struct check_request){ .file = file, .target = kit_target }, &r));
	for (size_t i = 0; i < r.findings.n; i++)
		found |= streq(r.findings.at[i].id, id);
	check_report_free(&r);
	if (!found)
		fail_msg("%s: %s not found", module, id);
}

static void load(const char *module, const char *script, struct boot_result *result)
{
	scoped_free char *file = kit_file(module), *path = kit_file("script.sh");

	assert_null(write_file(path, script, strlen(script)));
	struct error *err = boot_test(kit_target, &(struct boot_request){
		.livepatch = file, .script = path, .transition_limit = 12 }, result);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	for (size_t i = 0; i < result->findings.n; i++)
		print_message("%s: %s %s\n", module, result->findings.at[i].id,
			      result->findings.at[i].message);
}

static bool saw(const struct boot_result *r, const char *id)
{
	for (size_t i = 0; i < r->findings.n; i++)
		if (streq(r->findings.at[i].id, id))
			return true;
	return false;
}

static const char read_cmdline[] = "cat /proc/cmdline\n";

/* The kernel itself refuses it. */
static void refused_by_the_kernel(const char *module, const char *id)
{
	struct boot_result r;

	assert_found(module, id);
	load(module, read_cmdline, &r);
	assert_false(r.ok);
	assert_true(saw(&r, "Q7"));
	boot_result_free(&r);
}

static void ambiguous_name_is_refused(void **state)
{
	refused_by_the_kernel("ambiguous.ko", "N1");
}

static void function_without_ftrace_is_refused(void **state)
{
	refused_by_the_kernel("untraceable.ko", "F1");
}

static void main_loop_of_a_thread_never_switches(void **state)
{
	struct boot_result r;

	assert_found("stuck.ko", "F4");
	load("stuck.ko", read_cmdline, &r);
	assert_false(r.ok);
	assert_true(saw(&r, "Q9"));
	boot_result_free(&r);
}

static void copied_variable_has_another_value(void **state)
{
	struct boot_result r;

	assert_found("copy.ko", "S6");
	load("copy.ko", read_cmdline, &r);
	assert_non_null(strstr(r.before, "console="));
	assert_string_equal(r.with, "(null)\n");
	assert_string_equal(r.after, r.before);
	boot_result_free(&r);
}

/* The script of the third call runs when the module is gone, and waits for the timer. */
static void timer_fires_into_a_module_that_is_gone(void **state)
{
	static const char script[] = "cat /proc/cmdline\n"
				     "case $1 in\n"
				     "after) sleep 8 ;;\n"
				     "esac\n";
	struct boot_result r;

	assert_found("late.ko", "C7");
	load("late.ko", script, &r);
	assert_false(r.ok);
	assert_true(saw(&r, "Q2") || saw(&r, "Q1"));
	boot_result_free(&r);
}

static int setup(void **state)
{
	return kit_build(sources);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ambiguous_name_is_refused),
		cmocka_unit_test(function_without_ftrace_is_refused),
		cmocka_unit_test(main_loop_of_a_thread_never_switches),
		cmocka_unit_test(copied_variable_has_another_value),
		cmocka_unit_test(timer_fires_into_a_module_that_is_gone),
	};

	quiet = true;
	kit_sources = argc > 1 ? argv[1] : "danger";
	if (!kit_find_target())
		return 77;
	return cmocka_run_group_tests_name("check-danger", tests, setup, kit_teardown);
}
