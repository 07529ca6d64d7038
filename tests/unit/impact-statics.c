// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Static variables that compilers keep no storage for, because nothing writes or reads them: provoked,
 * shown to be real in the objects, and found.
 */
#include "impact-kit.h"

#include "diff/folded.h"
#include "impact/statics.h"

static const struct folded {
	const char *effect; /* begins so */
	const char *users[3]; /* in whose code it shows */
	const char *other;  /* function that uses the variable with the fix only */
	enum compilers compilers;
	const char *text, *fix, *rest; /* fix: the access that was missing */
} folded[] = {
	{ "never-written static v: ", { "g", "h" }, "f", ALL,
	  "static int v = 3;\nint g(int x) { return x * v; }\nint h(int x) { return x + v; }\n"
	  "int other(int x) { return x - 3; }\nint z;\n"
	  "void f(int x) {", " v = x;", " z = x; }\n" },
	{ "never-read static v: ", { "g", "h" }, "f", ALL,
	  "static int v;\nvoid work(int);\nvoid g(int x) { work(x); v = x; }\n"
	  "void h(int x) { work(2); v = x + 1; }\nvoid other(int x) { work(x - 3); }\n"
	  "int f(int x) {", " x += v;", " return x; }\n" },
};

static bool is_user(const struct folded *f, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->users) && f->users[i]; i++)
		if (streq(f->users[i], name))
			return true;
	return false;
}

static bool has_data(const struct model *m, const char *name)
{
	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.at[i]->kind == ENTITY_DATA && streq(m->entities.at[i]->name, name))
			return true;
	return false;
}

/* A fix with the missing access changes all users, and they say why; nobody else changes. */
static void check_folded_by_fix(const char *cc, const struct folded *f)
{
	scoped_free char *before = xasprintf("%s%s", f->text, f->rest);
	scoped_free char *after = xasprintf("%s%s%s", f->text, f->fix, f->rest);
	scoped_free char *a = kit_compile(cc, "-O2 -ffunction-sections", "old.c", before);
	scoped_free char *b = kit_compile(cc, "-O2 -ffunction-sections", "new.c", after);
	scoped_pair struct kit_pair k = { 0 };

	kit_open(&k, a, b);
	/* It is real: no storage, and storage with the fix. */
	assert_false(has_data(k.a, "v"));
	assert_true(has_data(k.b, "v"));
	folded_explain(k.b, before);
	for (size_t i = 0; i < k.a->entities.n; i++) {
		const struct entity *e = k.a->entities.at[i];

		if (e->kind != ENTITY_FUNCTION || streq(e->name, f->other))
			continue;
		assert_int_equal(e->change, is_user(f, e->name) ? CHANGED : UNCHANGED);
		if (is_user(f, e->name) && !starts_with(e->why, f->effect))
			fail_msg("%s: %s: %s", cc, e->name, e->why);
	}
}

/* Asked before there is a fix: which variables they are, and who uses them. */
static void check_folded_by_question(const char *cc, const struct folded *f)
{
	SCOPED(statics_free) struct static_use_vec list = { 0 };
	scoped_free char *text = xasprintf("%s%s", f->text, f->rest);
	struct str_vec argv;
	struct variant_source s = make_source(cc, text, &argv);
	size_t users = 0;
	bool known;

	assert_fine(statics_find(&s, &list, &known));
	assert_int_equal(known, !s.clang);
	for (size_t i = 0; i < list.n; i++) {
		assert_string_equal(list.at[i].variable, "v");
		assert_true(starts_with(list.at[i].effect, f->effect));
		users += is_user(f, list.at[i].user);
	}
	assert_int_equal(list.n, known ? 2 : 0);
	assert_int_equal(users, list.n);
	source_done(&s, &argv);
}

static void folded_statics_are_found(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(folded); i++)
		for (size_t k = 0; k < ARRAY_SIZE(compilers); k++)
			if (folded[i].compilers & compilers[k].bit) {
				check_folded_by_fix(compilers[k].program, &folded[i]);
				check_folded_by_question(compilers[k].program, &folded[i]);
			}
}

/* What the source says of a variable. */
static void statics_of_the_source(void **state)
{
	static const char text[] =
		"static int a, *b;\nint c;\nstatic struct s d __read_mostly = { .e = 1 };\n"
		"static int f(int g)\n{\n\tstatic bool once;\n\tif (a == 1 && once)\n"
		"\t\td.e[1] |= 2;\n\t++*b;\n\treturn c = g;\n}\n";
	static const struct {
		const char *name;
		bool declared, assigned;
	} names[] = { { "a", true, false }, { "b", true, false }, { "c", false, true },
		      { "d", true, true },  { "g", false, false }, { "once", true, false },
		      { "nce", false, false } };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_has_static(text, names[i].name) != names[i].declared ||
		    text_assigns(text, names[i].name) != names[i].assigned)
			fail_msg("%s", names[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folded_statics_are_found),
		cmocka_unit_test(statics_of_the_source),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
