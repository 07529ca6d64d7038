// SPDX-License-Identifier: GPL-2.0-or-later
/* The examples of the project on each stock kernel: what their scripts say before, with and after. */
#include "road.h"

#include <stdio.h>

static const char *examples_dir;

struct example {
	const char *name;
	char *module; /* of the target that the script needs */
	const char *cmdline;
	const char *before, *with;
};

static const struct example examples[] = {
	{ "proc-cmdline-secrets", NULL, "suture.secret=hunter2", "suture.secret=hunter2\n",
	  "suture.secret=***\n" },
	{ "proc-hide-kthreads", NULL, NULL, "init visible\nkthreadd visible\n",
	  "init visible\nkthreadd hidden\n" },
	{ "zram-size-limit", (char *)"zram", NULL, "8G accepted\n16M accepted\n",
	  "8G refused\n16M accepted\n" },
	{ "loadavg-and-zram", (char *)"zram", NULL, "last pid shown\n8G accepted\n",
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

static void test_example(void **state)
{
	const struct example *e = *state;
	scoped_free char *script = example_file(e->name, ".sh");
	struct build_report report;
	struct boot_result result;

	build_example(e->name, &report);
	road_boot(report.module, script, e->module, e->cmdline, &result);
	assert_string_equal(result.before, e->before);
	assert_string_equal(result.with, e->with);
	assert_string_equal(result.after, e->before);
	boot_result_free(&result);
	build_report_free(&report);
}

/* Files that a guest script needs, for a module that comes after the livepatch. */
static void boot_with_late_module(const char *livepatch, const char *script,
				  struct boot_result *result)
{
	scoped_free char *path = path_join(road_dir, "late.sh");
	struct str_vec names = { 0 }, extra = { 0 };
	struct boot_request request = { .livepatch = livepatch, .script = path, .extra = &extra };

	assert_null(write_file(path, script, strlen(script)));
	assert_null(target_module_depends(road_target, "zram", &names));
	str_vec_push(&names, xstrdup("zram"));
	for (size_t i = 0; i < names.n; i++) {
		char *ko = NULL;

		assert_null(target_module(road_target, names.at[i], &ko));
		str_vec_push(&extra, ko);
	}
	*result = (struct boot_result){ 0 };
	struct error *err = boot_test(road_target, &request, result);

	assert_null(err);
	if (!result->ok)
		findings_print(&result->findings, stderr);
	str_vec_free_all(&names);
	str_vec_free_all(&extra);
}

/* insmod in the order of dependence: what fails for want of another is tried again. */
static const char late_head[] =
	"late() {\n"
	"	for i in 1 2 3 4; do for m in *.ko; do insmod $m 2>/dev/null; done; done\n"
	"	[ -e /sys/block/zram0 ] || echo 'no zram'\n"
	"}\n"
	"case $1 in\n"
	"before) [ -e /sys/block/zram0 ] || echo 'not yet loaded'; exit 0 ;;\n"
	"with) late ;;\n"
	"esac\n";

static void test_module_after_livepatch(void **state)
{
	scoped_free char *body = example_file("loadavg-and-zram", ".sh");
	scoped_free char *script = xasprintf("%s%s", late_head, body);
	struct build_report report;
	struct boot_result result;

	build_example("loadavg-and-zram", &report);
	boot_with_late_module(report.module, script, &result);
	assert_true(result.ok);
	assert_string_equal(result.before, "not yet loaded\n");
	assert_string_equal(result.with, "last pid hidden\n8G refused\n");
	assert_string_equal(result.after, "last pid shown\n8G accepted\n");
	boot_result_free(&result);
	build_report_free(&report);
}

int main(int argc, char **argv)
{
	struct CMUnitTest tests[ARRAY_SIZE(examples) + 1] = { 0 };

	if (argc != 2)
		return 64;
	examples_dir = argv[1];
	for (size_t i = 0; i < ARRAY_SIZE(examples); i++)
		tests[i] = (struct CMUnitTest){ .name = examples[i].name, .test_func = test_example,
						.initial_state = (void *)&examples[i] };
	tests[ARRAY_SIZE(examples)] = (struct CMUnitTest)
		cmocka_unit_test(test_module_after_livepatch);
	return road_run("examples", tests, ARRAY_SIZE(tests));
}
