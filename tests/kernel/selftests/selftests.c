// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own livepatch selftests, unmodified, on the stock kernels. Where made/ has a description, the
 * module under test is the one that `suture build` makes from a source diff and that description; elsewhere
 * (and, with SUTURE_TEST_SELFTESTS=all, everywhere once more) it is the kernel's hand-written one. And a
 * test module that is broken on purpose, which its script must notice. Argument: the program suture.
 */
#include "kit.h"

#include <stdio.h>

#include "base/process.h"

static const char *suture;
static struct selftest_run_vec runs;

static const struct selftest_edit broken = {
	"test_klp_state.c", "%s: fixing console_loglevel", "%s: breaking console_loglevel",
};

/* A module, the fix that it is made of, and the script that tries it. */
static const struct made {
	const char *name, *script, *replaced; /* replaced: what suture build must report */
	bool module_tree; /* the fix is for a test module */
	struct road_edit edit;
} modules[] = {
	{ "test_klp_syscall", "test-syscall.sh", "sys_getpid,0 ", false,
	  { "kernel/sys.c", "SYSCALL_DEFINE0(getpid)\n{\n",
	    "int waited_pids[NR_CPUS];\n"
	    "unsigned int waited_pids_named, waited_pids_left;\n"
	    "static DEFINE_MUTEX(waited_pids_lock);\n\n"
	    "static void note_pid(int pid)\n{\n"
	    "\tunsigned int i;\n\n"
	    "\tmutex_lock(&waited_pids_lock);\n"
	    "\tfor (i = 0; i < waited_pids_named; i++) {\n"
	    "\t\tif (waited_pids[i] == pid) {\n"
	    "\t\t\twaited_pids[i] = 0;\n"
	    "\t\t\twaited_pids_left--;\n"
	    "\t\t}\n"
	    "\t}\n"
	    "\tmutex_unlock(&waited_pids_lock);\n"
	    "}\n\n"
	    "SYSCALL_DEFINE0(getpid)\n{\n"
	    "\tnote_pid(current->pid);\n", false } },
	{ "test_klp_callbacks_demo", "test-callbacks.sh",
	  "replace test_klp_callbacks_busy:busymod_work_func,0 ", true,
	  { "test_klp_callbacks_busy.c", "msleep(20);", "msleep(10);", false } },
	{ "test_klp_atomic_replace", "test-livepatch.sh", "replace vmlinux:meminfo_proc_show,0 ",
	  false,
	  { "fs/proc/meminfo.c", "\tsi_meminfo(&i);\n",
	    "\tseq_puts(m, \"test_klp_atomic_replace: this has been live patched\\n\");\n\n"
	    "\tsi_meminfo(&i);\n", false } },
	{ "test_klp_state2", "test-state.sh", "replace vmlinux:version_proc_show,0 ", false,
	  { "fs/proc/version.c", "\t\tutsname()->version);\n",
	    "\t\tutsname()->version);\n\tseq_puts(m, "
	    "\"test_klp_state2 holds the log level of the console\\n\");\n", false } },
};

static void write_fix(const struct made *m, const char *tree, const char *path)
{
	const char *from = m->module_tree ? tree : road_target->srctree;
	scoped_free char *patch = road_patch_in(from, &m->edit, 1, false);

	assert_null(write_file(path, patch, strlen(patch)));
}

/* suture build, as a user would call it. */
static void make(const struct made *m)
{
	scoped_free char *tree = selftests_build_dir("stock");
	scoped_free char *fix = xasprintf("%s/%s.patch", road_dir, m->name);
	scoped_free char *out = path_join(road_dir, "made");
	scoped_free char *ko = xasprintf("%s/%s.ko", out, m->name);
	scoped_free char *description = xasprintf("%s/made/%s.livepatch", SELFTESTS_DIR, m->name);
	const char *argv[] = { suture, "build", fix, "--target", road_target->name, "--output", out,
			       "--description", description, NULL, NULL, NULL };
	scoped_process_result struct process_result result = { 0 };

	if (m->module_tree) {
		argv[9] = "--module-tree";
		argv[10] = tree;
	}
	write_fix(m, tree, fix);
	assert_null(process_run(&(struct process){ .argv = argv }, &result));
	if (result.status)
		print_error("%s: %s\n", m->name, result.output);
	assert_int_equal(result.status, 0);
	assert_non_null(strstr(result.output, m->replaced));
	selftests_exchange("made", m->name, ko);
}

static void test_script(void **state)
{
	selftests_assert_passed(*state);
}

static void test_broken(void **state)
{
	const struct selftest_run *run = *state;

	assert_int_equal(run->status, 1);
	assert_non_null(strstr(run->output, "TEST: system state modification ... not ok"));
	assert_non_null(strstr(run->output, "-test_klp_state: fix_console_loglevel: fixing"));
	assert_non_null(strstr(run->output, "+test_klp_state: fix_console_loglevel: breaking"));
}

/* Group setup: everything runs in one boot. */
static int make_and_boot(void **state)
{
	selftests_build("stock", NULL);
	selftests_build("broken", &broken);
	selftests_copy_set("stock", "made");
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		if (selftests_have(modules[i].script))
			make(&modules[i]);
	selftests_boot(&runs);
	return 0;
}

static bool has_made_module(const char *script)
{
	for (size_t i = 0; i < ARRAY_SIZE(modules); i++)
		if (streq(modules[i].script, script))
			return true;
	return false;
}

static void plan(void)
{
	const char *which = getenv("SUTURE_TEST_SELFTESTS");
	bool all = which && streq(which, "all");
	struct str_vec scripts = { 0 };

	selftests_list(&scripts);
	for (size_t i = 0; i < scripts.n; i++) {
		if (has_made_module(scripts.at[i]))
			selftests_add("made", scripts.at[i], &runs);
		if (all || !has_made_module(scripts.at[i]))
			selftests_add("stock", scripts.at[i], &runs);
	}
	/* The last one: it leaves its livepatch loaded. */
	selftests_add("broken", "test-state.sh", &runs);
	str_vec_free_all(&scripts);
}

static int run(void *arg)
{
	struct CMUnitTest tests[32] = { 0 };
	struct str_vec names = { 0 };

	plan();
	assert_true(runs.n <= ARRAY_SIZE(tests));
	for (size_t i = 0; i < runs.n; i++) {
		bool well = !streq(runs.at[i].set, "broken");

		str_vec_push(&names, xasprintf("%s, %s module%s", runs.at[i].script, runs.at[i].set,
					       well ? "" : " noticed"));
		tests[i] = (struct CMUnitTest){ .name = names.at[i],
						.test_func = well ? test_script : test_broken,
						.initial_state = &runs.at[i] };
	}
	int failed = _cmocka_run_group_tests("selftests", tests, runs.n, make_and_boot, NULL);

	str_vec_free_all(&names);
	selftests_free(&runs);
	return failed;
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 1;
	suture = argv[1];
	return road_for_each_target("the kernel's livepatch selftests", run, NULL);
}
