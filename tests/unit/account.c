// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Accounting for hunks, on pairs of small units that gcc compiles as the units stage does: a fix is
 * made by diff, applied, and compiled line neutrally. What stands in for the livepatch object is
 * the patched object, which has all functions, unless the case is about one that is missing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "driver/pair.h"

#define INIT "__attribute__((section(\".init.text\"))) "
#define NOINLINE "__attribute__((noinline)) "
#define INLINE "static inline __attribute__((always_inline)) "
#define GAP "\n\n\nextern int gap;\n\n\n\n"
#define EXT "int ext(int);\n"

struct expected {
	const char *file;
	enum hunk_fate fate;
	const char *functions; /* sorted, with commas between */
	const char *why;       /* must occur in it */
};

struct test_case {
	const char *name;
	const char *c, *c_after, *h, *h_after; /* unit.c, t.h */
	struct expected expect[4];
	const char *finding;   /* "ID SYMBOL" that must be there, or "": none */
	const char *livepatch; /* contents of the livepatch object, instead of the patched unit */
	const char *hidden;    /* changed function that the comparison overlooks */
	const char *flags;     /* for the patched side only */
	const char *untouched, *touched; /* init functions */
	bool no_debug, plain;
};

static const struct test_case cases[] = {
	{.name = "statement in a function",
	 .c = EXT "int f(int a)\n{\n\treturn ext(a);\n}\n" GAP
		  "int g(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "int f(int a)\n{\n\tif (a)\n\t\treturn 1;\n\treturn ext(a);\n}\n" GAP
			"int g(int a)\n{\n\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", "code in f"}},
	 .finding = ""},
	{.name = "inline function of a header",
	 .h = EXT INLINE "int h(int a)\n{\n\treturn ext(a);\n}\n",
	 .h_after = EXT INLINE "int h(int a)\n{\n\treturn ext(a + 1);\n}\n",
	 .c = "#include \"t.h\"\nint f(int a)\n{\n\treturn h(a) + 1;\n}\n\nint g(int "
	      "a)\n{\n\treturn "
	      "h(a) * 3;\n}\n\nint k(int a)\n{\n\treturn ext(a);\n}\n",
	 .expect = {{"t.h", HUNK_REPLACED, "f,g", "code in"}},
	 .finding = ""},
	{.name = "macro used by two functions",
	 .c = EXT "#define LIMIT 7\n" GAP
		  "int f(int a)\n{\n\treturn a > LIMIT;\n}\n\nint g(int a)\n{\n"
		  "\treturn ext(LIMIT);\n}\n\nint k(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT
	 "#define LIMIT 8\n" GAP "int f(int a)\n{\n\treturn a > LIMIT;\n}\n\n"
	 "int g(int a)\n{\n\treturn ext(LIMIT);\n}\n\nint k(int a)\n{\n\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f,g", "changes 2 functions through"}},
	 .finding = ""},
	{.name = "macro that nothing uses",
	 .c = EXT "#define LIMIT 7\n" GAP "int f(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "#define LIMIT 8\n" GAP "int f(int a)\n{\n\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "only definitions and declarations"}},
	 .finding = ""},
	{.name = "type of a structure member",
	 .c = EXT "struct s {\n\tint a;\n\tint b;\n};\n" GAP
		  "int f(struct s *s)\n{\n\treturn ext(s->b);\n}\n",
	 .c_after = EXT "struct s {\n\tint a;\n\tshort b;\n};\n" GAP
			"int f(struct s *s)\n{\n\treturn ext(s->b);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", "changes 1 function through"}},
	 .finding = ""},
	{.name = "comments and blank lines beside a fixed function",
	 .c = EXT "/* Old. */\nint k(int a)\n{\n\treturn ext(a);\n}\n" GAP
		  "int f(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT
	 "/*\n * New:\n * f() { return; }\n */\n\nint k(int a)\n{\n\treturn ext(a);\n}\n" GAP
	 "int f(int a)\n{\n\treturn ext(a + 1);\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "only comments"},
		    {"unit.c", HUNK_REPLACED, "f", ""}},
	 .finding = ""},
	{.name = "layout",
	 .c = EXT "int f(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "int f(int a)\n{\n\treturn\n\t\text( a );\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "only the layout"}},
	 .finding = ""},
	{.name = "code that the configuration leaves out",
	 .c = EXT "int f(int a)\n{\n#ifdef CONFIG_NO\n\ta = ext(1);\n#endif\n\treturn ext(a);\n}\n",
	 .c_after = EXT
	 "int f(int a)\n{\n#ifdef CONFIG_NO\n\ta = ext(2);\n#endif\n\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "under \"#ifdef CONFIG_NO\""}},
	 .finding = ""},
	{.name = "function that the configuration leaves out, and one that is there",
	 .c = EXT "#ifdef CONFIG_NO\nint n(int a)\n{\n\treturn ext(a);\n}\n#else\nint y(int a)\n{\n"
		  "\treturn ext(a);\n}\n#endif\n",
	 .c_after = EXT "#ifdef CONFIG_NO\nint n(int a)\n{\n\treturn ext(a + 1);\n}\n#else\n"
			"int y(int a)\n{\n\treturn ext(a + 1);\n}\n#endif\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "under \"#ifdef CONFIG_NO\""},
		    {"unit.c", HUNK_REPLACED, "y", ""}},
	 .finding = ""},
	{.name = "unused static function",
	 .c = EXT "static inline int u(int a)\n{\n\treturn ext(a);\n}\n\nint f(int a)\n{\n\treturn "
		  "ext(a);\n}\n",
	 .c_after =
		 EXT "static inline int u(int a)\n{\n\treturn ext(a + 1);\n}\n\nint f(int a)\n{\n"
		     "\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "no code of u in this configuration"}},
	 .finding = ""},
	{.name = "debug message without code",
	 .c = EXT "#define pr_debug(...)\nint f(int a)\n{\n\tpr_debug(\"old\");\n"
		  "\treturn ext(a);\n}\n",
	 .c_after = EXT "#define pr_debug(...)\nint f(int a)\n{\n\tpr_debug(\"new\");\n"
			"\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "",
		     "before in f; no code in this configuration: pr_debug"}},
	 .finding = ""},
	{.name = "renamed variable",
	 .c = EXT "int f(int a)\n{\n\tint x = ext(a);\n\treturn x + 1;\n}\n",
	 .c_after = EXT "int f(int a)\n{\n\tint y = ext(a);\n\treturn y + 1;\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "the same instructions as before in f"}},
	 .finding = ""},
	{.name = "later line of a statement",
	 .c = EXT "int many(int, int, int);\nint f(int a)\n{\n\treturn many(a,\n\t\t    1,\n\t\t   "
		  " 2);\n}\n",
	 .c_after = EXT "int many(int, int, int);\nint f(int a)\n{\n\treturn many(a,\n\t\t    1,\n"
			"\t\t    3);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""}},
	 .finding = ""},
	{.name = "new function before others, whose lines get the same numbers",
	 .c = EXT
	 "int a1(int a)\n{\n\treturn ext(a);\n}\n\nint k(int a)\n{\n\treturn ext(a) + 1;\n}\n\n"
	 "int l(int a)\n{\n\treturn ext(a) + 2;\n}\n" GAP
	 "int f(int a)\n{\n\treturn ext(a);\n}\n" GAP "int k2(int a)\n{\n\treturn ext(a) + 8;\n}\n",
	 .c_after = EXT
	 "int a1(int a)\n{\n\treturn ext(a);\n}\n\nstatic " NOINLINE "int n(int a)\n{\n"
	 "\tif (ext(a))\n\t\treturn ext(7);\n\tif (ext(a + 1))\n\t\treturn ext(8);\n"
	 "\treturn 0;\n}\n\nint k(int a)\n{\n\treturn ext(a) + 1;\n}\n\n"
	 "int l(int a)\n{\n\treturn ext(a) + 2;\n}\n" GAP "int f(int a)\n{\n\treturn n(a);\n}\n" GAP
	 "int k2(int a)\n{\n\treturn ext(a) + 9;\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "n", ""},
		    {"unit.c", HUNK_REPLACED, "f", ""},
		    {"unit.c", HUNK_REPLACED, "k2", ""}},
	 .finding = ""},
	{.name = "the same without line neutrality",
	 .plain = true,
	 .c = EXT "int k(int a)\n{\n\treturn ext(a) + 1;\n}\n" GAP
		  "int f(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "static " NOINLINE "int n(int a)\n{\n\treturn ext(8) + a;\n}\n\n"
			"int k(int a)\n{\n\treturn ext(a) + 1;\n}\n" GAP
			"int f(int a)\n{\n\treturn n(a) + 1;\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "n", ""}, {"unit.c", HUNK_REPLACED, "f", ""}},
	 .finding = ""},
	{.name = "new function that nothing needs",
	 .livepatch = "int other;",
	 .c = EXT "int k(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "static __attribute__((used)) int n(int a)\n{\n\treturn ext(a + 1);\n}\n\n"
			"int k(int a)\n{\n\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "uses the new n"}},
	 .finding = ""},
	{.name = "removed function",
	 .c = EXT NOINLINE "int r(int a)\n{\n\treturn ext(a) + 1;\n}\n" GAP
			   "int f(int a)\n{\n\treturn r(a);\n}\n",
	 .c_after = EXT GAP "int f(int a)\n{\n\treturn ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_NO_CODE, "", "no longer has r"},
		    {"unit.c", HUNK_REPLACED, "f", ""}},
	 .finding = ""},
	{.name = "init function",
	 .touched = "i",
	 .c = EXT INIT
	 "int i(int a)\n{\n\treturn ext(a);\n}\n\nint f(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after =
		 EXT INIT "int i(int a)\n{\n\treturn ext(a + 1);\n}\n\nint f(int a)\n{\n\treturn "
			  "ext(a);\n}\n",
	 .expect = {{"unit.c", HUNK_REFUSED, "", "init code, which has run (S1): i"}},
	 .finding = ""},
	{.name = "init function and its neighbour in one hunk",
	 .touched = "i",
	 .c = EXT INIT "int i(int a)\n{\n\treturn ext(a);\n}\nint f(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT INIT "int i(int a)\n{\n\treturn ext(a + 1);\n}\nint f(int b)\n{\n\treturn "
			     "ext(b + 2);\n}\n",
	 .expect = {{"unit.c", HUNK_REFUSED, "f", "init code, which has run (S1): i"}},
	 .finding = ""},
	{.name = "helper inlined into an init function and another",
	 .untouched = "i",
	 .c = EXT INLINE
	 "int h(int a)\n{\n\treturn ext(a);\n}\n\n" INIT
	 "int i(int a)\n{\n\treturn h(a) + 1;\n}\n\nint f(int a)\n{\n\treturn h(a) + 2;\n}\n",
	 .c_after = EXT INLINE
	 "int h(int a)\n{\n\treturn ext(a + 1);\n}\n\n" INIT
	 "int i(int a)\n{\n\treturn h(a) + 1;\n}\n\nint f(int a)\n{\n\treturn h(a) + 2;\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""}},
	 .finding = ""},
	{.name = "helper inlined into an init function only",
	 .touched = "i",
	 .c = EXT INLINE "int h(int a)\n{\n\treturn ext(a);\n}\n\n" INIT
			 "int i(int a)\n{\n\treturn h(a) + 1;\n}\n",
	 .c_after = EXT INLINE "int h(int a)\n{\n\treturn ext(a + 1);\n}\n\n" INIT
			       "int i(int a)\n{\n\treturn h(a) + 1;\n}\n",
	 .expect = {{"unit.c", HUNK_REFUSED, "", "S1"}},
	 .finding = ""},
	{.name = "macro in an init function and another",
	 .untouched = "i",
	 .touched = "never_seen",
	 .c = EXT "#define LIMIT 7\n" GAP INIT "int i(int a)\n{\n\treturn ext(LIMIT);\n}\n\n"
		  "int f(int a)\n{\n\treturn a > LIMIT;\n}\n",
	 .c_after = EXT "#define LIMIT 8\n" GAP INIT "int i(int a)\n{\n\treturn ext(LIMIT);\n}\n\n"
			"int f(int a)\n{\n\treturn a > LIMIT;\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", "through this definition"}},
	 .finding = ""},
	{.name = "changed function that is not in the livepatch",
	 .livepatch = "int livepatch_f(int a) { return a; }",
	 .c = EXT "int f(int a)\n{\n\treturn ext(a);\n}\n" GAP
		  "int g(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "int f(int a)\n{\n\treturn ext(a + 1);\n}\n" GAP
			"int g(int a)\n{\n\treturn ext(a + 2);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""},
		    {"unit.c", HUNK_LOST, "", "not in the livepatch: g"}},
	 .finding = "A1 g"},
	{.name = "functions that the compiler folds into one",
	 .c = EXT "int f(int a)\n{\n\treturn ext(a);\n}\n" GAP
		  "int g(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "int f(int a)\n{\n\treturn ext(a + 1);\n}\n" GAP
			"int g(int a)\n{\n\treturn ext(a + 1);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""}, {"unit.c", HUNK_REPLACED, "g", ""}},
	 .finding = ""},
	{.name = "changed function that the comparison overlooks",
	 .hidden = "g",
	 .c = EXT "int f(int a)\n{\n\treturn ext(a);\n}\n" GAP "int g(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "int f(int a)\n{\n\treturn ext(a + 1);\n}\n" GAP
			"int g(int a)\n{\n\treturn ext(a + 2);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""},
		    {"unit.c", HUNK_LOST, "", "not in the livepatch: g"}},
	 .finding = "A1 g"},
	{.name = "lines of an inline function that each survive in one caller only",
	 .c = EXT INLINE "int h(int k, int a)\n{\n\tif (k)\n\t\treturn ext(a);\n\n\n\n\n\n\n"
			 "\treturn ext(a + 7);\n}\n\nint f(int a)\n{\n\treturn h(1, a) + 1;\n}\n\n"
			 "int g(int a)\n{\n\treturn h(0, a) + 1;\n}\n",
	 .c_after = EXT INLINE "int h(int k, int a)\n{\n\tif (k)\n\t\treturn ext(a + 1);\n\n\n\n\n\n\n"
			       "\treturn ext(a + 8);\n}\n\nint f(int a)\n{\n\treturn h(1, a) + 1;\n}\n\n"
			       "int g(int a)\n{\n\treturn h(0, a) + 1;\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""}, {"unit.c", HUNK_REPLACED, "g", ""}},
	 .finding = ""},
	{.name = "function that changes without a hunk",
	 .flags = "-DEXTRA",
	 .c = EXT
	 "#ifdef EXTRA\n#define MORE 1\n#else\n#define MORE 0\n#endif\n" GAP
	 "int f(int a)\n{\n\treturn ext(a);\n}\n\nint g(int a)\n{\n\treturn ext(a) + MORE;\n}\n",
	 .c_after = EXT
	 "#ifdef EXTRA\n#define MORE 1\n#else\n#define MORE 0\n#endif\n" GAP
	 "int f(int a)\n{\n\treturn ext(a + 1);\n}\n\nint g(int a)\n{\n\treturn ext(a) + "
	 "MORE;\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""}},
	 .finding = "A2 g"},
	{.name = "without debug information",
	 .no_debug = true,
	 .c = EXT "int f(int a)\n{\n\treturn ext(a);\n}\n" GAP
		  "int g(int a)\n{\n\treturn ext(a);\n}\n",
	 .c_after = EXT "int f(int a)\n{\n\treturn ext(a + 1);\n}\n" GAP
			"int g(int a)\n{\n\treturn ext(a + 2);\n}\n",
	 .expect = {{"unit.c", HUNK_REPLACED, "f", ""}, {"unit.c", HUNK_REPLACED, "g", ""}},
	 .finding = "A3 "},
};

/* ---- making a pair ---- */

struct work {
	char *dir;
	struct fix fix;
	struct unit_vec units;
	struct pair_vec pairs;
	struct ptr_vec written;
	struct hunk_account_vec result;
	struct finding_vec findings;
};

static void must(struct error *err)
{
	if (err)
		fail_msg("%s %s", err->id, err->message);
}

static void run(const char *command, int most)
{
	const char *const argv[] = {"sh", "-c", command, NULL};
	const struct process p = {.argv = argv};
	scoped_process_result struct process_result r = {0};

	must(process_run(&p, &r));
	if (r.status > most)
		fail_msg("%s\n%s", command, r.output);
}

static void put(const struct work *w, const char *side, const char *name, const char *text)
{
	scoped_free char *path = xasprintf("%s/%s/%s", w->dir, side, name);

	if (text)
		must(write_file(path, text, strlen(text)));
}

/* The patched text as the units stage gives it to the compiler. */
static void put_patched(const struct work *w, const struct fix_file *file, bool plain)
{
	scoped_free char *from = xasprintf("%s/a/%s", w->dir, file->path);
	scoped_free char *text = NULL, *patched = NULL;
	SCOPED(edit_vec_free) struct edit_vec edits = {0};
	size_t size, patched_size, n;

	must(read_file(from, &text, &size));
	must(fix_apply(file, text, size, &patched, &patched_size, &edits));
	scoped_free char *neutral = fix_line_neutral(patched, patched_size, &edits, &n);

	put(w, "p", file->path, plain ? patched : neutral);
}

static char *compile(const struct work *w, const char *side, const char *name, const char *flags,
		     const struct test_case *t)
{
	char *object = xasprintf("%s/%s-%s.o", w->dir, side, name);
	scoped_free char *command = xasprintf("cd %s/%s && gcc %s -O2 -ffunction-sections "
					      "-fdata-sections -fno-asynchronous-unwind-tables "
					      "-fcf-protection=none %s -c -o %s %s.c",
					      w->dir, side, t->no_debug ? "-g0" : "-g",
					      flags ? flags : "", object, name);

	run(command, 0);
	return object;
}

static void make_fix(struct work *w, const struct test_case *t)
{
	scoped_free char *patch = path_join(w->dir, "test.patch");
	scoped_free char *command = xasprintf("cd %s && diff -U1 -r -p a b > test.patch", w->dir);
	char *const paths[] = {patch};

	run(command, 1);
	must(fix_read(paths, 1, &w->fix));
	for (size_t i = 0; i < w->fix.files.n; i++)
		put_patched(w, &w->fix.files.at[i], t->plain);
}

static void make_unit(struct work *w, const struct test_case *t)
{
	struct unit u = {.source = xstrdup("unit.c"),
			 .object_name = xstrdup("unit.o"),
			 .kobject = xstrdup("vmlinux"),
			 .plain = t->plain};
	struct pair p = {0};

	str_vec_push(&u.files, xstrdup("unit.c"));
	str_vec_push(&u.files, xstrdup("t.h"));
	u.original = compile(w, "a", "unit", NULL, t);
	u.patched = compile(w, "p", "unit", t->flags, t);
	unit_vec_push(&w->units, u);
	must(object_read(u.original, &p.original));
	must(object_read(u.patched, &p.patched));
	must(model_new(p.original, &w->findings, &p.a));
	must(model_new(p.patched, &w->findings, &p.b));
	correlate(p.a, p.b);
	compare(p.a, p.b);
	for (size_t i = 0; t->hidden && i < p.b->entities.n; i++)
		if (streq(p.b->entities.at[i]->name, t->hidden))
			p.b->entities.at[i]->change = UNCHANGED;
	pair_vec_push(&w->pairs, p);
	if (t->livepatch) {
		put(w, "a", "livepatch.c", t->livepatch);
		ptr_vec_push(&w->written, compile(w, "a", "livepatch", NULL, t));
	} else {
		ptr_vec_push(&w->written, xstrdup(u.patched));
	}
}

static void work_begin(struct work *w)
{
	must(temp_dir_new("test", &w->dir));
	for (const char *const *d = (const char *const[]) {"a", "b", "p", NULL}; *d; d++) {
		scoped_free char *path = path_join(w->dir, *d);

		must(make_dirs(path));
	}
}

static void work_end(struct work *w)
{
	for (size_t i = 0; i < w->pairs.n; i++)
		pair_close(&w->pairs.at[i]);
	pair_vec_free(&w->pairs);
	units_free(&w->units);
	for (size_t i = 0; i < w->written.n; i++)
		free(w->written.at[i]);
	ptr_vec_free(&w->written);
	hunk_accounts_free(&w->result);
	findings_free(&w->findings);
	fix_free(&w->fix);
	temp_dir_remove(&w->dir);
}

static void account(struct work *w)
{
	scoped_free char *a = path_join(w->dir, "a");

	must(pairs_account(&w->fix, a, &w->pairs, &w->units, &w->written, &w->result,
			   &w->findings));
}

/* ---- checking ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *joined(struct str_vec *names)
{
	struct str out = {0};

	str_add(&out, "%s", "");
	if (names->n)
		qsort(names->at, names->n, sizeof(*names->at), by_text);
	for (size_t i = 0; i < names->n; i++)
		str_add(&out, "%s%s", i ? "," : "", (char *)names->at[i]);
	return out.s;
}

static void check_hunk(const struct expected *e, struct hunk_account *a)
{
	scoped_free char *functions = joined(&a->functions);

	if (!streq(e->file, a->file->path) || e->fate != a->fate || !strstr(a->why, e->why) ||
	    !streq(e->functions, functions))
		fail_msg("%s hunk %zu: %s [%s] %s\n expected %s: %s [%s] %s", a->file->path,
			 a->hunk + 1, hunk_fate_name(a->fate), functions, a->why, e->file,
			 hunk_fate_name(e->fate), e->functions, e->why);
}

static void check_findings(const struct finding_vec *list, const char *expect)
{
	bool found = !*expect;

	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->at[i];
		scoped_free char *text = xasprintf("%s %s", f->id, f->symbol ? f->symbol : "");

		if (!streq(text, expect))
			fail_msg("unexpected finding %s: %s", text, f->message);
		found = true;
	}
	if (!found)
		fail_msg("no finding %s", expect);
}

static void test_case(void **state)
{
	const struct test_case *t = *state;
	struct work w = {0};
	size_t n = 0;

	work_begin(&w);
	put(&w, "a", "unit.c", t->c);
	put(&w, "b", "unit.c", t->c_after ? t->c_after : t->c);
	put(&w, "p", "unit.c", t->c);
	put(&w, "a", "t.h", t->h);
	put(&w, "b", "t.h", t->h_after);
	make_fix(&w, t);
	make_unit(&w, t);
	account(&w);
	for (; n < ARRAY_SIZE(t->expect) && t->expect[n].file; n++)
		if (n < w.result.n)
			check_hunk(&t->expect[n], &w.result.at[n]);
	assert_int_equal(n, w.result.n);
	check_findings(&w.findings, t->finding);
	if (t->touched)
		assert_true(account_touches_function(&w.result, t->touched));
	if (t->untouched)
		assert_false(account_touches_function(&w.result, t->untouched));
	work_end(&w);
}

/* A file that no unit reads: what an earlier stage said about it counts, silence does not. */
static void test_file_without_unit(void **state)
{
	static const char patch[] = "--- a/doc.txt\n+++ b/doc.txt\n@@ -1 +1 @@\n-a\n+b\n"
				    "--- a/Makefile\n+++ b/Makefile\n@@ -1 +1 @@\n-a\n+b\n"
				    "--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\n+b\n";
	struct work w = {0};

	must(fix_parse(&w.fix, "p", patch, strlen(patch)));
	finding_add(&w.findings, "U7", SEVERITY_NOTE, NULL, NULL, "p:1", "doc.txt: no code");
	finding_add(&w.findings, "U8", SEVERITY_REFUSAL, NULL, NULL, "p:6", "Makefile: the build");
	must(pairs_account(&w.fix, "/nowhere", &w.pairs, &w.units, &w.written, &w.result,
			   &w.findings));
	assert_int_equal(w.result.n, 3);
	assert_int_equal(w.result.at[0].fate, HUNK_NO_CODE);
	assert_string_equal(w.result.at[0].why, "no code (U7)");
	assert_int_equal(w.result.at[1].fate, HUNK_REFUSED);
	assert_int_equal(w.result.at[2].fate, HUNK_LOST);
	assert_string_equal(w.findings.at[2].id, "A1");
	hunk_accounts_free(&w.result);
	findings_free(&w.findings);
	fix_free(&w.fix);
}

/* What another rule refuses about data and types: the hunk says so. */
static void check_refused(const char *before, const char *after, const char *id, const char *symbol,
			  const char *why)
{
	const struct test_case t = {.c = before, .c_after = after};
	struct work w = {0};

	work_begin(&w);
	put(&w, "a", "unit.c", t.c);
	put(&w, "b", "unit.c", t.c_after);
	make_fix(&w, &t);
	make_unit(&w, &t);
	finding_add(&w.findings, id, SEVERITY_REFUSAL, "vmlinux", symbol, NULL, "changed");
	account(&w);
	assert_int_equal(w.result.n, 1);
	assert_int_equal(w.result.at[0].fate, HUNK_REFUSED);
	assert_string_equal(w.result.at[0].why, why);
	work_end(&w);
}

static void test_refused_by_others(void **state)
{
	check_refused(EXT "int value = 3;\nint f(int a)\n{\n\treturn a + value;\n}\n",
		      EXT "int value = 4;\nint f(int a)\n{\n\treturn a + value;\n}\n", "S2",
		      "value", "changes the data value (S2)");
	check_refused(EXT "struct s {\n\tint a;\n\tint b;\n};\nint f(struct s *s)\n{\n\treturn "
			  "ext(s->b);\n}\n",
		      EXT "struct s {\n\tlong a;\n\tint b;\n};\nint f(struct s *s)\n{\n\treturn "
			  "ext(s->b);\n}\n",
		      "S3", "struct s", "changes the type struct s (S3)");
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(cases) + 2] = {
		cmocka_unit_test(test_file_without_unit),
		cmocka_unit_test(test_refused_by_others),
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		tests[i + 2] = (struct CMUnitTest) {.name = cases[i].name,
						    .test_func = test_case,
						    .initial_state = (void *)&cases[i]};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
