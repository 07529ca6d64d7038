// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names that compilers number: which entity of one object is which of the other must follow from who
 * uses it, never from the number.
 */
#include "diff-kit.h"

#include <stdio.h>

#include "base/file.h"
#include "units/fix.h"

#define EXT "extern int ext(int), use(void *), say(const char *, ...), more(int, int, int, int);\n"
#define NOINLINE "__attribute__((noinline)) "
#define FLAGS "-O2 -fno-pic -ffunction-sections -fdata-sections"

static void open_texts(struct kit_pair *k, const char *flags, const char *before, const char *after)
{
	scoped_free char *a = kit_compile("gcc-12", flags, "before.c", before);
	scoped_free char *b = kit_compile("gcc-12", flags, "after.c", after);

	kit_open(k, a, b);
}

static void open_asm(struct kit_pair *k, const char *before, const char *after)
{
	scoped_free char *a = kit_compile("gcc-12", "", "before.s", before);
	scoped_free char *b = kit_compile("gcc-12", "", "after.s", after);

	kit_open(k, a, b);
}

static void assert_report(const struct kit_pair *k, const char *want)
{
	scoped_free char *report = kit_report(k);

	if (strncmp(report, want, strlen(want)) || (!*want && *report))
		fail_msg("instead of '%s':\n%s", want, report);
}

static void assert_twin_by_use(struct kit_pair *k, const char *function, size_t nth)
{
	struct entity *x = kit_used(k->a, function, "count", nth);
	struct entity *y = kit_used(k->b, function, "count", nth);

	if (x->twin != y)
		fail_msg("%s: twin of %s is %s, not %s", function, x->name,
			 x->twin ? x->twin->name : "nothing", y->name);
}

#define F_BODY(n) "{ static int count; return use(&count) + " n "; }"

static void statics_exchanged(void **state)
{
	static const char *const flags[] = { FLAGS, "-O2 -fno-pic" };

	for (int i = 0; i < 2; i++) {
		SCOPED(kit_close) struct kit_pair k;

		open_texts(&k, flags[i], EXT "int f(void) " F_BODY("1") " int g(void) " F_BODY("2"),
			   EXT "int g(void) " F_BODY("2") " int f(void) " F_BODY("1"));
		assert_report(&k, "");
		assert_twin_by_use(&k, "f", 0);
		assert_twin_by_use(&k, "g", 0);
		assert_string_not_equal(kit_used(k.a, "f", "count", 0)->name,
					kit_used(k.a, "g", "count", 0)->name);
	}
}

static void statics_exchanged_and_both_users_changed(void **state)
{
	SCOPED(kit_close) struct kit_pair k;

	open_texts(&k, FLAGS, EXT "int f(void) " F_BODY("1") " int g(void) " F_BODY("2"),
		   EXT "int g(void) " F_BODY("3") " int f(void) " F_BODY("4"));
	assert_report(&k, "changed function g");
	assert_int_equal(kit_entity(k.b, "f")->change, CHANGED);
	assert_twin_by_use(&k, "f", 0);
	assert_twin_by_use(&k, "g", 0);
}

static void static_added_in_front(void **state)
{
	SCOPED(kit_close) struct kit_pair k;

	open_texts(&k, FLAGS, EXT "int f(void) " F_BODY("1"),
		   EXT "int e(void) " F_BODY("7") " int f(void) " F_BODY("1"));
	assert_report(&k, "new function e");
	assert_twin_by_use(&k, "f", 0);
	assert_null(kit_used(k.b, "e", "count", 0)->twin);
}

#define TWO(n)                                                                        \
	"int f(int a) { if (a) { static int count; return use(&count) + 1; }"         \
	" else { static int count; return use(&count) + " n "; } }"

static void two_in_one_function(void **state)
{
	SCOPED(kit_close) struct kit_pair k;

	open_texts(&k, FLAGS, EXT TWO("2"), EXT "int e(void) " F_BODY("7") TWO("2"));
	assert_report(&k, "new function e");
	assert_twin_by_use(&k, "f", 0);
	assert_twin_by_use(&k, "f", 1);
}

/* The function itself changed: there is a choice, so it is not made. */
static void two_in_one_changed_function(void **state)
{
	SCOPED(kit_close) struct kit_pair k;

	open_texts(&k, FLAGS, EXT TWO("2"), EXT TWO("3"));
	assert_int_equal(kit_entity(k.b, "f")->change, CHANGED);
	for (size_t i = 0; i < 2; i++) {
		struct entity *x = kit_used(k.a, "f", "count", i);

		if (x->twin)
			assert_ptr_equal(x->twin, kit_used(k.b, "f", "count", i));
		else
			assert_true(kit_used(k.b, "f", "count", i)->ambiguous);
	}
}

#define ONCE(mask, text) \
	"if (a & " mask ") { static char count; if (!count) { count = 1; say(\"" text "\"); } } "
#define TWICE(first, second) EXT "int f(int a) { " first second "return 0; }"

/* Statements exchanged: same instructions or not, each keeps the variable that it had. */
static void two_in_one_function_exchanged(void **state)
{
	static const struct {
		const char *before, *after;
	} fixes[] = {
		{ TWICE(ONCE("1", "one"), ONCE("2", "two")), TWICE(ONCE("2", "two"), ONCE("1", "one")) },
		{ TWICE(ONCE("1", "one"), ONCE("1", "two")), TWICE(ONCE("1", "two"), ONCE("1", "one")) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(fixes); i++) {
		SCOPED(kit_close) struct kit_pair k;

		open_texts(&k, FLAGS, fixes[i].before, fixes[i].after);
		assert_int_equal(kit_entity(k.b, "f")->change, CHANGED);
		for (size_t n = 0; n < 2; n++)
			assert_ptr_equal(kit_used(k.a, "f", "count", n)->twin,
					 kit_used(k.b, "f", "count", 1 - n));
	}
}

static void initial_values_are_not_identity(void **state)
{
	SCOPED(kit_close) struct kit_pair k;

	/* f's variable starts with 1, then with 2; g's the other way round: both changed */
	open_texts(&k, FLAGS,
		   EXT "int f(void) { static int count = 1; return use(&count) + 1; }"
		       "int g(void) { static int count = 2; return use(&count) + 2; }",
		   EXT "int f(void) { static int count = 2; return use(&count) + 1; }"
		       "int g(void) { static int count = 1; return use(&count) + 2; }");
	assert_twin_by_use(&k, "f", 0);
	assert_twin_by_use(&k, "g", 0);
	assert_int_equal(kit_used(k.b, "f", "count", 0)->change, CHANGED);
	assert_int_equal(kit_used(k.b, "g", "count", 0)->change, CHANGED);
}

/* ---- suffixes ---- */

static char *clones(const char *isra, const char *constprop, const char *part, const char *extra)
{
	return xasprintf(
		".macro fun name text\n.section .text.\\name,\"ax\",@progbits\n.type \\name,@function\n"
		"\\name:\n\\text\nret\n.size \\name,.-\\name\n.endm\n"
		"%sfun work.isra.%s \"add $1,%%edi\"\n"
		"fun work.constprop.%s \"add $2,%%edi\"\nfun work.part.%s \"add $3,%%edi\"\n"
		"fun work.isra.%s.cold \"ud2\"\n.globl top\n"
		"fun top \"call work.isra.%s; call work.constprop.%s; call work.part.%s\"\n",
		extra, isra, constprop, part, isra, isra, constprop, part);
}

static void suffixes_renumbered(void **state)
{
	SCOPED(kit_close) struct kit_pair k;
	scoped_free char *a = clones("0", "1", "2", "");
	scoped_free char *b = clones("5", "0", "7", "");

	open_asm(&k, a, b);
	assert_report(&k, "");
	assert_ptr_equal(kit_entity(k.a, "work.part.2")->twin, kit_entity(k.b, "work.part.7"));
	assert_ptr_equal(kit_entity(k.b, "work.isra.5.cold")->parent, kit_entity(k.b, "work.isra.5"));
}

static void clones_of_one_kind_exchanged(void **state)
{
	SCOPED(kit_close) struct kit_pair k;
	scoped_free char *a = clones("0", "1", "2", "fun work.isra.1 \"add $9,%edi\"\n");
	scoped_free char *b = clones("1", "1", "2", "fun work.isra.0 \"add $9,%edi\"\n");

	open_asm(&k, a, b);
	assert_report(&k, "");
	assert_ptr_equal(kit_entity(k.a, "work.isra.0")->twin, kit_entity(k.b, "work.isra.1"));
	assert_ptr_equal(kit_entity(k.a, "work.isra.1")->twin, kit_entity(k.b, "work.isra.0"));
}

#define CLONE(a, b)                                                                              \
	EXT "static " NOINLINE "int work(int n, int mode, int unused)"                             \
	"{ if (mode) return more(n, mode, n * mode, 1); return ext(n) + ext(n + 1) + mode; }"      \
	"int f(int n) { return work(n, " a ", n) + 1; } int g(int n) { return work(n, " b ", 3) + 2; }"

static void real_clones(void **state)
{
	SCOPED(kit_close) struct kit_pair k;

	open_texts(&k, FLAGS " -O3 -fipa-cp-clone", CLONE("0", "7"), CLONE("0", "7"));
	assert_report(&k, "");
	kit_close(&k);
	open_texts(&k, FLAGS " -O3 -fipa-cp-clone", CLONE("0", "7"), CLONE("0", "8"));
	scoped_free char *report = kit_report(&k);

	assert_non_null(strstr(report, "function"));
	assert_null(strstr(report, "function f"));
}

/* A function whose cold part alone changed. */
static void cold_part_changed(void **state)
{
	SCOPED(kit_close) struct kit_pair k;
#define COLD(n)                                                                              \
	".text\n.globl f\n.type f,@function\nf: test %edi,%edi\njs f.cold\nret\n.size f,.-f\n"     \
	".section .text.unlikely,\"ax\",@progbits\n.type f.cold,@function\nf.cold: mov $" n        \
	",%edi\ncall die\n.size f.cold,.-f.cold\n"

	open_asm(&k, COLD("5"), COLD("6"));
	assert_int_equal(kit_entity(k.b, "f")->change, UNCHANGED); /* the closure takes it along */
	struct entity *cold = kit_entity(k.b, "f.cold");

	assert_int_equal(cold->change, CHANGED);
	assert_ptr_equal(cold->parent, kit_entity(k.b, "f"));
	assert_ptr_equal(cold->twin, kit_entity(k.a, "f.cold"));
}

/*
 * gcc gave f and g one piece of code under two names, g's first. The fix parts them: f is the function
 * that other units call and that has to be replaced, g a new one, which its callers have to be led to.
 */
static void folded_functions_part(void **state)
{
	static const char text[] =
		"int work(int);\n"
		"__attribute__((noinline)) int f(int x)\n"
		"{ for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7 MORE; }\n"
		"static __attribute__((noinline)) int g(int x)\n"
		"{ for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7; }\n"
		"int h(int x) { return g(x) + 1; }\nint k(int x) { return f(x) + 2; }\n";
	SCOPED(kit_close) struct kit_pair k;
	scoped_free char *a = kit_compile("gcc-12", FLAGS " -DMORE=", "one.c", text);
	scoped_free char *b = kit_compile("gcc-12", FLAGS " -DMORE=+3", "two.c", text);
	size_t names = 0;

	kit_open(&k, a, b);
	for (size_t i = 1; i < k.o->nsymbols; i++)
		names += streq(k.o->symbols[i].name, "g") || streq(k.o->symbols[i].name, "f");
	assert_int_equal(names, 2); /* both names, and one entity: */
	assert_ptr_equal(kit_entity(k.b, "f")->twin, kit_entity(k.a, "f"));
	assert_int_equal(kit_entity(k.b, "f")->change, CHANGED);
	assert_int_equal(kit_entity(k.b, "g")->change, NEW);
	assert_int_equal(kit_entity(k.b, "h")->change, CHANGED);
	assert_int_equal(kit_entity(k.b, "k")->change, UNCHANGED);
}

/* ---- line numbers ---- */

static const char lines_before[] =
	"extern int more(int, int, int, int);\n"
	"#define WARN(x) more(1, 2, (x), __LINE__)\n"
	"int f(int a)\n{\n\treturn WARN(a) + 1;\n}\n\n"
	"int g(int a)\n{\n\treturn WARN(a) + 2;\n}\n";
static const char lines_patch[] =
	"--- a/u.c\n+++ b/u.c\n@@ -3,5 +3,7 @@\n int f(int a)\n {\n-\treturn WARN(a) + 1;\n"
	"+\tif (a > 7)\n+\t\ta = 7;\n+\treturn WARN(a) + 1;\n }\n \n";

static void line_as_fourth_argument(void **state)
{
	SCOPED(kit_close) struct kit_pair k;
	struct fix fix = { 0 };
	struct edit_vec edits = { 0 };
	scoped_free char *text = NULL, *neutral = NULL;
	size_t n, neutral_n;

	assert_fine(fix_parse(&fix, "p", lines_patch, strlen(lines_patch)));
	assert_fine(fix_apply(&fix.files.at[0], lines_before, strlen(lines_before), &text, &n,
			      &edits));
	neutral = fix_line_neutral(text, n, &edits, &neutral_n);
	open_texts(&k, FLAGS, lines_before, neutral);
	assert_report(&k, "changed function f");
	assert_int_equal(kit_entity(k.b, "g")->change, UNCHANGED);
	kit_close(&k);
	/* without it, g is another function, and that must be said */
	open_texts(&k, FLAGS, lines_before, text);
	assert_int_equal(kit_entity(k.b, "g")->change, CHANGED);
	edit_vec_free(&edits);
	fix_free(&fix);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statics_exchanged),
		cmocka_unit_test(statics_exchanged_and_both_users_changed),
		cmocka_unit_test(static_added_in_front),
		cmocka_unit_test(two_in_one_function),
		cmocka_unit_test(two_in_one_changed_function),
		cmocka_unit_test(two_in_one_function_exchanged),
		cmocka_unit_test(initial_values_are_not_identity),
		cmocka_unit_test(suffixes_renumbered),
		cmocka_unit_test(clones_of_one_kind_exchanged),
		cmocka_unit_test(real_clones),
		cmocka_unit_test(cold_part_changed),
		cmocka_unit_test(folded_functions_part),
		cmocka_unit_test(line_as_fourth_argument),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
