// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * include/suture/livepatch.mk and examples/handwritten: plain make gives a converted livepatch, also on
 * rebuild, and leaves nothing under the module's name when anything goes wrong. The example does in the
 * booted kernel what it says.
 */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/finding.h"
#include "live.h"
#include "module/inspect.h"

static const char module[] = "livepatch-cmdline.ko", source[] = "livepatch-cmdline.c";

static char *in_dir(const char *name)
{
	return path_join(live_dir, name);
}

static int copy_example(void **state)
{
	static const char *const names[] = { "Makefile", "livepatch-cmdline.c", "check.sh" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_free char *from = xasprintf("%s/../../../examples/handwritten/%s",
						   live_paths.directory, names[i]);
		scoped_free char *to = in_dir(names[i]);

		assert_null(copy_file(from, to));
	}
	return 0;
}

static char *make_fine(const char *goal)
{
	int status;
	char *text = live_make(goal, NULL, &status);

	if (status)
		fail_msg("make %s: %s", goal, text);
	return text;
}

/* Late relocations to this symbol of vmlinux in the module that is there. */
static size_t count_relocations(const char *symbol)
{
	scoped_free char *path = in_dir(module);
	struct inspection *in;
	size_t n = 0;

	assert_null(inspect_file(path, &in));
	for (size_t i = 0; i < in->relocs.n; i++)
		if (streq(in->relocs.at[i].symbol, symbol))
			n += in->relocs.at[i].count;
	inspection_free(in);
	return n;
}

static bool exists(const char *name)
{
	scoped_free char *path = in_dir(name);

	return path_exists(path);
}

static void append(const char *text)
{
	scoped_free char *path = in_dir(source), *old = NULL;

	assert_null(read_file(path, &old, NULL));
	scoped_free char *new = xasprintf("%s%s", old, text);

	assert_null(write_file(path, new, strlen(new)));
}

static void make_gives_a_converted_livepatch(void **state)
{
	free(make_fine("modules"));
	assert_int_equal(count_relocations("saved_command_line"), 1);
	assert_false(exists("livepatch-cmdline.ko.converted"));
}

static void make_again_changes_nothing(void **state)
{
	scoped_free char *path = in_dir(module), *before = NULL, *after = NULL;
	struct stat old, new;
	size_t n, m;

	assert_int_equal(stat(path, &old), 0);
	assert_null(read_file(path, &before, &n));
	free(make_fine("all"));
	assert_int_equal(stat(path, &new), 0);
	assert_null(read_file(path, &after, &m));
	assert_int_equal(old.st_mtim.tv_nsec, new.st_mtim.tv_nsec);
	assert_int_equal(n, m);
	assert_memory_equal(before, after, n);
}

static void a_changed_source_is_converted_again(void **state)
{
	append("extern const char linux_proc_banner[];\n"
	       "const char *const banner = linux_proc_banner;\n");
	free(make_fine("modules"));
	assert_int_equal(count_relocations("saved_command_line"), 1);
	assert_int_equal(count_relocations("linux_proc_banner"), 1);
}

/* make ends with an error that says this, and there is no module. */
static void assert_fails(const char *const *more, const char *text)
{
	int status;
	scoped_free char *output = live_make("modules", more, &status);

	assert_int_not_equal(status, 0);
	if (!strstr(output, text))
		fail_msg("'%s' is not in: %s", text, output);
}

static void a_refusal_leaves_no_module(void **state)
{
	append("extern void *m_start(struct seq_file *m, loff_t *pos);\n"
	       "void *(*const start)(struct seq_file *m, loff_t *pos) = m_start;\n");
	assert_fails(NULL, "refusal K2");
	assert_false(exists(module));
	assert_false(exists("livepatch-cmdline.ko.converted"));
	assert_fails(NULL, "SUTURE_KLP_SYM(vmlinux, m_start, 2);");
	assert_false(exists(module));
}

/* What the hint says is pasted; the Makefile needs no clean. */
static void the_hint_is_followed(void **state)
{
	append("SUTURE_KLP_SYM(vmlinux, m_start, 2);\n");
	free(make_fine("modules"));
	assert_int_equal(count_relocations("m_start"), 1);
}

static void an_error_of_the_compiler_leaves_no_module(void **state)
{
	scoped_free char *path = in_dir(source), *old = NULL;

	assert_null(read_file(path, &old, NULL));
	append("#error this cannot be compiled\n");
	assert_fails(NULL, "this cannot be compiled");
	assert_false(exists(module));
	assert_null(write_file(path, old, strlen(old)));
	free(make_fine("modules"));
	assert_true(exists(module));
}

static void what_is_missing_is_named(void **state)
{
	static const char *const no_program[] = { "SUTURE=/nonexistent/suture", NULL };
	static const char *const no_target[] = { "SUTURE_TARGET=debian:0.1", NULL };
	static const char *const no_list[] = { "SUTURE_SYMBOLS=/nonexistent/list", "KDIR=/", NULL };
	static const char *const no_headers[] = { "KDIR=/nonexistent", NULL };

	assert_fails(no_program, "there is no program '/nonexistent/suture'");
	assert_fails(no_target, "which kernel is to be patched?");
	assert_fails(no_list, "there is no symbol list /nonexistent/list");
	assert_fails(no_headers, "there are no kernel headers in KDIR='/nonexistent'");
}

/* Waits until Kbuild has linked and the conversion is waiting (see below), then interrupts make. */
static void interrupt(pid_t pid)
{
	for (int i = 0; i < 600 && !exists("waiting"); i++)
		usleep(100000);
	assert_true(exists("waiting"));
	assert_true(exists(module)); /* linked, not converted */
	kill(-pid, SIGINT);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A program in front of suture that stops in front of the conversion, so that there is time. */
static void an_interrupt_leaves_no_module(void **state)
{
	scoped_free char *waiting = in_dir("waiting"), *path = in_dir("slow-suture");
	scoped_free char *text = xasprintf("#!/bin/sh\n[ $1 != convert ] || { : > %s; sleep 100; }\n"
					   "exec %s \"$@\"\n", waiting, live_paths.suture);
	scoped_free char *slow = xasprintf("SUTURE=%s", path);
	scoped_free char *makefile = xasprintf("SUTURE_MK=%s", live_paths.makefile);
	scoped_free char *target = xasprintf("SUTURE_TARGET=%s", live_target->name);

	assert_null(write_file(path, text, strlen(text)));
	assert_int_equal(chmod(path, 0755), 0);
	append("int more;\n");
	pid_t pid = fork();

	if (!pid) {
		setpgid(0, 0);
		if (chdir(live_dir) || !freopen("/dev/null", "w", stdout) ||
		    !freopen("/dev/null", "w", stderr))
			_exit(1);
		execlp("make", "make", "-s", slow, makefile, target, "modules", NULL);
		_exit(1);
	}
	interrupt(pid);
	assert_false(exists(module));
	assert_false(exists("livepatch-cmdline.ko.converted"));
	free(make_fine("modules"));
	assert_int_equal(count_relocations("saved_command_line"), 1);
}

static void the_example_in_the_kernel(void **state)
{
	scoped_free char *script = in_dir("check.sh"), *livepatch = in_dir(module);
	struct boot_request request = { .livepatch = livepatch, .script = script, .rounds = 1 };
	struct boot_result result;
	struct error *err = boot_test(live_target, &request, &result);

	if (err)
		fail_msg("%s: %s", err->id, err->message);
	for (size_t i = 0; i < result.findings.n; i++)
		if (result.findings.at[i].severity == SEVERITY_REFUSAL)
			fail_msg("%s", result.findings.at[i].message);
	assert_true(result.ok);
	assert_non_null(strstr(result.with, "# read 1 times\n"));
	assert_non_null(strstr(result.with, "# read 2 times\n"));
	assert_string_equal(result.before, result.after);
	assert_null(strstr(result.after, "# read"));
	boot_result_free(&result);
}

static void clean(void **state)
{
	free(make_fine("clean"));
	assert_false(exists(module));
	assert_false(exists(".suture-made-for"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(make_gives_a_converted_livepatch),
		cmocka_unit_test(make_again_changes_nothing),
		cmocka_unit_test(the_example_in_the_kernel),
		cmocka_unit_test(a_changed_source_is_converted_again),
		cmocka_unit_test(a_refusal_leaves_no_module),
		cmocka_unit_test(the_hint_is_followed),
		cmocka_unit_test(an_error_of_the_compiler_leaves_no_module),
		cmocka_unit_test(what_is_missing_is_named),
		cmocka_unit_test(an_interrupt_leaves_no_module),
		cmocka_unit_test(clean),
	};

	if (!live_set_paths(argc, argv))
		return 64;
	return live_run("makefile", tests, ARRAY_SIZE(tests), copy_example);
}
