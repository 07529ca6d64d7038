// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index of the real kernels, and the answers that come of it. $SUTURE_TEST_FUNCTIONS says how many
 * functions are changed for real (default 4), $SUTURE_TEST_SEED which.
 */
#include "../roads/road.h"

#include <stdio.h>

#include "base/process.h"
#include "impact/fix.h"
#include "impact/whereabouts.h"
#include "object/image.h"
#include "sample.h"

static unsigned long number_from(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

#define assert_fine(expr)                                           \
	do {                                                        \
		struct error *e_ = (expr);                          \
		if (e_)                                             \
			fail_msg("%s: %s", e_->id, e_->message);    \
	} while (0)

static void query(struct impact_index *index, const char *what, struct impact_result *r)
{
	struct impact_request rq = { .target = road_target, .index = index, .function = what };

	assert_fine(impact_query(&rq, r));
}

static size_t count_role(const struct impact_result *r, enum impact_role role)
{
	size_t n = 0;

	for (size_t i = 0; i < r->members.n; i++)
		n += r->members.at[i].role == role;
	return n;
}

/* What holds in every kernel of these configurations. */
static void well_known_functions(void **state)
{
	scoped_index struct impact_index index = { 0 };
	struct impact_result r;

	assert_fine(index_open(road_target, &index));
	query(&index, "kfree", &r);
	assert_int_equal(count_role(&r, ROLE_BODY), 1);
	assert_true(r.members.at[0].callers.n > 500);
	impact_result_free(&r);
	query(&index, "include/linux/kref.h:kref_put", &r);
	assert_true(count_role(&r, ROLE_INLINED) > 100);
	impact_result_free(&r);
	/* The system call's body is in what the macros make of it (rule F8). */
	query(&index, "__do_sys_read", &r);
	assert_int_equal(count_role(&r, ROLE_INLINED), 2);
	impact_result_free(&r);
	query(&index, "__do_sys_getpid", &r);
	assert_int_equal(count_role(&r, ROLE_BODY), 1);
	assert_int_equal(count_role(&r, ROLE_TWIN), 2);
	impact_result_free(&r);
	assert_true(index_has(&index, "vmlinux"));
	assert_false(index_has(&index, "no_such_module"));
}

/* Every place that an answer names has that symbol in the shipped image. */
static void members_are_in_the_image(void **state)
{
	scoped_index struct impact_index index = { 0 };
	scoped_image struct image *image = NULL;
	size_t compared = 0;

	assert_fine(index_open(road_target, &index));
	assert_fine(image_open("vmlinux", road_target->vmlinux, &image));
	for (uint32_t i = 0; i < index_function_count(&index.parts[0]); i += 400) {
		const struct index_part *part = &index.parts[0];
		const struct index_function *f = index_function(part, i);
		scoped_free char *what = xasprintf("%s:%s", index_string(part, f->file),
						   index_string(part, f->name));
		struct impact_request rq = { .target = road_target, .index = &index,
					     .function = what };
		struct impact_result r;
		scoped_error struct error *err = impact_query(&rq, &r);

		for (size_t k = 0; !err && k < r.members.n; k++) {
			const struct impact_member *m = &r.members.at[k];

			if (!streq(m->object, "vmlinux"))
				continue;
			assert_non_null(image_named_at(image, m->place, m->symbol));
			compared++;
		}
		impact_result_free(&r);
	}
	assert_true(compared > 200);
}

/* One module, on demand: its functions, and that its calls lead out of it by name. */
/* A call through a pointer is one of a retpoline; without that, a function that makes some would seem to make none. */
static void retpolines_are_called(void **state)
{
	scoped_index struct impact_index index = { 0 };
	size_t callers = 0, thunks = 0;

	assert_fine(index_open(road_target, &index));
	const struct index_part *vmlinux = &index.parts[0];
	struct index_range range = index_symbols_starting(vmlinux, "__x86_indirect_thunk_");

	for (uint32_t i = 0; i < range.n; i++) {
		const struct index_symbol *s = index_symbol(vmlinux, index_by_name(vmlinux, range.first + i));

		assert_false(s->flags & SYMBOL_EXTERN);
		thunks++;
		callers += index_callers(vmlinux, s).n;
	}
	assert_true(thunks >= 15);
	assert_true(callers > 5000);
}

static void a_module_is_indexed(void **state)
{
	scoped_index struct impact_index index = { 0 };
	struct impact_result r;
	bool calls_kfree = false;

	assert_fine(index_open(road_target, &index));
	assert_fine(index_need_module(road_target, &index, "zram"));
	assert_true(index_has(&index, "zram"));
	query(&index, "drivers/block/zram/zram_drv.c:disksize_store", &r);
	assert_string_equal(r.members.at[0].object, "zram");
	assert_string_equal(r.members.at[0].symbol, "disksize_store");
	assert_string_equal(r.members.at[0].unit, "drivers/block/zram/zram_drv.c");
	impact_result_free(&r);
	const struct index_part *part = &index.parts[index.n - 1];
	struct index_range kfree = index_symbols_named(part, "kfree");

	for (uint32_t i = 0; i < kfree.n; i++) {
		const struct index_symbol *s = index_symbol(part, index_by_name(part, kfree.first + i));

		calls_kfree |= s->flags & SYMBOL_EXTERN && index_callers(part, s).n > 0;
	}
	assert_true(calls_kfree);
}

/* What `suture convert` says of a name that has no symbol. */
static void where_a_name_went(void **state)
{
	scoped_index struct impact_index index = { 0 };

	assert_fine(index_open(road_target, &index));
	scoped_free char *inlined = whereabouts_in(&index, "kref_put");
	scoped_free char *there = whereabouts_in(&index, "kfree");

	assert_non_null(inlined);
	assert_non_null(strstr(inlined, "include/linux/kref.h:"));
	assert_non_null(strstr(inlined, "was inlined by the compiler, wherever it is used: into vmlinux:"));
	assert_non_null(there);
	assert_non_null(strstr(there, "has its code at vmlinux:kfree"));
	assert_null(whereabouts_in(&index, "no_such_function_anywhere"));
}

static const struct impact_member *member(const struct impact_result *r, const char *symbol)
{
	for (size_t i = 0; i < r->members.n; i++)
		if (streq(r->members.at[i].symbol, symbol))
			return &r->members.at[i];
	fail_msg("%s is not in the answer", symbol);
	return NULL;
}

/* The default compressor is a variable in the source and a constant in the module: nothing writes it. */
static const struct road_edit write_default = {
	"drivers/block/zram/zram_drv.c", "\tdisksize = memparse(buf, NULL);\n",
	"\tdisksize = memparse(buf, NULL);\n\tif (disksize > 1 << 20)\n"
	"\t\tdefault_compressor = \"lzo-rle\";\n", false,
};
static const char never_written[] = "never-written static default_compressor: ";

/* Asked about the function: what would follow, if its new body wrote the variable. */
static void never_written_statics_are_named(void **state)
{
	scoped_index struct impact_index index = { 0 };
	struct impact_request rq = { .target = road_target, .index = &index, .probe = true,
				     .statics = true, .units = 1,
				     .function = "drivers/block/zram/zram_drv.c:disksize_store" };
	struct impact_result r;

	assert_fine(index_open(road_target, &index));
	assert_fine(index_need_module(road_target, &index, "zram"));
	assert_fine(impact_query(&rq, &r));
	assert_int_equal(r.units_probed, 1);
	assert_string_equal(member(&r, "disksize_store")->object, "zram");
	assert_true(member(&r, "disksize_store")->replace);
	assert_int_equal(member(&r, "zram_add")->role, ROLE_STATIC);
	assert_true(starts_with(member(&r, "zram_add")->why.at[0], never_written));
	assert_false(member(&r, "zram_add")->replace);
	impact_result_free(&r);
}

/* With a fix that writes it, the functions that read it are in the set, of the answer and of the build. */
static void never_written_statics_are_in_the_set(void **state)
{
	scoped_index struct impact_index index = { 0 };
	SCOPED(build_report_free) struct build_report report = { 0 };
	SCOPED(findings_free) struct finding_vec findings = { 0 };
	SCOPED(fix_free) struct fix fix = { 0 };
	scoped_free char *patch = road_patch(&write_default, 1, false);
	struct impact_result r;
	bool explained = false;

	assert_fine(fix_parse(&fix, "writes.patch", patch, strlen(patch)));
	assert_fine(index_open(road_target, &index));
	assert_fine(impact_fix(road_target, &index, &fix, &r, &findings));
	assert_int_equal(member(&r, "zram_add")->role, ROLE_STATIC);
	assert_true(member(&r, "zram_add")->replace);
	road_build_edits(&write_default, 1, "writes", &report);
	road_assert_built(&report);
	for (size_t i = 0; i < r.members.n; i++)
		if (r.members.at[i].replace)
			assert_true(road_replaces(&report, "zram", r.members.at[i].symbol));
	for (size_t i = 0; i < report.replaced.n; i++)
		if (streq(report.replaced.at[i].name, "zram_add"))
			explained = starts_with(report.replaced.at[i].why, never_written);
	assert_true(explained);
	impact_result_free(&r);
}

/* Below 0.3 s, the opening of the index included. */
static void questions_are_quick(void **state)
{
	static const char *const names[] = { "kfree", "tcp_ack", "include/linux/kref.h:kref_put",
					     "vfs_read", "schedule" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		scoped_index struct impact_index index = { 0 };
		double start = own_cpu_seconds();
		struct impact_result r;

		assert_fine(index_open(road_target, &index));
		query(&index, names[i], &r);
		assert_true(own_cpu_seconds() - start < 0.3);
		impact_result_free(&r);
	}
}

static void run_sample(struct sample *s, size_t functions, size_t headers)
{
	scoped_index struct impact_index index = { 0 };

	assert_fine(index_open(road_target, &index));
	s->target = road_target;
	s->index = &index;
	s->seed = number_from("SUTURE_TEST_SEED", 1);
	assert_fine(sample_run(s, functions, false));
	assert_fine(sample_run(s, headers, true));
}

static void no_changed_function_is_missed(void **state)
{
	struct sample s = { 0 };

	run_sample(&s, number_from("SUTURE_TEST_FUNCTIONS", 4), 1);
	for (size_t i = 0; i < s.missed.n; i++)
		print_error("missed: %s\n", s.missed.at[i]);
	print_message("%zu functions, %zu units, %zu changed, %zu extras\n", s.functions, s.units,
		      s.changed, s.extra.n);
	assert_int_equal(s.missed.n, 0);
	assert_true(s.changed >= s.functions / 2);
	sample_free(&s);
}

/* The measure itself: without looking at inlined copies, functions of headers are missed. */
static void a_blind_answer_misses(void **state)
{
	struct sample s = { .blind = true };

	run_sample(&s, 0, 1);
	assert_true(s.missed.n > 0);
	sample_free(&s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_known_functions),
		cmocka_unit_test(members_are_in_the_image),
		cmocka_unit_test(retpolines_are_called),
		cmocka_unit_test(a_module_is_indexed),
		cmocka_unit_test(where_a_name_went),
		cmocka_unit_test(never_written_statics_are_named),
		cmocka_unit_test(never_written_statics_are_in_the_set),
		cmocka_unit_test(questions_are_quick),
		cmocka_unit_test(no_changed_function_is_missed),
		cmocka_unit_test(a_blind_answer_misses),
	};

	return road_run("impact", tests, ARRAY_SIZE(tests));
}
