// SPDX-License-Identifier: GPL-2.0-or-later
/* What `suture extract` says about functions that it cannot extract, and units that do not compile. */
#include "road.h"

#include <stdio.h>

static struct error *extract(const char *function, const char *unit, struct build_report *report)
{
	scoped_free char *out = path_join(road_dir, "extracted");
	const struct build_request rq = { .target = road_target, .name = "livepatch-input",
					  .out_dir = out, .replace = true, .from_source = true,
					  .source_only = true, .function = function, .unit = unit };
	struct error *err = build_livepatch(&rq, report);

	assert_false(path_exists(out) && report->source_files.n == 0);
	return err;
}

/* id of the error; text that message or hint must have. */
static void assert_error(const char *function, const char *unit, const char *id, const char *text)
{
	struct build_report report;
	struct error *err = extract(function, unit, &report);

	assert_non_null(err);
	if (!streq(err->id, id))
		print_error("%s: %s: %s\n", function, err->id, err->message);
	assert_string_equal(err->id, id);
	if (text && !strstr(err->message, text) && !(err->hint && strstr(err->hint, text)))
		print_error("%s: %s (%s)\n", function, err->message, err->hint ? err->hint : "");
	assert_true(!text || strstr(err->message, text) || (err->hint && strstr(err->hint, text)));
	error_free(err);
	build_report_free(&report);
}

static void test_does_not_exist(void **state)
{
	assert_error("meminfo_proc_shaw", NULL, "M27", NULL);
	assert_error("meminfo_proc_shaw", "fs/proc/meminfo.c", "M24", "meminfo_proc_show");
}

static void test_exists_twice(void **state)
{
	assert_error("m_start", NULL, "M26", "fs/namespace.c");
}

static void test_is_a_macro(void **state)
{
	assert_error("list_for_each_entry", NULL, "M27", NULL);
	assert_error("show_val_kb_macro", "fs/proc/meminfo.c", "M24", NULL);
}

/* Inlined into its only kind of callers: the object has no symbol of it. */
static void test_is_inlined(void **state)
{
	assert_error("show_val_kb", "fs/proc/meminfo.c", "M24", "inlined");
}

static void test_is_assembly(void **state)
{
	assert_error("copy_page", NULL, "M27", "assembly");
}

static void test_unit_is_missing(void **state)
{
	assert_error("main", "fs/proc/no-such-file.c", "U1", NULL);
}

static void test_unit_does_not_compile(void **state)
{
	const struct road_edit edit = { "fs/proc/loadavg.c", "\tget_avenrun(", "\tget_avenrun((", 0 };
	scoped_free char *patch = road_patch(&edit, 1, false);
	struct build_report report;

	road_from_source = true;
	struct error *err = road_build(patch, "broken", &report);

	assert_null(err);
	road_assert_finding(&report, "U4", SEVERITY_REFUSAL, NULL);
	assert_null(report.module);
	build_report_free(&report);
}

/* A function of a file that another one includes belongs to that one's unit. */
static void test_included_file(void **state)
{
	struct build_report report = { 0 };

	if (!starts_with(road_target->release, "6.12."))
		return;
	struct error *err = extract("sched_getaffinity", "kernel/sched/syscalls.c", &report);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	findings_print(&report.findings, stderr);
	assert_true(report.source_files.n > 0);
	build_report_free(&report);
}

static const char hooks[] = "#include <linux/livepatch.h>\n"
	"int remember(struct klp_patch *patch)\n{\n\treturn 0;\n}\n"
	"int allocate_it(struct klp_object *object)\n{\n\treturn 0;\n}\n";
static const char description[] = "[livepatch]\nname = described\nreplace = no\ncode = hooks.c\n"
	"init = remember\n[object vmlinux]\npre_patch = allocate_it\n[state 7]\nversion = 3\n";

/* Name, callbacks, states and code of a description, by either road: the same tables. */
static void build_described(bool from_source, const char *main_file)
{
	static const char *const wanted[] = { ".callbacks.pre_patch = allocate_it", "{ .id = 7, .version = 3 }",
					      ".replace = false", "remember(&patch)",
					      ".old_name = \"loadavg_proc_show\"" };
	const struct road_edit edit = { "fs/proc/loadavg.c", "\tget_avenrun(", "\tseq_puts(m, \"\");\n\tget_avenrun(", 0 };
	scoped_free char *patch = road_patch(&edit, 1, false), *text = NULL;
	scoped_free char *fix_path = path_join(road_dir, "described.patch");
	scoped_free char *path = path_join(road_dir, "described.livepatch");
	scoped_free char *code = path_join(road_dir, "hooks.c");
	scoped_free char *main = xasprintf("%s/described.d/%s", road_dir, main_file);
	struct build_report report = { 0 };
	struct description d = { 0 };
	struct fix fix = { 0 };
	size_t size;

	assert_null(write_file(fix_path, patch, strlen(patch)));
	assert_null(write_file(path, description, strlen(description)));
	assert_null(write_file(code, hooks, strlen(hooks)));
	assert_null(description_read(path, &d));
	assert_null(fix_read(&fix_path, 1, &fix));
	assert_null(build_livepatch(&(struct build_request){ .target = road_target, .fix = &fix,
		.name = d.name, .out_dir = road_dir, .replace = d.replace, .description = &d,
		.from_source = from_source }, &report));
	road_assert_built(&report);
	assert_true(road_module_has_symbol(report.module, "allocate_it"));
	assert_null(read_file(main, &text, &size));
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		if (!strstr(text, wanted[i]))
			print_error("without '%s':\n%s", wanted[i], text);
		assert_non_null(strstr(text, wanted[i]));
	}
	build_report_free(&report);
	fix_free(&fix);
	description_free(&d);
}

static void test_description(void **state)
{
	build_described(true, "described_main.c");
	build_described(false, "main.c");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_does_not_exist),	cmocka_unit_test(test_exists_twice),
		cmocka_unit_test(test_is_a_macro),	cmocka_unit_test(test_is_inlined),
		cmocka_unit_test(test_is_assembly),	cmocka_unit_test(test_unit_is_missing),
		cmocka_unit_test(test_unit_does_not_compile), cmocka_unit_test(test_included_file),
		cmocka_unit_test(test_description),
	};

	return road_run("source input", tests, ARRAY_SIZE(tests));
}
