// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of the reader of declarations: soup of C tokens, and preprocessed text with damage.
 *
 *     extract-fuzz ITERATIONS [SEED]     deterministic
 *     extract-fuzz FILE                  runs one input
 *
 * Every declaration and every mention lies inside the text, declarations do not overlap and come in
 * order, and all are scanned. With -DSUTURE_LIBFUZZER there is no main().
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "extract/print.h"
#include "extract/scan.h"
#include "extract/tu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const words[] = {
	"int",
	"struct",
	"s",
	"union",
	"enum",
	"{",
	"}",
	"(",
	")",
	"[",
	"]",
	";",
	";",
	",",
	"*",
	"=",
	"a",
	"b",
	"f",
	"typedef",
	"static",
	"extern",
	"inline",
	"const",
	"__attribute__",
	"((",
	"))",
	"asm",
	"\"text\"",
	"'c'",
	"1",
	"0x2u",
	"...",
	"->",
	".",
	":",
	"?",
	"goto",
	"for",
	"typeof",
	"sizeof",
	"__label__",
	"_Generic",
	"_Static_assert",
	"__extension__",
	"return",
	"t",
	"u",
	"#define X a\n",
	"#undef X\n",
	"\n# 3 \"x.h\" 1\n",
	"\n# 7 \"u.c\" 2\n",
	"\n# 1 \"y/trace/define_trace.h\" 1\n",
	"\\\n",
	"/*",
	"*/",
	"//",
	"\n",
	"#",
	"##",
	"section",
	"cleanup",
	"\"",
};

static const char seed_text[] =
	"# 1 \"u.c\"\n# 1 \"p.h\" 1\ntypedef unsigned long t; struct s { int a; struct s *n; enum "
	"{ A, B } e; };\n"
	"#define X(a, b) a ## b\n# 2 \"u.c\" 2\nextern int f(struct s *p, int (*cb)(t x));\n"
	"static inline t g(t v) { static int c = 3; struct s l = { .a = v }; goto out; out: return "
	"l.a + c; }\n"
	"int f(struct s *p, int (*cb)(t x)) { return ({ t y = g(p->a); for (int i = 0; i < 3; i++) "
	"cb(y); y; }); }\n"
	"static const char *const names[] __attribute__((section(\"x\"))) = { [A] = \"a\", [B] = "
	"\"b\" };\n"
	"int k(a, b) int a; char *b; { asm goto(\"\" : : : : l); l: return a; } asm(\".globl "
	"x\");\n";

static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return below ? (uint32_t)(random_state >> 33) % below : 0;
}

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "extract-fuzz: %s\n", what);
	abort();
}

static void check_declaration(struct tu *tu, const struct declaration *d)
{
	SCOPED(scan_free) struct scan scan;
	scoped_str struct str text = {0};

	check(d->first <= d->last && d->last < tu->tokens.n, "a declaration outside of the text");
	check(d->names + d->n_names <= tu->declared.n, "names that do not exist");
	check(!d->body || (d->body > d->first && d->body <= d->last), "a body outside");
	scan_declaration(tu, d, &scan);
	for (size_t i = 0; i < scan.mentions.n; i++)
		check(scan.mentions.at[i].token >= d->first && scan.mentions.at[i].token <= d->last,
		      "a mention outside of its declaration");
	for (uint32_t i = d->names; i < d->names + d->n_names; i++) {
		const struct declared *n = &tu->declared.at[i];
		struct extern_parts parts = extern_parts(tu, n);

		check(n->token >= d->first && n->token <= d->last, "a name outside");
		if (n->kind <= DECLARED_VARIABLE)
			print_declaration(tu, &parts, "extern ", NULL, NULL, &text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SCOPED(tu_free) struct tu tu;
	scoped_error struct error *err = tu_read(xmemdup(data, size), size, NULL, &tu);
	uint32_t behind = 0;

	check(!err, "an error");
	for (size_t i = 0; i < tu.declarations.n; i++) {
		check(tu.declarations.at[i].first > behind, "declarations that overlap");
		behind = tu.declarations.at[i].last;
		check_declaration(&tu, &tu.declarations.at[i]);
	}
	for (uint32_t i = 0; i < tu.n_names; i++)
		check(!tu.scope[i], "a local name that stays");
	return 0;
}

#ifndef SUTURE_LIBFUZZER
static void make_soup(struct str *text)
{
	for (uint32_t n = rnd(200); n; n--)
		str_add(text, "%s%s", words[rnd(ARRAY_SIZE(words))], rnd(4) ? " " : "");
}

/* The seed with some places overwritten, cut out, or filled with words. */
static void make_damage(struct str *text)
{
	str_add(text, "%s", seed_text);
	for (uint32_t n = 1 + rnd(6); n && text->n > 2; n--) {
		uint32_t at = rnd(text->n), cut = rnd(30);

		switch (rnd(3)) {
		case 0:
			text->s[at] = (char)rnd(256);
			break;
		case 1:
			if (at + cut < text->n) {
				memmove(text->s + at, text->s + at + cut, text->n - at - cut);
				text->n -= cut;
			}
			break;
		default: {
			scoped_free char *tail = xmemdup(text->s + at, text->n - at);
			size_t length = text->n - at;

			text->n = at;
			str_add(text, " %s ", words[rnd(ARRAY_SIZE(words))]);
			str_add_bytes(text, tail, length);
		}
		}
	}
}

static int run_file(const char *path)
{
	scoped_free char *data = NULL;
	size_t size;
	scoped_error struct error *err = read_file(path, &data, &size);

	if (err) {
		fprintf(stderr, "extract-fuzz: %s\n", err->message);
		return 2;
	}
	return LLVMFuzzerTestOneInput((const uint8_t *)data, size);
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (!isdigit((unsigned char)argv[1][0]))
		return run_file(argv[1]);
	random_state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	for (unsigned long i = strtoul(argv[1], NULL, 10); i; i--) {
		scoped_str struct str text = {0};

		str_add(&text, "%s", "");
		if (rnd(2))
			make_soup(&text);
		else
			make_damage(&text);
		LLVMFuzzerTestOneInput((const uint8_t *)text.s, text.n);
	}
	return 0;
}
#endif
