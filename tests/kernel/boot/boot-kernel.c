// SPDX-License-Identifier: GPL-2.0-or-later
/* Boot tests of real livepatches, good and bad ones, on a stock kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "boot/boot.h"

enum { SKIP = 77 };

static struct target *target;
static char *dir; /* scratch: the built modules, scripts */

static struct error *copy_sources(const char *from)
{
	static const char *const names[] = {
		"Kbuild",	  "patch-common.h", "patch_good.c",  "patch_warn.c", "patch_oops.c",
		"patch_panic.c",  "patch_symbol.c", "patch_function.c", "sitter.c", "patch_stuck.c",
		"patch_hang.c",	  "not_a_patch.c",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_free char *source = path_join(from, names[i]);
		scoped_free char *copy = path_join(dir, names[i]);

		TRY(copy_file(source, copy));
	}
	return NULL;
}

/* One module has an undefined symbol on purpose: modpost shall only warn. No BTF: it needs pahole. */
static struct error *build_modules(void)
{
	scoped_free char *place = xasprintf("M=%s", dir);
	scoped_free char *cc = target->cc ? xasprintf("CC=%s", target->cc) : xstrdup("V=0");
	const char *const argv[] = { "make", "-s", "-C", target->kbuild, place, cc,
				     "KBUILD_MODPOST_WARN=1", "CONFIG_DEBUG_INFO_BTF_MODULES=",
				     "modules", NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv }, &result));
	if (result.status)
		return error_new("Y3", "make failed: %s", result.output);
	return NULL;
}

static char *scratch_file(const char *name)
{
	return path_join(dir, name);
}

static char *script(const char *name, const char *text)
{
	char *path = scratch_file(name);

	assert_null(write_file(path, text, strlen(text)));
	return path;
}

/* Shows the change of patch_good.ko by itself. */
static const char cmdline_script[] =
	"cat /proc/cmdline\n"
	"case $1 in\n"
	"with) grep -q 'live patched' /proc/cmdline ;;\n"
	"*) ! grep -q 'live patched' /proc/cmdline ;;\n"
	"esac\n";

/* Reads the patched file once, and does not mind what it says. */
static const char touch_script[] = "cat /proc/cmdline > /dev/null\n";

static void boot(const char *module, const char *text, const struct boot_request *given,
		     struct boot_result *result)
{
	scoped_free char *livepatch = module ? scratch_file(module) : NULL;
	scoped_free char *path = text ? script("script.sh", text) : NULL;
	struct boot_request request = *given;

	request.livepatch = livepatch;
	request.script = path;
	struct error *err = boot_test(target, &request, result);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	for (size_t i = 0; i < result->findings.n; i++)
		print_message("%s: %s\n", result->findings.at[i].id,
			      result->findings.at[i].message);
}

/* The only refusal of a test that failed; notes about the kernel's own boot do not count. */
static const struct finding *only_refusal(const struct boot_result *result)
{
	const struct finding *found = NULL;

	assert_false(result->ok);
	for (size_t i = 0; i < result->findings.n; i++) {
		if (result->findings.at[i].severity != SEVERITY_REFUSAL)
			continue;
		assert_null(found);
		found = &result->findings.at[i];
	}
	assert_non_null(found);
	return found;
}

static void check_good(const struct boot_result *r, unsigned int rounds)
{
	assert_true(r->ok);
	assert_int_equal(r->rounds_done, rounds);
	assert_true(r->transition_seconds >= 0);
	assert_true(r->untransition_seconds >= 0);
	assert_non_null(strstr(r->before, "console=ttyS0"));
	assert_string_equal(r->with, "this has been live patched\n");
	assert_string_equal(r->after, r->before);
}

static void test_good_restored(void **state)
{
	struct boot_result r;

	boot("patch_good.ko", cmdline_script, &(struct boot_request){ .rounds = 2 }, &r);
	check_good(&r, 2);
	assert_true(r.restored);
	assert_string_equal(r.steps.at[0].name, "modules");
	assert_string_equal(r.steps.at[r.steps.n - 1].name, "round-2-unload");
	boot_result_free(&r);
}

static void test_good_cold(void **state)
{
	struct boot_result r;
	scoped_free char *log = scratch_file("console");
	scoped_free char *text = NULL;

	boot("patch_good.ko", cmdline_script,
		 &(struct boot_request){ .cold = true, .console_log = log }, &r);
	check_good(&r, 0);
	assert_false(r.restored);
	assert_null(read_file(log, &text, NULL));
	assert_non_null(strstr(text, "Linux version"));
	assert_non_null(strstr(text, "'patch_good': patching complete"));
	boot_result_free(&r);
}

static void test_bzimage(void **state)
{
	struct target *own = target;
	struct target other = *target;
	struct boot_result r;

	if (!target->bzimage)
		skip();
	other.vmlinux = NULL;
	target = &other;
	boot("patch_good.ko", cmdline_script, &(struct boot_request){ .cold = true }, &r);
	target = own;
	check_good(&r, 0);
	boot_result_free(&r);
}

static void test_no_livepatch(void **state)
{
	struct boot_result r;

	boot(NULL, "uname -r\n", &(struct boot_request){ 0 }, &r);
	assert_true(r.ok);
	assert_non_null(strstr(r.before, target->release));
	assert_null(r.with);
	boot_result_free(&r);
}

static void test_cmdline(void **state)
{
	struct boot_result r;

	boot(NULL, "cat /proc/cmdline\n",
		 &(struct boot_request){ .cmdline = "suture.word=1" }, &r);
	assert_false(r.restored);
	assert_non_null(strstr(r.before, "suture.word=1"));
	boot_result_free(&r);
}

/* What the kernel complains about is found, in its step, with the function. */
static void test_complaints(void **state)
{
	static const struct {
		const char *module, *id, *symbol, *text;
	} bad[] = {
		{ "patch_warn.ko", "Q3", "warning_show", "patch_warn.c" },
		{ "patch_oops.ko", "Q2", "oopsing_show", "NULL pointer dereference" },
		{ "patch_panic.ko", "Q1", "panicking_show", "the livepatch gives up" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct boot_result r;

		boot(bad[i].module, touch_script, &(struct boot_request){ 0 }, &r);
		const struct finding *f = only_refusal(&r);

		assert_string_equal(f->id, bad[i].id);
		assert_string_equal(f->symbol, bad[i].symbol);
		assert_string_equal(f->location, "with");
		assert_non_null(strstr(f->message, bad[i].text));
		assert_true(r.total_seconds < 60);
		boot_result_free(&r);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *module, *text;
	} bad[] = {
		{ "patch_symbol.ko", "Unknown symbol suture_no_such_symbol" },
		{ "patch_function.ko", "'suture_no_such_function' not found" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct boot_result r;

		boot(bad[i].module, NULL, &(struct boot_request){ 0 }, &r);
		const struct finding *f = only_refusal(&r);

		assert_string_equal(f->id, "Q7");
		assert_non_null(strstr(f->message, bad[i].text));
		boot_result_free(&r);
	}
}

static void test_stuck(void **state)
{
	scoped_free char *sitter = scratch_file("sitter.ko");
	struct str_vec extra = { .at = &sitter, .n = 1 };
	struct boot_result r;

	boot("patch_stuck.ko", "[ $1 != before ] || insmod /test/sitter.ko\n",
		 &(struct boot_request){ .extra = &extra, .transition_limit = 5 }, &r);
	const struct finding *f = only_refusal(&r);

	assert_string_equal(f->id, "Q9");
	assert_string_equal(f->symbol, "suture_sit");
	assert_string_equal(f->location, "enable");
	assert_non_null(strstr(f->message, "suture_sitter"));
	assert_non_null(strstr(f->message, "suture_sit < kthread"));
	boot_result_free(&r);
}

static void test_hang(void **state)
{
	struct boot_result r;

	boot("patch_hang.ko", touch_script, &(struct boot_request){ .timeout = 20 }, &r);
	const struct finding *f = only_refusal(&r);

	assert_string_equal(f->id, "Q13");
	assert_string_equal(f->location, "with");
	boot_result_free(&r);
}

static void test_script_fails(void **state)
{
	struct boot_result r;

	boot("patch_good.ko", "echo so it is; [ $1 != with ]\n", &(struct boot_request){ 0 }, &r);
	const struct finding *f = only_refusal(&r);

	assert_string_equal(f->id, "Q11");
	assert_string_equal(f->location, "with");
	assert_non_null(strstr(f->message, "so it is"));
	assert_string_equal(r.after, "so it is\n");
	boot_result_free(&r);
}

/* Output that looks like reports, is binary, or large. */
static void test_script_output(void **state)
{
	struct boot_result r;

	boot("patch_good.ko",
		 "printf 'suture: end\\nsuture: fail insmod x\\nsuture: block with 0 5\\n'\n"
		 "printf '\\r\\003\\004\\021\\023\\377'\n"
		 "head -c 200000 /dev/zero | tr '\\000' x\n",
		 &(struct boot_request){ 0 }, &r);
	assert_true(r.ok);
	assert_int_equal(strlen(r.with), 12 + 22 + 23 + 6 + 200000);
	assert_memory_equal(strstr(r.with, "\r\003"), "\r\003\004\021\023\377x", 7);
	assert_string_equal(r.with, r.after);
	boot_result_free(&r);
}

static void test_guest_vanishes(void **state)
{
	struct boot_result r;

	boot("patch_good.ko", "[ $1 != with ] || poweroff -f\n", &(struct boot_request){ 0 }, &r);
	const struct finding *f = only_refusal(&r);

	assert_string_equal(f->id, "Q14");
	assert_string_equal(f->location, "with");
	boot_result_free(&r);
}

static void test_modules(void **state)
{
	char *name = "nf_tables";
	struct str_vec modules = { .at = &name, .n = 1 };
	struct boot_result r;

	boot("patch_good.ko", "grep -q ^nf_tables /proc/modules\n",
		 &(struct boot_request){ .modules = &modules }, &r);
	assert_true(r.ok);
	boot_result_free(&r);
}

static void check_error(struct target *t, const struct boot_request *request, const char *id)
{
	struct boot_result r;
	scoped_error struct error *err = boot_test(t, request, &r);

	assert_non_null(err);
	print_message("%s: %s\n", err->id, err->message);
	assert_string_equal(err->id, id);
	boot_result_free(&r);
}

static void test_not_a_livepatch(void **state)
{
	scoped_free char *plain = scratch_file("not_a_patch.ko");
	scoped_free char *object = scratch_file("not_a_patch.o");
	scoped_free char *text = scratch_file("Kbuild");

	check_error(target, &(struct boot_request){ .livepatch = plain }, "Q18");
	check_error(target, &(struct boot_request){ .livepatch = object }, "Q18");
	check_error(target, &(struct boot_request){ .livepatch = text }, "Q18");
	check_error(target, &(struct boot_request){ .livepatch = "/nonexistent" }, "Y1");
}

static void test_bad_kernel(void **state)
{
	struct target other = *target;

	other.vmlinux = NULL;
	other.bzimage = scratch_file("Kbuild");
	check_error(&other, &(struct boot_request){ .cold = true }, "Q17");
	free(other.bzimage);
	other.bzimage = NULL;
	check_error(&other, &(struct boot_request){ .cold = true }, "Q17");
}

/* The target's directory of snapshots: "boot/HASH". NULL when there is none. */
static char *snapshot_dir(void)
{
	scoped_free char *parent = path_join(target->dir, "boot");
	DIR *d = opendir(parent);
	struct dirent *entry;
	char *found = NULL;

	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.' && !found)
			found = path_join(parent, entry->d_name);
	if (d)
		closedir(d);
	return found;
}

static void test_broken_snapshot(void **state)
{
	scoped_free char *before = snapshot_dir();
	scoped_free char *snapshot_state = path_join(before, "state");
	struct boot_result r;

	assert_null(write_file(snapshot_state, "broken", 6));
	boot("patch_good.ko", cmdline_script, &(struct boot_request){ 0 }, &r);
	check_good(&r, 0);
	assert_false(r.restored);
	assert_false(path_exists(before));
	boot_result_free(&r);
	boot("patch_good.ko", cmdline_script, &(struct boot_request){ 0 }, &r);
	assert_true(r.ok);
	assert_true(r.restored);
	boot_result_free(&r);
}

/* A child process that makes one test, with a scratch directory of its own. */
static pid_t child_test(const char *tmp)
{
	scoped_free char *livepatch = scratch_file("patch_good.ko");
	struct boot_request request = { .livepatch = livepatch, .rounds = 50 };
	struct boot_result r;
	pid_t pid = fork();

	if (pid)
		return pid;
	setenv("TMPDIR", tmp, 1);
	process_setup_signals();
	struct error *err = boot_test(target, &request, &r);

	_exit(err ? (streq(err->id, "Y4") ? 4 : 2) : r.ok ? 0 : 1);
}

static size_t count_entries(const char *path)
{
	DIR *d = opendir(path);
	size_t n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n - 2;
}

/* Does a process run that has the text in its command line? */
static bool process_mentions(const char *text)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (!found && (entry = readdir(d))) {
		scoped_free char *path = xasprintf("/proc/%s/cmdline", entry->d_name);
		scoped_free char *line = NULL;
		size_t n;
		scoped_error struct error *err = read_file(path, &line, &n);

		found = !err && memmem(line, n, text, strlen(text));
	}
	closedir(d);
	return found;
}

/* Interrupted at any moment: no QEMU, no scratch directory, no half snapshot is left. */
static void test_interrupted(void **state)
{
	static const unsigned int moments[] = { 5, 100, 400, 1500, 3000 };
	scoped_free char *before = snapshot_dir();
	scoped_free char *after = NULL;

	assert_null(before ? remove_tree(before) : NULL); /* they will be making a snapshot */
	for (size_t i = 0; i < ARRAY_SIZE(moments); i++) {
		scoped_free char *name = xasprintf("tmp-%u", moments[i]);
		scoped_free char *tmp = scratch_file(name);
		int status;

		assert_null(make_dirs(tmp));
		pid_t pid = child_test(tmp);

		usleep(moments[i] * 1000);
		kill(pid, i % 2 ? SIGTERM : SIGINT);
		waitpid(pid, &status, 0);
		assert_true(WIFEXITED(status) || moments[i] == 5);
		if (WIFEXITED(status))
			assert_int_equal(WEXITSTATUS(status), 4);
		assert_int_equal(count_entries(tmp), 0);
		assert_false(process_mentions(tmp));
	}
	after = snapshot_dir();
	assert_null(after ? strstr(after, "new-") : NULL);
}

/* Two at once, neither of which finds a snapshot. */
static void test_two_at_once(void **state)
{
	scoped_free char *before = snapshot_dir();
	scoped_free char *livepatch = scratch_file("patch_good.ko");
	struct boot_request request = { .livepatch = livepatch };
	struct boot_result r;
	int status;

	assert_null(before ? remove_tree(before) : NULL);
	pid_t pid = fork();

	if (pid == 0) {
		struct error *err = boot_test(target, &request, &r);

		_exit(err || !r.ok);
	}
	assert_null(boot_test(target, &request, &r));
	assert_true(r.ok);
	waitpid(pid, &status, 0);
	assert_int_equal(status, 0);
	scoped_free char *parent = path_join(target->dir, "boot");

	assert_int_equal(count_entries(parent), 1);
	boot_result_free(&r);
}

static bool choose_target(void)
{
	const char *name = getenv("SUTURE_TEST_TARGET");
	struct target_vec list = { 0 };
	scoped_error struct error *err = name ? target_open(name, &target) : target_list(&list);

	if (!err && list.n)
		target = list.at[0];
	for (size_t i = 1; i < list.n; i++)
		target_free(list.at[i]);
	target_vec_free(&list);
	if (err && name)
		fprintf(stderr, "%s: %s\n", name, err->message);
	return target != NULL;
}

static int prepare(const char *sources)
{
	struct error *err = temp_dir_new("boot-kernel", &dir);

	if (!err)
		err = copy_sources(sources);
	if (!err)
		err = build_modules();
	if (err)
		fprintf(stderr, "%s: %s\n", err->id, err->message);
	return err ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_restored),	cmocka_unit_test(test_good_cold),
		cmocka_unit_test(test_bzimage),		cmocka_unit_test(test_no_livepatch),
		cmocka_unit_test(test_cmdline),		cmocka_unit_test(test_complaints),
		cmocka_unit_test(test_refused),		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_hang),		cmocka_unit_test(test_script_fails),
		cmocka_unit_test(test_script_output),	cmocka_unit_test(test_guest_vanishes),
		cmocka_unit_test(test_modules),		cmocka_unit_test(test_not_a_livepatch),
		cmocka_unit_test(test_bad_kernel),	cmocka_unit_test(test_broken_snapshot),
		cmocka_unit_test(test_interrupted),	cmocka_unit_test(test_two_at_once),
	};
	int status;

	quiet = true;
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	if (argc < 2 || !choose_target()) {
		fputs("skipped: no target in the cache (suture target add ...)\n", stderr);
		return SKIP;
	}
	status = prepare(argv[1]);
	if (!status)
		status = cmocka_run_group_tests(tests, NULL, NULL);
	temp_dir_remove(&dir);
	target_free(target);
	return status;
}
