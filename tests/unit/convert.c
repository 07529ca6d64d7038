// SPDX-License-Identifier: GPL-2.0-or-later
/* Conversion of livepatch modules written by hand: modules made by the real compiler and linker. */
#include "convert-kit.h"

/* ---- automatic ---- */

static void unique_names_need_nothing(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(
		&r, "auto",
		"extern int printk(const char *), hidden(void), ext4_state, ext4_shared(void);"
		"extern int nobody(void) __attribute__((weak));"
		"int f(void) { printk(\"x\"); if (nobody) nobody();"
		" return hidden() + ext4_state + ext4_shared(); }");
	assert_relocations(&r, ".klp.rela.vmlinux..text .klp.sym.vmlinux.hidden,0\n"
			       ".klp.rela.ext4..text .klp.sym.ext4.ext4_state,0\n");
	assert_int_equal(r.result.converted, 2);
	assert_int_equal(r.result.exported, 3);
}

static void one_symbol_from_many_sections(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(&r, "many",
		       "extern int hidden(void);"
		       "__attribute__((section(\".text.a\"))) int a(void) { return hidden() + 1; }"
		       "__attribute__((section(\".text.b\"))) int b(void) { return hidden() + 2; }"
		       "int c(void) { return hidden() + 3; }"
		       "int (*p)(void) = hidden; int (*const q[2])(void) = { 0, hidden };");
	assert_relocations(&r, ".klp.rela.vmlinux..text .klp.sym.vmlinux.hidden,0\n"
			       ".klp.rela.vmlinux..text.a .klp.sym.vmlinux.hidden,0\n"
			       ".klp.rela.vmlinux..text.b .klp.sym.vmlinux.hidden,0\n"
			       ".klp.rela.vmlinux..rodata .klp.sym.vmlinux.hidden,0\n"
			       ".klp.rela.vmlinux..data .klp.sym.vmlinux.hidden,0\n");
}

/* A livepatch object's references and those of hand-written code: one relocation section an object. */
static void settled_references_join_the_others(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(&r, "mixed",
		       "extern int hidden(void);"
		       "extern int settled(void) __asm__(\"\\\".klp.ref.vmlinux/vmlinux.twice,2\\\"\");"
		       "extern int later(void) __asm__(\"\\\".klp.ref.ext4/ext4.start,2\\\"\");"
		       "int f(void) { return hidden() + settled() + later(); }");
	assert_relocations(&r, ".klp.rela.vmlinux..text .klp.sym.vmlinux.hidden,0\n"
			       ".klp.rela.vmlinux..text .klp.sym.vmlinux.twice,2\n"
			       ".klp.rela.ext4..text .klp.sym.ext4.start,2\n");
	assert_int_equal(r.result.converted, 3);
}

/* ---- errors say what to do ---- */

static void an_unknown_name_is_refused(void **state)
{
	scoped_run struct run near = { 0 }, clone = { 0 };

	convert_source(&near, "near",
		       "extern int secret_valeu; int f(void) { return secret_valeu; }");
	assert_refused(&near, "K1", "near: secret_value");
	convert_source(&clone, "clone",
		       "extern int cloned(void); int f(void) { return cloned(); }");
	assert_refused(&clone, "K1", "cloned.isra.0 (a clone with other parameters, in vmlinux)");
}

static void init_memory_is_refused(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(&r, "early", "extern int early(void); int f(void) { return early(); }");
	assert_refused(&r, "K8", "init memory of vmlinux");
}

/* The lines of a hint, each pasted into the source, are accepted; want: the symbols that come out.
 */
static void paste_each(const char *name, const char *const *want, size_t n)
{
	scoped_free char *use =
		xasprintf("extern int %s(void); int f(void) { return %s(); }\n", name, name);
	scoped_run struct run r = { 0 };
	size_t i = 0;

	convert_source(&r, name, use);
	const char *line =
		strstr(assert_refused(&r, "K2", "the name occurs")->way_out, "    SUTURE");

	for (; line; line = strstr(line + 1, "    SUTURE"), i++) {
		scoped_free char *pasted =
			xasprintf("%s%.*s\n", use, (int)strcspn(line, "\n"), line);
		scoped_run struct run again = { 0 };

		assert_true(i < n);
		convert_source(&again, "pasted", pasted);
		assert_relocations(&again, want[i]);
	}
	assert_int_equal(i, n);
}

static void hints_are_accepted_when_pasted(void **state)
{
	static const char *const twice[] = {
		".klp.rela.vmlinux..text .klp.sym.vmlinux.twice,1\n",
		".klp.rela.vmlinux..text .klp.sym.vmlinux.twice,2\n",
	};
	static const char *const both[] = {
		".klp.rela.vmlinux..text .klp.sym.vmlinux.both,0\n",
		".klp.rela.ext4..text .klp.sym.ext4.both,0\n",
	};
	static const char *const start[] = {
		".klp.rela.ext4..text .klp.sym.ext4.start,1\n",
		".klp.rela.ext4..text .klp.sym.ext4.start,2\n",
		".klp.rela.ext4..text .klp.sym.ext4.start,3\n",
		".klp.rela.jbd2..text .klp.sym.jbd2.start,0\n",
	};
	static const char *const late[] = {".klp.rela.vmlinux..text .klp.sym.vmlinux.late,2\n"};

	paste_each("twice", twice, 2);
	paste_each("both", both, 2);
	paste_each("start", start, 4);
	paste_each("late", late, 1);
}

/* ---- annotations ---- */

#define USE "extern int twice(void); int f(void) { return twice(); }\n"
#define V7(object, entries)                                                                        \
	"static struct { void *sym; unsigned int pos; } __attribute__((packed)) v7[]"              \
	" __attribute__((used, section(\".klp.module_relocs." object "\"), aligned(4)))"           \
	" = { " entries " };\n"
#define ALIAS(text) "__asm__(\"\\\"" text "\\\"\")"

static void all_dialects_say_the_same(void **state)
{
	static const char *const sources[] = {
		USE "SUTURE_KLP_SYM(vmlinux, twice, 2);",
		"extern int other(void); int f(void) { return other(); }\n"
		"SUTURE_KLP_ALIAS(other, vmlinux, twice, 2);",
		USE V7("vmlinux", "{ twice, 2 }"),
		"extern int twice(void) " ALIAS(
			".klp.sym.rela.vmlinux.vmlinux.twice,2") ";"
								 "int f(void) { return twice(); }",
		"extern int twice(void) " ALIAS(
			".klp.sym.rela.vmlinux.vmlinux.twice.2") ";"
								 "int f(void) { return twice(); }",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		scoped_run struct run r = { 0 };

		convert_source(&r, "dialect", sources[i]);
		assert_relocations(&r, ".klp.rela.vmlinux..text .klp.sym.vmlinux.twice,2\n");
		assert_int_equal(r.findings.n, 0);
	}
}

static void the_patched_object_can_be_named(void **state)
{
	static const char *const sources[] = {
		"extern int inner(void); int f(void) { return inner(); }\n"
		"SUTURE_KLP_FOR(ext4, inner, jbd2, jbd2_inner, 0);",
		"extern int inner(void) " ALIAS(
			".klp.sym.rela.ext4.jbd2.jbd2_inner.0") ";"
								"int f(void) { return inner(); }",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		scoped_run struct run r = { 0 };

		convert_source(&r, "patched", sources[i]);
		assert_relocations(&r, ".klp.rela.ext4..text .klp.sym.jbd2.jbd2_inner,0\n");
	}
}

static void names_that_are_not_c(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(&r, "odd",
		       "extern int shrink(void); int f(void) { return shrink(); }\n"
		       "SUTURE_KLP_ALIAS(shrink, ext4, odd.isra.0, 0);");
	assert_relocations(&r, ".klp.rela.ext4..text .klp.sym.ext4.odd.isra.0,0\n");
}

static void an_annotation_wins_over_an_export(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(&r, "wins",
		       "extern int ext4_shared(void); int f(void) { return ext4_shared(); }"
		       "SUTURE_KLP_SYM(ext4, ext4_shared, 0);");
	assert_relocations(&r, ".klp.rela.ext4..text .klp.sym.ext4.ext4_shared,0\n");
}

static void positions_are_normalised(void **state)
{
	scoped_run struct run one = { 0 }, core = { 0 };

	convert_source(&one, "one",
		       "extern int hidden(void); int f(void) { return hidden(); }\n"
		       "SUTURE_KLP_SYM(vmlinux, hidden, 1);");
	assert_relocations(&one, ".klp.rela.vmlinux..text .klp.sym.vmlinux.hidden,0\n");
	assert_int_equal(one.findings.n, 1);
	assert_string_equal(one.findings.at[0].id, "K9");
	convert_source(&core, "core",
		       "extern int hidden(void) " ALIAS(
			       ".klp.sym.rela.ext4.vmlinux.hidden.0") "; int f(void) { return "
								      "hidden(); }");
	assert_relocations(&core, ".klp.rela.vmlinux..text .klp.sym.vmlinux.hidden,0\n");
	assert_string_equal(core.findings.at[0].id, "K9");
}

static void wrong_annotations_are_refused(void **state)
{
	static const struct {
		const char *source, *id, *text;
	} cases[] = {
		{USE "SUTURE_KLP_SYM(vmlinux, twice, 3);", "K3",
		 "occurrence 3 of 'twice'; vmlinux has 2"},
		{USE "SUTURE_KLP_SYM(vmlinux, twice, 0);", "K3",
		 "'twice' is unique (position 0); "
		 "vmlinux has 2"},
		{USE "SUTURE_KLP_SYM(xfs, twice, 1);", "K3", "names 'xfs'"},
		{USE "SUTURE_KLP_SYM(ext4, twice, 1);", "K3", "'twice' is in ext4; it is not"},
		{USE "SUTURE_KLP_SYM(vmlinux, twice, 1);SUTURE_KLP_SYM(vmlinux, twice, 2);", "K4",
		 "something else"},
		{USE "int twice(void) { return 1; } SUTURE_KLP_SYM(vmlinux, twice, 1);", "K4",
		 "defined in the livepatch"},
		{USE "SUTURE_KLP_FOR(vmlinux, ext4_state, ext4, ext4_state, 0);"
		     "SUTURE_KLP_SYM(vmlinux, twice, 1);",
		 "K3", "may not be loaded"},
		{USE V7("vmlinux", "{ twice, 1 }, { 0, 2 }"), "K4", "does not refer to a symbol"},
		{USE V7("vmlinux", "{ twice, 1 }") "void *g(void) { return v7; }", "K4",
		 "refers to the annotation"},
		{"extern int twice(void) " ALIAS(
			 ".klp.sym.rela.vmlinux.twice") ";"
							"int f(void) { return twice(); }",
		 "K4", "no well-formed"},
		{USE "__asm__(\".pushsection .suture.klp\\n.quad twice\\n.long 1,1\\n"
		     ".ascii \\\"vmlinux\\\"\\n.popsection\");",
		 "K4", "damaged record"},
		{USE "__asm__(\".pushsection .suture.klp\\n.quad twice\\n.long 1,2\\n"
		     ".asciz \\\"vmlinux\\\",\\\"\\\",\\\"\\\"\\n.popsection\");",
		 "K4", "damaged record"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_run struct run r = { 0 };
		bool found = false;

		convert_source(&r, "wrong", cases[i].source);
		assert_null(r.err);
		assert_null(r.result.module);
		for (size_t k = 0; k < r.findings.n; k++)
			found |= streq(r.findings.at[k].id, cases[i].id) &&
				 strstr(r.findings.at[k].message, cases[i].text);
		if (!found)
			fail_msg("case %zu: %zu findings, first %s: %s", i, r.findings.n,
				 r.findings.n ? r.findings.at[0].id : "-",
				 r.findings.n ? r.findings.at[0].message : "-");
	}
}

/* ---- names and the kernel's version ---- */

static void convert_long_name(struct run *r, size_t n, const char *header)
{
	scoped_free char *name = xcalloc(n + 1, 1);

	memset(name, 'n', n);
	scoped_free char *text = xasprintf(MODINFO "extern int %s; int *p = &%s;", name, name);
	scoped_free char *symbols = xasprintf("suture-symbols 1 %s\n*vmlinux\n- %s ff\n", header, name);

	make_module(r, "long", text);
	convert_with(r, symbols);
}

static void names_fit_the_kernel(void **state)
{
	static const struct {
		const char *header;
		size_t length;
		const char *id; /* NULL: fine */
		bool written;
	} cases[] = {
		{"debian:5.10.0-30-amd64", 127, NULL, true},
		{"debian:5.10.0-30-amd64", 128, "N5", false},
		{"debian:6.0.0-6-amd64", 128, "N5", false},
		{"debian:6.1.0-56-cloud-amd64", 128, NULL, true},
		{"debian:6.12.117+deb12-cloud-amd64", 511, NULL, true},
		{"debian:6.12.117+deb12-cloud-amd64", 512, "N5", false},
		{"build:mine 5.15.0", 128, "N5", false},
		{"build:mine 6.6.1", 128, NULL, true},
		{"build:mine", 128, "N5", true}, /* nobody knows: a warning */
		{"-", 127, NULL, true},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_run struct run r = { 0 };

		convert_long_name(&r, cases[i].length, cases[i].header);
		assert_null(r.err);
		if (r.findings.n != (cases[i].id != NULL) || !r.result.module == cases[i].written ||
		    (cases[i].id && !streq(r.findings.at[0].id, cases[i].id)))
			fail_msg("case %zu: %zu findings, %s", i, r.findings.n,
				 r.result.module ? "written" : "not written");
	}
}

/* ---- the file ---- */

static void everything_else_stays(void **state)
{
	scoped_run struct run r = { 0 };
	scoped_object struct object *in = NULL, *out = NULL;

	convert_source(
		&r, "stays",
		USE V7("vmlinux",
		       "{ twice, 2 }") "extern int ext4_state, both; SUTURE_KLP_SYM(ext4, both, 0);"
				       "int *p = &ext4_state, *q = &both; int local(int x) { "
				       "return x + f(); }");
	assert_converted(&r);
	assert_fine(object_read_memory("in", r.in, r.in_size, &in));
	assert_fine(object_read_memory("out", r.result.module, r.result.size, &out));
	assert_int_equal(in->nsymbols, out->nsymbols);
	for (size_t i = 1; i < in->nsections; i++) {
		const struct obj_section *a = &in->sections[i], *b = &out->sections[i];
		bool annotation =
			strstr(a->name, ".suture.klp") || strstr(a->name, "klp.module_relocs");

		assert_string_equal(a->name, b->name);
		assert_int_equal(b->type, annotation ? SHT_NULL : a->type);
		if (annotation)
			assert_int_equal(b->size, 0);
		else if (a->type == SHT_PROGBITS && a->size)
			assert_memory_equal(a->data, b->data, a->size);
	}
	for (size_t i = 1; i < in->nsymbols; i++)
		if (in->symbols[i].shndx != SHN_UNDEF)
			assert_string_equal(in->symbols[i].name, out->symbols[i].name);
}

static void converting_again_changes_nothing(void **state)
{
	scoped_run struct run first = { 0 }, second = { 0 }, same = { 0 };

	convert_source(&first, "again",
		       USE "SUTURE_KLP_SYM(vmlinux, twice, 2);"
			   "extern int hidden; int *p = &hidden;");
	assert_converted(&first);
	convert_source(&same, "again",
		       USE "SUTURE_KLP_SYM(vmlinux, twice, 2);"
			   "extern int hidden; int *p = &hidden;");
	assert_int_equal(same.result.size, first.result.size);
	assert_memory_equal(same.result.module, first.result.module, first.result.size);
	second.in = xmemdup(first.result.module, first.result.size);
	second.in_size = first.result.size;
	convert_with(&second, convert_list);
	assert_converted(&second);
	assert_int_equal(second.result.size, first.result.size);
	assert_memory_equal(second.result.module, first.result.module, first.result.size);
}

/* What another tool converted, linked with what nobody did: two sections of one name, which no kernel loads. */
static void converted_in_part(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(&r, "part",
		       "extern int hidden(void); int f(void) { return hidden(); }"
		       "__asm__(\".section .klp.rela.vmlinux..text,\\\"a\\\"\\n.quad 0\\n.previous\");");
	assert_null(r.result.module);
	assert_non_null(r.err);
	assert_string_equal(r.err->id, "K11");
}

static void debug_relocations_stay(void **state)
{
	scoped_run struct run r = { 0 };

	convert_source(&r, "debug",
		       "extern int hidden; int *f(void) { return &hidden; }\n"
		       "__asm__(\".section .debug_x,\\\"\\\"\\n.quad hidden\\n.previous\");");
	assert_relocations(&r, ".klp.rela.vmlinux..text .klp.sym.vmlinux.hidden,0\n");
}

static void signed_or_no_livepatch(void **state)
{
	static const char magic[] = "~Module signature appended~\n";
	scoped_run struct run plain = { 0 }, signed_ = { 0 };

	make_module(&plain, "plain", "int f(void) { return 1; }");
	convert_with(&plain, convert_list);
	assert_non_null(plain.err);
	assert_string_equal(plain.err->id, "K5");
	make_module(&signed_, "signed", MODINFO);
	signed_.in = xreallocarray(signed_.in, signed_.in_size + sizeof(magic), 1);
	memcpy(signed_.in + signed_.in_size, magic, sizeof(magic));
	signed_.in_size += sizeof(magic) - 1;
	convert_with(&signed_, convert_list);
	assert_non_null(signed_.err);
	assert_string_equal(signed_.err->id, "K6");
}

/* Of the types that the assembler writes, the loader takes seven. */
static void relocations_no_loader_knows(void **state)
{
	static const struct {
		const char *line;
		bool fine;
	} cases[] = {
		{".quad hidden", true},	 {".long hidden", true},	 {".quad hidden - .", true},
		{".long hidden - .", true}, {"call hidden", true},	 {".byte hidden", false},
		{".short hidden", false}, {"mov hidden@GOTPCREL(%rip), %rax", false},
		{".long hidden@TPOFF", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_run struct run r = { 0 };
		scoped_free char *text = xasprintf("__asm__(\"%s\");", cases[i].line);

		convert_source(&r, "type", text);
		if (cases[i].fine)
			assert_converted(&r);
		else
			assert_refused(&r, "K12", "does not know relocations of type");
	}
}

static void sections_that_cannot_wait(void **state)
{
	static const struct {
		const char *source, *id; /* NULL: fine */
	} cases[] = {
		{"__jump_table,\\\"aw\\\"\\n.quad 0, ext4_key - .", "X1"},
		{"__jump_table,\\\"aw\\\"\\n.quad 0, hidden - .", NULL},
		{".static_call_sites,\\\"aw\\\"\\n.long 0, ext4_key - .", "X1"},
		{".altinstructions,\\\"a\\\"\\n.long ext4_key - .", "X4"},
		{".altinstr_replacement,\\\"ax\\\"\\ncall ext4_key", "X4"},
		{".parainstructions,\\\"a\\\"\\n.quad ext4_key", "X4"},
		{"__ex_table,\\\"a\\\"\\n.long ext4_key - .", "X4"},
		{"__bug_table,\\\"aw\\\"\\n.long ext4_key - .", "X4"},
		{".data..percpu,\\\"aw\\\"\\n.quad ext4_key", "K7"},
		{".data..percpu,\\\"aw\\\"\\n.quad hidden", "K7"},
		{".init.text,\\\"ax\\\"\\ncall ext4_key", "K8"},
		{".init.text,\\\"ax\\\"\\ncall hidden", NULL},
		{".exit.text,\\\"ax\\\"\\ncall ext4_key", NULL},
		{".altinstr_aux,\\\"ax\\\"\\ncall ext4_key", NULL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		scoped_run struct run r = { 0 };
		scoped_free char *text =
			xasprintf("__asm__(\".section %s\\n.previous\");", cases[i].source);

		convert_source(&r, "late", text);
		if (cases[i].id)
			assert_refused(&r, cases[i].id, "");
		else
			assert_converted(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unique_names_need_nothing),
		cmocka_unit_test(one_symbol_from_many_sections),
		cmocka_unit_test(settled_references_join_the_others),
		cmocka_unit_test(an_unknown_name_is_refused),
		cmocka_unit_test(init_memory_is_refused),
		cmocka_unit_test(hints_are_accepted_when_pasted),
		cmocka_unit_test(all_dialects_say_the_same),
		cmocka_unit_test(the_patched_object_can_be_named),
		cmocka_unit_test(names_that_are_not_c),
		cmocka_unit_test(an_annotation_wins_over_an_export),
		cmocka_unit_test(positions_are_normalised),
		cmocka_unit_test(wrong_annotations_are_refused),
		cmocka_unit_test(names_fit_the_kernel),
		cmocka_unit_test(everything_else_stays),
		cmocka_unit_test(converting_again_changes_nothing),
		cmocka_unit_test(converted_in_part),
		cmocka_unit_test(debug_relocations_stay),
		cmocka_unit_test(signed_or_no_livepatch),
		cmocka_unit_test(relocations_no_loader_knows),
		cmocka_unit_test(sections_that_cannot_wait),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
