// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptions: what is read, and that everything else is an error with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "description/description.h"
#include "module/module.h"

static void parse(const char *text, struct description *d)
{
	struct error *err = description_parse("fix/d.livepatch", text, d);

	if (err)
		print_error("%s\n", err->message);
	assert_null(err);
}

static void test_everything(void **state)
{
	struct description d;

	parse("# a comment\n"
	      "\n"
	      "[livepatch]\n"
	      "name = my_fix-2\n"
	      "replace=no\r\n"
	      "  code\t=  hooks.c  \n"
	      "init = begin\n"
	      "exit = finish\n"
	      "[object vmlinux]\n"
	      "pre_patch = a\n"
	      "post_unpatch = b\n"
	      "[ object  nf_tables ]\n"
	      "post_patch = c\n"
	      "pre_unpatch = c\n"
	      "[state 0x10]\n"
	      "version = 3\n"
	      "[state 2]\n"
	      "version = 0", &d);
	assert_string_equal(d.name, "my_fix-2");
	assert_int_equal(d.replace, 0);
	assert_string_equal(d.code, "fix/hooks.c");
	assert_string_equal(d.init, "begin");
	assert_string_equal(d.exit, "finish");
	assert_int_equal(d.objects.n, 2);
	assert_string_equal(d.objects.at[0].name, "vmlinux");
	assert_string_equal(d.objects.at[0].callbacks[PRE_PATCH], "a");
	assert_null(d.objects.at[0].callbacks[POST_PATCH]);
	assert_string_equal(d.objects.at[0].callbacks[POST_UNPATCH], "b");
	assert_string_equal(d.objects.at[1].name, "nf_tables");
	assert_int_equal(d.objects.at[1].line, 12);
	assert_int_equal(d.states.n, 2);
	assert_int_equal(d.states.at[0].id, 16);
	assert_int_equal(d.states.at[0].version, 3);
	description_free(&d);
}

static void test_together(void **state)
{
	struct description d;

	parse("[together lock]\nfunctions = take \t give\n[together count]\nfunctions = a b c\n", &d);
	assert_int_equal(d.groups.n, 2);
	assert_string_equal(d.groups.at[0].name, "lock");
	assert_int_equal(d.groups.at[0].functions.n, 2);
	assert_string_equal(d.groups.at[0].functions.at[0], "take");
	assert_string_equal(d.groups.at[0].functions.at[1], "give");
	assert_string_equal(d.groups.at[1].functions.at[2], "c");
	description_free(&d);
}

static void test_nothing(void **state)
{
	struct description d;

	parse("", &d);
	assert_null(d.name);
	assert_int_equal(d.replace, -1);
	description_free(&d);
}

/* Each text and what its error must say. */
static const struct {
	const char *text, *says;
} wrong[] = {
	{ "name = x\n", ":1: 'name' before the first section" },
	{ "[livepatch]\nnmae = x\n",
	  ":2: unknown key 'nmae'; this section has: name, replace, code, init, exit" },
	{ "[object vmlinux]\nversion = 1\n", ":2: unknown key 'version'" },
	{ "[livepatch]\nname = x\nname = y\n", ":3: a second 'name'" },
	{ "[livepatch]\n[livepatch]\n", ":2: a second [livepatch]" },
	{ "[patch]\n", ":1: unknown section [patch]" },
	{ "[livepatch\n", ":1: no ']'" },
	{ "[\n", ":1: no ']'" },
	{ "[]\n", ":1: unknown section []" },
	{ "[livepatch x]\n", ":1: [livepatch] takes no argument" },
	{ "[object]\n", ":1: [object] needs an argument" },
	{ "[object nf-tables]\n", ":1: 'nf-tables' is not the name of an object" },
	{ "[object a/b]\n", ":1: 'a/b' is not the name of an object" },
	{ "\n[object a]\n[object a]\n", ":3: object a is in line 2 already" },
	{ "[state 1]\nversion = 1\n[state 01]\nversion = 2\n", ":3: state 01 is in line 1 already" },
	{ "[state 1]\n", ":1: this section needs 'version'" },
	{ "[state 1]\n[livepatch]\n", ":1: this section needs 'version'" },
	{ "[state one]\nversion = 1\n", ":1: 'one' is not a number" },
	{ "[state -1]\nversion = 1\n", ":1: '-1' is not a number" },
	{ "[state 99999999999999999999]\nversion = 1\n", "is not a number" },
	{ "[state 1]\nversion = 4294967296\n", ":2: '4294967296' is not a number" },
	{ "[together a]\n", ":1: this section needs 'functions'" },
	{ "[together a]\nfunctions = f\n", ":2: a single function has nothing" },
	{ "[together a]\nfunctions = f g-h\n", ":2: 'g-h' is not the name of a function" },
	{ "[together a]\nfunctions = f g\n[together a]\n", ":3: together a is in line 1 already" },
	{ "[livepatch]\nreplace = maybe\n", ":2: replace is yes or no" },
	{ "[livepatch]\nname =\n", ":2: 'name' has no value" },
	{ "[livepatch]\nname = a b\n", ":2: 'a b' cannot be the name of a module" },
	{ "[livepatch]\nname = ../x\n", ":2: '../x' cannot be" },
	{ "[livepatch]\nname = -x\n", ":2: '-x' cannot be" },
	{ "[livepatch]\nname = main\n", ":2: 'main' cannot be" },
	{ "[livepatch]\nname = a2345678901234567890123456789012345678901234567890123456\n",
	  "cannot be the name of a module" },
	{ "[livepatch]\ncode = x.o\n", ":2: code names a C file" },
	{ "[livepatch]\ncode = a\"b.c\n", ":2: code names a C file" },
	{ "[livepatch]\ninit = 3x\n", ":2: '3x' is not the name of a function" },
	{ "[livepatch]\ninit = a(b)\n", ":2: 'a(b)' is not the name" },
	{ "[livepatch]\njust words\n", ":2: neither [section] nor key = value" },
	{ "[livepatch]\ninit = begin\n", "the function 'begin' needs a file" },
	{ "[object vmlinux]\npre_unpatch = p\n", "the function 'p' needs a file" },
};

static void test_wrong(void **state)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct description d;
		scoped_error struct error *err = description_parse("d", wrong[i].text, &d);

		if (!err || !strstr(err->message, wrong[i].says))
			print_error("%s gives: %s\n", wrong[i].text, err ? err->message : "nothing");
		assert_non_null(err);
		assert_string_equal(err->id, "L1");
		assert_non_null(strstr(err->message, wrong[i].says));
		description_free(&d);
	}
}

static void test_nul(void **state)
{
	static const char text[] = "[livepatch]\n\0name = x\n";
	scoped_temp_dir char *dir = NULL;
	struct description d;

	assert_null(temp_dir_new("description", &dir));
	scoped_free char *path = path_join(dir, "d");

	assert_null(write_file(path, text, sizeof(text) - 1));
	scoped_error struct error *err = description_read(path, &d);

	assert_non_null(err);
	assert_string_equal(err->id, "L1");
	description_free(&d);
}

/* Whatever is in the file: an error or a description, and no crash. */
static void test_damaged(void **state)
{
	static const char good[] = "[livepatch]\nname = x\nreplace = no\ncode = c.c\ninit = begin\n"
				   "[object vmlinux]\npre_patch = a\n[state 3]\nversion = 4\n";
	unsigned int seed = 1, errors = 0;

	for (unsigned int round = 0; round < 20000; round++) {
		char text[sizeof(good)];
		struct description d;

		memcpy(text, good, sizeof(good));
		for (unsigned int k = rand_r(&seed) % 4; k < 4; k++)
			text[rand_r(&seed) % (sizeof(good) - 1)] = "[]=\n #ax9\0\xff"[rand_r(&seed) % 12];
		struct error *err = description_parse("d", text, &d);

		if (err)
			assert_string_equal(err->id, "L1");
		errors += err != NULL;
		error_free(err);
		description_free(&d);
	}
	assert_in_range(errors, 5000, 19999);
}

/* ---- the glue that comes of it ---- */

static char *glue_of(const char *text)
{
	struct replaced_vec functions = { 0 };
	struct target target = { .release = "6.12" };
	struct description d;

	replaced_vec_push(&functions, (struct replaced){ .kobject = "zram", .name = "f",
							 .symbol = "livepatch_f", .source = "f.c" });
	replaced_vec_push(&functions, (struct replaced){ .kobject = "vmlinux", .name = "g",
							 .symbol = "livepatch_g", .source = "g.c" });
	if (text)
		parse(text, &d);
	struct module_request rq = { .target = &target, .name = "n", .functions = &functions,
				     .description = text ? &d : NULL };
	char *glue = module_glue(&rq);

	if (text)
		description_free(&d);
	replaced_vec_free(&functions);
	return glue;
}

/* Asserts that the texts are there, in this order. */
static void in_order(const char *text, const char *const *parts, size_t n)
{
	const char *at = text;

	for (size_t i = 0; i < n; i++) {
		const char *next = strstr(at, parts[i]);

		if (!next)
			print_error("no '%s' (in this order) in\n%s\n", parts[i], text);
		assert_non_null(next);
		at = next + strlen(parts[i]);
	}
}

static void test_glue_objects(void **state)
{
	static const char *const parts[] = {
		"int a(struct klp_object *object);\n", "void b(struct klp_object *object);\n",
		"int begin(struct klp_patch *patch);\n", "void finish(struct klp_patch *patch);\n",
		"{ .funcs = funcs_0,\n", ".callbacks.pre_patch = a,\n",
		".callbacks.post_unpatch = b }, /* vmlinux */\n",
		"{ .name = \"later\", .funcs = funcs_1,\n\t  .callbacks.post_patch = b },\n",
		"{ .name = \"zram\", .funcs = funcs_2 },\n",
		"{ .id = 7, .version = 2 },\n", ".states = states,\n", ".replace = false,\n",
		"int ret = begin(&patch);", "return ret;", "klp_enable_patch(&patch)", "finish(&patch);",
		"livepatch_exit(void)", "finish(&patch);",
	};
	scoped_free char *glue = glue_of("[livepatch]\ncode = c.c\ninit = begin\nexit = finish\n"
					 "[object vmlinux]\npre_patch = a\npost_unpatch = b\n"
					 "[object later]\npost_patch = b\n"
					 "[state 7]\nversion = 2\n");

	in_order(glue, parts, sizeof(parts) / sizeof(parts[0]));
}

static void test_glue_plain(void **state)
{
	static const char *const parts[] = {
		"{ .name = \"zram\", .funcs = funcs_0 },\n", "{ .funcs = funcs_1 }, /* vmlinux */\n",
		"return klp_enable_patch(&patch);",
	};
	scoped_free char *glue = glue_of(NULL);
	scoped_free char *empty = glue_of("");

	in_order(glue, parts, sizeof(parts) / sizeof(parts[0]));
	assert_null(strstr(glue, "states"));
	assert_null(strstr(glue, "int ret"));
	assert_string_equal(glue, empty);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything), cmocka_unit_test(test_nothing), cmocka_unit_test(test_together),
		cmocka_unit_test(test_wrong),	   cmocka_unit_test(test_nul),
		cmocka_unit_test(test_glue_objects), cmocka_unit_test(test_glue_plain), cmocka_unit_test(test_damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
