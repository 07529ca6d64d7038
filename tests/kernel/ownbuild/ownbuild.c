// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel that somebody built: small.config, without IBT (objtool runs on every object there),
 * without MODVERSIONS, on one processor, optimised for size. Fixes are built for it and tried in it;
 * neither its source nor its build tree may change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "object/object.h"
#include "own.h"

static char *source, *build, *in_tree;

static void test_add(void **test_state)
{
	free(suture(0, "target", "add", "--build", build, "--name", "small", NULL));
	scoped_free char *list = suture(0, "target", "list", NULL);
	scoped_free char *show = suture(0, "target", "show", "build:small", NULL);

	assert_non_null(strstr(list, "build:small"));
	assert_non_null(strstr(show, build));
}

static bool has_section(const struct object *o, const char *name)
{
	const struct obj_section *s = object_section(o, name);

	return s && s->size;
}

/* Objtool did its work on what we linked: stack data, return sites. */
static void check_sections(const char *ko)
{
	struct object *o = NULL;

	assert_null(object_read(ko, &o));
	assert_true(has_section(o, ".orc_unwind"));
	assert_true(has_section(o, ".orc_unwind_ip"));
	assert_true(has_section(o, ".return_sites"));
	assert_false(has_section(o, ".ibt_endbr_seal"));
	object_free(o);
}

/* Builds an example and tries it. Both outputs of its script must say what they should. */
static void try_example(const char *name, const char *modules, const char *cmdline,
			const char *before, const char *with)
{
	scoped_free char *fix = xasprintf("%s/%s.patch", examples_dir, name);
	scoped_free char *script = xasprintf("%s/%s.sh", examples_dir, name);
	scoped_free char *ko = xasprintf("%s/livepatch-%s.ko", scratch, name);

	free(suture(0, "build", fix, "-t", "build:small", "-o", scratch, NULL));
	check_sections(ko);
	scoped_free char *out =
		suture(0, "test", ko, "-t", "build:small", "--script", script, "--rounds", "1",
		       modules ? "--modules" : cmdline ? "--cmdline" : NULL,
		       modules ? modules : cmdline, NULL);
	char *with_part = strstr(out, "--- with"), *after = strstr(out, "--- after");

	assert_non_null(with_part);
	assert_non_null(after);
	assert_non_null(strstr(after, before));
	*after = 0;
	assert_non_null(strstr(with_part, with));
	*with_part = 0;
	assert_non_null(strstr(out, before));
}

static void test_function(void **test_state)
{
	try_example("proc-cmdline-secrets", NULL, "suture.secret=hunter2", "secret=hunter2",
		    "secret=***");
}

/*
 * Optimised for size, the changed inline function is not inlined everywhere; its copies have no
 * ftrace entry ("inline" implies notrace, include/linux/compiler_types.h), which has to be said. The
 * bug table without CONFIG_DEBUG_BUGVERBOSE is understood.
 */
static void test_header(void **test_state)
{
	scoped_free char *fix = path_join(examples_dir, "proc-hide-kthreads.patch");
	scoped_free char *ko = path_join(scratch, "livepatch-proc-hide-kthreads.ko");
	scoped_free char *out = suture(1, "build", fix, "-t", "build:small", "-o", scratch, NULL);

	assert_non_null(strstr(out, "refusal F1 vmlinux:get_proc_task"));
	assert_null(strstr(out, "refusal D5"));
	assert_false(path_exists(ko));
}

static void test_module(void **test_state)
{
	try_example("zram-size-limit", "zram", NULL, "8G accepted", "8G refused");
}

static void test_both(void **test_state)
{
	try_example("loadavg-and-zram", "zram", NULL, "last pid shown", "last pid hidden");
}

/* The commands of a tree that was built in its source name files relatively. */
static void test_in_tree(void **test_state)
{
	scoped_free char *fix = path_join(examples_dir, "proc-cmdline-secrets.patch");
	scoped_free char *ko = path_join(scratch, "livepatch-in-tree.ko");

	free(suture(0, "target", "add", "--build", in_tree, "--name", "in-tree", NULL));
	free(suture(0, "build", fix, "-t", "build:in-tree", "-n", "in-tree", "-o", scratch, NULL));
	check_sections(ko);
	free(suture(0, "test", ko, "-t", "build:in-tree", "--rounds", "0", NULL));
}

/* The cache's entry goes, the kernel stays. */
static void test_remove(void **test_state)
{
	unsigned long n, after;
	uint64_t before = tree_state(build, &n);

	free(suture(0, "target", "remove", "build:small", NULL));
	scoped_free char *list = suture(0, "target", "list", NULL);
	scoped_free char *entry = path_join(scratch, "cache/targets/build/small");

	assert_null(strstr(list, "build:small"));
	assert_false(path_exists(entry));
	assert_true(before == tree_state(build, &after));
	assert_int_equal(n, after);
}

/* All of it, and then: is every file of both trees what it was? */
int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),    cmocka_unit_test(test_function),
		cmocka_unit_test(test_header), cmocka_unit_test(test_module),
		cmocka_unit_test(test_both),   cmocka_unit_test(test_in_tree),
		cmocka_unit_test(test_remove),
	};
	unsigned long n[3], m[3];

	if (!own_init(argc, argv))
		return 1;
	scoped_free char *debian = own_debian_source(NULL);

	if (!debian) {
		puts("skipped: no target with a 6.12 source (suture target add debian:...)");
		own_done();
		return SKIP;
	}
	if (!own_kernel(debian, &source, &build, &in_tree))
		return 1;
	scoped_free char *cache = path_join(scratch, "cache");

	setenv("SUTURE_CACHE", cache, 1);
	uint64_t s = tree_state(source, &n[0]), b = tree_state(build, &n[1]);
	uint64_t i = tree_state(in_tree, &n[2]);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	bool same = s == tree_state(source, &m[0]) && b == tree_state(build, &m[1]) &&
		    i == tree_state(in_tree, &m[2]) && !memcmp(n, m, sizeof(n));

	printf("files of the source, the build, the in-tree build: %lu, %lu, %lu: %s\n", n[0], n[1],
	       n[2], same ? "as before" : "CHANGED");
	own_done();
	free(source);
	free(build);
	free(in_tree);
	return failed || !same;
}
