// SPDX-License-Identifier: GPL-2.0-or-later
#include "own.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "target/cache.h"
#include "target/target.h"

char *suture_program, *examples_dir, *tests_dir, *scratch;

bool own_init(int argc, char **argv)
{
	process_setup_signals();
	if (argc > 4)
		cmocka_set_test_filter(argv[4]); /* by hand: "test_kil*" */
	if (argc < 4) {
		fprintf(stderr, "usage: %s SUTURE EXAMPLES TESTS\n", argv[0]);
		return false;
	}
	suture_program = realpath(argv[1], NULL);
	examples_dir = realpath(argv[2], NULL);
	tests_dir = realpath(argv[3], NULL);
	return suture_program && examples_dir && tests_dir && !temp_dir_new("own", &scratch);
}

void own_done(void)
{
	temp_dir_remove(&scratch);
	free(suture_program);
	free(examples_dir);
	free(tests_dir);
}

char *own_debian_source(char **name)
{
	struct target_vec list = { 0 };
	char *source = NULL;

	error_free(target_list(&list));
	for (size_t i = 0; i < list.n; i++) {
		struct target *t = list.at[i];

		if (!source && !t->user_build && starts_with(t->release, "6.12.")) {
			source = xstrdup(t->srctree);
			if (name)
				*name = xstrdup(t->name);
		}
		target_free(t);
	}
	target_vec_free(&list);
	return source;
}

bool own_kernel(const char *debian_source, char **source, char **build, char **in_tree)
{
	scoped_free char *cache = NULL;
	scoped_free char *script = path_join(tests_dir, "make-kernel.sh");

	assert_null(cache_dir(&cache));
	scoped_free char *dir = path_join(cache, "ownbuild/small");
	const char *argv[] = { "sh", script, debian_source, dir, NULL };
	scoped_process_result struct process_result r = { 0 };

	*source = path_join(dir, "source");
	*build = path_join(dir, "build");
	*in_tree = path_join(dir, "in-tree");
	assert_null(process_run(&(struct process){ .argv = argv, .timeout = 3000 }, &r));
	print_message("small kernel: %.1f s, %.1f s of CPU time\n", r.wall, r.cpu);
	if (r.status)
		print_error("%s", r.output);
	return r.status == 0;
}

static void collect(const char **argv, va_list ap)
{
	size_t n = 0;

	argv[n++] = suture_program;
	while ((argv[n] = va_arg(ap, const char *)) && n < 30)
		n++;
}

void suture_argv(const char **argv, ...)
{
	va_list ap;

	va_start(ap, argv);
	collect(argv, ap);
	va_end(ap);
}

char *suture(int expected, ...)
{
	const char *argv[32];
	va_list ap;
	scoped_process_result struct process_result r = { 0 };

	va_start(ap, expected);
	collect(argv, ap);
	va_end(ap);
	assert_null(process_run(&(struct process){ .argv = argv, .cwd = scratch }, &r));
	print_message("suture %s %s: %.1f s, %.1f s of CPU time\n", argv[1], argv[2], r.wall,
		      r.cpu);
	if (r.status != expected)
		print_error("%s", r.output);
	assert_int_equal(r.status, expected);
	return take(r.output);
}

static uint64_t state;
static unsigned long files;

static int add_state(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	uint64_t facts[] = { st->st_size,	   st->st_mtim.tv_sec, st->st_mtim.tv_nsec,
			     (uint64_t)st->st_ino, st->st_mode };

	/* Not in any order: a directory that is read again need not list alike. */
	state += hash_bytes(facts, sizeof(facts), hash_bytes(path, strlen(path), 7));
	files++;
	return 0;
}

uint64_t tree_state(const char *dir, unsigned long *n)
{
	state = files = 0;
	assert_int_equal(nftw(dir, add_state, 64, FTW_PHYS), 0);
	*n = files;
	return state;
}
