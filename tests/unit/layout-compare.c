// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules S3, S4 and F12 on pairs of small units, compiled by gcc and by clang. Each case says what
 * must be found: "ID severity SYMBOL: text"; "#line" puts a declaration into a header.
 * SUTURE_TEST_OBJECTS may name more objects (blanks between), each of which must equal itself.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "layout/layout.h"

#define H "#line 1 \"t.h\"\n"
#define C "\n#line 1 \"unit.c\"\n"
#define NOINLINE "__attribute__((noinline)) "
/* A global function that uses a type by pointer. */
#define USE(type) "int use(" type " *p); int use(" type " *p) { return *(volatile char *)p; }"

struct test_case {
	const char *name, *before, *after;
	const char *functions[4];
	const char *expect[3]; /* "ID severity", text that symbol or message must have */
};

static const struct test_case cases[] = {
	{ "member added at the end", H "struct s { int a; };" C USE("struct s"),
	  H "struct s { int a, b; };" C USE("struct s"), { "use" },
	  { "S4 refusal", "new member 'b' (int) at offset 4, size 8 instead of 4", "header" } },
	{ "member added in padding", H "struct s { char a; long c; };" C USE("struct s"),
	  H "struct s { char a; char b; long c; };" C USE("struct s"), { "use" },
	  { "S4 refusal", "new member 'b' (char) at offset 1;", "header" } },
	{ "member added in the middle", H "struct s { long a, c; };" C USE("struct s"),
	  H "struct s { long a, b, c; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "new member 'b' (long", "at offset 8, member 'c' moved from offset 8" } },
	{ "member gone", H "struct s { long a, c; };" C USE("struct s"),
	  H "struct s { long a; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "member 'c' is gone, size 8 instead of 16" } },
	{ "first member gone", H "struct s { int a, b; };" C USE("struct s"),
	  H "struct s { int b; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "member 'a' is gone, member 'b' moved from offset 4 to 0" } },
	{ "names exchanged", H "struct s { int a, b; };" C USE("struct s"),
	  H "struct s { int b, a; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "member 'a' moved from offset 0 to 4" } },
	{ "renamed", H "struct s { int a, b; };" C USE("struct s"),
	  H "struct s { int a, c; };" C USE("struct s"), { "use" }, { 0 } },
	{ "signedness", H "struct s { int a; };" C USE("struct s"),
	  H "struct s { unsigned a; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "member 'a' has type 'unsigned int' instead of 'int'" } },
	{ "qualifiers and typedefs", H "struct s { int *a; unsigned b; };" C USE("struct s"),
	  H "typedef unsigned u32; struct s { const int *a; volatile u32 b; };" C USE("struct s"),
	  { "use" }, { 0 } },
	{ "pointee", H "struct s { int *a; };" C USE("struct s"),
	  H "struct s { char *a; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "member 'a' has type 'char *' instead of 'int *'" } },
	{ "bit-field", H "struct s { unsigned a:3, b:5; };" C USE("struct s"),
	  H "struct s { unsigned a:4, b:4; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "bit-field 'a' has 4 bits instead of 3" } },
	{ "becomes a bit-field", H "struct s { _Bool a; };" C USE("struct s"),
	  H "struct s { _Bool a:1; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "member 'a' has become a bit-field" } },
	{ "bit-field added at the end", H "struct s { unsigned a:3; };" C USE("struct s"),
	  H "struct s { unsigned a:3, b:1; };" C USE("struct s"), { "use" },
	  { "S4 refusal", "new member 'b' (unsigned int) at offset 0 bit 3" } },
	{ "array length", H "struct s { int a[4]; };" C USE("struct s"),
	  H "struct s { int a[5]; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "'int[5]' instead of 'int[4]'" } },
	{ "flexible array is no change", H "struct s { int n; int a[]; };" C USE("struct s"),
	  H "struct s { int n; int a[0]; };" C USE("struct s"), { "use" }, { 0 } },
	{ "alignment only", H "struct s { int a; };" C USE("struct s"),
	  H "struct s { int a; } __attribute__((aligned(64)));" C USE("struct s"), { "use" },
	  { "S3 refusal", "size 64 instead of 4" } },
	{ "anonymous union inside", H "struct s { int x; union { int a; char b; }; };" C USE("struct s"),
	  H "struct s { int x; union { int a; long c; char b; }; };" C USE("struct s"), { "use" },
	  { "S3 refusal", "new member 'c' (long", "at offset 8" } },
	{ "anonymous struct member", H "struct s { struct { int a; } in; };" C USE("struct s"),
	  H "struct s { struct { int a, b; } in; };" C USE("struct s"), { "use" },
	  { "S4 refusal", "new member 'in.b' (int) at offset 4" } },
	{ "wrapped in an anonymous struct", H "struct s { int a, b; };" C USE("struct s"),
	  H "struct s { struct { int a, b; }; };" C USE("struct s"), { "use" }, { 0 } },
	{ "typedef of an anonymous struct", H "typedef struct { int a; } s_t;" C USE("s_t"),
	  H "typedef struct { int a, b; } s_t;" C USE("s_t"), { "use" }, { "S4 refusal", "s_t" } },
	{ "union member larger", H "union u { int a; };" C USE("union u"),
	  H "union u { int a; long b; };" C USE("union u"), { "use" },
	  { "S4 refusal", "union u", "size 8 instead of 4" } },
	{ "struct becomes union", H "struct s { int a, b; };" C "struct s v;", H "union s { int a, b; };" C "union s v;", { 0 }, { "S3 refusal", "another kind" } },
	{ "operation with another signature", H "struct ops { int (*f)(int); };" C USE("struct ops"),
	  H "struct ops { int (*f)(int, char); };" C USE("struct ops"), { "use" },
	  { "S3 refusal", "'int (int, char) *' instead of 'int (int) *'" } },
	{ "embedded: one cause",
	  H "struct in { int a; }; struct out { struct in i; int z; };" C USE("struct out"),
	  H "struct in { int a, b; }; struct out { struct in i; int z; };" C USE("struct out"),
	  { "use" }, { "S4 refusal", "struct in", "part of struct out" } },
	{ "tag renamed", H "struct x { int a; }; struct s { struct x i; };" C USE("struct s"),
	  H "struct y { int a; }; struct s { struct y i; };" C USE("struct s"), { "use" }, { 0 } },
	{ "cyclic types", H "struct b; struct a { struct b *b; }; struct b { struct a *a; };" C USE("struct a"),
	  H "struct b; struct a { struct b *b; }; struct b { struct a *a; int n; };" C USE("struct a"),
	  { "use" }, { "S4 refusal", "struct b" } },
	{ "only declared in one", H "struct s; struct t { struct s *p; };" C USE("struct t"),
	  H "struct s { int a; }; struct t { struct s *p; };" C USE("struct t"), { "use" }, { 0 } },

	{ "enumerator at the end", H "enum e { A, B };" C USE("enum e"),
	  H "enum e { A, B, D };" C USE("enum e"), { "use" },
	  { "S3 note", "new value 'D' = 2" } },
	{ "enumerator in the middle", H "enum e { A, B };" C USE("enum e"),
	  H "enum e { A, D, B };" C USE("enum e"), { "use" },
	  { "S3 refusal", "new value 'D' = 1, 'B' is 2 instead of 1" } },
	{ "anonymous enum", H "enum { A, B } v;" C "", H "enum { A, B = 7 } v;" C "", { "use" },
	  { "S3 refusal", "'B' is 7 instead of 1" } },

	{ "private type on the stack of a replaced function",
	  C "struct s { long a; }; void ext(void *); void f(void) { struct s s = { 1 }; ext(&s); }",
	  C "struct s { long a, b; }; void ext(void *); void f(void) { struct s s = { 1, 2 }; ext(&s); }",
	  { "f" }, { "S4 note", "on their stack" } },
	{ "the same, shared with a helper that is replaced too",
	  C "struct s { long a; }; void ext(void *); static " NOINLINE
	    "void g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1 }; g(&s); }",
	  C "struct s { long b, a; }; void ext(void *); static " NOINLINE
	    "void g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1, 2 }; g(&s); }",
	  { "f", "g.isra.0" }, { "S3 note", "on their stack" } },
	{ "the same, helper inlined",
	  C "struct s { long a; }; void ext(void *); static inline void "
	    "g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1 }; g(&s); }",
	  C "struct s { long b, a; }; void ext(void *); static inline void "
	    "g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1, 2 }; g(&s); }",
	  { "f" }, { "S3 note", "on their stack" } },
	{ "the same, helper stays",
	  C "struct s { long a; }; void ext(void *); static " NOINLINE
	    "void g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1 }; g(&s); }",
	  C "struct s { long a, b; }; void ext(void *); static " NOINLINE
	    "void g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1, 2 }; g(&s); }",
	  { "f" }, { "S4 refusal", "function 'g' uses it and is not replaced" } },
	{ "private type on the stack, but others point to it",
	  H "struct s; struct t { struct s *s; };" C "struct s { long a; }; void ext(void *);"
	    "void f(struct t *t) { struct s s = { 1 }; ext(&s); ext(t->s); }",
	  H "struct s; struct t { struct s *s; };" C "struct s { long a, b; }; void ext(void *);"
	    "void f(struct t *t) { struct s s = { 1, 2 }; ext(&s); ext(t->s); }",
	  { "f" }, { "S4 refusal", "objects of type 't' point to it" } },
	{ "helper inlined into a function that stays",
	  C "struct s { long a; }; void ext(void *); static inline void "
	    "g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1 }; ext(&s); }"
	    "void h(void *p) { g(p); }",
	  C "struct s { long a, b; }; void ext(void *); static inline void "
	    "g(struct s *s) { ext(&s->a); } void f(void) { struct s s = { 1, 2 }; ext(&s); }"
	    "void h(void *p) { g(p); }",
	  { "f" }, { "S4 refusal", "function 'h' uses it and is not replaced" } },
	{ "private type, only pointers",
	  C "struct s { int a, b; }; int f(void *p) { struct s *s = p; return s->a + s->b; }",
	  C "struct s { int a, c, b; }; int f(void *p) { struct s *s = p; return s->a + s->b; }",
	  { "f" }, { "S3 refusal", "made by the old code" } },
	{ "type declared inside a replaced function",
	  C "void ext(void *); void f(void) { struct s { long a; } s = { 1 }; ext(&s); }",
	  C "void ext(void *); void f(void) { struct s { long a, b; } s = { 1, 2 }; ext(&s); }",
	  { "f" }, { 0 } },
	{ "static variable of a private type",
	  C "static struct s { long a; } v; long *f(void) { return &v.a; }",
	  C "static struct s { long b, a; } v; long *f(void) { return &v.a; }",
	  { "f" }, { "S3 refusal", "variable 'v' exists with the old layout" } },
	{ "static local variable",
	  C "struct s { long a; }; long *f(void) { static struct s v; return &v.a; }",
	  C "struct s { long b, a; }; long *f(void) { static struct s v; return &v.a; }",
	  { "f" }, { "S3 refusal", "variable 'v' exists with the old layout" } },
	{ "anonymous struct of a variable",
	  C "static struct { long a; } v[2]; long *f(void) { return &v[1].a; }",
	  C "static struct { long b, a; } v[2]; long *f(void) { return &v[1].a; }",
	  { "f" }, { "S3 refusal", "type of variable v" } },

	{ "prototype of a global function", C "int f(int a) { return a; }",
	  C "int f(char a) { return a; }", { "f" },
	  { "F12 refusal", "parameter 1 is 'char' instead of 'int'", "global" } },
	{ "prototype: returned type", C "int f(int a) { return a; }", C "void f(int a) {}", { "f" },
	  { "F12 refusal", "it returns 'void' instead of 'int'" } },
	{ "prototype: qualifier only", C "int f(int *a) { return *a; }",
	  C "int f(const int *a) { return *a; }", { "f" }, { 0 } },
	{ "prototype of a static function, callers replaced",
	  C "int ext(int); static " NOINLINE "int g(int a) { return ext(a); } int f(int a) { return g(a) + 1; }",
	  C "int ext(int); static " NOINLINE
	    "int g(int a, int b) { return ext(a) + ext(b); } int f(int a) { return g(a, ext(2)) + 1; }",
	  { "f", "g" }, { 0 } },
	{ "prototype of a static function, a caller stays",
	  C "int ext(int); static " NOINLINE "int g(int a) { return ext(a); } int f(int a) { return g(a) + 1; }"
	    "int h(int a) { return g(a) + 2; }",
	  C "int ext(int); static " NOINLINE
	    "int g(int a, int b) { return ext(a) + ext(b); } int f(int a) { return g(a, ext(2)) + 1; }"
	    "int h(int a) { return g(a, ext(1)) + 2; }",
	  { "f", "g" }, { "F12 refusal", "'h' calls it and is not replaced" } },
	{ "prototype of a function in a table",
	  C "int ext(int); static int g(int a) { return ext(a); } int (*const tab[])(int) = { g };",
	  C "int ext(int); static int g(long a) { return ext(a); } int (*const tab[])(int) = { (void *)g };",
	  { "g" }, { "F12 refusal", "its address is stored in 'tab'" } },
	{ "prototype of a function passed on",
	  C "void reg(void *); int ext(int); static int g(int a) { return ext(a); } void f(void) { reg(g); }",
	  C "void reg(void *); int ext(int); static int g(long a) { return ext(a); } void f(void) { reg(g); }",
	  { "g", "f" }, { "F12 refusal", "its address is taken in 'f'" } },
};

static char *dir;

static char *compile(const char *cc, const char *debug, const char *name, const char *text)
{
	char *source = xasprintf("%s/%s.c", dir, name), *object = xasprintf("%s/%s.o", dir, name);
	const char *const argv[] = { cc, "-O2", debug, "-w", "-ffunction-sections",
				     "-fdata-sections", "-c", "-o", object, source, NULL };
	struct process_result r;

	assert_null(write_file(source, text, strlen(text)));
	assert_null(process_run(&(struct process){ .argv = argv }, &r));
	if (r.status)
		fail_msg("%s %s: %s", cc, text, r.output);
	process_result_free(&r);
	free(source);
	return object;
}

static size_t count(const char *const *list, size_t room)
{
	size_t n = 0;

	while (n < room && list[n])
		n++;
	return n;
}

static void check(const struct test_case *t, const char *cc, const struct finding_vec *found)
{
	scoped_str struct str all = { 0 };

	for (size_t i = 0; i < found->n; i++)
		str_add(&all, "%s %s %s: %s\n", found->at[i].id,
			severity_name(found->at[i].severity), found->at[i].symbol,
			found->at[i].message);
	if (found->n != (t->expect[0] ? 1 : 0))
		fail_msg("%s, %s: %zu findings\n%s", t->name, cc, found->n, all.s ? all.s : "");
	for (size_t i = 0; i < ARRAY_SIZE(t->expect) && t->expect[i]; i++)
		if (!strstr(all.s, t->expect[i]))
			fail_msg("%s, %s: no '%s' in\n%s", t->name, cc, t->expect[i], all.s);
	if (found->n && found->at[0].severity == SEVERITY_REFUSAL)
		assert_non_null(found->at[0].way_out);
}

static void run_case(const struct test_case *t, const char *cc)
{
	scoped_free char *before = compile(cc, "-g", "before", t->before);
	scoped_free char *after = compile(cc, "-g", "after", t->after);
	struct finding_vec found = { 0 };

	assert_null(layout_compare(before, after, "vmlinux", t->functions, count(t->functions, 4),
				   &found));
	check(t, cc, &found);
	/* once more: what is known is not said again, for types */
	size_t n = found.n;

	assert_null(layout_compare(before, after, "vmlinux", t->functions, count(t->functions, 4),
				   &found));
	if (n && *found.at[0].id == 'S')
		assert_int_equal(found.n, n);
	findings_free(&found);
	assert_null(layout_compare(before, before, "vmlinux", t->functions, count(t->functions, 4),
				   &found));
	assert_int_equal(found.n, 0);
}

static void with_gcc(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(&cases[i], "gcc");
}

static void with_clang(void **state)
{
	const char *const argv[] = { "clang", "--version", NULL };
	scoped_process_result struct process_result r = { 0 };
	scoped_error struct error *err = process_run(&(struct process){ .argv = argv }, &r);

	if (err)
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		run_case(&cases[i], "clang");
}

static void older_dwarf(void **state)
{
	scoped_free char *before = compile("gcc", "-gdwarf-4", "before", cases[9].before);
	scoped_free char *after = compile("gcc", "-gdwarf-4", "after", cases[9].after);
	struct finding_vec found = { 0 };

	assert_null(layout_compare(before, after, "vmlinux", NULL, 0, &found));
	check(&cases[9], "gcc -gdwarf-4", &found);
	findings_free(&found);
	scoped_free char *five = compile("gcc", "-gdwarf-5", "five", cases[9].before);

	assert_null(layout_compare(before, five, "vmlinux", NULL, 0, &found));
	assert_int_equal(found.n, 0);
}

static void no_debug_information(void **state)
{
	scoped_free char *with = compile("gcc", "-g", "with", cases[0].before);
	scoped_free char *without = compile("gcc", "-g0", "without", cases[0].before);
	struct finding_vec found = { 0 };

	assert_null(layout_compare(with, without, "vmlinux", NULL, 0, &found));
	assert_int_equal(found.n, 1);
	assert_int_equal(found.at[0].severity, SEVERITY_WARNING);
	assert_non_null(strstr(found.at[0].message, without));
	findings_free(&found);
}

static void not_an_object(void **state)
{
	scoped_free char *path = xasprintf("%s/text.o", dir);
	struct finding_vec found = { 0 };

	assert_null(write_file(path, "hello\n", 6));
	struct error *err = layout_compare(path, path, "vmlinux", NULL, 0, &found);

	assert_non_null(err);
	assert_string_equal(err->id, "D1");
	error_free(err);
	err = layout_compare("/nonexistent.o", path, "vmlinux", NULL, 0, &found);
	assert_non_null(err);
	assert_string_equal(err->id, "Y1");
	error_free(err);
}

/* Bytes of the debug sections are overwritten: any answer will do, a crash or a hang will not. */
static void damaged(void **state)
{
	scoped_free char *good = compile("gcc", "-g", "good", cases[24].before);
	scoped_free char *bad = xasprintf("%s/bad.o", dir);
	const char *const functions[] = { "use", "f" };
	char *data;
	size_t size;
	unsigned int seed = 1;

	assert_null(read_file(good, &data, &size));
	for (int run = 0; run < 500; run++) {
		scoped_free char *copy = xmemdup(data, size);
		struct finding_vec found = { 0 };

		for (int i = 0; i < 1 + run % 8; i++)
			copy[64 + rand_r(&seed) % (size - 64)] = rand_r(&seed);
		assert_null(write_file(bad, copy, run % 50 == 49 ? rand_r(&seed) % size : size));
		error_free(layout_compare(good, bad, "vmlinux", functions, 2, &found));
		error_free(layout_compare(bad, good, "vmlinux", functions, 2, &found));
		findings_free(&found);
	}
	free(data);
}

static void more_objects_equal_themselves(void **state)
{
	const char *list = getenv("SUTURE_TEST_OBJECTS");
	struct str_vec paths = { 0 };

	if (!list)
		skip();
	assert_true(str_split_shell(list, &paths));
	for (size_t i = 0; i < paths.n; i++) {
		struct finding_vec found = { 0 };

		assert_null(layout_compare(paths.at[i], paths.at[i], "vmlinux", NULL, 0, &found));
		assert_int_equal(found.n, 0);
	}
	str_vec_free_all(&paths);
}

static int setup(void **state)
{
	process_setup_signals();
	return temp_dir_new("test", &dir) != NULL;
}

static int teardown(void **state)
{
	temp_dir_remove(&dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_gcc),
		cmocka_unit_test(with_clang),
		cmocka_unit_test(older_dwarf),
		cmocka_unit_test(no_debug_information),
		cmocka_unit_test(not_an_object),
		cmocka_unit_test(damaged),
		cmocka_unit_test(more_objects_equal_themselves),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
