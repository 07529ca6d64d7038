// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatches written by hand, built with livepatch.mk, in the booted kernel. guest.sh does it all in one
 * boot; each test here holds what was read in one of its cases against what must come out.
 */
#include <stdio.h>

#include "base/finding.h"
#include "cases.h"
#include "crosscheck.h"
#include "live.h"

static struct boot_result result;

/* ---- made once for each target ---- */

static void add_modules(struct str_vec *files)
{
	static const char *const names[] = {
		"suture_a", "suture_b",	   "lp_auto",	   "lp_positions", "lp_homonyms",
		"lp_coming", "lp_sections", "lp_pointers", "lp_keys",	   "lp_key_way_out",
		"lp_ibt",    "lp_callbacks", "lp_refuses", "lp_shadow",  "lp_first",	   "lp_second",
		"lp_state1", "lp_state2",   "lp_sleep",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		str_vec_push(files, xasprintf("%s/%s.ko", live_dir, names[i]));
}

static int build_and_boot(void **state)
{
	scoped_free char *script = path_join(live_paths.directory, "guest.sh");
	struct str_vec files = { 0 };
	int status;

	live_copy_modules();
	scoped_free char *text = live_make("modules", NULL, &status);

	if (status) {
		fputs(text, stderr);
		fail_msg("make: status %d", status);
	}
	add_modules(&files);
	struct boot_request request = { .script = script, .extra = &files, .timeout = 1200,
					.console_log = getenv("SUTURE_TEST_CONSOLE") };
	struct error *err = boot_test(live_target, &request, &result);

	str_vec_free_all(&files);
	if (err)
		fail_msg("%s: %s", err->id, err->message);
	print_message("guest: %.1f s\n", result.total_seconds);
	if (getenv("SUTURE_TEST_OUTPUT") && result.before)
		assert_null(write_file(getenv("SUTURE_TEST_OUTPUT"), result.before,
				       strlen(result.before)));
	guest_output(result.before);
	return 0;
}

/* ---- the guest as a whole ---- */

/* What the livepatch core refuses on purpose, in its own words (kernel/livepatch/core.c). */
static bool is_expected(const struct finding *f)
{
	static const char *const expected[] = {
		"failed to enable patch 'lp_callbacks'",
		"existing value is nonzero for type", /* refused_then_loaded() */
		"failed to initialize patch 'lp_coming' for module 'suture_a'", /* before 6.3 */
		"patch 'lp_coming' failed for module 'suture_a', refusing to load module",
		"patch 'lp_refuses' failed for module 'suture_a', refusing to load module",
		"failed to initialize patch 'lp_refuses' for module 'suture_a'",
		"pre-patch callback failed for object 'vmlinux'",
		"pre-patch callback failed for object 'suture_a'",
		"patch 'lp_callbacks' failed for module 'suture_a', refusing to load module",
		"Livepatch patch (lp_state1) is not compatible with the already installed",
	};

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
		if (streq(f->id, "Q8") && strstr(f->message, expected[i]))
			return true;
	return false;
}

static void the_kernel_did_not_complain(void **state)
{
	for (size_t i = 0; i < result.findings.n; i++) {
		const struct finding *f = &result.findings.at[i];

		if (f->severity == SEVERITY_REFUSAL && !is_expected(f))
			fail_msg("%s: %s", f->id, f->message);
	}
	scoped_free char *end = guest_find("end", "time", 0);

	assert_non_null(end); /* it came through the whole script */
}

static void no_step_failed(void **state)
{
	static const char *const bad[] = { "\nstuck ", "\nremove.", "\ndisable.error", "\nearly end" };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *at = strstr(result.before, bad[i]);

		if (at)
			fail_msg("the guest says:%.*s", (int)strcspn(at + 1, "\n") + 1, at);
	}
}

/* ---- what is refused ---- */

static void refused_by_convert(void **state)
{
	static const struct {
		const char *module, *id, *symbol;
	} cases[] = { { "no_key", "refusal X1", "suture_a:a_key" },
		      { "no_call", "refusal X1", "suture_a:__SCK__a_call" },
		      { "no_percpu", "refusal K7", "suture_a:a_secret" },
		      { "no_percpu", "refusal K7", "vmlinux:saved_command_line" } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_free char *in = xasprintf("%s.ko", cases[i].module);
		scoped_free char *out = path_join(live_dir, "refused.ko");
		const char *const argv[] = { live_paths.suture, "convert", in, "-o", "refused.ko",
					     "--target", live_target->name, "--module",
					     "suture_a.ko", NULL };
		int status;
		scoped_free char *text = live_call(argv, &status);

		assert_int_equal(status, 1);
		assert_non_null(strstr(text, cases[i].id));
		assert_non_null(strstr(text, cases[i].symbol));
		assert_non_null(strstr(text, "way out: "));
		assert_false(path_exists(out));
	}
}

static int end(void **state)
{
	boot_result_free(&result);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(automatic),
		cmocka_unit_test(positions),
		cmocka_unit_test(homonyms),
		cmocka_unit_test(loaded_before),
		cmocka_unit_test(loaded_after),
		cmocka_unit_test(never_loaded),
		cmocka_unit_test(unloaded_and_loaded_again),
		cmocka_unit_test(one_symbol_from_many_sections),
		cmocka_unit_test(pointers),
		cmocka_unit_test(keys_and_calls),
		cmocka_unit_test(indirect_calls),
		cmocka_unit_test(callbacks),
		cmocka_unit_test(refused_then_loaded),
		cmocka_unit_test(shadow_variables),
		cmocka_unit_test(stacked),
		cmocka_unit_test(atomic_replace),
		cmocka_unit_test(somebody_sleeps),
		cmocka_unit_test(reversed),
		cmocka_unit_test(fifty_rounds),
		cmocka_unit_test(refused_by_convert),
		cmocka_unit_test(every_reference_resolves),
		cmocka_unit_test(no_step_failed),
		cmocka_unit_test_teardown(the_kernel_did_not_complain, end),
	};

	if (!live_set_paths(argc, argv))
		return 64;
	return live_run("convert", tests, ARRAY_SIZE(tests), build_and_boot);
}
