// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The verifier's own eyes, on objects that are compiled here: what it takes for changed, which numbered
 * variable it takes for which, positions as livepatch counts them, hashes.
 */
#include <string.h>

#include "base/file.h"
#include "diff-kit.h"
#include "verify/kernel.h"
#include "verify/verify.h"

#define NOIPA "__attribute__((noipa)) "
#define FLAGS "-O2 -ffunction-sections -fdata-sections"

struct two {
	struct object *o, *p;
	struct model *a, *b;
	struct finding_vec findings;
};

static void open_with(struct two *t, const char *flags, const char *before, const char *after, const struct fix *fix)
{
	scoped_free char *a = kit_compile("cc", flags, "before.c", before);
	scoped_free char *b = kit_compile("cc", flags, "after.c", after);

	*t = (struct two){ 0 };
	assert_fine(object_read(a, &t->o));
	assert_fine(object_read(b, &t->p));
	assert_fine(model_new(t->o, &t->findings, &t->a));
	assert_fine(model_new(t->p, &t->findings, &t->b));
	pair_models(t->a, t->b, fix);
}

static void open_two(struct two *t, const char *before, const char *after)
{
	open_with(t, FLAGS, before, after, NULL);
}

static void close_two(struct two *t)
{
	model_free(t->a);
	model_free(t->b);
	object_free(t->o);
	object_free(t->p);
	findings_free(&t->findings);
}
#define scoped_two SCOPED(close_two)

static enum change change_of(struct two *t, const char *name)
{
	return kit_entity(t->b, name)->change;
}

static const char before[] =
	"int ext(const char *); int shared;"
	"int same(int a) { return ext(\"same\") + a; }"
	"int number(int a) { return a * 5 + shared; }"
	"int text(void) { return ext(\"old\"); }"
	"int callee(void) { return ext(\"callee\") + 1; }"
	"int calls(void) { return callee() + 3; }";

static void what_changes(void **state)
{
	static const char after[] =
		"int ext(const char *); int shared;"
		"int fresh(int a) { return ext(\"fresh\") + a; }"
		"int same(int a) { return ext(\"same\") + a; }"
		"int number(int a) { return a * 6 + shared; }"
		"int text(void) { return ext(\"new\"); }"
		"int callee(void) { return ext(\"callee\") + 1; }"
		"int calls(void) { return callee() + fresh(3); }";
	scoped_two struct two t;

	open_two(&t, before, after);
	assert_int_equal(change_of(&t, "same"), UNCHANGED);
	assert_int_equal(change_of(&t, "number"), CHANGED);
	assert_int_equal(change_of(&t, "text"), CHANGED);
	assert_int_equal(change_of(&t, "callee"), UNCHANGED);
	assert_int_equal(change_of(&t, "calls"), CHANGED);
	assert_int_equal(change_of(&t, "fresh"), NEW);
	assert_int_equal(change_of(&t, "shared"), UNCHANGED);
}

static void nothing_changes(void **state)
{
	scoped_two struct two t;

	open_two(&t, before, before);
	for (size_t i = 0; i < t.b->entities.n; i++)
		assert_int_equal(t.b->entities.at[i]->change, UNCHANGED);
}

/* The fix puts another variable of that name first: numbers move, the variables do not. */
static void numbered_variables(void **state)
{
	static const char old[] = "int f(void) { static int count; return ++count; }"
				  "int g(void) { static int count; return count += 2; }";
	static const char new[] = "int e(void) { static int count; return count += 3; }"
				  "int f(void) { static int count; return ++count; }"
				  "int g(void) { static int count; return (count += 2) + 9; }";
	scoped_two struct two t;

	open_two(&t, old, new);
	assert_int_equal(change_of(&t, "f"), UNCHANGED);
	assert_int_equal(change_of(&t, "g"), CHANGED);
	assert_ptr_equal(kit_used(t.b, "f", "count", 0)->twin, kit_used(t.a, "f", "count", 0));
	assert_ptr_equal(kit_used(t.b, "g", "count", 0)->twin, kit_used(t.a, "g", "count", 0));
	assert_int_equal(kit_used(t.b, "e", "count", 0)->change, NEW);
}

/* Two of a name in one function that changed: nobody can say which is which. */
static void undecided(void **state)
{
	static const char old[] = "int f(int a) { if (a) { static int n; return ++n; }"
				  "{ static int n; return n += 2; } }";
	static const char new[] = "int f(int a) { if (!a) { static int n; return n += 2; }"
				  "{ static int n; return n += 7; } }";
	scoped_two struct two t;
	bool ambiguous = false;

	open_two(&t, old, new);
	for (size_t i = 0; i < t.b->entities.n; i++)
		ambiguous |= t.b->entities.at[i]->ambiguous;
	assert_true(ambiguous);
}

static void changed_data(void **state)
{
	static const char old[] = "int limit = 3; static const int t[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };"
				  "int f(int a) { return t[a] + limit; }";
	static const char new[] = "int limit = 4; static const int t[] = { 1, 2, 3, 4, 5, 6, 7, 8, 0 };"
				  "int f(int a) { return t[a] + limit; }";
	scoped_two struct two t;

	open_two(&t, old, new);
	assert_int_equal(change_of(&t, "limit"), CHANGED);
	assert_int_equal(change_of(&t, "t"), CHANGED);
	assert_int_equal(change_of(&t, "f"), UNCHANGED);
}

/* A module counts in the order of its symbol table, 0 wants the only one. */
static void positions(void **state)
{
	scoped_free char *a = kit_compile("cc", FLAGS, "one.c", NOIPA "static int s(void) { return 1; }"
					  "int one(void) { return s(); } int only;");
	scoped_free char *b = kit_compile("cc", FLAGS, "two.c", NOIPA "static int s(void) { return 2; }"
					  "int two(void) { return s(); }");
	scoped_free char *both = kit_path("both.o"), *why = NULL;
	scoped_free char *link = xasprintf("ld -r -o %s %s %s", both, a, b);
	scoped_image struct image *im = NULL;

	kit_run(link);
	assert_fine(image_open("both", both, &im));
	assert_non_null(livepatch_lookup(im, "only", 0, &why));
	assert_null(livepatch_lookup(im, "only", 2, &why));
	assert_non_null(strstr(why, "position 2"));
	free(why);
	assert_null(livepatch_lookup(im, "nobody", 0, &why));
	free(why);
	assert_null(livepatch_lookup(im, "s", 0, &why));
	free(why);
	const struct image_symbol *first = livepatch_lookup(im, "s", 1, &why);
	const struct image_symbol *second = livepatch_lookup(im, "s", 2, &why);

	assert_non_null(first);
	assert_non_null(second);
	assert_true(first->index < second->index);
}

static void names(void **state)
{
	static const char *const bad[] = { ".klp.sym.", ".klp.sym.vmlinux", ".klp.sym.vmlinux.x",
					   ".klp.sym.vmlinux.x,", ".klp.sym..x,0", ".klp.sym.vmlinux.,0",
					   ".klp.sym.vmlinux.x,1a", "x" };
	SCOPED(klp_name_free) struct klp_name n = { 0 };

	assert_true(klp_name_parse(".klp.sym.nf_tables.f.isra.0,12", &n));
	assert_string_equal(n.object, "nf_tables");
	assert_string_equal(n.name, "f.isra.0");
	assert_int_equal(n.position, 12);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct klp_name m;

		if (klp_name_parse(bad[i], &m))
			fail_msg("%s was accepted", bad[i]);
		klp_name_free(&m);
	}
}

/* The examples of FIPS 180-4's standard test vectors. */
static void hashes(void **state)
{
	char text[65];

	sha256_text("abc", 3, text);
	assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256_text("", 0, text);
	assert_string_equal(text, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256_text("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56, text);
	assert_string_equal(text, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static size_t ambiguous(const struct two *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->b->entities.n; i++)
		n += t->b->entities.at[i]->ambiguous;
	return n;
}

/* The same, but it is known where they are declared; not where the fix was at work. */
static void declared(void **state)
{
	static const char old[] = "#line 1 \"x.c\"\nint f(int a) { if (a) {\nstatic int n;\nreturn ++n; }\n{\n"
				  "static int n;\nreturn n += 2; } }\n";
	static const char new[] = "#line 1 \"x.c\"\nint f(int a) { if (a > 5) {\nstatic int n;\nreturn n += 3; }\n{\n"
				  "static int n;\nreturn n += 7; } }\n";
	struct hunk hunk = { .old_start = 1, .old_count = 7, .new_start = 1, .new_count = 7 };
	struct fix_file file = { .path = (char *)"x.c", .rounds = 1, .hunks = { &hunk, 1, 1 } };
	struct fix fix = { .files = { &file, 1, 1 } };
	scoped_two struct two known, touched, bare;

	open_with(&known, FLAGS " -g", old, new, NULL);
	open_with(&touched, FLAGS " -g", old, new, &fix);
	open_two(&bare, old, new);
	assert_int_equal(ambiguous(&known), 0);
	assert_int_equal(ambiguous(&touched), 2);
	assert_int_equal(ambiguous(&bare), 2);
	/* the lines are in the order of the numbers, here */
	for (size_t i = 0; i < known.b->entities.n; i++)
		if (known.b->entities.at[i]->kind == ENTITY_DATA)
			assert_string_equal(known.b->entities.at[i]->name, known.b->entities.at[i]->twin->name);
}

/* Constants are known by their contents; variables are not. */
static void contents(void **state)
{
	static const char old[] = "int ext(const char *); int f(int a) { if (a) { static const char n[] = \"one\";"
				  "return ext(n); } { static const char n[] = \"two\"; return ext(n) + 1; } }";
	static const char new[] = "int ext(const char *); int f(int a) { if (!a) { static const char n[] = \"two\";"
				  "return ext(n) + 5; } { static const char n[] = \"one\"; return ext(n) + 7; } }";
	scoped_two struct two t;

	open_two(&t, old, new);
	assert_int_equal(ambiguous(&t), 0);
	for (size_t i = 0; i < t.b->entities.n; i++) {
		struct entity *e = t.b->entities.at[i];

		if (e->kind != ENTITY_DATA)
			continue;
		assert_non_null(e->twin);
		assert_memory_equal(e->section->data + e->start, e->twin->section->data + e->twin->start, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_changes),	      cmocka_unit_test(nothing_changes),
		cmocka_unit_test(numbered_variables), cmocka_unit_test(undecided),
		cmocka_unit_test(changed_data),	      cmocka_unit_test(positions),
		cmocka_unit_test(names),	      cmocka_unit_test(hashes),
		cmocka_unit_test(declared),	      cmocka_unit_test(contents),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
