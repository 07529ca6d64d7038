// SPDX-License-Identifier: GPL-2.0-or-later
/* The patch reader, the applier, and line neutrality (with a real compiler). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "units/fix.h"

#define HEAD "--- a/f.c\n+++ b/f.c\n"

static const char text10[] = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n";

/* Parses and must get this id ("" for none); the message must contain `says`. */
static void expect_parse(const char *patch, const char *id, const char *says)
{
	struct fix fix = {0};
	scoped_error struct error *err = fix_parse(&fix, "t.patch", patch, strlen(patch));

	if (err && (!streq(err->id, id) || !strstr(err->message, says)))
		print_message("got %s: %s\n", err->id, err->message);
	if (!*id) {
		assert_null(err);
	} else {
		assert_non_null(err);
		assert_string_equal(err->id, id);
		assert_non_null(strstr(err->message, says));
	}
	fix_free(&fix);
}

static const struct {
	const char *patch, *id, *says;
} parse_cases[] = {
	{HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+b\n", "", ""},
	{HEAD "@@ -1 +1 @@\n-1\n+b\n", "", ""},
	{HEAD "@@ -1,2 +1,2 @@ f()\n 1\n-2\n+b\n-- \n2.39.5\n\n", "", ""},
	{"--- a/f.c\t2026-01-01 10:00:00.000000000 +0100\n+++ b/f.c\t2026-01-02 10:00:00 +0100\n"
	 "@@ -1,2 +1,2 @@\n 1\n-2\n+b\n",
	 "", ""},
	{"From 0123 Mon Sep 17 00:00:00 2001\nSubject: [PATCH] x: y\n\n text\n---\n f.c | 2 +-\n"
	 "diff --git a/f.c b/f.c\nindex 12..34 100644\n" HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+b\n",
	 "", ""},
	/* an empty context line whose blank an editor stripped */
	{HEAD "@@ -1,3 +1,3 @@\n 1\n\n-2\n+b\n", "", ""},
	{"diff --git a/n.h b/n.h\nnew file mode 100644\nindex 0..1\n--- /dev/null\n+++ b/n.h\n"
	 "@@ -0,0 +1,2 @@\n+1\n+2\n",
	 "", ""},
	{"", "P1", "no unified diff"},
	{"hello\n", "P1", "no unified diff"},
	{HEAD, "P1", "t.patch:1: a file header without a hunk"},
	{HEAD "@@ -1,3 +1,2 @@\n 1\n-2\n+b\n", "P1", "t.patch:3: the patch ends inside"},
	{HEAD "@@ -1,1 +1,2 @@\n 1\n-2\n+b\n", "P1", "t.patch:5: the hunk has more old lines"},
	{HEAD "@@ -1,3 +1,1 @@\n 1\n-2\n+b\n 3\n", "P1", "t.patch:6: the hunk has more new lines"},
	{HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+b\n+c\n", "P1", "t.patch:7: the hunk before has more"},
	{HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+b\n 3\n", "P1", "t.patch:7: the hunk before has more"},
	{HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+b\n--- 3\n x\n", "P1", "t.patch:7: the hunk before"},
	{HEAD "@@ -1,2 +1,2 @@\n 1\nx\n", "P1", "t.patch:5: the hunk ends too early"},
	{HEAD "@@ -1,2 +1,2 @@\n 1\n 2\n", "P1", "t.patch:3: a hunk that changes nothing"},
	{HEAD "@@ -1,x +1,2 @@\n 1\n", "P1", "not a hunk header"},
	{HEAD "@@ -0,1 +1 @@\n-1\n+2\n", "P1", "not a hunk header"},
	{HEAD "@@ -99999999,1 +1 @@\n-1\n+2\n", "P1", "not a hunk header"},
	{"@@ -1 +1 @@\n-1\n+2\n", "P1", "t.patch:1: a hunk without"},
	{"+++ b/f.c\n@@ -1 +1 @@\n-1\n+2\n", "P1", "without \"--- FILE\""},
	{"diff --git a/f.c b/f.c\n--- a/f.c\n@@ -1 +1 @@\n", "P1", "without \"+++ FILE\""},
	{HEAD "@@ -1 +1 @@\n-1\n\\ No newline at end of file\n-2\n+3\n", "P1", "a line follows"},
	{"--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-1\n+2\n", "P1", "both sides"},
	{"--- /etc/passwd\n+++ /etc/passwd\n@@ -1 +1 @@\n-1\n+2\n", "P2", "an absolute path"},
	{"--- a/../../x.c\n+++ b/../../x.c\n@@ -1 +1 @@\n-1\n+2\n", "P2", "\"..\""},
	{"--- a/x/./x.c\n+++ b/x/./x.c\n@@ -1 +1 @@\n-1\n+2\n", "P2", "\".\""},
	{"--- a//x.c\n+++ b//x.c\n@@ -1 +1 @@\n-1\n+2\n", "P2", "empty path component"},
	{"--- a/.git/config\n+++ b/.git/config\n@@ -1 +1 @@\n-1\n+2\n", "P2", ".git"},
	{"--- x.c\n+++ x.c\n@@ -1 +1 @@\n-1\n+2\n", "P2", "no directory to strip"},
	{"--- a/x\x01.c\n+++ b/x\x01.c\n@@ -1 +1 @@\n-1\n+2\n", "P2", "control character"},
	{"--- a/x.c\n+++ b/y.c\n@@ -1 +1 @@\n-1\n+2\n", "P3", "different names"},
	{"diff --git a/x.c b/y.c\nsimilarity index 100%\nrename from x.c\nrename to y.c\n", "P3",
	 "t.patch:2: renames"},
	{"diff --git a/x.c b/y.c\ncopy from x.c\ncopy to y.c\n", "P3", "copies a file"},
	{"diff --git a/x.sh b/x.sh\nold mode 100644\nnew mode 100755\n", "P3",
	 "t.patch:1: changes only the mode"},
	{"diff --git a/e b/e\nnew file mode 100644\nindex 0..1\n", "P3", "empty file"},
	{"diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKcmZ\n", "P3",
	 "t.patch:3: a binary hunk"},
	{"Binary files a/x and b/x differ\n", "P3", "binary file"},
	{"diff --cc f.c\n--- a/f.c\n+++ b/f.c\n@@@ -1 -1 +1 @@@\n", "P3", "combined diff"},
	{"*** a/f.c\n--- b/f.c\n***************\n*** 1,2 ****\n", "P3", "context diff"},
	{"--- \"a/\\303.c\"\n+++ \"b/\\303.c\"\n@@ -1 +1 @@\n-1\n+2\n", "P3", "quoted"},
};

static void test_parse(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(parse_cases); i++)
		expect_parse(parse_cases[i].patch, parse_cases[i].id, parse_cases[i].says);
}

static void test_zero_byte(void **state)
{
	struct fix fix = {0};
	scoped_error struct error *err = fix_parse(&fix, "t.patch", "a\0b", 3);

	assert_string_equal(err->id, "P1");
	assert_non_null(strstr(err->message, "zero byte"));
	fix_free(&fix);
}

static void test_subject(void **state)
{
	static const char mail[] = "From: x\nSubject: [PATCH 6.12 3/4] net: fix a\n thing\n\n" HEAD
				   "@@ -1 +1 @@\n-1\n+2\n";
	struct fix fix = {0};

	assert_null(fix_parse(&fix, "t.patch", mail, sizeof(mail) - 1));
	assert_string_equal(fix.subject, "net: fix a thing");
	fix_free(&fix);
}

/* Applies one or two patches to text; the result must be `want`, or an error of id and words. */
static void expect_apply(const char *text, const char *one, const char *two, const char *want,
			 const char *id, const char *says)
{
	struct fix fix = {0};
	struct edit_vec edits = {0};
	scoped_free char *out = NULL;
	size_t size = 0;

	assert_null(fix_parse(&fix, "1.patch", one, strlen(one)));
	if (two)
		assert_null(fix_parse(&fix, "2.patch", two, strlen(two)));
	scoped_error struct error *err =
		fix_apply(&fix.files.at[0], text, strlen(text), &out, &size, &edits);

	if (err && (!id || !streq(id, err->id) || !strstr(err->message, says)))
		print_message("got %s: %s\n", err->id, err->message);
	if (id) {
		assert_non_null(err);
		assert_string_equal(err->id, id);
		assert_non_null(strstr(err->message, says));
	} else {
		assert_null(err);
		assert_string_equal(out, want);
		assert_int_equal(size, strlen(want));
	}
	edit_vec_free(&edits);
	fix_free(&fix);
}

static void test_apply(void **state)
{
	const char *mid = HEAD "@@ -4,3 +4,4 @@\n 4\n-5\n+five\n+more\n 6\n";
	const char *moved = HEAD "@@ -2,3 +2,4 @@\n 4\n-5\n+five\n+more\n 6\n";

	expect_apply(text10, mid, NULL, "1\n2\n3\n4\nfive\nmore\n6\n7\n8\n9\n10\n", NULL, NULL);
	expect_apply(text10, moved, NULL, "1\n2\n3\n4\nfive\nmore\n6\n7\n8\n9\n10\n", NULL, NULL);
	/* two hunks, the second one moved by the first */
	expect_apply(text10, HEAD "@@ -1,2 +1,3 @@\n+0\n 1\n 2\n@@ -9,2 +10,2 @@\n 9\n-10\n+ten\n",
		     NULL, "0\n1\n2\n3\n4\n5\n6\n7\n8\n9\nten\n", NULL, NULL);
	/* without context: exactly there, or not at all */
	expect_apply(text10, HEAD "@@ -3,0 +4 @@\n+x\n", NULL, "1\n2\n3\nx\n4\n5\n6\n7\n8\n9\n10\n",
		     NULL, NULL);
	expect_apply(text10, HEAD "@@ -3 +3 @@\n-4\n+x\n", NULL, NULL, "P4", "");
	/* the newline at the end */
	expect_apply("1\n2", HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n\\ No newline at end of file\n+2\n",
		     NULL, "1\n2\n", NULL, NULL);
	expect_apply("1\n2\n", HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+2\n\\ No newline at end of file\n",
		     NULL, "1\n2", NULL, NULL);
	expect_apply("1\n2", HEAD "@@ -1,2 +1,2 @@\n 1\n-2\n+3\n", NULL, NULL, "P4", "");
	expect_apply("", "--- /dev/null\n+++ b/n.h\n@@ -0,0 +1,2 @@\n+1\n+2\n", NULL, "1\n2\n",
		     NULL, NULL);
}

static void test_apply_series(void **state)
{
	const char *one = HEAD "@@ -4,3 +4,4 @@\n 4\n-5\n+five\n+more\n 6\n";
	const char *two = HEAD "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n@@ -5,2 +5,2 @@\n five\n-more\n"
			       "+less\n";

	expect_apply(text10, one, HEAD "@@ -1,3 +1,3 @@\n 1\n-2\n+two\n 3\n",
		     "1\ntwo\n3\n4\nfive\nmore\n6\n7\n8\n9\n10\n", NULL, NULL);
	expect_apply(text10, one, two, NULL, "P4", "2.patch:8: hunk 2 of 2 for f.c");
}

static void test_apply_refusals(void **state)
{
	const char *mid = HEAD "@@ -4,3 +4,4 @@\n 4\n-5\n+five\n+more\n 6\n";

	expect_apply("1\n2\n3\n4\nfive\nmore\n6\n7\n", mid, NULL, NULL, "P4", "already applied");
	expect_apply("1\n2\n3\n4\n5\nsix\n7\n", mid, NULL, NULL, "P4",
		     "2 of its 3 old lines match at line 4; line 6 differs, the patch wants \"6\"");
	expect_apply("a\nb\n", mid, NULL, NULL, "P4", "no line of its context");
	expect_apply(text10, HEAD "@@ -4,3 +4,3 @@\r\n 4\r\n-5\r\n+five\r\n 6\r\n", NULL, NULL,
		     "P6", "CRLF");
	expect_apply(text10, HEAD "@@ -4,3 +4,4 @@\n 4\n+five\r\n 5\n 6\n", NULL, NULL, "P6",
		     "CRLF");
	/* x stands twice, one line before and one after the place that the hunk names */
	expect_apply("x\ny\n3\nx\ny\n3\n", HEAD "@@ -2,2 +2,3 @@\n x\n+new\n y\n", NULL,
		     "x\nnew\ny\n3\nx\ny\n3\n", NULL, NULL);
	expect_apply("a\nx\ny\nx\ny\nb\n", HEAD "@@ -3,2 +3,3 @@\n x\n+new\n y\n", NULL, NULL, "P4",
		     "two places");
	/* context is missing at the start: the hunk is for the first line of the file */
	expect_apply("0\n1\n2\n3\n4\n", HEAD "@@ -1,2 +1,3 @@\n+new\n 1\n 2\n", NULL, NULL, "P4",
		     "");
}

/* --- line neutrality: compiled before and after, functions outside the edit must be the same ---
 */

static char *compile(const char *dir, const char *name, const char *text, size_t size)
{
	scoped_free char *source = xasprintf("%s/%s.c", dir, name);
	char *assembly = xasprintf("%s/%s.s", dir, name);
	const char *const argv[] = {"gcc", "-O1", "-S", "-w", "-o", assembly, source, NULL};
	struct process p = {.argv = argv};
	scoped_process_result struct process_result r = {0};

	assert_null(write_file(source, text, size));
	assert_null(process_run(&p, &r));
	if (r.status)
		print_message("%s\n%s\n", text, r.output);
	assert_int_equal(r.status, 0);
	return assembly;
}

/* The lines of one function in an assembly file. */
static char *function_of(const char *path, const char *name)
{
	scoped_free char *text = NULL;
	scoped_free char *label = xasprintf("\n%s:\n", name);
	scoped_free char *last = xasprintf("\n\t.size\t%s,", name);

	assert_null(read_file(path, &text, NULL));
	char *start = strstr(text, label);

	assert_non_null(start);
	char *end = strstr(start, last);

	assert_non_null(end);
	return xstrndup(start, end - start);
}

/* Patches `text`, compiles both and compares f1 and f2, whose code holds __LINE__. */
static void expect_neutral(const char *text, const char *patch)
{
	struct fix fix = {0};
	struct edit_vec edits = {0};
	scoped_temp_dir char *dir = NULL;
	scoped_free char *out = NULL;
	size_t size, neutral_size;
	const char *const names[] = {"f1", "f2"};

	assert_null(temp_dir_new("neutral", &dir));
	assert_null(fix_parse(&fix, "t.patch", patch, strlen(patch)));
	assert_null(fix_apply(&fix.files.at[0], text, strlen(text), &out, &size, &edits));
	scoped_free char *neutral = fix_line_neutral(out, size, &edits, &neutral_size);
	scoped_free char *a = compile(dir, "a", text, strlen(text));
	scoped_free char *b = compile(dir, "b", neutral, neutral_size);

	for (size_t i = 0; i < 2; i++) {
		scoped_free char *fa = function_of(a, names[i]);
		scoped_free char *fb = function_of(b, names[i]);

		if (!streq(fa, fb))
			print_message("%s\n%s%s", neutral, fa, fb);
		assert_string_equal(fa, fb);
	}
	edit_vec_free(&edits);
	fix_free(&fix);
}

#define F1 "int f1(void) { return __LINE__; }\n"
#define F2 "int f2(void)\n{\n\treturn __LINE__;\n}\n"
#define G "int g(int, int);\n"

static const struct {
	const char *what, *text, *patch;
} neutral_cases[] = {
	{"a line added in a function", F1 G "int h(int a)\n{\n\treturn a;\n}\n" F2,
	 HEAD "@@ -4,2 +4,4 @@\n {\n+\ta++;\n+\ta += 2;\n \treturn a;\n"},
	{"lines removed at the top", G "int k;\nint l;\n" F1 F2,
	 HEAD "@@ -2,3 +2,1 @@\n-int k;\n-int l;\n " F1},
	{"inside a macro definition", F1 "#define M(a) \\\n\t((a) + \\\n\t 1)\n" F2,
	 HEAD "@@ -2,3 +2,4 @@\n #define M(a) \\\n \t((a) + \\\n+\t 2 + \\\n \t 1)\n"},
	{"inside the arguments of a call",
	 F1 G "#define CALL(a, b) g(a, b)\nint h(void)\n{\n\treturn CALL(1,\n\t\t2\n\t\t);\n}\n" F2,
	 HEAD "@@ -6,3 +6,4 @@\n \treturn CALL(1,\n+\t\t3 +\n \t\t2\n \t\t);\n"},
	{"inside a comment", F1 "/*\n * 'one\n * two\n */\n" F2,
	 HEAD "@@ -3,2 +3,3 @@\n  * 'one\n+ * \"more\n  * two\n"},
	{"after an apostrophe in a comment", F1 "/* don't */\nint k;\n" F2,
	 HEAD "@@ -2,2 +2,3 @@\n /* don't */\n+// it's\n int k;\n"},
	{"a string over two lines", F1 "const char *s = \"a\\\n/*\";\n" F2,
	 HEAD "@@ -2,2 +2,3 @@\n const char *s = \"a\\\n+b\\\n /*\";\n"},
	{"in a branch that is not compiled", F1 "#ifdef NEVER\nint n;\nint m;\n#endif\n" F2,
	 HEAD "@@ -3,2 +3,4 @@\n int n;\n+int o;\n+int p;\n int m;\n"},
	{"in the else of a branch that is not compiled",
	 "#ifdef NEVER\nint n;\nint m;\n#else\n" F1 "#endif\n" F2,
	 HEAD "@@ -2,2 +2,4 @@\n int n;\n+int o;\n+int p;\n int m;\n"},
	{"don't under #if 0", F1 "#if 0\ndon't (\n#endif\nint k;\n" F2,
	 HEAD "@@ -2,2 +2,3 @@\n #if 0\n+it's ((\n don't (\n"},
	{"unbalanced branches",
	 F1 G
	 "int h(int a)\n{\n\tif (a &&\n#ifdef NEVER\n\t    a > 1)\n#else\n\t    a > 2)\n#endif\n"
	 "\t\treturn 1;\n\treturn 0;\n}\n" F2,
	 HEAD "@@ -5,2 +5,3 @@\n \tif (a &&\n+\t    a != 7 &&\n #ifdef NEVER\n"},
	{"at the end of the file", F1 F2 "int k;\n", HEAD "@@ -6 +6,2 @@\n int k;\n+int l;\n"},
	{"a character constant", F1 "char q = '\"';\nint k;\n" F2,
	 HEAD "@@ -2,2 +2,3 @@\n char q = '\"';\n+char p = '\\'';\n int k;\n"},
	{"a macro's arguments on the next line",
	 F1 G "int h(void)\n{\n\treturn g\n\t\t(1, 2);\n}\n" F2,
	 HEAD "@@ -4,2 +4,3 @@\n {\n+\tg(1, 1);\n \treturn g\n"},
};

/* A directive inside a macro's arguments is undefined (C17 6.10.3p11), though GCC bears it. */
static void test_neutral_not_in_arguments(void **state)
{
	static const char text[] = "int h = CALL(1,\n\t2\n\t);\nint k;\n";
	static const char patch[] = HEAD "@@ -1,2 +1,3 @@\n int h = CALL(1,\n+\t3 +\n \t2\n";
	struct fix fix = {0};
	struct edit_vec edits = {0};
	scoped_free char *out = NULL;
	size_t size, neutral_size;

	assert_null(fix_parse(&fix, "t.patch", patch, strlen(patch)));
	assert_null(fix_apply(&fix.files.at[0], text, strlen(text), &out, &size, &edits));
	scoped_free char *neutral = fix_line_neutral(out, size, &edits, &neutral_size);

	assert_string_equal(neutral, "int h = CALL(1,\n\t3 +\n\t2\n\t);\n#line 4\nint k;\n");
	edit_vec_free(&edits);
	fix_free(&fix);
}

static void test_neutral(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(neutral_cases); i++) {
		print_message("  %s\n", neutral_cases[i].what);
		expect_neutral(neutral_cases[i].text, neutral_cases[i].patch);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse),
		cmocka_unit_test(test_zero_byte),
		cmocka_unit_test(test_subject),
		cmocka_unit_test(test_apply),
		cmocka_unit_test(test_apply_series),
		cmocka_unit_test(test_apply_refusals),
		cmocka_unit_test(test_neutral),
		cmocka_unit_test(test_neutral_not_in_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
