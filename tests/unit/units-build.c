// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a fix to compiled pairs, in a small tree that looks like a kernel that the user built:
 * recorded .cmd files, in-tree or with absolute paths. The real compiler runs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/classify.h"
#include "units/command.h"
#include "units/headers.h"
#include "units/units.h"

struct world {
	char *dir; /* scratch: tree/, cache/, work/ */
	char *tree, *work;
	struct target target;
	struct fix fix;
	struct unit_vec units;
	struct finding_vec findings;
};

static void put(const struct world *w, const char *path, const char *text)
{
	scoped_free char *full = path_join(w->tree, path);
	scoped_free char *dir = path_dirname(full);

	assert_null(make_dirs(dir));
	assert_null(write_file(full, text, strlen(text)));
}

/* Records a command as Kbuild does; more: added options; deps: files that it reads. */
static void record(const struct world *w, const char *dir, const char *name, const char *prefix,
		   const char *more, const char *deps)
{
	scoped_free char *path = xasprintf("%s/.%s.o.cmd", dir, name);
	scoped_free char *text = xasprintf(
		"savedcmd_%s/%s.o := gcc -Wp,-MMD,%s/.%s.o.d -nostdinc -I%sarch/x86/include "
		"-I%sinclude -fmacro-prefix-map=%s= -O2 -g -Wall -Werror "
		"-Werror=implicit-function-declaration %s -c -o %s/%s.o %s%s/%s.c "
		" ; ./tools/objtool/objtool --orc %s/%s.o\n\n"
		"source_%s/%s.o := %s%s/%s.c\n\ndeps_%s/%s.o := \\\n  %s \\\n\n",
		dir, name, dir, name, prefix, prefix, prefix, more, dir, name, prefix, dir, name,
		dir, name, dir, name, prefix, dir, name, dir, name, deps);

	put(w, path, text);
}

static const char module[] = "-DMODULE '-DKBUILD_MODNAME=\"mod-x\"'";

static void make_tree(struct world *w, const char *prefix)
{
	scoped_free char *x_dep = xasprintf("%sdrv/sub/../x.h", prefix);
	scoped_free char *core_dep = xasprintf("%sinclude/core.h", prefix);

	put(w, "include/core.h", "static inline int core(int a)\n{\n\treturn a + 1;\n}\n");
	put(w, "drv/x.h", "static inline int x(int a)\n{\n\treturn a * 3;\n}\n");
	put(w, "drv/sub/b.c",
	    "#include \"../x.h\"\nint b(int);\nint b(int a)\n{\n\treturn x(a);\n}\n");
	put(w, "mm/a.c",
	    "#include <core.h>\nint a(int);\nint line(void);\nint a(int i)\n{\n"
	    "\treturn core(i);\n}\nint line(void)\n{\n\treturn __LINE__;\n}\n");
	put(w, "mm/c.c", "#include <core.h>\nint c;\n");
	put(w, "mm/off.c", "int off;\n");
	record(w, "drv/sub", "b", prefix, module, x_dep);
	record(w, "mm", "a", prefix, "", core_dep);
	record(w, "mm", "c", prefix, "", core_dep);
}

static void world_new(struct world *w, bool absolute)
{
	*w = (struct world) {0};
	assert_null(temp_dir_new("units-test", &w->dir));
	w->tree = path_join(w->dir, "tree");
	w->work = path_join(w->dir, "work");
	assert_null(make_dirs(w->work));
	w->target = (struct target) {.name = "build:test",
				     .srctree = w->tree,
				     .objtree = w->tree,
				     .cc = "gcc",
				     .user_build = true};
	w->target.dir = path_join(w->dir, "cache");
	scoped_free char *prefix = absolute ? xasprintf("%s/", w->tree) : xstrdup("./");

	make_tree(w, prefix);
}

static void world_free(struct world *w)
{
	units_free(&w->units);
	findings_free(&w->findings);
	fix_free(&w->fix);
	free(w->target.dir);
	free(w->tree);
	free(w->work);
	temp_dir_remove(&w->dir);
}

static uint64_t tree_state;

static int add_state(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	tree_state =
		tree_state * 31 + st->st_ino + st->st_size + st->st_mtim.tv_nsec + strlen(path);
	return 0;
}

static uint64_t state_of(const char *dir)
{
	tree_state = 0;
	nftw(dir, add_state, 16, FTW_PHYS);
	return tree_state;
}

/* Builds a fix; the tree must be as it was. */
static struct error *build(struct world *w, const char *patch)
{
	uint64_t before = state_of(w->tree);
	struct error *err;

	units_free(&w->units);
	findings_free(&w->findings);
	fix_free(&w->fix);
	assert_null(remove_tree(w->work));
	assert_null(make_dirs(w->work));
	assert_null(fix_parse(&w->fix, "t.patch", patch, strlen(patch)));
	err = units_build(&w->target, &w->fix, w->work, &w->units, &w->findings);
	assert_true(before == state_of(w->tree));
	if (err)
		print_message("  %s: %s\n", err->id, err->message);
	findings_print(&w->findings, stdout);
	return err;
}

static bool has_finding(const struct world *w, const char *id, enum severity severity,
			const char *says)
{
	for (size_t i = 0; i < w->findings.n; i++)
		if (streq(w->findings.at[i].id, id) && w->findings.at[i].severity == severity &&
		    strstr(w->findings.at[i].message, says))
			return true;
	return false;
}

static const char patch_x[] = "--- a/drv/x.h\n+++ b/drv/x.h\n@@ -2,3 +2,3 @@\n {\n"
			      "-\treturn a * 3;\n+\treturn a * 5;\n }\n";
static const char patch_a[] = "--- a/mm/a.c\n+++ b/mm/a.c\n@@ -5,3 +5,5 @@\n {\n+\tif (i > 7)\n"
			      "+\t\ti = 7;\n \treturn core(i);\n }\n";

/* "../x.h" through a link would read the tree's own header and find nothing changed. */
static void header_by_dotdot(bool absolute)
{
	struct world w;

	world_new(&w, absolute);
	assert_null(build(&w, patch_x));
	assert_int_equal(w.units.n, 1);
	assert_string_equal(w.units.at[0].source, "drv/sub/b.c");
	assert_string_equal(w.units.at[0].kobject, "mod_x");
	assert_true(w.units.at[0].via_header);
	assert_false(w.units.at[0].identical);
	assert_string_equal(w.units.at[0].files.at[0], "drv/x.h");
	assert_int_equal(w.findings.n, 0);
	world_free(&w);
}

static void test_header_by_dotdot(void **state)
{
	header_by_dotdot(false);
}

static void test_header_by_dotdot_absolute(void **state)
{
	header_by_dotdot(true);
}

static void test_unit_and_cache(void **state)
{
	struct world w;
	struct stat first, again, changed;

	world_new(&w, false);
	assert_null(build(&w, patch_a));
	assert_int_equal(w.units.n, 1);
	assert_string_equal(w.units.at[0].kobject, "vmlinux");
	assert_false(w.units.at[0].via_header || w.units.at[0].identical);
	assert_int_equal(stat(w.units.at[0].original, &first), 0);
	assert_null(build(&w, patch_a));
	assert_int_equal(stat(w.units.at[0].original, &again), 0);
	assert_true(first.st_ino == again.st_ino && w.units.at[0].compile_cpu > 0);
	/* the user edits a file that the original was made from */
	put(&w, "include/core.h", "static inline int core(int a)\n{\n\treturn a + 100;\n}\n");
	assert_null(build(&w, patch_a));
	assert_int_equal(stat(w.units.at[0].original, &changed), 0);
	assert_true(changed.st_ino != first.st_ino);
	world_free(&w);
}

/* One file of two changes code; the other unit of the header drops out. Comments change nothing. */
static void test_headers(void **state)
{
	struct world w;

	world_new(&w, false);
	assert_null(build(
		&w, "--- a/include/core.h\n+++ b/include/core.h\n@@ -2,3 +2,4 @@\n {\n+\ta++;\n"
		    " \treturn a + 1;\n }\n"));
	assert_int_equal(w.units.n, 1);
	assert_string_equal(w.units.at[0].source, "mm/a.c");
	assert_null(build(&w, "--- a/include/core.h\n+++ b/include/core.h\n@@ -2,3 +2,4 @@\n {\n"
			      "+\t/* x */\n \treturn a + 1;\n }\n"));
	assert_int_equal(w.units.n, 0);
	assert_true(has_finding(&w, "U14", SEVERITY_NOTE, "2 units compiled"));
	units_limit = 1;
	assert_null(build(
		&w, "--- a/include/core.h\n+++ b/include/core.h\n@@ -2,3 +2,4 @@\n {\n+\ta++;\n"
		    " \treturn a + 1;\n }\n"));
	units_limit = 64;
	assert_true(has_finding(&w, "U6", SEVERITY_REFUSAL, "2 units of the target"));
	world_free(&w);
}

static void test_line_neutral(void **state)
{
	struct world w;

	world_new(&w, false);
	assert_null(build(&w,
			  "--- a/mm/a.c\n+++ b/mm/a.c\n@@ -1,3 +1,5 @@\n #include <core.h>\n+\n+\n"
			  " int a(int);\n int line(void);\n"));
	assert_true(w.units.at[0].identical);
	assert_true(has_finding(&w, "U14", SEVERITY_NOTE, "no code changes"));
	/* two names made of equal line numbers clash: the plain text must be taken */
	put(&w, "mm/c.c",
	    "#define C2(a, b) a##b\n#define C(a, b) C2(a, b)\n"
	    "#define UNIQUE int C(name, __LINE__) = 3\nUNIQUE;\nUNIQUE;\n");
	assert_null(build(
		&w, "--- a/mm/c.c\n+++ b/mm/c.c\n@@ -3,3 +3,4 @@\n"
		    " #define UNIQUE int C(name, __LINE__) = 3\n UNIQUE;\n+UNIQUE;\n UNIQUE;\n"));
	assert_int_equal(w.units.n, 1);
	assert_false(w.units.at[0].identical);
	assert_true(has_finding(&w, "U9", SEVERITY_NOTE, "line neutrality"));
	world_free(&w);
}

static void test_does_not_compile(void **state)
{
	struct world w;

	world_new(&w, false);
	assert_null(build(&w,
			  "--- a/mm/a.c\n+++ b/mm/a.c\n@@ -5,3 +5,3 @@\n {\n-\treturn core(i);\n"
			  "+\treturn gone(i);\n }\n"));
	assert_int_equal(w.units.n, 0);
	assert_true(has_finding(&w, "U4", SEVERITY_REFUSAL, "mm/a.c:6:"));
	assert_true(has_finding(&w, "U4", SEVERITY_REFUSAL, "implicit declaration"));
	put(&w, "mm/c.c", "#include <core.h>\nint c\n");
	assert_null(build(
		&w, "--- a/mm/c.c\n+++ b/mm/c.c\n@@ -1,2 +1,3 @@\n #include <core.h>\n+int d;\n"
		    " int c\n"));
	assert_true(has_finding(&w, "U3", SEVERITY_REFUSAL, "unchanged unit"));
	world_free(&w);
}

static void test_refusals(void **state)
{
	struct world w;

	world_new(&w, false);
	assert_null(
		build(&w, "--- a/mm/off.c\n+++ b/mm/off.c\n@@ -1 +1 @@\n-int off;\n+int on;\n"));
	assert_true(has_finding(&w, "U1", SEVERITY_NOTE, "mm/off.c"));
	assert_true(has_finding(&w, "U2", SEVERITY_REFUSAL, "nothing to do"));
	assert_null(build(&w, "--- a/arch/x86/lib/memcpy_64.S\n+++ b/arch/x86/lib/memcpy_64.S\n"
			      "@@ -1 +1 @@\n-a\n+b\n"));
	assert_true(has_finding(&w, "F2", SEVERITY_REFUSAL, "assembly"));
	assert_null(build(&w, "--- /dev/null\n+++ b/mm/new.c\n@@ -0,0 +1 @@\n+int a;\n"));
	assert_true(has_finding(&w, "P7", SEVERITY_REFUSAL, "adds a C file"));
	assert_null(build(&w, "--- a/mm/off.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-int off;\n"));
	assert_true(has_finding(&w, "P7", SEVERITY_REFUSAL, "deletes the file"));
	scoped_error struct error *err =
		build(&w, "--- a/mm/none.c\n+++ b/mm/none.c\n@@ -1 +1 @@\n-a\n+b\n");

	assert_string_equal(err->id, "P5");
	record(&w, "mm", "a", "./", "-DMODULE '-DKBUILD_MODNAME=\"one:two\"'", "include/core.h");
	assert_null(build(&w, patch_a));
	assert_true(has_finding(&w, "U5", SEVERITY_REFUSAL, "one:two"));
	world_free(&w);
}

static void test_created_header(void **state)
{
	struct world w;

	world_new(&w, false);
	assert_null(build(&w, "--- /dev/null\n+++ b/mm/new/n.h\n@@ -0,0 +1 @@\n+#define N 5\n"
			      "--- a/mm/a.c\n+++ b/mm/a.c\n@@ -1,2 +1,3 @@\n #include <core.h>\n"
			      "+#include \"new/n.h\"\n int a(int);\n@@ -5,3 +6,3 @@\n {\n"
			      "-\treturn core(i);\n+\treturn core(i) + N;\n }\n"));
	assert_int_equal(w.units.n, 1);
	assert_int_equal(w.units.at[0].files.n, 2);
	world_free(&w);
}

static void test_no_compiler(void **state)
{
	struct world w;

	world_new(&w, false);
	put(&w, "mm/.a.o.cmd", "cmd_mm/a.o := no-such-gcc-99 -I./include -c -o mm/a.o mm/a.c\n");
	scoped_error struct error *err = build(&w, patch_a);

	assert_string_equal(err->id, "U10");
	assert_non_null(strstr(err->message, "no-such-gcc-99"));
	world_free(&w);
}

/* A header that code beside the kernel reads too: only a change of that code's object matters. */
static void test_header_of_vdso(void **state)
{
	static const char patch[] = "--- a/include/core.h\n+++ b/include/core.h\n@@ -1,4 +1,4 @@\n"
				    " static inline int core(int a)\n {\n-\treturn a + 1;\n"
				    "+\treturn a + 2;\n }\n";
	struct world w;

	world_new(&w, false);
	put(&w, "arch/x86/entry/vdso/t.c", "#include <core.h>\nint t;\n");
	record(&w, "arch/x86/entry/vdso", "t", "./", "", "./include/core.h");
	assert_null(build(&w, patch));
	assert_false(has_finding(&w, "F2", SEVERITY_REFUSAL, "t.c"));
	assert_int_equal(w.units.n, 1);
	put(&w, "arch/x86/entry/vdso/t.c",
	    "#include <core.h>\nint t(void);\nint t(void)\n{\n\treturn core(1);\n}\n");
	assert_null(build(&w, patch));
	assert_true(has_finding(&w, "F2", SEVERITY_REFUSAL, "changed header"));
	/* Boot code that cannot be compiled by itself is said, not silently left out. */
	put(&w, "arch/x86/boot/g.c", "#include <core.h>\n#include \"generated.h\"\n");
	record(&w, "arch/x86/boot", "g", "./", "", "./include/core.h");
	assert_null(build(&w, patch));
	assert_true(has_finding(&w, "U3", SEVERITY_NOTE, "not looked at"));
	world_free(&w);
}

static void test_classify(void **state)
{
	static const struct {
		const char *path;
		enum file_kind kind;
		const char *id;
	} cases[] = {
		{"net/ipv4/tcp.c", FILE_UNIT, NULL},
		{"include/net/tcp.h", FILE_HEADER, NULL},
		{"arch/x86/entry/vdso/vclock_gettime.c", FILE_REFUSED, "F2"},
		{"arch/x86/entry/vdso/vma.c", FILE_UNIT, NULL},
		{"arch/x86/realmode/init.c", FILE_UNIT, NULL},
		{"arch/x86/realmode/rm/wakemain.c", FILE_REFUSED, "F2"},
		{"arch/x86/lib/copy_page_64.S", FILE_REFUSED, "F2"},
		{"arch/x86/kernel/vmlinux.lds.S", FILE_REFUSED, "U8"},
		{"arch/x86/boot/compressed/misc.c", FILE_REFUSED, "F2"},
		{"arch/x86/kernel/i8259.c", FILE_UNIT, NULL},
		{"arch/arm64/kernel/setup.c", FILE_NOTHING, "U12"},
		{"arch/xtensa/kernel/setup.c", FILE_NOTHING, "U12"},
		{"net/Kconfig", FILE_REFUSED, "U8"},
		{"net/ipv4/Makefile", FILE_REFUSED, "U8"},
		{"Kbuild", FILE_REFUSED, "U8"},
		{"Documentation/x.rst", FILE_NOTHING, "U7"},
		{"tools/perf/Makefile", FILE_NOTHING, "U7"},
		{"rust/kernel/lib.rs", FILE_REFUSED, "U13"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct file_class *class = file_classify(cases[i].path);

		print_message("  %s\n", cases[i].path);
		assert_int_equal(class->kind, cases[i].kind);
		if (cases[i].id)
			assert_string_equal(class->id, cases[i].id);
	}
}

static void test_paths(void **state)
{
	static const char *const cases[][2] = {{"a//b/./c/../d", "a/b/d"},
					       {"../a", "../a"},
					       {"/../a/", "/a"},
					       {"a/..", "."},
					       {"a/../../b", "../b"}};
	struct str_vec deps = {0};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_free char *got = path_normalize(cases[i][0]);

		assert_string_equal(got, cases[i][1]);
	}
	deps_parse("a.o: b.c \\\n c\\ d.h\\\n  e.h\n", &deps);
	assert_int_equal(deps.n, 3);
	assert_string_equal(deps.at[1], "c d.h");
	assert_string_equal(deps.at[2], "e.h");
	str_vec_free_all(&deps);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header_by_dotdot),
		cmocka_unit_test(test_header_by_dotdot_absolute),
		cmocka_unit_test(test_unit_and_cache),
		cmocka_unit_test(test_headers),
		cmocka_unit_test(test_line_neutral),
		cmocka_unit_test(test_does_not_compile),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_created_header),
		cmocka_unit_test(test_no_compiler),
		cmocka_unit_test(test_header_of_vdso),
		cmocka_unit_test(test_classify),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
