// SPDX-License-Identifier: GPL-2.0-or-later
/* Child processes in trouble: no room on the disk, stubborn, orphaned. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"

static struct error *shell(const char *script, double timeout, struct process_result *r)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	return process_run(&(struct process){ .argv = argv, .timeout = timeout }, r);
}

static void test_disk_full(void **state)
{
	scoped_process_result struct process_result r = { 0 };
	scoped_error struct error *err =
		shell("echo before; echo 'as: x.o: No space left on device'; echo; exit 3", 0, &r);

	assert_non_null(err);
	assert_string_equal(err->id, "Y2");
	assert_string_equal(err->message, "sh: as: x.o: No space left on device");
}

/* Who succeeds may say what he likes. */
static void test_not_full(void **state)
{
	scoped_process_result struct process_result r = { 0 };

	assert_null(shell("echo No space left on device; echo $LC_ALL", 0, &r));
	assert_string_equal(r.output, "No space left on device\nC\n");
}

/* We are the reaper of orphans: none of this family is there any more when the call returns. */
static void test_stubborn(void **state)
{
	scoped_process_result struct process_result r = { 0 };

	assert_null(shell("trap '' TERM; (trap '' TERM; sleep 100; sleep 100) & sleep 100; sleep 100",
			  0.3, &r));
	assert_true(r.timed_out);
	assert_true(r.wall < 5);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

/* Ended gently: what it has to put away it puts away. */
static void test_gentle(void **state)
{
	scoped_process_result struct process_result r = { 0 };

	assert_null(shell("trap 'echo put away; exit 5' TERM; while :; do sleep 0.1; done", 0.3, &r));
	assert_true(r.timed_out);
	assert_int_equal(r.status, 5);
	assert_non_null(strstr(r.output, "put away"));
}

static void start_and_die(void)
{
	static const char *const argv[] = { "sleep", "100", NULL };
	struct process_handle handle;

	error_free(process_start(&(struct process){ .argv = argv }, &handle));
	raise(SIGKILL);
}

static void test_orphan(void **state)
{
	double limit = monotonic_seconds() + 10;
	pid_t pid;

	fflush(NULL);
	if (fork() == 0)
		start_and_die();
	do { /* the child, then the grandchild, which is ours now */
		pid = waitpid(-1, NULL, WNOHANG);
		poll(NULL, 0, 10);
	} while (pid >= 0 && monotonic_seconds() < limit);
	assert_int_equal(pid, -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_disk_full), cmocka_unit_test(test_not_full),
		cmocka_unit_test(test_stubborn),  cmocka_unit_test(test_gentle),
		cmocka_unit_test(test_orphan),
	};

	process_setup_signals();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
