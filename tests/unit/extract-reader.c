// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of preprocessed text: words, declarations, mentions, each a row of a table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "extract/scan.h"
#include "extract/tu.h"

static void read_text(const char *text, struct tu *tu)
{
	scoped_error struct error *err = tu_read(xstrdup(text), strlen(text), NULL, tu);

	assert_null(err);
}

/* ---- words ---- */

static const struct {
	const char *text, *words; /* kind and text of each, with '|' between */
} words[] = {
	{"a b1 _c $d", "Na|Nb1|N_c|N$d"},
	{"1 0x1fUL 1.5e+3 .5 1...2", "#1|#0x1fUL|#1.5e+3|#.5|#1...2"},
	{"\"a\\\"b\" 'c' L\"x\" u8\"y\"", "\"\"a\\\"b\"|''c'|\"L\"x\"|\"u8\"y\""},
	{"a/* b */c // d\ne", "Na|Nc|Ne"},
	{"a->b...c.d", "Na|P->|Nb|P...|Nc|P.|Nd"},
	{"#define X \\\n 1\nb", "D#define X \\\n 1|Nb"},
	{"a # b", "Na|P#|Nb"},
	{"# x /* long\n comment */ y\nb", "D# x /* long\n comment */ y|Nb"},
	{"\"open\nb", "\"\"open|Nb"},
	{"a /* open", "Na"},
	{"\"a\\", "\"\"a\\"},
	{"", ""},
};

static void test_words(void **state)
{
	static const char kinds[] = {[LEX_NAME] = 'N',	[LEX_NUMBER] = '#', [LEX_STRING] = '"',
				     [LEX_CHAR] = '\'', [LEX_PUNCT] = 'P',  [LEX_DIRECTIVE] = 'D'};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		struct lexer lx = lexer_at(words[i].text, strlen(words[i].text), 0, 1);
		scoped_str struct str out = {0};

		str_add(&out, "%s", "");
		for (struct lexeme l = lex(&lx); l.kind != LEX_END; l = lex(&lx))
			str_add(&out, "%s%c%.*s", out.n ? "|" : "", kinds[l.kind], (int)l.length,
				words[i].text + l.at);
		assert_string_equal(out.s, words[i].words);
	}
}

/* ---- declarations ---- */

/* F function, V variable, T typedef, E enumerator, G tag; capital: definition. */
static const struct {
	const char *text, *names;
} declarations[] = {
	{"int a;", "Va"},
	{"extern int a, *b[3];", "va vb"},
	{"static const char *const names[] = { \"x\", \"y\" };", "Vnames"},
	{"int f(int a, int b);", "ff"},
	{"int f(int a) { return a; } int g;", "Ff Vg"},
	{"int (*fp)(int), (f)(void), (*g(int a))(int);", "Vfp ff fg"},
	{"typedef unsigned long ulong, *ulong_p; ulong x;", "Tulong Tulong_p Vx"},
	{"typedef int (*cb_t)(void *);", "Tcb_t"},
	{"struct s; struct s { int a; struct t { int b; } c; enum { A, B = sizeof(int), C } d; } "
	 "v;",
	 "gs Gs Gt EA EB EC Vv"},
	{"enum e { X = 1 << 2, Y, } __attribute__((packed));", "Ge EX EY"},
	{"union u { int a; } *p;", "Gu Vp"},
	{"struct __attribute__((aligned(8))) s { int a; };", "Gs"},
	{"__attribute__((noinline)) static inline int __attribute__((cold)) f(void) { return ({ "
	 "int x; x; }); }",
	 "Ff"},
	{"int f(void) __asm__(\"g\") __attribute__((pure)); int h;", "ff Vh"},
	{"__typeof__(int) x; typeof(x) y = 3;", "Vx Vy"},
	{"int f(); extern typeof(f) f; int g;", "ff ff Vg"},
	{"int f(a, b) int a; char *b; { return a; } int g;", "Ff Vg"},
	{"asm(\".globl x\"); __asm__ volatile (\"nop\"); int a;", "Va"},
	{"_Static_assert(sizeof(int) == 4, \"x\"); int a;", "Va"},
	{";;int a;;", "Va"},
	{"int a[] = { [0 ... 3] = 1, }, b = ({ struct q { int i; } z; 1; });", "Va Vb"},
	{"unsigned __int128 w; __builtin_va_list l;", "Vw Vl"},
	{"_Noreturn void f(void); __extension__ typedef struct { int a; } t;", "ff Tt"},
	{"int f(int (*cb)(int x), struct undefined *p);", "ff"},
	{"void f(void) { asm goto(\"\" : : : : out); out: ; __label__ q; } int g;", "Ff Vg"},
	{"int x = _Generic(1, int: 2, default: 3), y;", "Vx Vy"},
	{"int f(int n, int a[n]) { int g(int b) { return b; } return g(n); } int h;", "Ff Vh"},
	{"struct s f(void) { return (struct s){ 1 }; } int g;", "gs Ff Vg"},
	{"int bits : 3, x;", "Vbits Vx"},
	{"extern char a[], b __attribute__((section(\"x\"))); int c;", "va vb Vc"},
	{"static struct { int a; } one = { 1 }, two;", "Vone Vtwo"},
	/* damage */
	{"int a = { 1; int b;", "Va Vb"},
	{"} int a;", "Va"},
	{"( int a; int b;", "Vb"},
	{"int f( { } int b;", "Ff Vb"},
	{"struct { int a; int b;", "Va Vb"},
	{"= 3; int b;", "Vb"},
	{"typedef", ""},
};

static void test_declarations(void **state)
{
	static const char kinds[] = "fvteg";

	for (size_t i = 0; i < ARRAY_SIZE(declarations); i++) {
		SCOPED(tu_free) struct tu tu;
		scoped_str struct str out = {0};

		read_text(declarations[i].text, &tu);
		str_add(&out, "%s", "");
		for (size_t k = 0; k < tu.declared.n; k++) {
			const struct declared *d = &tu.declared.at[k];
			scoped_free char *name = name_string(&tu.names, d->name);

			str_add(&out, "%s%c%s", out.n ? " " : "",
				kinds[d->kind] - (d->definition ? 'a' - 'A' : 0), name);
		}
		if (!streq(out.s, declarations[i].names))
			print_error("%s\n", declarations[i].text);
		assert_string_equal(out.s, declarations[i].names);
	}
}

/* ---- mentions ---- */

/* Of the last declaration: ordinary names, @tag, *tag pointer, .member, =static variable. */
static const struct {
	const char *text, *mentions;
} mentions[] = {
	{"int f(int a) { return a + b; }", "f b"},
	{"int f(void) { int b = c; { int c; c++; } return b + c; }", "f c c"},
	{"int f(struct s *p) { return p->x + q.y; }", "f *s .x q .y"},
	{"typedef int t; int f(void) { t x, *y; return x + *y + z; }", "f t z"},
	{"typedef int t; int f(void) { t * x; return (t)x; }", "f t t"},
	{"int f(void) { for (int i = 0; i < n; i++) g(i); return i; }", "f n g"},
	{"int f(void) { goto out; out: return &&out ? h : 1; }", "f out h"},
	{"int f(int x) { switch (x) { case A: return B; default: ; } }", "f A B"},
	{"int f(void) { static int count = start, other; return count; }", "f start =count =other"},
	{"int f(void) { extern int e; return e; }", "f e e"},
	{"int f(void) { return ({ int x = y; x; }); }", "f y"},
	{"int f(void) { int v __attribute__((cleanup(drop), unused)) = get(); return 0; }",
	 "f drop get"},
	{"int f(void) { asm(\"\" : [out] \"=r\" (v) : [in] \"r\" (w)); return 1; }", "f v w"},
	{"typedef int typ; struct s { int a; struct t b; struct u *c; typ d; int e[SIZE]; };",
	 "@s @t *u typ SIZE"},
	{"typedef int t, u; struct s { t t; u u[((N) + sizeof(long))]; };", "@s t u N"},
	{"int f(void) { int a = ({ int b = c; b; }), b = d; return a + b; }", "f c d"},
	{"enum { A = B, C };", "A B C"},
	{"int f(int count, int (*cb)(int page));", "f"},
	{"int v = w + sizeof(struct s);", "v w @s"},
	{"int f(void) { return sizeof(struct s) + ((struct s *)0)->m; }", "f @s *s .m"},
	{"int f(void) { __typeof__(g) *p = h(); return *p; }", "f g h"},
	{"int f(void) { struct l { int g; } x; return x.g + g; }", "f @l .g g"},
};

static void add_mentions(struct tu *tu, const struct scan *scan, struct str *out)
{
	static const char *const marks[] = {"", "@", "*", "."};

	for (size_t i = 0; i < scan->mentions.n; i++) {
		const struct mention *m = &scan->mentions.at[i];
		scoped_free char *name = name_string(&tu->names, m->name);

		str_add(out, "%s%s%s", out->n ? " " : "", marks[m->kind], name);
	}
	for (size_t i = 0; i < scan->statics.n; i++) {
		uint32_t number = tu_token(tu, scan->statics.at[i].token)->name;
		scoped_free char *name = name_string(&tu->names, number);

		str_add(out, " =%s", name);
	}
}

static void test_mentions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(mentions); i++) {
		SCOPED(tu_free) struct tu tu;
		SCOPED(scan_free) struct scan scan;
		scoped_str struct str out = {0};

		read_text(mentions[i].text, &tu);
		assert_true(tu.declarations.n);
		scan_declaration(&tu, &tu.declarations.at[tu.declarations.n - 1], &scan);
		str_add(&out, "%s", "");
		add_mentions(&tu, &scan, &out);
		if (!streq(out.s, mentions[i].mentions))
			print_error("%s\n", mentions[i].text);
		assert_string_equal(out.s, mentions[i].mentions);
		for (uint32_t k = 0; k < tu.n_names; k++)
			assert_int_equal(tu.scope[k], 0);
	}
}

/* ---- files, macros, inclusions ---- */

static const char marked[] = "# 0 \"d/u.c\"\n"
			     "# 0 \"<built-in>\"\n"
			     "#define __GNUC__ 12\n"
			     "# 0 \"<command-line>\"\n"
			     "# 1 \"d/u.c\"\n"
			     "#define BEFORE 1\n"
			     "# 1 \"d/a \\\"quoted\\\".h\" 1\n"
			     "int a;\n"
			     "#define F(x) (x + BEFORE)\n"
			     "# 3 \"d/u.c\" 2\n"
			     "\n"
			     "int b;\n"
			     "#undef BEFORE\n"
			     "int c;\n";

static void test_places(void **state)
{
	SCOPED(tu_free) struct tu tu;

	read_text(marked, &tu);
	assert_string_equal(tu.files.at[tu.main_file].path, "d/u.c");
	assert_int_equal(tu.declared.n, 3);
	const struct token *a = tu_token(&tu, tu.declared.at[0].token);
	const struct token *b = tu_token(&tu, tu.declared.at[1].token);

	assert_string_equal(tu.files.at[a->file].path, "d/a \"quoted\".h");
	assert_int_equal(a->line, 1);
	assert_int_equal(b->file, tu.main_file);
	assert_int_equal(b->line, 4);
	assert_int_equal(tu.inclusions.n, 1);
	assert_int_equal(tu.inclusions.at[0].line, 2);
	assert_int_equal(tu.inclusions.at[0].by, tu.main_file);
	assert_false(tu.inclusions.at[0].in_public);
	uint32_t before = name_find(&tu.names, "BEFORE", 6);

	assert_non_null(tu_macro_at(&tu, before, tu.declared.at[1].token));
	assert_null(tu_macro_at(&tu, before, tu.declared.at[2].token));
	assert_int_equal(tu_macro_at(&tu, before, tu.declared.at[0].token)->line, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_declarations),
		cmocka_unit_test(test_mentions),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
