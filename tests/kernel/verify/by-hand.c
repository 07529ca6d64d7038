// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch that was written by hand is held against the fix that it stands for: the right one is proved,
 * one with another constant is refuted where it differs. The same in the form of kpatch's and klp-build's modules.
 */
#include "../convert/live.h"
#include "../klp-post-link.h"
#include "base/cleanup.h"
#include "verify/verify.h"

/* O1 to O10; O11 depends on the kernel's configuration, and O12 is never proved. */
enum { O2 = 1, O3, O4, O7 = 6, DECIDED = 10 };

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

static char *make_module(const char *const *settings)
{
	int status;

	free(live_make("clean", NULL, &status));
	scoped_free char *output = live_make("modules", settings, &status);

	if (status)
		fail_msg("make: %s", output);
	return path_join(live_dir, "loadavg.ko");
}

static void verify_module(const char *module, struct certificate *c)
{
	scoped_free char *fix = beside("loadavg-last-pid.patch");
	struct error *err = verify(&(struct verify_request){ .target = live_target, .module = module,
							     .fixes = &fix, .nfixes = 1 }, c);

	if (err)
		fail_msg("%s: %s", err->id, err->message);
}

static void make_and_verify(const char *setting, struct certificate *c)
{
	const char *const settings[] = { setting, NULL };
	scoped_free char *module = make_module(settings);

	verify_module(module, c);
	assert_int_equal(c->replaced.n, 1);
}

/* These are not converted, but come to an end as klp-build's do. */
static void make_klp_build(const char *form, const char *setting, struct certificate *c)
{
	const char *const settings[] = { "livepatches-m=", form, setting, NULL };
	scoped_free char *module = make_module(settings), *why = klp_post_link(module);

	if (why)
		fail_msg("%s", why);
	verify_module(module, c);
}

static void all_is_proved(const struct certificate *c)
{
	for (size_t i = 0; i < DECIDED; i++)
		if (c->obligations[i].verdict != PROVED) {
			certificate_print(c, stdout);
			fail_msg("O%zu is not proved", i + 1);
		}
}

/* The statement by which an obligation is refuted; all others up to O10 must not be. */
static const struct finding *only_witness(const struct certificate *c, size_t obligation)
{
	const struct finding *witness = NULL;

	for (size_t i = 0; i < DECIDED; i++)
		if (c->obligations[i].verdict == REFUTED)
			assert_int_equal(i, obligation);
	for (size_t i = 0; i < c->obligations[obligation].statements.n; i++)
		if (c->obligations[obligation].statements.at[i].severity == SEVERITY_REFUSAL)
			witness = &c->obligations[obligation].statements.at[i];
	assert_non_null(witness);
	print_message("%s\n", witness->message);
	return witness;
}

static void right_one_is_proved(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_and_verify("LAST_PID=0", &c);
	all_is_proved(&c);
}

static void other_constant_is_refuted(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_and_verify("LAST_PID=1", &c);
	const struct finding *witness = only_witness(&c, O3);

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

static void klp_build_is_proved(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_klp_build("KLP_BUILD=1", NULL, &c);
	assert_int_equal(c.replaced.n, 1);
	all_is_proved(&c);
}

static void klp_build_with_other_constant_is_refuted(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_klp_build("KLP_BUILD=1", "LAST_PID=1", &c);
	assert_non_null(strstr(only_witness(&c, O3)->message, "0x01"));
}

/* The functions of two objects stand in one section. */
static void klp_build_keeps_objects_apart(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_klp_build("KLP_BUILD=2", NULL, &c);
	assert_int_equal(c.replaced.n, 2);
	assert_string_equal(c.replaced.at[0], "vmlinux:loadavg_proc_show,0");
	assert_string_equal(c.replaced.at[1], "zram:compact_store,0");
	assert_int_equal(c.obligations[O7].verdict, PROVED);
}

/* What is left of the build does no harm as long as nobody reads it. */
static void klp_build_that_reads_its_records_is_refuted(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	make_klp_build("KLP_BUILD=1", "READ_RECORDS=1", &c);
	assert_string_equal(only_witness(&c, O7)->location, ".rela__klp_relocs.vmlinux");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(right_one_is_proved),
		cmocka_unit_test(other_constant_is_refuted),
		cmocka_unit_test(kpatch_says_what_it_replaces),
		cmocka_unit_test(klp_build_is_proved),
		cmocka_unit_test(klp_build_with_other_constant_is_refuted),
		cmocka_unit_test(klp_build_keeps_objects_apart),
		cmocka_unit_test(klp_build_that_reads_its_records_is_refuted),
	};

	if (!live_set_paths(argc, argv))
		return 64;
	return live_run("by-hand", tests, ARRAY_SIZE(tests), copy_module);
}
