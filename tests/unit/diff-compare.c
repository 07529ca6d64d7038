// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pairs of small C units, compiled by every compiler that is there, with and without a section a
 * function: what must be reported, exactly. An expectation is the beginning of a line of the report,
 * and after " ~ " what else the line must contain (checked for the newest GCC only). "?" in
 * front: may be there or not (compilers name constants or do not).
 */
#include "diff-kit.h"

#include "base/mem.h"

#define EXT "extern int ext(int), use(void *), say(const char *, ...), more(int, int, int, int);\n"
#define NOINLINE "__attribute__((noinline)) "

struct test_case {
	const char *name, *before, *after;
	const char *expect[5];
};

#define SWITCH(a)                                                                          \
	"switch (x) { case 0: return ext(" a "); case 1: return use(0); case 2: return 7;" \
	" case 3: return ext(12); case 4: return ext(x) + 1; case 5: return more(1,2,3,4);" \
	" case 6: return say(\"six\"); case 7: return -x; } return 0;"

static const struct test_case cases[] = {
	{ "nothing", EXT "int f(int a) { return ext(a) + 1; }", EXT "int f(int a) { return ext(a) + 1; }",
	  { 0 } },
	{ "constant of a call", EXT "void f(void) { say(\"x %d\\n\", 5); } void g(void) { say(\"y\"); }",
	  EXT "void f(void) { say(\"x %d\\n\", 6); } void g(void) { say(\"y\"); }",
	  { "changed function f ~ 5' became " } },
	{ "string by one letter", EXT "void f(void) { say(\"hello\"); } void g(void) { say(\"other\"); }",
	  EXT "void f(void) { say(\"hallo\"); } void g(void) { say(\"other\"); }",
	  { "changed function f ~ \"hello\" became \"hallo\"" } },
	{ "string longer in front of others",
	  EXT "void f(void) { say(\"a\"); } void g(void) { say(\"bcd\"); } void h(void) { say(\"efg\"); }",
	  EXT "void f(void) { say(\"a much longer one\"); } void g(void) { say(\"bcd\"); }"
	      "void h(void) { say(\"efg\"); }",
	  { "changed function f ~ \"a\" became \"a much longer one\"" } },
	{ "tail of a string", EXT "void f(void) { say(\"one two\"); say(\"two\"); }",
	  EXT "void f(void) { say(\"two\"); say(\"two\"); }",
	  { "changed function f" } },
	{ "called function", EXT "int f(int a) { return ext(a) + 1; }", EXT "int fxt(int); int f(int a) { return fxt(a) + 1; }",
	  { "changed function f ~ ext+0x0 became fxt+0x0" } },
	{ "new and removed", EXT "int f(int a) { return ext(a) + 1; } int old(void) { return ext(3) - 2; }",
	  EXT "int f(int a) { return ext(a) + 1; } int fresh(int b) { return b * ext(9); }",
	  { "removed function old", "new function fresh" } },
	{ "new static function and data",
	  EXT "int f(int a) { return ext(a) + 1; }",
	  EXT "static int state; static " NOINLINE "int g(int a) { return ext(a + state++) + 3; }"
	      "int f(int a) { return g(a) + 1; }",
	  { "changed function f", "new function g", "new data state" } },
	{ "initial value", EXT "int v = 3; int f(void) { return ext(v); }",
	  EXT "int v = 4; int f(void) { return ext(v); }", { "changed data v ~ contents differ" } },
	{ "size of a variable", EXT "int v[4]; int *f(void) { return v + ext(1); }",
	  EXT "int v[6]; int *f(void) { return v + ext(1); }", { "changed data v ~ size 16 became 24" } },
	{ "pointer in a table",
	  EXT "static int a(void) { return ext(1) - 1; } static int b(void) { return ext(2) - 2; }"
	      "int (*const tab[])(void) = { a, b };",
	  EXT "static int a(void) { return ext(1) - 1; } static int b(void) { return ext(2) - 2; }"
	      "int (*const tab[])(void) = { b, a };",
	  { "changed data tab ~ reference at data+0x0: a+0x0 became b+0x0" } },
	{ "functions in another order",
	  EXT "int f(int a) { return ext(a) + 1; } int g(int a) { return f(a) ^ ext(2); }"
	      "int h(int a) { return g(a) - f(a); }",
	  EXT "int f(int a); int g(int a); int h(int a) { return g(a) - f(a); }"
	      "int g(int a) { return f(a) ^ ext(2); } int f(int a) { return ext(a) + 1; }",
	  { 0 } },
	{ "switch table moved", EXT "int f(int x) { " SWITCH("11") " }",
	  EXT "int g(int x) { " SWITCH("x * 3") " } int f(int x) { " SWITCH("11") " }",
	  { "new function g" } },
	{ "case changed", EXT "int f(int x) { " SWITCH("11") " }", EXT "int f(int x) { " SWITCH("13") " }",
	  { "changed function f" } },
	{ "anonymous constants moved",
	  EXT "int f(void) { int a[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }; return use(a) + 1; }",
	  EXT "int e(void) { int a[] = { 3, 1, 4, 1, 5, 9, 2, 6, 5, 3 }; return use(a) + 2; }"
	      "int f(void) { int a[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }; return use(a) + 1; }",
	  { "new function e" } },
	{ "anonymous constant changed",
	  EXT "int f(void) { int a[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 }; return use(a) + 1; }",
	  EXT "int f(void) { int a[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13 }; return use(a) + 1; }",
	  { "changed function f", "?changed data .rodata" } },
	{ "floating literal", EXT "double f(double x) { return x * 3.25; } double g(double x) { return x / 7.5; }",
	  EXT "double f(double x) { return x * 3.5; } double g(double x) { return x / 7.5; }",
	  { "changed function f" } },
	{ "unique ids renumbered",
	  EXT "static int __attribute__((used)) __UNIQUE_ID_mark301 = 1;"
	      "static int __attribute__((used)) __UNIQUE_ID_other302 = 2; int f(int a) { return ext(a) + 1; }",
	  EXT "static int __attribute__((used)) __UNIQUE_ID_mark307 = 1;"
	      "static int __attribute__((used)) __UNIQUE_ID_other308 = 2; int f(int a) { return ext(a) + 1; }",
	  { 0 } },
	{ "unique ids of one name renumbered",
	  EXT "static int __UNIQUE_ID_mark301; static int __UNIQUE_ID_mark302;"
	      "int f(void) { return use(&__UNIQUE_ID_mark301) + 1; }"
	      "int g(void) { return use(&__UNIQUE_ID_mark302) + 2; }",
	  EXT "static int __UNIQUE_ID_mark302; static int __UNIQUE_ID_mark303;"
	      "int f(void) { return use(&__UNIQUE_ID_mark302) + 1; }"
	      "int g(void) { return use(&__UNIQUE_ID_mark303) + 2; }",
	  { 0 } },
	{ "near branches become short",
	  EXT NOINLINE "int f(int a) { if (ext(a)) { " /* long body */
	      "more(1,2,3,4); more(2,2,3,4); more(3,2,3,4); more(4,2,3,4); more(5,2,3,4);"
	      "more(6,2,3,4); more(7,2,3,4); } return ext(a + 1) + 1; } int g(int a) { return f(a) + 1; }",
	  EXT NOINLINE "int f(int a) { if (ext(a)) { "
	      "more(1,2,3,4); more(2,2,3,4); more(3,2,3,4); } return ext(a + 1) + 1; }"
	      "int g(int a) { return f(a) + 1; }",
	  { "changed function f" } },
	{ "cold part",
	  EXT "extern void die(int) __attribute__((cold, noreturn));"
	      "int f(int a) { if (a < 0) { say(\"bad %d\", a); die(5); } return ext(a) + 1; }",
	  EXT "extern void die(int) __attribute__((cold, noreturn));"
	      "int f(int a) { if (a < 0) { say(\"bad %d\", a); die(6); } return ext(a) + 1; }",
	  { "changed function f" } },
	{ "variable becomes static of a function",
	  EXT "static int count; int f(void) { return use(&count) + 1; }",
	  EXT "int f(void) { static int count; return use(&count) + 1; }", 
	  { "?removed data count", "?changed function f", "?new data f.count" } }, /* clang names it so */
};

static bool line_fits(const char *line, size_t n, const char *expect, bool details)
{
	expect += *expect == '?';

	const char *more = strstr(expect, " ~ ");
	size_t head = more ? (size_t)(more - expect) : strlen(expect);
	scoped_free char *text = xstrndup(line, n);

	if (strncmp(text, expect, head) || (text[head] && text[head] != ':' && text[head] != '.'))
		return false;
	return !more || !details || strstr(text, more + 3);
}

static void check(const struct test_case *t, const char *cc, const char *flags,
		  const struct kit_pair *k)
{
	scoped_free char *report = kit_report(k);
	bool details = streq(cc, "gcc-12");
	bool met[ARRAY_SIZE(t->expect)] = { 0 };

	for (const char *line = report; *line;) {
		size_t n = strcspn(line, "\n");
		bool fits = false;

		for (size_t i = 0; i < ARRAY_SIZE(t->expect) && t->expect[i]; i++)
			if (line_fits(line, n, t->expect[i], details))
				fits = met[i] = true;
		if (!fits)
			fail_msg("%s, %s %s: unexpected:\n%s", t->name, cc, flags, report);
		line += n + (line[n] == '\n');
	}
	for (size_t i = 0; i < ARRAY_SIZE(t->expect) && t->expect[i]; i++)
		if (!met[i] && t->expect[i][0] != '?')
			fail_msg("%s, %s %s: no '%s' in:\n%s", t->name, cc, flags, t->expect[i],
				 report);
}

static void run_case(const struct test_case *t, const char *cc, const char *flags)
{
	struct kit_pair k;
	scoped_free char *before = kit_compile(cc, flags, "before.c", t->before);
	scoped_free char *after = kit_compile(cc, flags, "after.c", t->after);

	kit_open(&k, before, after);
	check(t, cc, flags, &k);
	kit_close(&k);
	for (int i = 0; i < 2; i++) {
		const char *path = i ? after : before;

		kit_open(&k, path, path);
		check(&(struct test_case){ .name = "with itself" }, cc, flags, &k);
		kit_close(&k);
	}
}

static void with_compiler(const char *cc, const char *flags)
{
	if (!kit_has(cc))
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(&cases[i], cc, flags);
}

#define SECTIONS "-ffunction-sections -fdata-sections"
#define KERNEL "-mcmodel=kernel -fno-pic -fcf-protection=branch -fno-asynchronous-unwind-tables"

static void gcc_sections(void **state)
{
	with_compiler("gcc-12", "-O2 -fno-pic -fjump-tables " SECTIONS);
}

static void gcc_plain(void **state)
{
	with_compiler("gcc-12", "-O2 -fno-pic");
}

static void gcc_kernel(void **state)
{
	with_compiler("gcc-12", "-O2 -fno-jump-tables -pg -mfentry -mrecord-mcount " SECTIONS " " KERNEL);
}

static void gcc_pic(void **state)
{
	with_compiler("gcc-12", "-O2 -fPIC -g " SECTIONS);
}

static void gcc_older(void **state)
{
	with_compiler("gcc-11", "-O2 -fno-pic " SECTIONS);
}

static void clang_sections(void **state)
{
	with_compiler("clang", "-O2 -fno-pic " SECTIONS);
}

static void clang_plain(void **state)
{
	with_compiler("clang", "-O2 -fPIC");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gcc_sections), cmocka_unit_test(gcc_plain),
		cmocka_unit_test(gcc_kernel),	cmocka_unit_test(gcc_pic),
		cmocka_unit_test(gcc_older),	cmocka_unit_test(clang_sections),
		cmocka_unit_test(clang_plain),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
