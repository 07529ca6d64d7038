// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two static variables of one name in one function: the compiler numbers them in the order of the
 * source, so a fix that exchanges their statements exchanges the numbers. Each must stay bound to the
 * variable that the running kernel has.
 *
 * rseq_warn_flags() has two pr_warn_once(), hence two __already_done. The fix exchanges them. Before
 * the livepatch one of them has spoken; with it, that one must be silent and the other must speak.
 */
#include "road.h"

#include <stdio.h>

#include "base/process.h"

#define DEPRECATED                                                                     \
	"\ttest_flags = flags & RSEQ_CS_NO_RESTART_FLAGS;\n"                            \
	"\tif (test_flags)\n"                                                          \
	"\t\tpr_warn_once(\"Deprecated flags (%u) in %s ABI structure\", test_flags, str);\n"
#define UNKNOWN                                                                        \
	"\ttest_flags = flags & ~RSEQ_CS_NO_RESTART_FLAGS;\n"                           \
	"\tif (test_flags)\n"                                                          \
	"\t\tpr_warn_once(\"Unknown flags (%u) in %s ABI structure\", test_flags, str);\n"

static const char *source; /* of the guest's program */

static const struct road_edit exchange = { "kernel/rseq.c", DEPRECATED UNKNOWN, UNKNOWN DEPRECATED,
					   0 };

static const char script[] =
	"# Its messages end without a newline: the log shows them when the next one comes.\n"
	"said() { echo suture > /dev/kmsg; dmesg | grep -c \"$1 flags\"; }\n"
	"case $1 in\n"
	"before) ./rseq-flags 1 ;;\n"
	"with) ./rseq-flags 1 && ./rseq-flags 8 ;;\n"
	"esac || exit 1\n"
	"echo \"deprecated $(said Deprecated) unknown $(said Unknown)\"\n";

static char *compile_program(void)
{
	char *program = path_join(road_dir, "rseq-flags");
	const char *argv[] = { "gcc", "-static", "-O1", "-o", program, source, NULL };
	struct process p = { .argv = argv };
	scoped_process_result struct process_result result = { 0 };

	assert_null(process_run(&p, &result));
	if (result.status)
		print_error("%s\n", result.output);
	assert_int_equal(result.status, 0);
	return program;
}

static void test_exchanged(void **state)
{
	scoped_free char *program = compile_program();
	struct str_vec extra = { .at = &program, .n = 1 };
	struct build_report report;
	struct boot_result result;

	road_build_edits(&exchange, 1, "exchanged", &report);
	road_assert_built(&report);
	road_boot_with(report.module, script, &extra, &result);
	assert_string_equal(result.before, "deprecated 1 unknown 0\n");
	assert_string_equal(result.with, "deprecated 1 unknown 1\n");
	boot_result_free(&result);
	build_report_free(&report);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_exchanged) };

	source = argc > 1 ? argv[1] : "rseq-flags.c";
	return road_run("twins", tests, ARRAY_SIZE(tests));
}
