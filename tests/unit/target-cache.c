// SPDX-License-Identifier: GPL-2.0-or-later
/* The cache: publishing, opening, removing, locking; builds of the user; modules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/cache.h"
#include "target/target.h"
#include "target/tools.h"

static char *scratch;

static int setup(void **state)
{
	quiet = true;
	unsetenv("SUTURE_TARGET");
	if (temp_dir_new("test", &scratch))
		return 1;
	scoped_free char *cache = path_join(scratch, "cache");

	return setenv("SUTURE_CACHE", cache, 1);
}

static int teardown(void **state)
{
	temp_dir_remove(&scratch);
	return 0;
}

static void fine(struct error *err)
{
	if (err)
		fail_msg("%s: %s", err->id, err->message);
}

static void fails(struct error *err, const char *id, const char *part)
{
	assert_non_null(err);
	if (!streq(err->id, id) || (part && !strstr(err->message, part)))
		fail_msg("%s: %s", err->id, err->message);
	error_free(err);
}

static void put(const char *dir, const char *file, const char *text)
{
	scoped_free char *path = path_join(dir, file);
	scoped_free char *parent = path_dirname(path);

	fine(make_dirs(parent));
	fine(write_file(path, text, strlen(text)));
}

/* A target with nothing but a name, complete. */
static void publish(const char *name, const char *release)
{
	scoped_target struct target *t = xcalloc(1, sizeof(*t));

	t->name = xstrdup(name);
	fine(cache_target_dir(name, &t->dir));
	fine(make_dirs(t->dir));
	t->release = xstrdup(release);
	t->srctree = path_join(t->dir, "source");
	t->objtree = path_join(t->dir, "obj");
	t->kbuild = path_join(t->dir, "headers");
	t->vmlinux = path_join(t->dir, "vmlinux");
	t->config = path_join(t->dir, "config");
	t->symvers = path_join(t->dir, "Module.symvers");
	t->cc = xstrdup("gcc-12");
	fine(cache_publish(t, NULL));
}

static void test_open(void **state)
{
	scoped_target struct target *t = NULL;

	fails(target_open(NULL, &t), "T2", "no target was added yet");
	publish("debian:6.1.0-9-amd64", "6.1.0-9-amd64");
	fine(target_open(NULL, &t));
	assert_string_equal(t->release, "6.1.0-9-amd64");
	target_free(take(t));
	publish("debian:6.1.0-10-amd64", "6.1.0-10-amd64");
	fails(target_open(NULL, &t), "T2", "which target");
	fails(target_open("6.1.0-11-amd64", &t), "T2", "Near: debian:6.1.0-");
	fails(target_open("../x", &t), "T2", NULL);
	fine(target_open("6.1.0-10-amd64", &t));
	assert_string_equal(t->name, "debian:6.1.0-10-amd64");
	target_free(take(t));
	setenv("SUTURE_TARGET", "debian:6.1.0-9-amd64", 1);
	fine(target_open(NULL, &t));
	assert_string_equal(t->release, "6.1.0-9-amd64");
	unsetenv("SUTURE_TARGET");
}

static void test_list_and_remove(void **state)
{
	struct target_vec list = { 0 };
	scoped_free char *dir = NULL;

	publish("debian:6.1.0-10-amd64", "x");
	publish("debian:6.1.0-9-amd64", "x");
	publish("build:mine", "y");
	fine(target_list(&list));
	assert_int_equal(list.n, 3);
	assert_string_equal(list.at[0]->name, "build:mine");
	assert_string_equal(list.at[1]->name, "debian:6.1.0-9-amd64");
	for (size_t i = 0; i < list.n; i++)
		target_free(list.at[i]);
	target_vec_free(&list);
	fine(cache_target_dir("build:mine", &dir));
	put(dir, "units/kbuild/mm!a.o", "x");
	fine(target_remove("mine"));
	assert_false(path_exists(dir));
	fails(target_remove("mine"), "T2", NULL);
}

/* What an interrupted run leaves is no target. */
static void test_incomplete(void **state)
{
	scoped_free char *dir = NULL;
	struct target *t;

	fine(cache_target_dir("debian:6.1.0-9-amd64", &dir));
	put(dir, "source/Makefile", "x");
	assert_false(cache_is_complete(dir));
	fails(target_open("debian:6.1.0-9-amd64", &t), "T2", NULL);
	fails(target_remove("6.1.0-9-amd64"), "T2", NULL);
	fine(target_remove("debian:6.1.0-9-amd64"));
	assert_false(path_exists(dir));
	fine(make_dirs(dir));
	put(dir, "target.json", "{ \"format\": 1, \"name\": ");
	fails(target_open("debian:6.1.0-9-amd64", &t), "T1", "target.json");
	put(dir, "target.json", "{ \"format\": 99 }");
	fails(target_open("debian:6.1.0-9-amd64", &t), "T1", "another version");
	fine(target_remove("debian:6.1.0-9-amd64"));
	assert_false(path_exists(dir));
}

static void test_moved_cache(void **state)
{
	scoped_free char *from = path_join(scratch, "cache");
	scoped_free char *to = path_join(scratch, "cache2");
	struct target *t;

	publish("debian:6.1.0-9-amd64", "x");
	assert_int_equal(rename(from, to), 0);
	setenv("SUTURE_CACHE", to, 1);
	fails(target_open(NULL, &t), "T1", "cannot be moved");
}

static void test_bad_cache_name(void **state)
{
	scoped_free char *bad = path_join(scratch, "my cache");
	char *dir;

	setenv("SUTURE_CACHE", bad, 1);
	fails(cache_dir(&dir), "T1", "blanks");
}

/* The second comer waits until the first is gone, also when that was killed. */
static void test_lock(void **state)
{
	int ready[2];
	int fd = -1;

	assert_int_equal(pipe(ready), 0);
	pid_t pid = fork();

	if (pid == 0) {
		if (cache_lock("debian:6.1.0-9-amd64", &fd) || write(ready[1], "x", 1) != 1)
			_exit(1);
		usleep(500 * 1000);
		kill(getpid(), SIGKILL);
	}
	char c;
	assert_int_equal(read(ready[0], &c, 1), 1);
	double start = monotonic_seconds();

	fine(cache_lock("debian:6.1.0-9-amd64", &fd));
	assert_true(monotonic_seconds() - start > 0.3);
	close(fd);
	close(ready[0]);
	close(ready[1]);
	waitpid(pid, NULL, 0);
}

static const char good_config[] =
	"CONFIG_CC_VERSION_TEXT=\"gcc (x) 12\"\nCONFIG_CC_IS_GCC=y\nCONFIG_X86_64=y\n"
	"CONFIG_MODULES=y\nCONFIG_LIVEPATCH=y\nCONFIG_DYNAMIC_FTRACE=y\nCONFIG_KALLSYMS_ALL=y\n";

static char *make_build(const char *config)
{
	scoped_free char *source = path_join(scratch, "linux");
	scoped_free char *build = path_join(scratch, "out");
	scoped_free char *link = path_join(build, "source");

	put(source, "Kbuild", "");
	put(build, ".config", config);
	put(build, "include/config/kernel.release", "6.12.0-mine\n");
	put(build, "include/generated/autoconf.h", "");
	put(build, "Module.symvers", "");
	put(build, "vmlinux", "");
	assert_int_equal(symlink(source, link), 0);
	return take(build);
}

static void test_build(void **state)
{
	scoped_free char *build = make_build(good_config);
	scoped_free char *name = NULL, *again = NULL;
	scoped_target struct target *t = NULL;
	scoped_free char *source = path_join(scratch, "linux");

	fine(target_add_build(build, NULL, &name));
	assert_string_equal(name, "build:6.12.0-mine");
	fine(target_add_build(build, NULL, &again));
	fine(target_open("6.12.0-mine", &t));
	assert_true(t->user_build);
	assert_string_equal(t->objtree, build);
	assert_string_equal(t->srctree, source);
	assert_string_equal(t->cc, "gcc");
	assert_null(t->bzimage);
	assert_true(target_config_is(t, "LIVEPATCH", 'y'));
	assert_false(target_config_is(t, "KASAN", 'y'));
	fails(target_add_build(build, "a/b", &again), "T2", "a/b");
	/* The same label for another tree. */
	scoped_free char *other = path_join(scratch, "out2");

	assert_int_equal(rename(build, other), 0);
	free(take(again));
	fails(target_add_build(other, NULL, &again), "T2", "already there");
	fine(target_add_build(other, "second", &again));
	assert_string_equal(again, "build:second");
	assert_true(path_exists(other));
	fine(target_remove("build:second"));
	assert_true(path_exists(other));
}

static void test_build_bad(void **state)
{
	scoped_free char *build = make_build("CONFIG_CC_VERSION_TEXT=\"gcc (x) 12\"\n"
					     "CONFIG_CC_IS_GCC=y\nCONFIG_X86_64=y\nCONFIG_MODULES=y\n");
	scoped_free char *symvers = path_join(build, "Module.symvers");
	char *name;

	fails(target_add_build(build, NULL, &name), "T4", "LIVEPATCH");
	unlink(symvers);
	fails(target_add_build(build, NULL, &name), "T10", "Module.symvers");
	fails(target_add_build("/nonexistent", NULL, &name), "Y1", "/nonexistent");
}

/* A real object with a .modinfo, made by the assembler. */
static void make_module(const char *dir, const char *name, const char *depends)
{
	scoped_free char *path = xasprintf("%s/%s.ko", dir, name);
	scoped_free char *source = xasprintf("%s/%s.S", scratch, path_basename(name));
	scoped_free char *parent = path_dirname(path);
	scoped_free char *text = xasprintf(".section .modinfo,\"a\"\n.string \"license=GPL\"\n"
					   ".string \"depends=%s\"\n.string \"intree=Y\"\n", depends);
	const char *const argv[] = { "cc", "-c", source, "-o", path, NULL };
	scoped_process_result struct process_result r = { 0 };

	fine(make_dirs(parent));
	fine(write_file(source, text, strlen(text)));
	fine(process_run(&(struct process){ .argv = argv }, &r));
	assert_int_equal(r.status, 0);
}

static void compress(const char *dir, const char *name)
{
	scoped_free char *path = xasprintf("%s/%s.ko", dir, name);
	const char *const argv[] = { "xz", path, NULL };
	scoped_process_result struct process_result r = { 0 };

	fine(process_run(&(struct process){ .argv = argv }, &r));
	assert_int_equal(r.status, 0);
}

static void test_modules(void **state)
{
	scoped_free char *dir = NULL;
	scoped_free char *path = NULL;
	scoped_target struct target *t = NULL;
	struct str_vec names = { 0 }, all = { 0 };

	publish("debian:6.1.0-9-amd64", "6.1.0-9-amd64");
	fine(target_open(NULL, &t));
	dir = path_join(t->dir, "image/lib/modules/6.1.0-9-amd64/kernel");
	/* top needs b and c-x, both need a; names with either dash. */
	make_module(dir, "net/top", "b,c_x");
	make_module(dir, "lib/b", "a");
	make_module(dir, "lib/c-x", "a,b");
	make_module(dir, "lib/a", "");
	make_module(dir, "lib/broken", "missing");
	compress(dir, "net/top");
	compress(dir, "lib/c-x");
	fine(target_module_depends(t, "top", &names));
	assert_int_equal(names.n, 3);
	assert_string_equal(names.at[0], "a");
	assert_string_equal(names.at[1], "b");
	assert_string_equal(names.at[2], "c_x");
	fine(target_modules(t, &all));
	assert_int_equal(all.n, 5);
	fine(target_module(t, "c-x", &path));
	assert_true(ends_with(path, "/modules/c_x.ko"));
	assert_true(path_exists(path));
	fails(target_module(t, "tap", &path), "T5", "Near: ");
	fails(target_module_depends(t, "broken", &names), "T5", "missing");
	str_vec_free_all(&names);
	str_vec_free_all(&all);
}

/* Modules that are not part of the kernel come before its own, and need some of its own. */
static void test_module_tree(void **state)
{
	scoped_target struct target *t = NULL;
	scoped_free char *tree = path_join(scratch, "tree");
	struct str_vec names = { 0 }, all = { 0 };
	struct target *kernel = NULL;
	char *path;

	publish("debian:6.1.0-9-amd64", "6.1.0-9-amd64");
	fine(target_open(NULL, &kernel));
	scoped_free char *dir = path_join(kernel->dir, "image/lib/modules/6.1.0-9-amd64/kernel");
	scoped_free char *order = xasprintf("%s/own.o\nsub/rel-ative.ko\n%s/both.ko\n", tree, tree);

	make_module(dir, "lib/a", "");
	make_module(dir, "lib/both", "");
	compress(dir, "lib/a");
	make_module(tree, "own", "a");
	make_module(tree, "sub/rel-ative", "");
	make_module(tree, "both", "own");
	fails(target_open_module_tree(tree, kernel, &t), "T12", "modules.order");
	fine(target_open(NULL, &kernel));
	put(tree, "modules.order", order);
	fine(target_open_module_tree(tree, kernel, &t));
	assert_string_equal(t->kbuild, kernel->kbuild);
	assert_string_equal(target_command_dir(t), kernel->kbuild);
	assert_string_equal(target_command_dir(kernel), kernel->objtree);
	fine(target_modules(t, &all));
	assert_int_equal(all.n, 4);
	fine(target_module_depends(t, "both", &names));
	assert_int_equal(names.n, 2);
	assert_string_equal(names.at[0], "a");
	assert_string_equal(names.at[1], "own");
	fine(target_module(t, "both", &path));
	assert_true(starts_with(path, t->srctree));
	free(path);
	fine(target_module(t, "rel_ative", &path));
	assert_true(starts_with(path, t->srctree));
	free(path);
	fine(target_module(t, "a", &path)); /* unpacked once, for the kernel */
	assert_true(starts_with(path, kernel->dir) && !starts_with(path, t->dir));
	free(path);
	str_vec_free_all(&names);
	str_vec_free_all(&all);
}

/* A damaged module is an error, and leaves nothing under its name. */
static void test_damaged_module(void **state)
{
	scoped_free char *dir = NULL;
	scoped_free char *to = NULL;
	scoped_target struct target *t = NULL;
	struct str_vec names = { 0 };
	char *path;

	publish("debian:6.1.0-9-amd64", "6.1.0-9-amd64");
	fine(target_open(NULL, &t));
	dir = path_join(t->dir, "image/lib/modules/6.1.0-9-amd64/kernel");
	put(dir, "bad.ko.xz", "this is not xz");
	put(dir, "text.ko", "this is not ELF");
	fails(target_module(t, "bad", &path), "T9", "xz");
	to = path_join(t->dir, "modules/bad.ko");
	assert_false(path_exists(to));
	fails(target_module_depends(t, "text", &names), "T9", "not a kernel module");
	str_vec_free_all(&names);
}

static void test_complaints(void **state)
{
	scoped_free char *tail = tool_last_lines("a\nb\n\nc\n", 2);

	assert_string_equal(tail, "b; c");
	fails(tool_disk_full("tar: x: Cannot write: No space left on device\n"), "Y2", NULL);
	assert_null(tool_disk_full("fine"));
	fails(tools_check_compiler("x86_64-linux-gnu-gcc-999"), "T6", "gcc-999");
}

#define CACHE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CACHE_TEST(test_open),	      CACHE_TEST(test_list_and_remove),
		CACHE_TEST(test_incomplete),  CACHE_TEST(test_moved_cache),
		CACHE_TEST(test_bad_cache_name), CACHE_TEST(test_lock),
		CACHE_TEST(test_build),	      CACHE_TEST(test_build_bad),
		CACHE_TEST(test_modules),     CACHE_TEST(test_damaged_module),
		CACHE_TEST(test_module_tree), CACHE_TEST(test_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
