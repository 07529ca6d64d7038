// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Livepatch modules that are invalid beyond doubt: `suture convert` must refuse each of them.
 *
 *     convert-damage INCLUDE ITERATIONS [SEED]
 *
 * INCLUDE: the directory with suture/livepatch.h. Deterministic. Every kind of damage gets the same number of
 * iterations; the module, the place and the values are chosen by chance. The stage must end with one of the
 * ids that the kind allows, the command with an error and without a file. Prints what came of each kind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "damage.h"

#define HEADER "#include \"suture/livepatch.h\"\n"
#define USE                                                                                        \
	"extern int printk(void), hidden(void), twice(void), state, key;\n"                        \
	"int f(int n) { return n ? printk() : hidden() + twice() + state; }\n"                     \
	"int *p = &state; int *const q[2] = { &key, &state }; int g(void) { return f(1) + f(2); }\n"

/* What is damaged. The last ones are made of the others: converted. */
static const struct {
	const char *text;
	unsigned int has;
} seeds[] = {
	{HEADER MODINFO USE "SUTURE_KLP_SYM(vmlinux, twice, 2);"
			    "SUTURE_KLP_FOR(ext4, state, ext4, state, 1);"
			    "SUTURE_KLP_ALIAS(key, ext4, key, 0);",
	 HAS_RECORDS},
	{MODINFO USE "static struct { void *s; unsigned int n; } __attribute__((packed)) v[]"
		     " __attribute__((used, aligned(4), section(\".klp.module_relocs.vmlinux\")))"
		     " = { { twice, 1 }, { hidden, 0 } };",
	 HAS_ENTRIES},
	{MODINFO USE "extern int a(void) __asm__(\"\\\".klp.sym.rela.ext4.ext4.twice.0\\\"\");"
		     "extern int b(void) __asm__(\"\\\".klp.ref.vmlinux/vmlinux.twice,2\\\"\");"
		     "int twice(void) { return a() + b(); }",
	 HAS_NAMES},
};
enum { RAW = ARRAY_SIZE(seeds), ALL = 2 * RAW };

static struct {
	struct input in;
	unsigned int has;
} corpus[ALL];

/* What came of one kind. */
struct tally {
	unsigned long runs, bad;
	struct str_vec ids; /* in the order of their first appearance */
};

/* ---- judging ---- */

static bool is_one_of(const char *ids, const char *id)
{
	size_t n = strlen(id);

	for (const char *p = ids; (p = strstr(p, id)); p++)
		if ((p == ids || p[-1] == ' ') && (!p[n] || p[n] == ' '))
			return true;
	return false;
}

/* The id that the kind allows, or NULL: converted, or refused for another reason; *first is what came first of all. */
static const char *judge(const struct damage *d, const struct verdict *v, const char **first)
{
	*first = NULL;
	if (v->err) {
		*first = v->err->id;
		return is_one_of(d->ids, *first) ? *first : NULL;
	}
	for (size_t i = 0; i < v->findings.n; i++) {
		const struct finding *f = &v->findings.at[i];

		if (f->severity != SEVERITY_REFUSAL)
			continue;
		if (!*first)
			*first = f->id;
		if (is_one_of(d->ids, f->id))
			return f->id;
	}
	return NULL;
}

static void note_id(struct tally *t, const char *id)
{
	for (size_t i = 0; i < t->ids.n; i++)
		if (streq(t->ids.at[i], id))
			return;
	str_vec_push(&t->ids, xstrdup(id));
}

static void try_damaged(const struct damage *d, const struct input *in, const struct symlist *list,
			struct tally *t)
{
	struct verdict v;
	const char *first;

	run_stage(in, list, &v);
	const char *id = judge(d, &v, &first);

	if (id)
		note_id(t, id);
	else if (!t->bad++)
		printf("'%s', run %lu: %s%s%s\n", d->name, t->runs,
		       v.result.module ? "converted" : first, v.err ? ": " : "",
		       v.err ? v.err->message : "");
	run_command(in, &v);
	t->runs++;
	verdict_free(&v);
}

/* ---- making ---- */

static struct input copy_of(const struct input *in)
{
	return (struct input) {xmemdup(in->data, in->size), in->size};
}

static struct input make_damaged(const struct damage *d)
{
	for (unsigned int tries = 0; tries < 1000; tries++) {
		size_t i = rnd(ALL);

		if (!(corpus[i].has & d->on))
			continue;
		struct input in = copy_of(&corpus[i].in);

		if (d->make(&in)) {
			in.data = xreallocarray(in.data, in.size ? in.size : 1, 1); /* for ASan */
			return in;
		}
		free(in.data);
	}
	fprintf(stderr, "'%s'\n", d->name);
	check(false, "no module can be damaged in this way");
	return (struct input) {0};
}

struct totals {
	unsigned long runs, bad;
};

static void run_kinds(const struct damage *kinds, size_t n, unsigned long each,
		      const struct symlist *list, struct totals *total)
{
	for (size_t i = 0; i < n; i++) {
		struct tally t = { 0 };

		while (t.runs < each) {
			struct input in = make_damaged(&kinds[i]);

			try_damaged(&kinds[i], &in, list, &t);
			free(in.data);
		}
		printf("%-40s %lu:", kinds[i].name, t.runs);
		for (size_t k = 0; k < t.ids.n; k++)
			printf(" %s", t.ids.at[k]);
		printf("\n");
		total->runs += t.runs;
		total->bad += t.bad;
		str_vec_free_all(&t.ids);
	}
}

/* ---- the corpus ---- */

static struct error *make_corpus(const struct symlist *list)
{
	for (size_t i = 0; i < RAW; i++) {
		struct verdict v;

		TRY(kit_compile(seeds[i].text, &corpus[i].in));
		corpus[i].has = seeds[i].has;
		run_stage(&corpus[i].in, list, &v);
		if (!v.result.module && v.findings.n)
			fprintf(stderr, "%s: %s\n", v.findings.at[0].id, v.findings.at[0].message);
		check(v.result.module, "an undamaged module is not converted");
		run_command(&corpus[i].in, &v);
		corpus[RAW + i].in = (struct input) {v.result.module, v.result.size};
		corpus[RAW + i].in = copy_of(&corpus[RAW + i].in);
		corpus[RAW + i].has = IS_CONVERTED;
		verdict_free(&v);
		run_stage(&corpus[RAW + i].in, list, &v);
		check(v.result.module, "a converted module is not accepted");
		verdict_free(&v);
	}
	return NULL;
}

static struct error *damage_all(const char *include, unsigned long iterations, unsigned long *bad)
{
	size_t kinds = n_file_damages + n_elf_damages + n_annotation_damages + n_converted_damages;
	unsigned long each = (iterations + kinds - 1) / kinds;
	struct totals total = { 0 };
	scoped_free char *text = xstrdup(list_text);
	struct symlist list;

	TRY(kit_open(include));
	TRY(symlist_parse("list", text, &list));
	TRY(make_corpus(&list));
	run_kinds(file_damages, n_file_damages, each, &list, &total);
	run_kinds(elf_damages, n_elf_damages, each, &list, &total);
	run_kinds(annotation_damages, n_annotation_damages, each, &list, &total);
	run_kinds(converted_damages, n_converted_damages, each, &list, &total);
	printf("%zu kinds of damage, %lu modules, %lu not refused for it\n", kinds, total.runs,
	       total.bad);
	*bad = total.bad;
	symlist_free(&list);
	for (size_t i = 0; i < ALL; i++)
		free(corpus[i].in.data);
	kit_close();
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	fuzz_seed(argc > 3 ? strtoull(argv[3], NULL, 0) : 1);
	unsigned long bad = 0;
	struct error *err = damage_all(argv[1], strtoul(argv[2], NULL, 0), &bad);

	if (err) {
		fprintf(stderr, "convert-damage: %s\n", err->message);
		error_free(err);
		return 1;
	}
	return bad > 0;
}
