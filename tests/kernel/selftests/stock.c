// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own livepatch selftests on the stock kernels, unmodified, with the kernel's own test
 * modules: the machine of the tests is one in which they pass. One test a script; and a broken test
 * module that its script must notice.
 */
#include "kit.h"

static struct selftest_run_vec runs;

static const struct selftest_edit broken = {
	"test_klp_state.c", "%s: fixing console_loglevel", "%s: breaking console_loglevel",
};

static void test_script(void **state)
{
	const struct selftest_run *run = *state;

	selftests_assert_passed(run);
}

static void test_broken(void **state)
{
	const struct selftest_run *run = selftests_find(&runs, "broken", "test-state.sh");

	assert_non_null(run);
	assert_int_equal(run->status, 1);
	assert_non_null(strstr(run->output, "TEST: system state modification ... not ok"));
	assert_non_null(strstr(run->output, "-test_klp_state: fix_console_loglevel: fixing"));
	assert_non_null(strstr(run->output, "+test_klp_state: fix_console_loglevel: breaking"));
}

static void add_tests(struct CMUnitTest *tests)
{
	for (size_t i = 0; i < runs.n; i++) {
		bool stock = streq(runs.at[i].set, "stock");

		tests[i] = (struct CMUnitTest){
			.name = stock ? runs.at[i].script : "a broken module is noticed",
			.test_func = stock ? test_script : test_broken,
			.initial_state = &runs.at[i],
		};
	}
}

/* Group setup: everything runs in one boot. */
static int boot_all(void **state)
{
	selftests_build("stock", NULL);
	selftests_build("broken", &broken);
	selftests_boot(&runs);
	return 0;
}

static int run(void *arg)
{
	struct CMUnitTest tests[32];

	selftests_add_all("stock", &runs);
	selftests_add("broken", "test-state.sh", &runs);
	assert_true(runs.n <= ARRAY_SIZE(tests));
	add_tests(tests);
	int failed = _cmocka_run_group_tests("selftests", tests, runs.n, boot_all, NULL);

	selftests_free(&runs);
	return failed;
}

int main(void)
{
	return road_for_each_target("the kernel's livepatch selftests", run, NULL);
}
