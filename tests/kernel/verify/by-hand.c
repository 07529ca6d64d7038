// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch that was written by hand is held against the fix that it stands for: the right one is proved,
 * one with another constant is refuted where it differs. The same in the form of kpatch's modules.
 */
#include "../convert/live.h"
#include "base/cleanup.h"
#include "verify/verify.h"

/* O1 to O10; O11 depends on the kernel's configuration, and O12 is never proved. */
enum { O2 = 1, O3, O4, DECIDED = 10 };

static const char function[] = "loadavg_proc_show";

static char *beside(const char *name)
{
	return xasprintf("%s/../verify/%s", live_paths.directory, name);
}

static int copy_module(void **state)
{
	static const char *const names[] = { "Makefile", "loadavg.c" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_free char *name = path_join("by-hand", names[i]), *from = beside(name);
		scoped_free char *to = path_join(live_dir, names[i]);

		assert_null(copy_file(from, to));
	}
	return 0;
}

static void make_and_verify(const char *setting, struct certificate *c)
{
	const char *const more[] = { setting, NULL };
	scoped_free char *module = path_join(live_dir, "loadavg.ko"), *fix = beside("loadavg-last-pid.patch");
	int status;

	free(live_make("clean", NULL, &status));
	scoped_free char *output = live_make("modules", more, &status);

	if (status)
		fail_msg("make: %s", output);
	struct error *err = verify(&(struct verify_request){ .target = live_target, .module = module,
							     .fixes = &fix, .nfixes = 1 }, c);

	if (err)
		fail_msg("%s: %s", err->id, err->message);
	assert_int_equal(c->replaced.n, 1);
}

static void right_one_is_proved(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_and_verify("LAST_PID=0", &c);
	for (size_t i = 0; i < DECIDED; i++)
		if (c.obligations[i].verdict != PROVED) {
			certificate_print(&c, stdout);
			fail_msg("O%zu is not proved", i + 1);
		}
}

static void other_constant_is_refuted(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };
	const struct finding *witness = NULL;

	make_and_verify("LAST_PID=1", &c);
	for (size_t i = 0; i < DECIDED; i++)
		if (c.obligations[i].verdict == REFUTED)
			assert_int_equal(i, O3);
	assert_int_equal(c.obligations[O3].verdict, REFUTED);
	for (size_t i = 0; i < c.obligations[O3].statements.n; i++)
		if (c.obligations[O3].statements.at[i].severity == SEVERITY_REFUSAL)
			witness = &c.obligations[O3].statements.at[i];
	assert_non_null(witness);
	print_message("%s\n", witness->message);
	assert_non_null(strstr(witness->message, function));
	assert_non_null(strstr(witness->message, "0x01"));
}

/* What a module of kpatch replaces stands in another place; the rest of its form is not looked at here. */
static void kpatch_says_what_it_replaces(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_and_verify("KPATCH=1", &c);
	for (size_t i = O2; i <= O4; i++)
		if (c.obligations[i].verdict != PROVED) {
			certificate_print(&c, stdout);
			fail_msg("O%zu is not proved", i + 1);
		}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_one_is_proved),
		cmocka_unit_test(other_constant_is_refuted),
		cmocka_unit_test(kpatch_says_what_it_replaces),
	};

	if (!live_set_paths(argc, argv))
		return 64;
	return live_run("by-hand", tests, ARRAY_SIZE(tests), copy_module);
}
