// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbol lists: the three text formats, and lists made from shipped objects. */
#include "diff-kit.h"

#include "base/file.h"
#include "convert/symbols.h"

static void parse_list(struct symlist *list, const char *text)
{
	char *copy = xstrdup(text);

	assert_fine(symlist_parse("list", copy, list));
	list->text = copy;
}

static void lists_of_others_are_read(void **state)
{
	static const char map[] = "ffffffff83000000 T __init_begin\nffffffff81000400 t twice\n"
				  "ffffffff81000100 T printk\nffffffff82000000 r __ksymtab_printk\n"
				  "ffffffff81000300 t twice\nffffffff83000010 t early\n"
				  "                 U missing\nffffffff84000000 T __init_end\n";
	static const char klp[] =
		"klp-convert-symbol-data.0.1\n*vmlinux\n__ksymtab_printk\nprintk\n"
		"twice\ntwice\n*nf-tables\nnft_x\nprintk\n__export_symbol_nft_x\n";
	struct symlist list;

	parse_list(&list, map);
	assert_true(symlist_find(&list, "printk")->exported);
	assert_int_equal(symlist_find(&list, "twice")->count, 2);
	assert_true(symlist_place(&list, symlist_find(&list, "twice"), 1)->value ==
		    0xffffffff81000300);
	assert_true(sym_place_is_init(symlist_place(&list, symlist_find(&list, "early"), 1)));
	assert_false(sym_place_is_init(symlist_place(&list, symlist_find(&list, "twice"), 2)));
	assert_null(symlist_find(&list, "missing"));
	symlist_free(&list);
	parse_list(&list, klp);
	assert_true(symlist_has_object(&list, "nf_tables"));
	assert_true(symlist_find_in(&list, "nft_x", "nf_tables")->exported);
	assert_true(symlist_find_in(&list, "printk", "vmlinux")->exported);
	assert_int_equal(symlist_find(&list, "twice")->count, 2);
	symlist_free(&list);
}

static void lists_survive_printing(void **state)
{
	static const char list_text[] =
		"suture-symbols 1 build:test 6.12.3\n*vmlinux\nE printk ffffffff81000100\n"
		"- twice ffffffff81000300 ffffffff81000400\n- early .init.text+ffffffff83000000\n"
		"- somewhere ?\nE nowhere\n*ext4\n- twice .text+30\n";
	scoped_str struct str text = { 0 };
	struct symlist list;

	parse_list(&list, list_text);
	assert_string_equal(list.target, "build:test");
	assert_string_equal(list.release, "6.12.3");
	symlist_print(&list, &text);
	assert_string_equal(text.s, list_text);
	symlist_free(&list);
}

/* Objects may come back; what was said of them before stays. */
static void objects_may_come_in_pieces(void **state)
{
	struct symlist list;
	size_t n = 0;

	parse_list(&list, "suture-symbols 1 -\n*vmlinux\n- f 10\n*b\n- f .text+1\n*a\n- g .text+1\n"
			  "*vmlinux\n- g 20\n*b\n- g .text+2\n*a\n- f .text+3\n*b\n- f .text+4\n");
	for (struct sym_entry *e = symlist_find(&list, "f"); e; e = symlist_next(&list, e))
		n++;
	for (struct sym_entry *e = symlist_find(&list, "g"); e; e = symlist_next(&list, e))
		n++;
	assert_int_equal(n, 6);
	assert_int_equal(symlist_find_in(&list, "f", "b")->count, 2);
	assert_int_equal(symlist_find_in(&list, "g", "vmlinux")->count, 1);
	symlist_free(&list);
}

static void damaged_lists_are_errors(void **state)
{
	static const char *const texts[] = {
		"",
		"hello\n",
		"suture-symbols 2 x\n*vmlinux\n",
		"suture-symbols 1 x\n",
		"suture-symbols 1 x\n- early 1\n",
		"suture-symbols 1 x\n*vmlinux\nX f 1\n",
		"suture-symbols 1 x\n*vmlinux\n- f zz\n",
		"suture-symbols 1 x\n*vmlinux\n- f +1\n",
		"suture-symbols 1 x\n*vmlinux\n- \n",
		"suture-symbols 1 x\n*a.b\n",
		"suture-symbols 1 x\n*vmlinux\n- f 11112222333344445\n",
		"klp-convert-symbol-data.0.1\nf\n",
		"ffff T\n",
		"ffff TT name\n",
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		scoped_free char *copy = xstrdup(texts[i]);
		struct symlist list;

		assert_error(symlist_parse("list", copy, &list), "K10");
	}
}

static void images_are_counted_as_livepatch_counts(void **state)
{
	scoped_free char *object =
		kit_compile("gcc", "-O0 -w", "image.s",
			    ".text\n.type twice,@function\nnop\ntwice: ret\n.size twice,1\n"
			    ".globl pub\npub: ret\n.section .init.text,\"ax\"\n.type "
			    "gone,@function\ngone: ret\n"
			    ".section ___ksymtab+pub,\"a\"\n__ksymtab_pub: .long 0\n");
	scoped_image struct image *image = NULL;
	struct symlist list = { 0 };

	assert_fine(image_open("some-module", object, &image));
	symlist_add_image(&list, image);
	assert_true(symlist_has_object(&list, "some_module"));
	assert_true(symlist_find(&list, "pub")->exported);
	const struct sym_place *p = symlist_place(&list, symlist_find(&list, "twice"), 1);

	assert_string_equal(p->section, ".text");
	assert_int_equal(p->value, 1);
	assert_true(sym_place_is_init(symlist_place(&list, symlist_find(&list, "gone"), 1)));
	symlist_free(&list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_of_others_are_read),
		cmocka_unit_test(lists_survive_printing),
		cmocka_unit_test(objects_may_come_in_pieces),
		cmocka_unit_test(damaged_lists_are_errors),
		cmocka_unit_test(images_are_counted_as_livepatch_counts),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
