// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Commands of a tree that we prepared: what make said once is kept, and asked for again when it may be
 * otherwise now. The tree is a small one whose scripts/Makefile.build prints as Kbuild does; make runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/kbuild.h"

/* The environment is captured in the sub-make, as the kernel's top Makefile has one. */
static const char top_makefile[] = "export srctree := $(if $(srctree),$(srctree),$(CURDIR))\n"
				   "build-dirs := .\n"
				   "ifndef sub_make_done\n"
				   "export sub_make_done := 1\n"
				   "suture-environment:\n"
				   "\t@$(MAKE) -s -C $(O) -f $(srctree)/Makefile $@\n"
				   "endif\n";
/* Each run leaves a line in "asked". */
static const char build_makefile[] =
	"$(shell echo $(MAKECMDGOALS) >> asked)\n"
	"include $(srctree)/mm/Makefile\n"
	"real-obj-y := $(have)\n"
	"%.o:\n"
	"\tset -e; $(CC) $(flags) -c -o $@ $(srctree)/$*.c; "
	"scripts/basic/fixdep $*.d $@ '$(CC) $(flags) -c -o $@ $(srctree)/$*.c' > $*.cmd\n";

struct world {
	char *dir, *source, *build, *cc;
	struct target target;
};

static void put(const char *tree, const char *path, const char *text)
{
	scoped_free char *full = path_join(tree, path);
	scoped_free char *dir = path_dirname(full);

	assert_null(make_dirs(dir));
	assert_null(write_file(full, text, strlen(text)));
}

static void world_new(struct world *w)
{
	*w = (struct world) {0};
	assert_null(temp_dir_new("kbuild-test", &w->dir));
	w->source = path_join(w->dir, "source");
	w->build = path_join(w->dir, "build");
	w->cc = path_join(w->dir, "compiler");
	put(w->dir, "compiler", "1");
	put(w->source, "Makefile", top_makefile);
	put(w->source, "scripts/Makefile.build", build_makefile);
	put(w->source, "mm/Makefile", "have := mm/a.o mm/b.o\nflags := -DONE\n");
	put(w->source, "mm/a.c", "");
	put(w->source, "mm/b.c", "");
	put(w->source, "mm/off.c", "");
	put(w->build, "include/config/auto.conf", "");
	w->target = (struct target) {.name = "debian:test",
				     .srctree = w->source,
				     .objtree = w->build,
				     .dir = path_join(w->dir, "cache"),
				     .cc = w->cc};
}

static void world_free(struct world *w)
{
	free(w->target.dir);
	free(w->source);
	free(w->build);
	free(w->cc);
	temp_dir_remove(&w->dir);
}

static size_t times_asked(const struct world *w)
{
	scoped_free char *path = path_join(w->build, "asked"), *text = NULL;
	size_t n = 0;

	if (path_exists(path))
		assert_null(read_file(path, &text, NULL));
	for (const char *p = text ? text : ""; *p; p++)
		n += *p == '\n';
	return n;
}

static bool has_word(const struct command *c, const char *word)
{
	for (size_t i = 0; i < c->argv.n; i++)
		if (streq(c->argv.at[i], word))
			return true;
	return false;
}

/* Number of commands found for the object, 1 only if the flag is in it. */
static size_t find(const struct world *w, const char *object, const char *flag)
{
	char *names[] = {(char *)object};
	struct str_vec objects = {.at = names, .n = 1};
	SCOPED(commands_free) struct command_vec list = {0};
	struct error_vec problems = {0};

	assert_null(kbuild_commands(&w->target, &objects, &list, &problems));
	assert_int_equal(problems.n, 0);
	error_vec_free(&problems);
	if (list.n == 1 && !(has_word(&list.at[0], flag) && streq(list.at[0].argv.at[0], w->target.cc) &&
			     streq(list.at[0].object_name, object)))
		return 99;
	return list.n;
}

/* Looks for mm/a.o; *runs: of make that were needed. */
static size_t find_a(const struct world *w, const char *flag, size_t *runs)
{
	size_t before = times_asked(w), n = find(w, "mm/a.o", flag);

	*runs = times_asked(w) - before;
	return n;
}

static void test_kept(void **state)
{
	struct world w;
	size_t runs;

	world_new(&w);
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	assert_int_equal(runs, 2); /* what the directory has, and the command */
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	assert_int_equal(runs, 0);
	/* the directory is known, this command is not */
	assert_int_equal(find(&w, "mm/b.o", "-DONE"), 1);
	assert_int_equal(times_asked(&w), 3);
	/* what is not built is known by the directory's list alone */
	assert_int_equal(find(&w, "mm/off.o", "-DONE"), 0);
	assert_int_equal(times_asked(&w), 3);
	put(w.source, "mm/Makefile", "have := mm/a.o mm/off.o\nflags := -DONE\n");
	assert_int_equal(find(&w, "mm/off.o", "-DONE"), 1);
	world_free(&w);
}

/* Each change makes what is kept stale. */
static void test_stale(void **state)
{
	static const struct {
		const char *in, *path, *text, *flag;
	} changes[] = {
		{"source", "mm/Makefile", "have := mm/a.o\nflags := -DTWO\n", "-DTWO"},
		{"source", "mm/Kbuild", "# new\n", "-DTWO"},
		{"source", "scripts/Makefile.lib", "# new\n", "-DTWO"},
		{"build", "include/config/auto.conf", "CONFIG_X=y\n", "-DTWO"},
		{".", "compiler", "another", "-DTWO"},
	};
	struct world w;
	size_t runs;

	world_new(&w);
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		scoped_free char *tree = path_join(w.dir, changes[i].in);

		print_message("  %s\n", changes[i].path);
		put(tree, changes[i].path, changes[i].text);
		assert_int_equal(find_a(&w, changes[i].flag, &runs), 1);
		assert_int_equal(runs, 2);
		assert_int_equal(find_a(&w, changes[i].flag, &runs), 1);
		assert_int_equal(runs, 0);
	}
	/* a compiler of another name */
	put(w.dir, "compiler-2", "1");
	free(w.cc);
	w.target.cc = w.cc = path_join(w.dir, "compiler-2");
	assert_int_equal(find_a(&w, "-DTWO", &runs), 1);
	assert_int_equal(runs, 2);
	world_free(&w);
}

static char *kept_path(const struct world *w)
{
	return path_join(w->target.dir, "units/kbuild/mm!a.o");
}

/* A damaged file is made again, also when what stands in it could be read. */
static void test_damaged(void **state)
{
	struct world w;
	size_t runs, size;

	world_new(&w);
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	scoped_free char *path = kept_path(&w), *whole = NULL;

	assert_null(read_file(path, &whole, &size));
	const size_t cuts[] = {0, 1, strcspn(whole, "\n") + 1, size / 2, size - 1};

	for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
		print_message("  %zu of %zu bytes\n", cuts[i], size);
		assert_null(write_file(path, whole, cuts[i]));
		assert_int_equal(find_a(&w, "-DONE", &runs), 1);
		assert_int_equal(runs, 1);
		assert_int_equal(find_a(&w, "-DONE", &runs), 1);
		assert_int_equal(runs, 0);
	}
	/* that of another object */
	put(w.target.dir, "units/kbuild/mm!b.o", whole);
	assert_int_equal(find(&w, "mm/b.o", "-DONE"), 1);
	for (char *p = whole; (p = strstr(p, "-DONE")); p++)
		memcpy(p, "-DTWO", 5);
	assert_null(write_file(path, whole, size));
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	assert_int_equal(runs, 1);
	/* a place where nothing can be kept */
	assert_null(remove_tree(path));
	put(path, "in/the/way", "");
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	assert_int_equal(runs, 1);
	world_free(&w);
}

/* Nothing is kept of a run with which something was wrong. */
static void test_failed_run(void **state)
{
	char *names[] = {"mm/a.o", "mm/b.o"};
	struct str_vec objects = {.at = names, .n = 2};
	SCOPED(commands_free) struct command_vec list = {0};
	struct error_vec problems = {0};
	struct world w;
	size_t runs;

	world_new(&w);
	put(w.source, "mm/Makefile", "have := mm/a.o mm/b.o\nflags := -DONE\nmm/b.o: gone\n");
	assert_null(kbuild_commands(&w.target, &objects, &list, &problems));
	assert_int_equal(list.n, 1);
	assert_string_equal(list.at[0].object_name, "mm/a.o");
	error_vec_free(&problems);
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	assert_int_equal(runs, 1);
	world_free(&w);
}

/* Several runs at once, and a file that is damaged meanwhile: each gets the right command. */
static void test_at_once(void **state)
{
	enum { CHILDREN = 4, ROUNDS = 12 };
	struct world w;
	size_t runs, size;
	pid_t pids[CHILDREN];

	world_new(&w);
	assert_int_equal(find_a(&w, "-DONE", &runs), 1);
	scoped_free char *path = kept_path(&w), *whole = NULL;

	assert_null(read_file(path, &whole, &size));
	for (char *p = whole; (p = strstr(p, "-DONE")); p++)
		memcpy(p, "-DTWO", 5);
	for (size_t i = 0; i < CHILDREN; i++) {
		pids[i] = fork();
		if (pids[i])
			continue;
		bool fine = true;

		for (size_t k = 0; k < ROUNDS; k++)
			fine &= find(&w, k % 2 ? "mm/a.o" : "mm/b.o", "-DONE") == 1;
		_exit(!fine);
	}
	for (size_t k = 0; k < ROUNDS; k++) {
		assert_null(write_file(path, whole, k % 2 ? size : size / 2));
		usleep(3000);
	}
	for (size_t i = 0; i < CHILDREN; i++) {
		int status = -1;

		waitpid(pids[i], &status, 0);
		assert_int_equal(status, 0);
	}
	world_free(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),	   cmocka_unit_test(test_stale),
		cmocka_unit_test(test_damaged),	   cmocka_unit_test(test_failed_run),
		cmocka_unit_test(test_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
