// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The proof: an "extraction" compiled beside the unit that it was taken from, and the decisions about
 * names that come before it. Each wrong extraction must be seen.
 */
#include "diff-kit.h"

#include "fate/binary.h"
#include "fate/state.h"
#include "driver/source.h"
#include "prove/prove.h"

#define FLAGS "-O2 -ffunction-sections -fdata-sections -fno-pic -mcmodel=kernel -fcf-protection=branch " \
	      "-I" SOURCE_ROOT "/include"

#define LIVEPATCH "#include <suture/livepatch.h>\n"

static const char unit[] =
	"extern void say(const char *);\n"
	"static int count;\n"
	"static const int limits[4] = { 11111111, 22222222, 33333333, 44444444 };\n"
	"int table(int i) { return limits[i & 3]; }\n"
	"static __attribute__((noinline)) int helper(int x) { count += x; return count; }\n"
	"int other(int x) { return helper(x) + helper(x + 1); }\n"
	"static inline int small(int x) { return x * 12345677; }\n"
	"int work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n\treturn helper(small(x)) + count;\n}\n";

struct proving {
	struct kit_pair pair;
	struct replacements set;
	struct resolver resolver;
	struct finding_vec findings;
	struct proof proof;
	char *original, *extraction;
};

static void add(struct replacements *set, struct model *m, const char *name)
{
	replacement_vec_push(&set->list, (struct replacement){
		.name = xstrdup(name), .new_name = xasprintf("livepatch_%s", name),
		.original = kit_entity(m, name), .why = xstrdup(""), .itself = true });
	map_put(&set->by_name, set->list.at[set->list.n - 1].name, (void *)(uintptr_t)set->list.n);
}

static void prove_text_with(struct proving *p, const char *flags, const char *original,
			    const char *function, const char *text)
{
	*p = (struct proving){ .original = kit_compile("gcc", flags, "unit.c", original),
			       .extraction = kit_compile("gcc", flags, "extraction.c", text) };
	kit_open(&p->pair, p->original, p->original);
	p->resolver = (struct resolver){ .kobject = "vmlinux", .findings = &p->findings };
	add(&p->set, p->pair.a, function);
	assert_fine(prove(&(struct prove_request){
		.reference = p->original, .model = p->pair.a, .extraction = p->extraction,
		.set = &p->set, .resolver = &p->resolver, .findings = &p->findings }, &p->proof));
}

static void prove_text(struct proving *p, const char *original, const char *function,
		       const char *text)
{
	prove_text_with(p, FLAGS, original, function, text);
}

static void proving_free(struct proving *p)
{
	kit_close(&p->pair);
	replacements_free(&p->set);
	findings_free(&p->findings);
	proof_free(&p->proof);
	free(p->original);
	free(p->extraction);
}

/* One function, of this class. */
static void assert_class(const char *original, const char *function, const char *text,
			 enum prove_class class)
{
	struct proving p;

	prove_text(&p, original, function, text);
	if (p.proof.count[class] == 0) {
		for (size_t i = 0; i < p.proof.lines.n; i++)
			print_error("%s\n", p.proof.lines.at[i]);
		findings_print(&p.findings, stderr);
	}
	assert_true(p.proof.count[class] > 0);
	for (enum prove_class c = class + 1; c < PROVE_CLASSES; c++)
		assert_int_equal(p.proof.count[c], 0);
	proving_free(&p);
}

#define HEAD LIVEPATCH "extern void say(const char *);\nextern int count;\n" \
	"SUTURE_KLP_SYM(vmlinux, count, 0);\nextern int helper(int);\nSUTURE_KLP_SYM(vmlinux, helper, 0);\n"

static void test_identical(void **state)
{
	assert_class(unit, "work", HEAD
		"static inline int small(int x) { return x * 12345677; }\nint livepatch_work(int x);\n"
		"int livepatch_work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\treturn helper(small(x)) + count;\n}\n", PROVE_IDENTICAL);
}

static void test_wrong_string(void **state)
{
	assert_class(unit, "work", HEAD
		"static inline int small(int x) { return x * 12345677; }\n"
		"int livepatch_work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"more\");\n"
		"\treturn helper(small(x)) + count;\n}\n", PROVE_UNEXPLAINED);
}

static void test_wrong_constant(void **state)
{
	assert_class(unit, "work", HEAD
		"static inline int small(int x) { return x * 12345687; }\n"
		"int livepatch_work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\treturn helper(small(x)) + count;\n}\n", PROVE_UNEXPLAINED);
}

/* A variable of the same name in the livepatch is not the kernel's. */
static void test_duplicated_state(void **state)
{
	assert_class(unit, "work", LIVEPATCH "extern void say(const char *);\n"
		"extern int helper(int);\nSUTURE_KLP_SYM(vmlinux, helper, 0);\nint count_of_mine;\n"
		"static inline int small(int x) { return x * 12345677; }\n"
		"int livepatch_work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\treturn helper(small(x)) + count_of_mine;\n}\n", PROVE_UNEXPLAINED);
}

/* The annotation names another symbol than the unit uses. */
static void test_wrong_annotation(void **state)
{
	assert_class(unit, "work", LIVEPATCH "extern void say(const char *);\nextern int count;\n"
		"SUTURE_KLP_ALIAS(count, vmlinux, limits, 0);\n"
		"extern int helper(int);\nSUTURE_KLP_SYM(vmlinux, helper, 0);\n"
		"static inline int small(int x) { return x * 12345677; }\n"
		"int livepatch_work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\treturn helper(small(x)) + count;\n}\n", PROVE_UNEXPLAINED);
}

static void test_missing_call(void **state)
{
	assert_class(unit, "work", HEAD
		"static inline int small(int x) { return x * 12345677; }\n"
		"int livepatch_work(int x)\n{\n\treturn helper(small(x)) + count;\n}\n",
		PROVE_UNEXPLAINED);
}

/* The unit has the helper in line, the livepatch calls its copy. */
static void test_helper_out_of_line(void **state)
{
	assert_class(unit, "work", HEAD
		"static __attribute__((noinline)) int small(int x) { return x * 12345677; }\n"
		"int livepatch_work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\treturn helper(small(x)) + count;\n}\n", PROVE_INLINING);
}

/* The unit calls the helper, the livepatch has a copy of it in line. */
static void test_helper_in_line(void **state)
{
	assert_class(unit, "work", LIVEPATCH "extern void say(const char *);\nextern int count;\n"
		"SUTURE_KLP_SYM(vmlinux, count, 0);\n"
		"static inline int helper(int x) { count += x; return count; }\n"
		"static inline int small(int x) { return x * 12345677; }\n"
		"int livepatch_work(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\treturn helper(small(x)) + count;\n}\n", PROVE_INLINING);
}

static void test_registers(void **state)
{
	assert_class("int work(int a, int b) { return a * 3 + b; }\n", "work",
		     "int livepatch_work(int b, int a) { return a * 3 + b; }\n", PROVE_REGISTERS);
}

/* A static function that nobody points to has no landing pad; its global copy has one. */
static void test_endbr(void **state)
{
	assert_class("static __attribute__((noinline)) int work(int a) { return a * 1234567; }\n"
		     "int caller(int a) { return work(a) + 1; }\n", "work",
		     "int livepatch_work(int a) { return a * 1234567; }\n", PROVE_ENDBR);
}

static void test_function_is_missing(void **state)
{
	struct proving p;

	prove_text(&p, unit, "work", "int something(int x) { return x; }\n");
	assert_true(p.findings.n > 0);
	assert_string_equal(p.findings.at[0].id, "M34");
	assert_int_equal(p.findings.at[0].severity, SEVERITY_REFUSAL);
	proving_free(&p);
}

/* ---- what is replaced ---- */

static const char cloned[] =
	"extern int sink(int);\n"
	"static __attribute__((noinline)) int clone(int *p, int y) { return sink(*p BY + y) + sink(y); }\n"
	"int first(int a) { int v = a; return clone(&v, 3) + 1; }\n"
	"int second(int a) { int v = a * 5; return clone(&v, 3) + 2; }\n"
	"int third(int a) { return sink(a); }\n";

/* clone() becomes clone.isra.0 or clone.constprop.0: its callers are replaced. */
static void test_callers_of_a_clone(void **state)
{
	scoped_free char *a = kit_compile("gcc", FLAGS " -DBY=+1", "clone-a.c", cloned);
	scoped_free char *b = kit_compile("gcc", FLAGS " -DBY=+2", "clone-b.c", cloned);
	struct finding_vec findings = { 0 };
	struct resolver r = { .kobject = "vmlinux", .findings = &findings };
	struct replacements set = { 0 };
	scoped_pair struct kit_pair k;

	kit_open(&k, a, b);
	replacements_of_fix(k.a, &r, &findings, &set);
	assert_int_equal(set.list.n, 2);
	assert_non_null(replacements_find(&set, "first"));
	assert_non_null(replacements_find(&set, "second"));
	assert_false(set.list.at[0].itself);
	prove_coverage(k.a, &set, &r, &findings);
	for (size_t i = 0; i < findings.n; i++)
		assert_string_not_equal(findings.at[i].id, "M34");
	replacements_free(&set);
	prove_coverage(k.a, &set, &r, &findings);
	assert_string_equal(findings.at[findings.n - 1].id, "M34");
	findings_free(&findings);
}

/* ---- decisions ---- */

struct asking {
	struct kit_pair k;
	struct finding_vec findings;
	struct resolver r;
	struct replacements set;
	struct fate_unit u;
	char *object;
};

static void ask_open(struct asking *a, const char *text, const char *function)
{
	*a = (struct asking){ .object = kit_compile("gcc", FLAGS, "asked.c", text) };
	kit_open(&a->k, a->object, a->object);
	a->r = (struct resolver){ .kobject = "vmlinux", .findings = &a->findings };
	add(&a->set, a->k.a, function);
	fate_unit_init(&a->u, a->k.a, &a->r, &a->set, NULL, &a->findings);
}

static void ask_close(struct asking *a)
{
	fate_unit_free(&a->u);
	replacements_free(&a->set);
	kit_close(&a->k);
	findings_free(&a->findings);
	free(a->object);
}

static enum fate ask(struct asking *a, struct name_question q)
{
	struct name_fate fate;

	fate_of_binary(&a->u, &q, &fate);
	assert_non_null(fate.reason);
	if (fate.fate == FATE_KLP)
		assert_non_null(fate.symbol);
	enum fate result = fate.fate;

	name_fate_free(&fate);
	return result;
}

static void test_fates_of_functions(void **state)
{
	struct asking a;

	ask_open(&a, unit, "work");
	assert_int_equal(ask(&a, (struct name_question){ .name = "work", .is_function = true,
		.defined = true, .in_unit_file = true }), FATE_REPLACE);
	assert_int_equal(ask(&a, (struct name_question){ .name = "helper", .is_function = true,
		.is_static = true, .defined = true, .in_unit_file = true }), FATE_KLP);
	assert_int_equal(ask(&a, (struct name_question){ .name = "small", .is_function = true,
		.is_static = true, .defined = true, .in_unit_file = true }), FATE_COPY);
	/* It has a symbol, and the replaced function does not need it. */
	assert_int_equal(ask(&a, (struct name_question){ .name = "table", .is_function = true,
		.defined = true, .in_unit_file = true }), FATE_COPY);
	ask_close(&a);
}

static void test_fates_of_variables(void **state)
{
	struct asking a;

	ask_open(&a, unit, "work");
	assert_int_equal(ask(&a, (struct name_question){ .name = "count", .is_static = true,
		.defined = true, .in_unit_file = true }), FATE_KLP);
	assert_int_equal(ask(&a, (struct name_question){ .name = "limits", .is_static = true,
		.defined = true, .in_unit_file = true, .is_const = true }), FATE_COPY);
	ask_close(&a);
}

static const char statics[] =
	"extern int sink(int *);\n"
	"int one(void) { static int n; return sink(&n); }\n"
	"int two(void) { static int n = 5; return sink(&n); }\n"
	"int three(void) { static _Bool ___done; static _Bool __already_done; static long other;\n"
	"\treturn ___done + __already_done + other + sink((int *)&other) + sink((int *)&___done) +\n"
	"\t\tsink((int *)&__already_done); }\n";

/* Two of one name: the one that the function uses, and not the other. */
static void test_fate_of_a_static_variable(void **state)
{
	struct name_question q = { .name = "n", .function = "two", .is_static = true, .defined = true,
				   .in_unit_file = true };
	struct name_fate fate;
	struct asking a;

	ask_open(&a, statics, "two");
	const struct entity *n = kit_used(a.k.a, "two", "n", 0);

	fate_of_binary(&a.u, &q, &fate);
	assert_int_equal(fate.fate, FATE_KLP);
	assert_string_equal(fate.symbol, n->name);
	assert_string_equal(fate.link_name, "livepatch_two_n");
	name_fate_free(&fate);
	ask_close(&a);
}

static void test_fates_of_macros(void **state)
{
	struct name_question q = { .function = "three", .is_static = true, .defined = true,
				   .in_macro = true };
	struct asking a;

	ask_open(&a, statics, "three");
	q.name = "__already_done";
	assert_int_equal(ask(&a, q), FATE_COPY);
	assert_int_equal(a.findings.n, 1);
	assert_string_equal(a.findings.at[0].id, "M21");
	q.name = "___done";
	assert_int_equal(ask(&a, q), FATE_REFUSE);
	assert_string_equal(a.findings.at[1].id, "M23");
	q.name = "other";
	assert_int_equal(ask(&a, q), FATE_REFUSE);
	assert_string_equal(a.findings.at[2].id, "M22");
	assert_int_equal(ask(&a, q), FATE_REFUSE); /* said once */
	assert_int_equal(a.findings.n, 3);
	ask_close(&a);
}

/* Inline functions of headers bring their static variables with them. */
static void test_fates_of_headers(void **state)
{
	static const char text[] =
		"extern int sink(int *);\n"
		"static inline int counted(void) { static int n; return sink(&n); }\n"
		"static inline int once(void) { static _Bool __already_done; return sink((int *)&__already_done); }\n"
		"static inline int unused(void) { static int n3; return sink(&n3); }\n"
		"static inline int table(int i) { static char values[] = { 3, 5 }; return values[i & 1]; }\n"
		"int four(int i) { return counted() + once() + table(i); }\nint five(void) { return unused(); }\n";
	struct name_question q = { .function = "counted", .name = "n", .is_static = true, .defined = true,
				   .in_header = true };
	struct asking a;

	ask_open(&a, text, "four");
	assert_int_equal(ask(&a, q), FATE_REFUSE);
	assert_int_equal(a.findings.n, 1);
	assert_string_equal(a.findings.at[0].id, "M22");
	q.function = "once";
	q.name = "__already_done";
	assert_int_equal(ask(&a, q), FATE_COPY);
	assert_int_equal(a.findings.n, 2);
	assert_string_equal(a.findings.at[1].id, "M21");
	q.function = "table";
	q.name = "values";
	assert_int_equal(ask(&a, q), FATE_COPY);
	q.function = "unused";
	q.name = "n3";
	assert_int_equal(ask(&a, q), FATE_COPY);
	assert_int_equal(a.findings.n, 2);
	ask_close(&a);
}

/* "alone": what was left open is explained, or one thing still is. */
static void test_second_look(void **state)
{
	static const char knows[] =
		"extern void say(const char *);\n"
		"static __attribute__((noinline)) void check(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\telse\n\t\tsay(\"few\");\n}\n"
		"void one(void) { check(1); }\nvoid two(void) { check(2); }\n";
	static const char text[] = LIVEPATCH
		"extern void say(const char *);\nvoid livepatch_check(int x)\n{\n\tif (x > 7)\n\t\tsay(\"much\");\n"
		"\telse\n\t\tsay(\"%s\");\n}\n";
	scoped_str struct str flags = { 0 };

	str_add(&flags, "%s", FLAGS);
	for (size_t i = 0; prove_alone_flags[i]; i++)
		str_add(&flags, " %s", prove_alone_flags[i]);
	for (int wrong = 0; wrong < 2; wrong++) {
		scoped_free char *other = xasprintf(text, wrong ? "none" : "few");
		struct proving p, q;

		prove_text(&p, knows, "check", other);
		assert_int_equal(p.proof.count[PROVE_UNEXPLAINED], 1);
		prove_text_with(&q, flags.s, knows, "check", other);
		prove_second_look(&p.proof, &q.proof);
		assert_int_equal(p.proof.count[PROVE_UNEXPLAINED], wrong);
		assert_int_equal(p.proof.count[PROVE_ALONE], !wrong);
		prove_report(&(struct prove_request){ .resolver = &p.resolver, .findings = &p.findings },
			     &p.proof);
		assert_int_equal(p.findings.n, wrong);
		assert_int_equal(findings_refuse(&p.findings), wrong);
		proving_free(&p);
		proving_free(&q);
	}
}

static void test_waived(void **state)
{
	static const char text[] = "[waive M30]\nsymbol = f\nreason = looked at\n[waive M31]\nsymbol = g\n"
				   "reason = none\n";
	struct finding_vec findings = { 0 };
	struct description d;

	assert_fine(description_parse("d", text, &d));
	finding_add(&findings, "M30", SEVERITY_REFUSAL, "vmlinux", "f", NULL, "differs");
	finding_add(&findings, "M30", SEVERITY_REFUSAL, "vmlinux", "g", NULL, "differs");
	finding_add(&findings, "M32", SEVERITY_REFUSAL, "vmlinux", "f", NULL, "does not compile");
	patch_source_waive(&d, &findings);
	assert_int_equal(findings.at[0].severity, SEVERITY_NOTE);
	assert_string_equal(findings.at[0].message, "differs; waived (d:1): looked at");
	assert_int_equal(findings.at[1].severity, SEVERITY_REFUSAL);
	assert_int_equal(findings.at[2].severity, SEVERITY_REFUSAL);
	findings_free(&findings);
	description_free(&d);
}

/* __func__ has the new name; a constant may be added or its negative be subtracted. */
#define NAMED(function, operation) \
	"extern void say(const char *);\nextern long more(int);\nlong " function "(int x) { say(__func__); " \
	"asm volatile(\"" operation ",%0\" : \"+r\"(x)); return more(x); }\n"
static void test_names_and_signs(void **state)
{
	assert_class(NAMED("work", "addl $0x6eadbef7"), "work", NAMED("livepatch_work", "subl $-0x6eadbef7"),
		     PROVE_REGISTERS);
	assert_class(NAMED("work", "addl $0x6eadbef7"), "work", NAMED("livepatch_work", "subl $-0x6eadbf17"),
		     PROVE_UNEXPLAINED);
}

/* The unit has an element of a table as a constant, the source reads the kernel's table. */
static void test_values_of_constants(void **state)
{
	static const char original[] = "static const unsigned int table[2] = { 11111111, 22222222 };\n"
				       "unsigned int at(int i) { return table[i]; }\n"
				       "unsigned int work(int i) { return i < 0 ? table[0] : at(i); }\n";
	static const char text[] = LIVEPATCH "extern const unsigned int table[2];\nSUTURE_KLP_SYM(vmlinux, table, 0);\n"
		"unsigned int livepatch_work(int i) { return i < 0 ? table[0]%s : table[i]; }\n";
	scoped_free char *right = xasprintf(text, ""), *wrong = xasprintf(text, " ^ 33333333");

	assert_class(original, "work", right, PROVE_REGISTERS);
	assert_class(original, "work", wrong, PROVE_UNEXPLAINED);
}

/* What a SYSCALL_DEFINE makes beside the entry has no name outside of its file. */
static void test_inside_of_a_system_call(void **state)
{
	static const char text[] =
		"extern long say(long);\n"
		"static __attribute__((noinline)) long __do_sys_x(long a) { return say(a); }\n"
		"long __x64_sys_x(long *r) { return __do_sys_x(r[0]); }\n"
		"long __ia32_sys_x(int *r) { return __do_sys_x(r[0]); }\n";
	struct finding_vec findings = { 0 };
	struct replacements set = { 0 };
	struct resolver r = { .kobject = "vmlinux", .findings = &findings };
	scoped_free char *object = kit_compile("gcc", FLAGS, "call.c", text);
	struct kit_pair k;

	kit_open(&k, object, object);
	assert_fine(replacements_of_function(k.a, &r, "__do_sys_x", &findings, &set));
	assert_int_equal(set.list.n, 2);
	assert_non_null(replacements_find(&set, "__x64_sys_x"));
	assert_non_null(replacements_find(&set, "__ia32_sys_x"));
	replacements_free(&set);
	kit_close(&k);
	findings_free(&findings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_identical),
		cmocka_unit_test(test_wrong_string),
		cmocka_unit_test(test_wrong_constant),
		cmocka_unit_test(test_duplicated_state),
		cmocka_unit_test(test_wrong_annotation),
		cmocka_unit_test(test_missing_call),
		cmocka_unit_test(test_helper_out_of_line),
		cmocka_unit_test(test_helper_in_line),
		cmocka_unit_test(test_registers),
		cmocka_unit_test(test_endbr),
		cmocka_unit_test(test_function_is_missing),
		cmocka_unit_test(test_callers_of_a_clone),
		cmocka_unit_test(test_fates_of_functions),
		cmocka_unit_test(test_fates_of_variables),
		cmocka_unit_test(test_fate_of_a_static_variable),
		cmocka_unit_test(test_fates_of_macros),
		cmocka_unit_test(test_fates_of_headers),
		cmocka_unit_test(test_second_look),
		cmocka_unit_test(test_waived),
		cmocka_unit_test(test_names_and_signs),
		cmocka_unit_test(test_values_of_constants),
		cmocka_unit_test(test_inside_of_a_system_call),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
