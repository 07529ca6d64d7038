// SPDX-License-Identifier: GPL-2.0-or-later
/* Livepatch objects written without a target: what is in them, how they reach the rest. */
#include "diff-kit.h"

#include "base/file.h"
#include "diff/closure.h"
#include "diff/policy.h"

#define KERNEL "-O2 -fno-pic -mcmodel=kernel -ffunction-sections -fdata-sections "
#define TRACED KERNEL "-pg -mfentry -mrecord-mcount"
#define EXT "extern int ext(int), say(const char *, ...);\n"
#define NOINLINE "__attribute__((noinline)) "

struct written {
	struct kit_pair k;
	struct replaced_vec replaced;
	struct object *out; /* NULL: refused */
};

static void write_pair(struct written *w, const char *flags, const char *before, const char *after,
		       const char *kobject, const struct exports *exports)
{
	scoped_free char *a = kit_compile("gcc-12", flags, "before.c", before);
	scoped_free char *b = kit_compile("gcc-12", flags, "after.c", after);
	scoped_free char *path = kit_path("out.o");
	struct map names = { 0 };
	struct closure_stats stats = { 0 };
	bool written;

	*w = (struct written){ 0 };
	assert_fine(remove_tree(path));
	kit_open(&w->k, a, b);
	struct resolver resolver = { .kobject = kobject, .exports = exports,
				     .findings = &w->k.findings };
	struct closure_request rq = { .original = w->k.a, .patched = w->k.b, .resolver = &resolver,
				      .source = "after.c", .names = &names,
				      .replaced = &w->replaced, .findings = &w->k.findings };

	policy_for_gone(w->k.b, &resolver, NULL, NULL, &w->k.findings);
	assert_fine(closure_write(&rq, path, &stats, &written));
	assert_int_equal(written, path_exists(path));
	if (written)
		assert_fine(object_read(path, &w->out));
	map_free(&names);
}

static void written_free(struct written *w)
{
	object_free(w->out);
	replaced_free(&w->replaced);
	kit_close(&w->k);
}

static bool has_symbol(const struct object *o, const char *name)
{
	for (size_t i = 1; i < o->nsymbols; i++)
		if (streq(o->symbols[i].name, name))
			return true;
	return false;
}

static void assert_refused(struct written *w, const char *id)
{
	scoped_free char *report = kit_report(&w->k);

	if (w->out)
		fail_msg("written, not refused with %s:\n%s", id, report);
	for (size_t i = 0; i < w->k.findings.n; i++)
		if (streq(w->k.findings.at[i].id, id) &&
		    w->k.findings.at[i].severity == SEVERITY_REFUSAL)
			return;
	fail_msg("no %s:\n%s", id, report);
}

static const char before[] = EXT
	"static int state; int shared = 3; static const int table[] = { 1, 2, 3, 4, 5, 6, 7 };"
	"static " NOINLINE "int helper(int a) { return ext(a) + state++; }"
	NOINLINE "int f(int a) { return helper(a) + shared + table[a]; }"
	"int g(int a) { return f(a) * 2; }";
static const char after[] = EXT
	"static int state; int shared = 3; static const int table[] = { 1, 2, 3, 4, 5, 6, 7 };"
	"static " NOINLINE "int helper(int a) { return ext(a) + state++; }"
	"static " NOINLINE "int added(int a) { static int calls; return say(\"new %d\", calls += a); }"
	NOINLINE "int f(int a) { return helper(added(a)) + shared + table[a]; }"
	"int g(int a) { return f(a) * 2; }";

static void by_name(void **state)
{
	SCOPED(written_free) struct written w;

	write_pair(&w, TRACED, before, after, "vmlinux", NULL);
	assert_non_null(w.out);
	assert_int_equal(w.replaced.n, 1);
	assert_string_equal(w.replaced.at[0].name, "f");
	assert_string_equal(w.replaced.at[0].symbol, "livepatch_f");
	assert_true(has_symbol(w.out, "livepatch_f"));
	assert_true(has_symbol(w.out, "added"));
	assert_true(has_symbol(w.out, "calls.0"));
	assert_true(has_symbol(w.out, "__fentry__"));
	assert_true(has_symbol(w.out, ".klp.ref.vmlinux/vmlinux.helper,0"));
	assert_true(has_symbol(w.out, ".klp.ref.vmlinux/vmlinux.shared,0"));
	assert_true(has_symbol(w.out, ".klp.ref.vmlinux/vmlinux.table,0"));
	assert_true(has_symbol(w.out, ".klp.ref.vmlinux/vmlinux.say,0"));
	assert_false(has_symbol(w.out, ".klp.ref.vmlinux/vmlinux.state,0")); /* only helper needs it */
	assert_false(has_symbol(w.out, "g"));
	assert_non_null(object_section(w.out, "__mcount_loc"));
	assert_int_equal(object_section(w.out, "__mcount_loc")->size, 2 * 8);
}

static void of_a_module(void **state)
{
	static const char text[] = "0x1\tsay\tvmlinux\tEXPORT_SYMBOL\t\n";
	scoped_free char *path = kit_path("Module.symvers");
	SCOPED(written_free) struct written w;
	struct exports exports;

	assert_fine(write_file(path, text, strlen(text)));
	assert_fine(exports_read(path, &exports));
	write_pair(&w, TRACED, before, after, "ext4", &exports);
	assert_non_null(w.out);
	assert_true(has_symbol(w.out, "say"));
	assert_true(has_symbol(w.out, ".klp.ref.ext4/ext4.helper,0"));
	assert_string_equal(w.replaced.at[0].kobject, "ext4");
	exports_free(&exports);
}

/* A constant without a name that changed goes along with the function that reads it. */
static void unnamed_constant(void **state)
{
	SCOPED(written_free) struct written w;

	write_pair(&w, TRACED,
		   EXT "int f(int a) { static const char *const t[] = { \"ab\", \"cd\", \"ef\" };"
		       " say(t[a]); double d[] = { 1.5, 2, 3, 4, 5, 6, 7, 8, 9 }; return ext((long)d); }",
		   EXT "int f(int a) { static const char *const t[] = { \"ab\", \"cd\", \"ef\" };"
		       " say(t[a]); double d[] = { 2.5, 2, 3, 4, 5, 6, 7, 8, 9 }; return ext((long)d); }",
		   "vmlinux", NULL);
	assert_non_null(w.out);
	assert_int_equal(w.replaced.n, 1);
}

static void refused(void **state)
{
	static const struct {
		const char *id, *flags, *before, *after;
	} cases[] = {
		{ "F1", KERNEL, "int f(int a) { return a + 1; }", "int f(int a) { return a + 2; }" },
		{ "S2", TRACED, "int v = 1; int f(int a) { return a + v; }",
		  "int v = 2; int f(int a) { return a - v; }" },
		{ "S1", TRACED,
		  "__attribute__((section(\".init.text\"))) int i(int a) { return a + 1; }",
		  "__attribute__((section(\".init.text\"))) int i(int a) { return a + 2; }" },
		{ "D5", TRACED,
		  EXT "int f(int a) { asm volatile(\"1: .pushsection strange,\\\"a\\\"; .quad 1b; .popsection\");"
		      "return ext(a); }",
		  EXT "int f(int a) { asm volatile(\"1: .pushsection strange,\\\"a\\\"; .quad 1b; .popsection\");"
		      "return ext(a + 1); }" },
		/* found by the fuzzer: a jump to code that nothing names */
		{ "D5", TRACED,
		  EXT "asm(\".section .text.g,\\\"ax\\\"; lost: ret; .text\");"
		      "int f(int a) { asm volatile(\"jmp lost\"); return ext(a); }",
		  EXT "asm(\".section .text.g,\\\"ax\\\"; lost: ret; .text\");"
		      "int f(int a) { asm volatile(\"jmp lost\"); return ext(a + 1); }" },
		{ "X11", TRACED,
		  EXT "int f(int a) { asm volatile(\"1: nop; .pushsection runtime_ptr_x,\\\"a\\\"; "
		      ".long 1b - .; .popsection\"); return ext(a); }",
		  EXT "int f(int a) { asm volatile(\"1: nop; .pushsection runtime_ptr_x,\\\"a\\\"; "
		      ".long 1b - .; .popsection\"); return ext(a + 1); }" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		SCOPED(written_free) struct written w;

		write_pair(&w, cases[i].flags, cases[i].before, cases[i].after, "vmlinux", NULL);
		assert_refused(&w, cases[i].id);
	}
}

static void nothing_changed(void **state)
{
	SCOPED(written_free) struct written w;

	write_pair(&w, TRACED, before, before, "vmlinux", NULL);
	assert_null(w.out);
	assert_int_equal(w.k.findings.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_name),	    cmocka_unit_test(of_a_module),
		cmocka_unit_test(unnamed_constant), cmocka_unit_test(refused),
		cmocka_unit_test(nothing_changed),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
