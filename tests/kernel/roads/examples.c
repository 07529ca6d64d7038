// SPDX-License-Identifier: GPL-2.0-or-later
/* The examples of the project on each stock kernel: what their scripts say before, with and after. */
#include "road.h"

#include <stdio.h>

static const char *examples_dir;

struct example {
	const char *name;
	bool zram; /* the script needs it */
	const char *cmdline;
	const char *before, *with;
};

static const struct example examples[] = {
	{ "proc-cmdline-secrets", false, "suture.secret=hunter2", "suture.secret=hunter2\n",
	  "suture.secret=***\n" },
	{ "proc-hide-kthreads", false, NULL, "init visible\nkthreadd visible\n",
	  "init visible\nkthreadd hidden\n" },
	{ "zram-size-limit", true, NULL, "8G accepted\n16M accepted\n",
	  "8G refused\n16M accepted\n" },
	{ "loadavg-and-zram", true, NULL, "last pid shown\n8G accepted\n",
	  "last pid hidden\n8G refused\n" },
};

static char *example_file(const char *name, const char *end)
{
	scoped_free char *file = xasprintf("%s%s", name, end);
	scoped_free char *path = path_join(examples_dir, file);
	char *text = NULL;

	assert_null(read_file(path, &text, NULL));
	return text;
}

static void build_example(const char *name, struct build_report *report)
{
	scoped_free char *patch = example_file(name, ".patch");
	struct error *err = road_build(patch, name, report);

	if (err)
		print_error("%s: %s: %s\n", name, err->id, err->message);
	assert_null(err);
	road_assert_built(report);
}

static void add_module(struct str_vec *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++)
		if (streq(names->at[i], name))
			return;
	str_vec_push(names, xstrdup(name));
}

static void add_with_needed(struct str_vec *names, const char *name)
{
	struct str_vec needed = { 0 };

	assert_null(target_module_depends(road_target, name, &needed));
	for (size_t i = 0; i < needed.n; i++)
		add_module(names, needed.at[i]);
	add_module(names, name);
	str_vec_free_all(&needed);
}

/*
 * zram and what it needs, in the order of loading. Before 6.2 its default compressor is a module of
 * the crypto API that it asks for by name, and the guest has no modprobe.
 */
static void zram_modules(struct str_vec *names)
{
	scoped_free char *path = NULL;
	scoped_error struct error *err = target_module(road_target, "lzo_rle", &path);

	if (!err)
		add_with_needed(names, "lzo_rle");
	add_with_needed(names, "zram");
}

static void test_example(void **state)
{
	struct str_vec zram = { 0 };
	const struct example *e = *state;
	scoped_free char *script = example_file(e->name, ".sh");
	struct build_report report;
	struct boot_result result;

	zram_modules(&zram);
	build_example(e->name, &report);
	road_boot(report.module, script, e->zram ? &zram : NULL, e->cmdline, &result);
	assert_string_equal(result.before, e->before);
	assert_string_equal(result.with, e->with);
	assert_string_equal(result.after, e->before);
	boot_result_free(&result);
	str_vec_free_all(&zram);
	build_report_free(&report);
}

/*
 * The livepatch first, then the modules. The list of commands stands at the head of the script, for
 * "with" alone.
 */
static void boot_with_late_modules(const char *livepatch, const char *body,
				   struct boot_result *result)
{
	scoped_free char *path = path_join(road_dir, "late.sh");
	struct str_vec names = { 0 }, extra = { 0 };
	struct boot_request request = { .livepatch = livepatch, .script = path, .extra = &extra };
	scoped_str struct str script = { 0 };

	zram_modules(&names);
	str_add(&script, "case $1 in\nbefore) [ -e /sys/block/zram0 ] || echo 'no zram yet'\n"
			 "exit 0 ;;\nwith)\n");
	for (size_t i = 0; i < names.n; i++) {
		char *ko = NULL;

		assert_null(target_module(road_target, names.at[i], &ko));
		str_vec_push(&extra, ko);
		str_add(&script, "insmod %s\n", path_basename(ko));
	}
	str_add(&script, ";;\nesac\n%s", body);
	assert_null(write_file(path, script.s, script.n));
	*result = (struct boot_result){ 0 };
	assert_null(boot_test(road_target, &request, result));
	if (!result->ok)
		findings_print(&result->findings, stderr);
	str_vec_free_all(&names);
	str_vec_free_all(&extra);
}

static void test_module_after_livepatch(void **state)
{
	scoped_free char *body = example_file("loadavg-and-zram", ".sh");
	struct build_report report;
	struct boot_result result;

	build_example("loadavg-and-zram", &report);
	boot_with_late_modules(report.module, body, &result);
	assert_true(result.ok);
	assert_string_equal(result.before, "no zram yet\n");
	assert_string_equal(result.with, "last pid hidden\n8G refused\n");
	assert_string_equal(result.after, "last pid shown\n8G accepted\n");
	boot_result_free(&result);
	build_report_free(&report);
}

/* By way of a source: one unit, and two units of which one is of a module. $SUTURE_TEST_ALL: all. */
static int run_from_source(void)
{
	static const char *const chosen[] = { "proc-cmdline-secrets", "loadavg-and-zram" };
	struct CMUnitTest tests[ARRAY_SIZE(examples)] = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(examples); i++) {
		bool wanted = getenv("SUTURE_TEST_ALL") != NULL;

		for (size_t k = 0; k < ARRAY_SIZE(chosen); k++)
			wanted |= streq(examples[i].name, chosen[k]);
		if (wanted)
			tests[n++] = (struct CMUnitTest){ .name = examples[i].name,
							  .test_func = test_example,
							  .initial_state = (void *)&examples[i] };
	}
	road_from_source = true;
	return road_run("examples from source", tests, n);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[ARRAY_SIZE(examples) + 1] = { 0 };

	if (argc < 2 || argc > 3)
		return 64;
	examples_dir = argv[1];
	if (argc == 3)
		return run_from_source();
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		tests[i] = (struct CMUnitTest){ .name = examples[i].name, .test_func = test_example,
						.initial_state = (void *)&examples[i] };
	tests[ARRAY_SIZE(examples)] = (struct CMUnitTest)
		cmocka_unit_test(test_module_after_livepatch);
	return road_run("examples", tests, ARRAY_SIZE(tests));
}
