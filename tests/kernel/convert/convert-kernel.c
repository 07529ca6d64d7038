// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatches written by hand, built with livepatch.mk, in the booted kernel. guest.sh does it all in one
 * boot; each test here holds what was read in one of its cases against what must come out.
 */
#include <stdio.h>

#include "base/finding.h"
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

/* ---- the cases ---- */

static void automatic(void **state)
{
	static const char *const symbols[] = { "saved_command_line", "linux_proc_banner",
					       "cmdline_proc_show" };

	for (size_t i = 0; i < ARRAY_SIZE(symbols); i++) {
		scoped_free char *key = xasprintf("core.%s", symbols[i]);

		guest_expect_address("automatic", key, nm_address(symbols[i], 1));
	}
	guest_expect("automatic", "before.answer", "1");
	guest_expect("automatic", "core.banner", "%s version");
	scoped_free char *line = guest_find("automatic", "core.line", 0);

	assert_non_null(line);
	assert_non_null(strstr(line, "console=ttyS0"));
	guest_expect("automatic", "core.called", line);
	guest_expect("automatic", "with", "10422"); /* 1000 + 4711 + 4711 */
	guest_expect("automatic", "after", "1");
	scoped_free char *before = guest_find("automatic", "before.core.Linux", 0);

	assert_non_null(before);
	guest_expect("automatic", "after.core.Linux", before);
}

static void positions(void **state)
{
	assert_true(nm_count("m_start") >= 3);
	guest_expect_address("positions", "core.saved_command_line,0",
			     nm_address("saved_command_line", 1));
	guest_expect_address("positions", "core.m_start,1", nm_address("m_start", 1));
	guest_expect_address("positions", "core.m_start,2", nm_address("m_start", 2));
	guest_expect_address("positions", "core.m_start,3", nm_address("m_start", 3));
	guest_expect_address("positions", "core.sched_schedstats,0",
			     nm_address("sched_schedstats", 1));
}

/* The kernel lists a module's symbols in the order of its symbol table, which positions count. */
static void homonyms(void **state)
{
	static const struct {
		const char *key, *symbol;
		unsigned int n;
	} twins[] = { { "a.twin,1", "kallsyms.twin", 0 },
		      { "a.twin,2", "kallsyms.twin", 1 },
		      { "a.pair,1", "kallsyms.pair", 0 },
		      { "a.pair,2", "kallsyms.pair", 1 } };

	for (size_t i = 0; i < ARRAY_SIZE(twins); i++)
		guest_expect_address("homonyms", twins[i].key,
				     guest_address("homonyms", twins[i].symbol, twins[i].n));
	guest_expect("homonyms", "a.twins", "11 22");
	guest_expect("homonyms", "a.pairs", "111 222");
	guest_expect("homonyms", "a.common", "100");
	guest_expect("homonyms", "before.common", "200");
	guest_expect("homonyms", "b.common", "200");
	guest_expect("homonyms", "b.common_of_a", "100");
	guest_expect("homonyms", "after.exported", "4712");
}

static void loaded_before(void **state)
{
	guest_expect("loaded-before", "with", "4752"); /* 40 + 4711 + 1 */
	guest_expect("loaded-before", "patched.a", "1");
}

static void loaded_after(void **state)
{
	guest_expect_nth("loaded-after", "patched.a", 0, "0");
	guest_expect_nth("loaded-after", "patched.a", 1, "1");
	guest_expect("loaded-after", "with", "4752");
	guest_expect("loaded-after", "after", "1");
}

static void never_loaded(void **state)
{
	guest_expect("never-loaded", "patched.c", "0");
	guest_expect("never-loaded", "enabled", "1 0");
	guest_expect("never-loaded", "after", "1");
}

/* Does the kernel clear relocations when a patched module goes? (since 6.3) Its own source says it. */
static bool clears_relocations(void)
{
	scoped_free char *path = path_join(live_target->srctree, "kernel/livepatch/core.c");
	scoped_free char *text = NULL;

	assert_null(read_file(path, &text, NULL));
	return strstr(text, "clear_relocate_add") != NULL;
}

/* Never a wrong value: a kernel that cannot apply the relocations again refuses the module. */
static void unloaded_and_loaded_again(void **state)
{
	static const char name[] = "unloaded-and-loaded-again";

	guest_expect(name, "patched.a", "0");
	guest_expect(name, "there", "0");
	if (clears_relocations()) {
		guest_expect(name, "second", "0");
		guest_expect(name, "again", "4752");
		guest_expect(name, "third", "0");
		guest_expect_nth(name, "third", 1, "4752");
		return;
	}
	scoped_free char *refused = guest_find(name, "second", 0);

	assert_non_null(refused);
	assert_non_null(strstr(refused, "invalid module format"));
	guest_expect_none(name, "again");
}

/* The livepatch refused the module once; after that the kernel cannot apply the relocations that were
 * written already, and refuses it for as long as the livepatch is there. */
static void refused_then_loaded(void **state)
{
	scoped_free char *first = guest_find("refused-then-loaded", "first", 0);
	scoped_free char *second = guest_find("refused-then-loaded", "second", 0);

	assert_non_null(first);
	assert_non_null(second);
	assert_non_null(strstr(first, "No such device") ?: strstr(first, "invalid module format"));
	if (streq(second, "0"))
		guest_expect_nth("refused-then-loaded", "second", 1, "4711");
	else
		assert_non_null(strstr(second, "invalid module format"));
	guest_expect("refused-then-loaded", "after", "1");
}

static void one_symbol_from_many_sections(void **state)
{
	static const char *const keys[] = { "core.text", "core.one", "core.two", "core.data" };

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		guest_expect_address("sections", keys[i], nm_address("linux_proc_banner", 1));
}

static void pointers(void **state)
{
	static const char *const core[] = { "static", "global", "const",  "ro_after_init",
					      "per_cpu", "bss", "array1", "array3", "far",	   "const_far" };
	static const char *const module[] = { "static", "global", "const", "ro_after_init", "per_cpu",
					      "bss",	"array2", "far",   "const_far" };
	uint64_t line = nm_address("saved_command_line", 1);
	uint64_t secret = guest_address("pointers", "kallsyms.a_secret", 0);

	for (size_t i = 0; i < ARRAY_SIZE(core); i++) {
		scoped_free char *key = xasprintf("core.%s", core[i]);

		guest_expect_address("pointers", key, line);
	}
	for (size_t i = 0; i < ARRAY_SIZE(module); i++) {
		scoped_free char *key = xasprintf("a.%s", module[i]);

		guest_expect_address("pointers", key, secret);
	}
	guest_expect_address("pointers", "core.behind", line + 4);
	guest_expect_address("pointers", "a.function",
			     guest_address("pointers", "kallsyms.a_helper", 0));
	guest_expect("pointers", "a.behind", "30");
	guest_expect("pointers", "a.through", "4713");
}

static void keys_and_calls(void **state)
{
	static const char *const runs[] = { "off", "on", "again" };

	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		scoped_free char *key = xasprintf("%s.key", runs[i]);
		scoped_free char *between = xasprintf("%s.between", runs[i]);
		scoped_free char *callee = xasprintf("%s.callee", runs[i]);

		guest_expect("keys", key, streq(runs[i], "on") ? "1" : "0");
		guest_expect("keys", between, "1");
		guest_expect_address("keys", callee, nm_address("native_sched_clock", 1));
	}
	guest_expect("keys", "module.off", "6");
	guest_expect("keys", "module.on", "16");
}

static void indirect_calls(void **state)
{
	static const char *const begins[] = { "a.own_begins", "a.core_begins", "a.module_begins" };
	bool ibt = target_config_is(live_target, "X86_KERNEL_IBT", 'y');

	for (size_t i = 0; i < ARRAY_SIZE(begins); i++) {
		scoped_free char *bytes = guest_find("indirect-calls", begins[i], 0);

		assert_non_null(bytes);
		assert_int_equal(strlen(bytes), 11);
		if (ibt)
			assert_string_equal(bytes, "f3 0f 1e fa"); /* endbr64 */
	}
	scoped_free char *line = guest_find("automatic", "core.line", 0);
	scoped_free char *key = xasprintf("a.%.*s", (int)strcspn(line, " "), line);

	guest_expect("indirect-calls", "a.own", "function");
	guest_expect("indirect-calls", key, line + strcspn(line, " ") + 1);
	guest_expect("indirect-calls", "a.called", "6");
}

static void callbacks(void **state)
{
	static const char *const log[] = {
		"pre_patch vmlinux 1",	/* refused: nothing else happens */
		"pre_patch vmlinux 0",	 "pre_patch suture_a 0",  "post_patch vmlinux",
		"post_patch suture_a",
		"pre_unpatch suture_a",	 "post_unpatch suture_a", /* the module goes */
		"pre_patch suture_a 1", /* refused */
		"pre_patch suture_a 0",	 "post_patch suture_a",
		"pre_unpatch vmlinux",	 "pre_unpatch suture_a",  "post_unpatch vmlinux",
		"post_unpatch suture_a",
	};
	scoped_free char *load = guest_find("callbacks", "load.lp_callbacks", 0);
	scoped_free char *insmod = guest_find("callbacks", "insmod", 0);

	assert_non_null(load);
	assert_non_null(strstr(load, "No such device"));
	assert_non_null(insmod);
	assert_non_null(strstr(insmod, "No such device"));
	scoped_free char *original = guest_find("callbacks", "refused.core.Linux", 0);

	assert_non_null(original);
	guest_expect("callbacks", "refused", "1");
	guest_expect("callbacks", "there", "0");
	guest_expect_nth("callbacks", "load.lp_callbacks", 1, "0");
	guest_expect("callbacks", "core.version", "of lp_callbacks");
	guest_expect("callbacks", "with", "8");
	guest_expect("callbacks", "module.there", "0");
	guest_expect("callbacks", "again", "8");
	guest_expect("callbacks", "after", "1");
	guest_expect("callbacks", "after.core.Linux", original);
	for (size_t i = 0; i < ARRAY_SIZE(log); i++)
		guest_expect_nth("callbacks", "log", i, log[i]);
	assert_null(guest_find("callbacks", "log", ARRAY_SIZE(log)));
}

/* Counts begin with the secret of suture_a, go on, and are gone after the livepatch. */
static void shadow_variables(void **state)
{
	for (unsigned int i = 0; i < 3; i++) {
		scoped_free char *first = xasprintf("%u shown 4711", i + 1);
		scoped_free char *second = xasprintf("%u shown 4712", i + 1);
		scoped_free char *after = xasprintf("%u", i + 1);

		guest_expect_nth("shadow", "first.item", i, first);
		guest_expect_nth("shadow", "second.item", i, second);
		guest_expect_nth("shadow", "after.item", i, after);
		guest_expect_nth("shadow", "again.item", i, first);
	}
	guest_expect("shadow", "log", "freed 3");
}

static void stacked(void **state)
{
	guest_expect("stacked", "none", "1");
	guest_expect("stacked", "first", "20");
	guest_expect("stacked", "second", "30");
	guest_expect("stacked", "first.again", "20");
	guest_expect("stacked", "second.alone", "30");
	guest_expect("stacked", "none.again", "1");
}

static void atomic_replace(void **state)
{
	scoped_free char *downgrade = guest_find("replace", "load.lp_state1", 1);

	guest_expect("replace", "stacked", "20");
	guest_expect("replace", "one", "4711");
	guest_expect("replace", "first.there", "0");
	guest_expect("replace", "two", "4713");
	guest_expect("replace", "one.there", "0");
	assert_non_null(downgrade);
	assert_non_null(strstr(downgrade, "Invalid argument"));
	guest_expect("replace", "downgrade", "4713");
	guest_expect("replace", "livepatches", "lp_state2");
	guest_expect("replace", "after", "1");
	guest_expect("replace", "log", "state dropped at 4713");
}

static void somebody_sleeps(void **state)
{
	guest_expect_nth("sleeping", "transition", 0, "1");
	guest_expect("sleeping", "waits.for", "0");
	guest_expect("sleeping", "new.slept", "20");
	guest_expect_nth("sleeping", "transition", 1, "0");
	guest_expect("sleeping", "sleeper", "slept 1");
	guest_expect("sleeping", "with.slept", "20");
	guest_expect("sleeping", "after.slept", "1");
}

static void reversed(void **state)
{
	guest_expect("reverse", "forth", "1 1");
	guest_expect("reverse", "rmmod", "1");
	guest_expect("reverse", "back", "yes");
	guest_expect("reverse", "asleep", "1");
	guest_expect("reverse", "there", "0");
	guest_expect("reverse", "sleeper", "slept 1");
}

static void fifty_rounds(void **state)
{
	guest_expect("rounds", "good", "100");
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
