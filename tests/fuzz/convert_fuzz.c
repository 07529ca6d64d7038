// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of the conversion of hand-written livepatches and of the readers of symbol lists.
 *
 *     convert-fuzz INCLUDE ITERATIONS [SEED]
 *
 * INCLUDE: the directory with suture/livepatch.h. Deterministic. A damaged module is either
 * refused, with an id and a message, or what comes out is readable and comes out the same once
 * more. Each input goes through `suture convert` as well, with files: there is an output when the exit
 * code is 0, and else nothing, not even a part of one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "convert_kit.h"

static const char klp_text[] = "klp-convert-symbol-data.0.1\n*vmlinux\n__ksymtab_printk\nprintk\n"
			       "hidden\ntwice\ntwice\n*ext4\nstate\ntwice\n";
static const char map_text[] = "ffffffff81000100 T printk\nffffffff81000200 t hidden\n"
			       "ffffffff82000000 r __ksymtab_printk\n                 U other\n";
static const char *const lists[] = {list_text, klp_text, map_text};

#define USE                                                                                        \
	"extern int printk(void), hidden(void), twice(void), state;\n"                             \
	"int f(void) { return printk() + hidden() + twice() + state; }\n"

static const char *const seeds[] = {
	"#include \"suture/livepatch.h\"\n" MODINFO USE "SUTURE_KLP_SYM(vmlinux, twice, 2);"
	"SUTURE_KLP_FOR(ext4, state, ext4, state, 1); int *p = &state;",
	MODINFO USE "static struct { void *s; unsigned int n; } __attribute__((packed)) v[]"
		    " __attribute__((used, aligned(4), section(\".klp.module_relocs.vmlinux\"))) ="
		    " { { twice, 1 }, { hidden, 0 } };",
	MODINFO "extern int a(void) __asm__(\"\\\".klp.sym.rela.ext4.ext4.twice.0\\\"\");"
		"extern int b(void) __asm__(\"\\\".klp.ref.vmlinux/vmlinux.twice,2\\\"\");"
		"int f(void) { return a() + b(); } __asm__(\".section __jump_table,\\\"aw\\\"\\n"
		".quad 0, hidden - .\\n.previous\");",
};

static struct input corpus[ARRAY_SIZE(seeds)];
static struct {
	unsigned long written, refused, errors;
} totals;
/* ---- one run ---- */

static void check_output(const struct convert_result *first, const struct symlist *list)
{
	struct input in = {first->module, first->size};
	struct verdict second;

	run_stage(&in, list, &second);
	if (second.err)
		fprintf(stderr, "%s: %s\n", second.err->id, second.err->message);
	check(!second.err && second.result.module, "the result is not accepted");
	check(second.result.size == first->size &&
	      !memcmp(second.result.module, first->module, first->size),
	      "converting once more changes it");
	verdict_free(&second);
}

static void try_module(const struct input *in, const struct symlist *list)
{
	struct verdict v;

	run_stage(in, list, &v);
	if (v.result.module)
		check_output(&v.result, list);
	run_command(in, &v);
	totals.written += v.result.module != NULL;
	totals.errors += v.err != NULL;
	totals.refused += !v.err && !v.result.module;
	verdict_free(&v);
}

static void try_list(char *text)
{
	struct symlist list;

	set_command_list(text);
	struct error *err = symlist_parse("fuzz", text, &list);

	check(!err || (*err->id && *err->message), "an error without text");
	error_free(err);
	if (err)
		return;
	try_module(&corpus[0], &list);
	symlist_free(&list);
}

/* ---- damage ---- */

static uint64_t interesting(size_t size)
{
	static const uint64_t values[] = {
		0,   1,	     2,	     4,		 7,	     8,		 12,	     24,	64,
		255, 0xff20, 0xffff, 0x7fffffff, 0xffffffff, 1ull << 62, 1ull << 63, UINT64_MAX};

	return rnd(3) ? values[rnd(ARRAY_SIZE(values))] : rnd(size + 1);
}

/* A field somewhere in [at, at + size). */
static void put(struct input *in, size_t at, size_t size)
{
	size_t width = 1u << rnd(4);
	uint64_t value = interesting(in->size);

	if (size < width)
		return;
	at += rnd(size / width) * width;
	if (at <= in->size && width <= in->size - at)
		memcpy(in->data + at, &value, width);
}

/* Contents of an annotation section, a symbol table, relocations, a header, or anything. */
static void damage(struct input *in, const struct input *from)
{
	Elf64_Ehdr eh;
	Elf64_Shdr sh;

	memcpy(&eh, from->data, sizeof(eh));
	size_t header = eh.e_shoff + rnd(eh.e_shnum) * sizeof(sh);

	memcpy(&sh, from->data + header, sizeof(sh));
	switch (rnd(8)) {
	case 0:
		put(in, 0, sizeof(eh));
		break;
	case 1:
	case 2:
		put(in, header, sizeof(sh));
		break;
	case 3:
		if (rnd(8) == 0)
			in->size = rnd(in->size + 1);
		break;
	default:
		if (sh.sh_type != SHT_NOBITS)
			put(in, sh.sh_offset, sh.sh_size);
	}
}

static void fuzz_modules(unsigned long iterations, const struct symlist *list)
{
	for (unsigned long i = 0; i < iterations; i++) {
		const struct input *from = &corpus[rnd(ARRAY_SIZE(corpus))];
		struct input in = {xmemdup(from->data, from->size), from->size};

		for (unsigned int k = 1 + rnd(4); k > 0; k--)
			damage(&in, from);
		in.data = xreallocarray(in.data, in.size ? in.size : 1, 1);
		try_module(&in, list);
		free(in.data);
	}
}

static void fuzz_lists(unsigned long iterations)
{
	for (unsigned long i = 0; i < iterations; i++) {
		const char *from = lists[rnd(ARRAY_SIZE(lists))];
		scoped_free char *text = xstrdup(from);
		size_t n = strlen(text);

		for (unsigned int k = 1 + rnd(4); k > 0; k--)
			text[rnd(n)] = rnd(3) ? from[rnd(n)] : (char)rnd(256);
		try_list(text);
	}
}

/* ---- the whole ---- */

static struct error *fuzz(const char *include, unsigned long iterations)
{
	scoped_free char *text = xstrdup(list_text);
	struct symlist list;

	TRY(kit_open(include));
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		TRY(kit_compile(seeds[i], &corpus[i]));
	TRY(symlist_parse("list", text, &list));
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		try_module(&corpus[i], &list);
	check(totals.written == ARRAY_SIZE(seeds), "an undamaged module is not converted");
	fuzz_modules(iterations, &list);
	fuzz_lists(iterations / 10);
	symlist_free(&list);
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		free(corpus[i].data);
	kit_close();
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	fuzz_seed(argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
	struct error *err = fuzz(argv[1], strtoul(argv[2], NULL, 0));

	if (err) {
		fprintf(stderr, "convert-fuzz: %s\n", err->message);
		error_free(err);
		return 1;
	}
	printf("%lu written, %lu refused, %lu errors\n", totals.written, totals.refused,
	       totals.errors);
	return 0;
}
