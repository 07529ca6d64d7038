// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From the lines that a fix changes to functions, and from those to units that have copies; lookups by
 * name; index files that are damaged.
 */
#include "diff-kit.h"

#include "base/file.h"
#include "impact/impact.h"
#include "impact/index_build.h"
#include "impact/touched.h"

/* Two units that inline from one header, linked to one object. */
static const char header[] = "static inline int first(int x)\n"   /* line 1 */
			     "{\n"
			     "\treturn work(x) * 3;\n"
			     "}\n"
			     "\n"
			     "static inline int second(int x)\n" /* line 6 */
			     "{\n"
			     "\treturn work(x) - 1;\n"
			     "}\n";
static const char one[] = "int work(int);\n#include \"in.h\"\nint a(int x) { return first(x); }\n"
			  "static __attribute__((noinline)) int same(int x) { return work(x) + 1; }\n"
			  "int c(int x) { return same(x) + 1; }\n";
static const char two[] = "int work(int);\n#include \"in.h\"\nint b(int x) { return second(x); }\n"
			  "static __attribute__((noinline)) int same(int x) { return work(x) + 2; }\n"
			  "int d(int x) { return same(x) + 1; }\n";

static struct index_part part;
static struct impact_index index_of = { &part, 1 };

static int setup(void **state)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_image struct image *image = NULL;
	bool found;

	kit_setup(state);
	scoped_free char *h = kit_path("in.h"), *whole = kit_path("whole.o"), *idx = kit_path("x.idx");

	assert_fine(write_file(h, header, strlen(header)));
	free(kit_compile("gcc-12", "-g -O2", "one.c", one));
	free(kit_compile("gcc-12", "-g -O2", "two.c", two));
	kit_run("ld -r -o whole.o one.c.o two.c.o");
	assert_fine(image_open("unit", whole, &image));
	index_add_object(&b, image);
	assert_fine(index_add_dwarf(&b, 0, whole, &found));
	assert_fine(index_write(&b, idx, 1));
	assert_fine(index_part_open(idx, &part));
	return 0;
}

static int teardown(void **state)
{
	index_part_close(&part);
	return kit_teardown(state);
}

/* A fix that changes one line of in.h. */
static void make_fix(struct fix *fix, unsigned int line, const char *old, const char *new)
{
	scoped_free char *text = xasprintf("--- a/in.h\n+++ b/in.h\n@@ -%u,1 +%u,1 @@\n-%s\n+%s\n", line,
					   line, old, new);

	*fix = (struct fix){ 0 };
	assert_fine(fix_parse(fix, "test.patch", text, strlen(text)));
}

static struct finding_vec check(const struct fix *fix, const char *const *compiled)
{
	struct unit_vec units = { 0 };
	struct finding_vec findings = { 0 };

	for (; *compiled; compiled++)
		unit_vec_push(&units, (struct unit){ .source = (char *)*compiled });
	touched_check_reach(&index_of, fix, &units, &findings);
	unit_vec_free(&units);
	return findings;
}

static void a_copy_in_another_unit_is_refused(void **state)
{
	struct fix fix;

	make_fix(&fix, 8, "\treturn work(x) - 1;", "\treturn work(x) - 2;");
	struct finding_vec f = check(&fix, (const char *const[]){ "one.c", NULL });

	assert_int_equal(f.n, 1);
	assert_string_equal(f.at[0].id, "I5");
	assert_int_equal(f.at[0].severity, SEVERITY_REFUSAL);
	assert_string_equal(f.at[0].symbol, "second");
	assert_string_equal(f.at[0].location, "in.h:6");
	assert_non_null(strstr(f.at[0].message, "b in two.c"));
	findings_free(&f);
	fix_free(&fix);
}

static void compiled_units_are_fine(void **state)
{
	struct fix fix;

	make_fix(&fix, 8, "\treturn work(x) - 1;", "\treturn work(x) - 2;");
	struct finding_vec f = check(&fix, (const char *const[]){ "two.c", NULL });

	assert_int_equal(f.n, 0);
	findings_free(&f);
	fix_free(&fix);
}

/* Only the function that the line is in. */
static void other_functions_of_the_file_are_left_alone(void **state)
{
	struct fix fix;

	make_fix(&fix, 3, "\treturn work(x) * 3;", "\treturn work(x) * 4;");
	struct finding_vec f = check(&fix, (const char *const[]){ "one.c", NULL });

	assert_int_equal(f.n, 0);
	findings_free(&f);
	f = check(&fix, (const char *const[]){ NULL });
	assert_int_equal(f.n, 1);
	assert_string_equal(f.at[0].symbol, "first");
	findings_free(&f);
	fix_free(&fix);
}

static void equal_names_must_be_told_apart(void **state)
{
	struct impact_request rq = { .index = &index_of, .function = "same" };
	struct impact_result r;

	assert_error(impact_query(&rq, &r), "I4");
	impact_result_free(&r);
	rq.function = "two.c:same";
	assert_fine(impact_query(&rq, &r));
	assert_int_equal(r.members.n, 1);
	assert_string_equal(r.members.at[0].unit, "two.c");
	assert_int_equal(r.members.at[0].callers.n, 1);
	assert_string_equal(r.members.at[0].callers.at[0], "unit:d");
	impact_result_free(&r);
	rq.function = "nothing";
	assert_error(impact_query(&rq, &r), "I3");
	impact_result_free(&r);
}

static void answers_can_be_written(void **state)
{
	struct impact_request rq = { .index = &index_of, .function = "in.h:first" };
	struct impact_result r;
	char *text = NULL;
	size_t n;

	assert_fine(impact_query(&rq, &r));
	json_t *json = impact_json(&r);

	assert_string_equal(json_string_value(json_object_get(json_array_get(
		json_object_get(json, "members"), 0), "symbol")), "a");
	json_decref(json);
	FILE *f = open_memstream(&text, &n);

	impact_dot(&r, f);
	fflush(f);
	assert_non_null(strstr(text, "source -> m0 [label=\"inlined\"]"));
	rewind(f);
	impact_svg(&r, f);
	fputc(0, f);
	fflush(f);
	assert_true(starts_with(text, "<svg "));
	assert_non_null(strstr(text, "unit:a"));
	fclose(f);
	free(text);
	impact_result_free(&r);
}

/* Every byte counts: the checksum sees any change, and a file that was cut. */
static void damage_is_seen(void **state)
{
	scoped_free char *from = kit_path("x.idx"), *to = kit_path("bad.idx");
	scoped_free char *data = NULL;
	struct index_part bad;
	size_t size;

	assert_fine(read_file(from, &data, &size));
	for (size_t at = 0; at < size; at += 97) {
		data[at] ^= 0x10;
		assert_fine(write_file(to, data, size));
		assert_error(index_part_open(to, &bad), "I2");
		data[at] ^= 0x10;
	}
	assert_fine(write_file(to, data, size - 1));
	assert_error(index_part_open(to, &bad), "I2");
	assert_fine(write_file(to, data, 7));
	assert_error(index_part_open(to, &bad), "I2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_copy_in_another_unit_is_refused),
		cmocka_unit_test(compiled_units_are_fine),
		cmocka_unit_test(other_functions_of_the_file_are_left_alone),
		cmocka_unit_test(equal_names_must_be_told_apart),
		cmocka_unit_test(answers_can_be_written),
		cmocka_unit_test(damage_is_seen),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
