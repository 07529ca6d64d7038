// SPDX-License-Identifier: GPL-2.0-or-later
/* Searches of the model that are remembered: real ones, with spin; wrong and damaged files; other instances. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "verify/instance.h"
#include "verify/searched.h"

static char *cache;

static int setup(void **state)
{
	struct error *err = temp_dir_new("searched", &cache);

	setenv("SUTURE_CACHE", cache, 1);
	return err != NULL;
}

static int teardown(void **state)
{
	temp_dir_remove(&cache);
	return 0;
}

/* Was spin asked? */
static bool searches(bool again, const char *extra, struct search_result *result)
{
	struct instance_vec known = { 0 };
	struct instance i;

	instance_liveness(NULL, extra, &i);
	assert_null(instance_search(&known, again, &i));
	assert_null(i.result.violated);
	assert_true(i.result.complete);
	*result = i.result;
	instance_free(&i);
	instances_free(&known);
	return result->cpu > 0;
}

static void searched_once(void **state)
{
	struct search_result first, second;

	assert_true(searches(false, "", &first));
	assert_false(searches(false, "", &second));
	assert_true(first.states > 1000);
	assert_true(first.states == second.states && first.depth == second.depth);
	assert_true(searches(true, "", &second)); /* for a certificate that is checked again */
	assert_true(searches(false, " -DCOND_RESCHED", &second)); /* another instance */
}

/* What a reader must not take for an answer; the last one is one. */
static void damaged(void **state)
{
	static const char whole[] = "suture-search 1: whole, no violation, 1234 states, depth 56\n";
	struct search_result r = { .complete = true, .states = 1234, .depth = 56 };
	scoped_free char *dir = path_join(cache, "models");

	assert_null(remove_tree(dir));
	assert_false(searched_before("key", &r));
	searched_now("key", &r);
	assert_true(searched_before("key", &r));
	assert_false(searched_before("another key", &r));

	scoped_free char *pattern = path_join(dir, "*"), *text = NULL;
	glob_t found;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	scoped_free char *path = xstrdup(found.gl_pathv[0]);

	globfree(&found);
	assert_null(read_file(path, &text, NULL));
	assert_string_equal(text, whole);
	for (size_t n = 0; n < sizeof(whole) - 1; n++) { /* cut off, or with another byte */
		char copy[sizeof(whole)];

		assert_null(write_file(path, whole, n));
		assert_false(searched_before("key", &r));
		memcpy(copy, whole, sizeof(whole));
		copy[n] ^= 0x40;
		assert_null(write_file(path, copy, sizeof(whole) - 1));
		assert_false(searched_before("key", &r));
	}
	assert_null(write_file(path, whole, sizeof(whole) - 1));
	assert_true(searched_before("key", &r));
}

static void not_kept(void **state)
{
	struct search_result violated = { .complete = true, .violated = "P_MIX", .states = 5 };
	struct search_result timed_out = { .timed_out = true, .states = 5 }, r;

	searched_now("violated", &violated);
	searched_now("timed out", &timed_out);
	assert_false(searched_before("violated", &r));
	assert_false(searched_before("timed out", &r));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searched_once),
		cmocka_unit_test(damaged),
		cmocka_unit_test(not_kept),
	};

	if (search_impossible()) {
		print_message("%s: skipped\n", search_impossible());
		return 77;
	}
	return cmocka_run_group_tests(tests, setup, teardown);
}
