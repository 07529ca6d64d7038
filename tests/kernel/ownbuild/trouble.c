// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * `suture build` in trouble: stopped by Ctrl-C at any moment, killed, without room on the disk, twice
 * at once. Results are there whole or not at all, and nothing else is left behind. `suture verify` stopped,
 * too: no certificate says less than it could.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "own.h"

static char *target, *out_dir, *tmp_dir;

enum { RESULTS = 3 }; /* of a build: NAME.ko, NAME.json, NAME.d */

static size_t entries(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d)))
		if (!streq(e->d_name, ".") && !streq(e->d_name, "..")) {
			print_message("  in %s: %s\n", path_basename(dir), e->d_name);
			n++;
		}
	if (d)
		closedir(d);
	return n;
}

static char *fix(const char *name)
{
	return xasprintf("%s/%s.patch", examples_dir, name);
}

/* Empty directories for results and scratch files. */
static int fresh(void **state)
{
	assert_null(remove_tree(out_dir));
	assert_null(remove_tree(tmp_dir));
	assert_null(make_dirs(out_dir));
	assert_null(make_dirs(tmp_dir));
	setenv("TMPDIR", tmp_dir, 1);
	return 0;
}

/* Starts a program; its output goes to a file. */
static pid_t start_program(const char *const *argv, const char *log)
{
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0666);

		setpgid(0, 0);
		if (fd < 0 || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
			_exit(126);
		execv(argv[0], (char *const *)argv);
		_exit(127);
	}
	assert_true(pid > 0);
	return pid;
}

static pid_t start(const char *name, const char *log)
{
	scoped_free char *patch = fix(name);
	const char *argv[32];

	suture_argv(argv, "build", patch, "-t", target, "-o", out_dir, NULL);
	return start_program(argv, log);
}

static int finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* We are the reaper of whatever a dead suture left running: is there any, after these seconds? */
static bool survivors(double seconds)
{
	double limit = monotonic_seconds() + seconds;
	pid_t pid;

	do {
		pid = waitpid(-1, NULL, WNOHANG);
		if (pid == 0)
			poll(NULL, 0, 10);
	} while (pid > 0 || (pid == 0 && monotonic_seconds() < limit));
	return pid == 0;
}

/* Stops a program that makes so many results after a while. True when it came too late. */
static bool interrupt_at(const char *const *argv, size_t results, double seconds, int sig)
{
	scoped_free char *log = path_join(scratch, "log");

	fresh(NULL);
	pid_t pid = start_program(argv, log);

	poll(NULL, 0, seconds * 1000);
	kill(pid, sig);
	double begin = monotonic_seconds();
	int code = finish(pid);
	double took = monotonic_seconds() - begin;
	scoped_free char *text = NULL;

	print_message("signal %d after %.2f s: exit code %d, %.2f s later\n", sig, seconds, code,
		      took);
	assert_false(survivors(0));
	assert_int_equal(entries(tmp_dir), 0);
	assert_null(read_file(log, &text, NULL));
	if (code == 0) {
		assert_int_equal(entries(out_dir), results);
		return true;
	}
	assert_int_equal(entries(out_dir), 0);
	/* Before the handler is installed the signal just ends it. */
	assert_true(code == 128 + sig || (code == 2 && strstr(text, "error Y4")));
	assert_true(took < 2.5);
	return false;
}

static void test_interrupted(void **state)
{
	static const double moments[] = { 0.01, 0.05, 0.2, 0.4, 0.7, 1, 1.4, 1.8, 2.2, 2.7, 3.3, 4 };
	scoped_free char *patch = fix("proc-cmdline-secrets");
	const char *argv[32];
	bool late = false;

	suture_argv(argv, "build", patch, "-t", target, "-o", out_dir, NULL);
	for (size_t i = 0; !late && i < ARRAY_SIZE(moments); i++)
		late = interrupt_at(argv, RESULTS, moments[i], i % 2 ? SIGTERM : SIGINT);
}

static size_t count_proved(const char *certificate)
{
	scoped_free char *text = NULL;
	size_t n = 0;

	assert_null(read_file(certificate, &text, NULL));
	for (const char *p = text; (p = strstr(p, "\"proved\"")); p++)
		n++;
	return n;
}

/* Also while the solver or spin is at work, which then give up: that must not look like an answer. */
static void test_verify_interrupted(void **state)
{
	scoped_free char *patch = fix("proc-cmdline-secrets"), *log = path_join(scratch, "log");
	scoped_free char *built = path_join(out_dir, "livepatch-proc-cmdline-secrets.ko");
	scoped_free char *module = path_join(scratch, "to-verify.ko");
	scoped_free char *certificate = path_join(out_dir, "certificate.json");
	const char *argv[32];
	bool late = false;

	assert_int_equal(finish(start("proc-cmdline-secrets", log)), 0);
	assert_null(copy_file(built, module));
	suture_argv(argv, "verify", module, "--fix", patch, "-t", target, "-o", certificate, NULL);
	assert_int_equal(finish(start_program(argv, log)), 0);
	size_t proved = count_proved(certificate);

	assert_true(proved >= 8);
	for (double seconds = 0.1; !late; seconds += seconds < 2 ? 0.1 : 1)
		late = interrupt_at(argv, 1, seconds, SIGINT);
	assert_int_equal(count_proved(certificate), proved);
}

/* A killed build cannot clean up. Its children end; a compiler under one may finish its file first. */
static void test_killed(void **state)
{
	scoped_free char *log = path_join(scratch, "log");

	for (double seconds = 0.2; seconds < 2; seconds += 0.4) {
		pid_t pid = start("proc-cmdline-secrets", log);

		poll(NULL, 0, seconds * 1000);
		kill(pid, SIGKILL);
		/* On a fast machine it may have been through: then everything is there. */
		bool through = finish(pid) == 0;

		assert_false(survivors(30));
		assert_int_equal(entries(out_dir), through ? RESULTS : 0);
		if (through)
			break;
	}
}

/* A tmpfs of that size in a name space of our own; false when that is not allowed. */
static bool small_disk(const char *dir, size_t bytes)
{
	scoped_free char *options = xasprintf("size=%zu", bytes);

	return unshare(CLONE_NEWNS) == 0 && mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	       mount("small", dir, "tmpfs", 0, options) == 0;
}

enum { FINE, FULL, FORBIDDEN, WRONG };

static int judge(const struct process_result *r, const char *out)
{
	size_t n = entries(out);

	if (r->status == 0 && n == RESULTS)
		return FINE;
	if (r->status == 2 && strstr(r->output, "error Y2") && n == 0)
		return FULL;
	print_error("exit code %d, %zu files left\n%s", r->status, n, r->output);
	return WRONG;
}

/* In a child process: builds with a small disk at `dir`, with results in `out`. */
static int build_on(const char *dir, size_t bytes, const char *out)
{
	scoped_free char *patch = fix("proc-cmdline-secrets");
	const char *argv[32];
	scoped_process_result struct process_result r = { 0 };

	if (!small_disk(dir, bytes))
		return FORBIDDEN;
	suture_argv(argv, "build", patch, "-t", target, "-o", out, NULL);
	error_free(process_run(&(struct process){ .argv = argv }, &r));
	/* Both directories, where they are the same disk, but for the output's own. */
	int result = judge(&r, out);

	return result == FULL && streq(dir, tmp_dir) && entries(tmp_dir) != 1 ? WRONG : result;
}

static int with_disk(const char *dir, size_t bytes, const char *out)
{
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0)
		_exit(build_on(dir, bytes, out));
	int result = finish(pid);

	print_message("%zu bytes: %s\n", bytes, result == FINE ? "enough" :
		      result == FULL ? "full" : result == FORBIDDEN ? "not allowed" : "WRONG");
	return result;
}

/* Scratch files and results on one disk, from nearly nothing to enough. */
static void test_disk_full(void **state)
{
	scoped_free char *out = path_join(tmp_dir, "out");
	int result = FULL;

	for (size_t bytes = 64 << 10; result == FULL; bytes = bytes * 3 / 2) {
		result = with_disk(tmp_dir, bytes, out);
		if (result == FORBIDDEN)
			skip();
		assert_true(result == FINE || result == FULL);
		assert_true(result == FULL || bytes > 64 << 10);
	}
}

static size_t size_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Room for the module and none for its report. */
static void test_result_full(void **state)
{
	scoped_free char *log = path_join(scratch, "log");
	scoped_free char *ko = path_join(out_dir, "livepatch-proc-cmdline-secrets.ko");

	assert_int_equal(finish(start("proc-cmdline-secrets", log)), 0);
	size_t room = (size_of(ko) + 4095) / 4096 * 4096;

	fresh(NULL);
	if (with_disk(out_dir, 4096, out_dir) == FORBIDDEN)
		skip();
	assert_int_equal(with_disk(out_dir, 4096, out_dir), FULL);
	assert_int_equal(with_disk(out_dir, room, out_dir), FULL);
	assert_int_equal(with_disk(out_dir, room + (1 << 20), out_dir), FINE);
	assert_int_equal(entries(tmp_dir), 0);
}

/* Different fixes, and the same one, into one directory at the same time. */
static void test_at_once(void **state)
{
	static const char *const names[] = { "proc-cmdline-secrets", "zram-size-limit",
					     "proc-cmdline-secrets" };
	pid_t pids[ARRAY_SIZE(names)];

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_free char *log = xasprintf("%s/log%zu", scratch, i);

		pids[i] = start(names[i], log);
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_int_equal(finish(pids[i]), 0);
	assert_int_equal(entries(out_dir), 2 * RESULTS);
	assert_int_equal(entries(tmp_dir), 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_at_once, fresh), /* fills the cache for the others */
		cmocka_unit_test_setup(test_interrupted, fresh),
		cmocka_unit_test_setup(test_verify_interrupted, fresh),
		cmocka_unit_test_setup(test_killed, fresh),
		cmocka_unit_test_setup(test_disk_full, fresh),
		cmocka_unit_test_setup(test_result_full, fresh),
	};

	if (!own_init(argc, argv))
		return 1;
	scoped_free char *source = own_debian_source(&target);

	if (!source) {
		puts("skipped: no 6.12 target (suture target add debian:...)");
		own_done();
		return SKIP;
	}
	out_dir = path_join(scratch, "out");
	tmp_dir = path_join(scratch, "tmp");
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	own_done();
	free(target);
	free(out_dir);
	free(tmp_dir);
	return failed;
}
