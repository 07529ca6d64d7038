// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What compilers do between functions, one small unit each: provoked, shown to be real in the object,
 * and found. Every row runs with each compiler that makes this optimisation.
 */
#include "impact-kit.h"

#include "base/file.h"
#include "impact/index_build.h"
#include "impact/probe.h"

/* ---- contracts, found by the probe ---- */

#define NOINLINE "static __attribute__((noinline)) "

/* F(declarator, body): with -DOPAQUE the body is in another unit, where no compiler can look into it. */
static const char opaque_or_not[] =
	"#ifdef OPAQUE\n#define F(head, ...) head;\n#else\n"
	"#define F(head, ...) static __attribute__((noinline)) head __VA_ARGS__\n#endif\n";

static const struct contract {
	const char *name;	/* an option of the probe's table, or ""; behind a blank what gcc says that
				 * it found the function to be */
	const char *function;	/* that is cut off */
	const char *dependent;	/* NULL: the function itself depends on its callers */
	enum dependence how;
	const char *off;	/* without this the code is another one: that it is real */
	enum compilers compilers;
	int calls; /* from the dependent to the function, fewer than in the source; -1: not counted */
	const char *text;
} contracts[] = {
	{ "", "f", "g", DEPENDS_INLINED, "-fno-inline", ALL, 0,
	  "static int f(int x) { return x * 3; }\nint g(int x) { return f(x) + 1; }\n" },
	{ "pure-const", "f", "g", DEPENDS_CONTRACT, "-fno-ipa-pure-const", ALL, 1,
	  NOINLINE "int f(int x) { int r = 1; for (int i = 2; i < x; i++) r *= i; return r; }\n"
	  "int g(int x) { return f(x) + f(x); }\n" },
	{ "modref", "f", "g", DEPENDS_CONTRACT, "-fno-ipa-modref", GCC, -1,
	  "struct s { int x, y; };\n"
	  NOINLINE "void f(int *p, int k) { for (int i = 0; i < k; i++) p[0] += i; }\n"
	  "int g(struct s *q, int k) { int a = q->x; f(&q->y, k); return a + q->x; }\n" },
	{ "vrp", "f", NULL, 0, "-fno-ipa-vrp", GCC, -1,
	  "int bad(int), work(int);\n"
	  NOINLINE "int f(long x) { if (x < -300) bad(x); return work(x); }\n"
	  "int g(signed char *x) { return f(x[0]) + 1; }\n"
	  "int h(signed char *x) { return f(x[1]) + 2; }\n" },
	{ "bit-cp", "f", NULL, 0, "-fno-ipa-bit-cp", GCC, -1,
	  "int bad(int), work(unsigned long);\n"
	  NOINLINE "int f(unsigned long x) { if (x & 7) bad(1); return work(x); }\n"
	  "int g(unsigned long x) { return f(x << 3) + 1; }\n"
	  "int h(unsigned long x) { return f(x * 24) + 2; }\n" },
	{ "ra", "f", "g", DEPENDS_CONTRACT, "-fno-ipa-ra", GCC, -1,
	  "int v;\n" NOINLINE "int f(int x) { v += x; return v; }\n"
	  "int g(int x, int y) { return f(x) + y; }\n" },
	{ "stack-alignment", "f", "g", DEPENDS_CONTRACT, "-fno-ipa-stack-alignment", GCC, -1,
	  "int v;\n" NOINLINE "void f(void) { v += 3; }\n"
	  "void g(void) { f(); f(); v = 0; }\n" },
	{ "pure-const noreturn", "f", "g", DEPENDS_CONTRACT, "-fno-ipa-pure-const", ALL, -1,
	  "void stop(int);\nF(void f(int x), { for (;;) stop(x); })\n"
	  "int g(int x) { if (x > 3) f(x); return x + 5; }\n" },
	{ "icf", "f", "h", DEPENDS_CONTRACT, "-fno-ipa-icf", GCC, -1,
	  "int work(int);\n__attribute__((noinline)) int f(int x)\n"
	  "{ for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7; }\n"
	  NOINLINE "int g(int x) { for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7; }\n"
	  "int h(int x) { return g(x) + 1; }\nint k(int x) { return f(x) + 2; }\n" },
	/* What LLVM does between functions without a name of its own for it. */
	{ "", "f", "g", DEPENDS_CONTRACT, "", CLANG, -1, /* the returned value */
	  "int work(int);\nF(int f(int x), { work(x); return 0; })\n"
	  "int g(int x) { return f(x) + 5; }\n" },
	{ "", "f", "g", DEPENDS_CONTRACT, "", CLANG, -1, /* a parameter that is not used */
	  "int work(int);\nF(int f(int x, int y), { return work(x) + 1; })\n"
	  "int g(int x) { return f(x, work(7) * x) + 5; }\n" },
	{ "", "f", "g", DEPENDS_CONTRACT, "", CLANG, -1, /* a parameter that is the same in all calls */
	  "int work(int);\nF(int f(int x, int y), { return work(x) + y; })\n"
	  "int g(int x) { return f(x, 7) + 5; }\nint h(int x) { return f(x + 1, 7) + 6; }\n" },
	{ "", "f", "g", DEPENDS_CONTRACT, "", CLANG, -1, /* memory that is not written */
	  "struct s { int x, y; };\n"
	  "F(int f(int *p, int k), { int r = 1; for (int i = 0; i < k; i++) r += p[i] * r; return r; })\n"
	  "int g(struct s *q, int k) { int a = q->x, r = f(&q->y, k); return a + q->x + r; }\n" },
};

/* Fewer calls are left than the source has. */
static void assert_calls(const char *cc, const struct contract *c, struct kit_pair *k)
{
	const struct ref_site_vec *refs = entity_refs(k->a, kit_entity(k->a, c->dependent));
	int calls = 0;

	for (size_t i = 0; i < refs->n; i++)
		calls += refs->at[i].ref.kind == REF_ENTITY &&
			 streq(refs->at[i].ref.entity->name, c->function);
	if (calls != c->calls)
		fail_msg("%s: %d calls of %s in %s\n%s", cc, calls, c->function, c->dependent,
			 c->text);
}

/* clang has no switches for single optimisations: with the body out of sight the code is another one. */
static void assert_real_opaque(const char *cc, const struct contract *c, const char *text)
{
	static const char flags[] = "-O2 -fcf-protection=none -ffunction-sections";
	scoped_free char *opaque = xasprintf("%s -DOPAQUE", flags);
	scoped_free char *a = kit_compile(cc, flags, "seen.c", text);
	scoped_free char *b = kit_compile(cc, opaque, "opaque.c", text);
	scoped_pair struct kit_pair k = { 0 };
	struct entity *seen, *unseen;

	kit_open(&k, a, b);
	seen = kit_entity(k.a, c->dependent);
	unseen = kit_entity(k.b, c->dependent);
	if (seen->size == unseen->size)
		fail_msg("%s: %s has the same size when nobody sees the body of %s: nothing was "
			 "provoked\n%s", cc, c->dependent, c->function, c->text);
}

/* Without the optimisation the code is another one, so it really took place. */
static void assert_real(const char *cc, const struct contract *c, const char *text)
{
	scoped_free char *plain = xasprintf("-O2 -fcf-protection=none -ffunction-sections");
	bool clang = streq(cc, "clang");
	scoped_free char *off = xasprintf("%s %s", plain, clang ? "" : c->off);
	scoped_free char *a = kit_compile(cc, plain, "on.c", text);
	scoped_free char *b = kit_compile(cc, off, "off.c", text);
	scoped_pair struct kit_pair k = { 0 };
	const char *who = c->dependent ? c->dependent : c->function;

	kit_open(&k, a, b);
	if (c->calls >= 0)
		assert_calls(cc, c, &k);
	else if (clang)
		assert_real_opaque(cc, c, text);
	for (size_t i = 0; !clang && i < k.a->entities.n; i++) {
		const struct entity *e = k.a->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && streq(e->name, who) && e->change != UNCHANGED)
			return;
	}
	if (!clang)
		fail_msg("%s: %s does not change %s: nothing was provoked\n%s", cc, c->off, who,
			 c->text);
}

static void assert_named(const char *cc, const struct contract *c, const struct u32_vec *options)
{
	for (size_t i = 0; i < options->n; i++)
		if (strncmp(ipa_options[options->at[i]].name, c->name, strcspn(c->name, " ")) == 0)
			return;
	fail_msg("%s: %s is not named %s (but %s)\n%s", cc, c->function, c->name,
		 options->n ? ipa_options[options->at[0]].name : "nothing", c->text);
}

static void assert_fact(const char *cc, const struct contract *c, const struct probe *p)
{
	const char *fact = strchr(c->name, ' ');

	for (size_t i = 0; fact && i < p->facts.n; i++)
		if (streq(p->facts.at[i], fact + 1))
			return;
	if (fact)
		fail_msg("%s: the compiler's dumps do not say that %s is%s", cc, c->function, fact);
}

static void check_contract(const char *cc, const struct contract *c)
{
	scoped_free char *text = xasprintf("%s%s", opaque_or_not, c->text);
	struct str_vec argv;
	struct variant_source s = make_source(cc, text, &argv);
	struct probe p;
	bool found = false;

	assert_real(cc, c, text);
	assert_fine(probe_run(&s, c->function, *c->name != 0, &p));
	if (p.impossible)
		fail_msg("%s: %s", cc, p.impossible);
	if (!s.clang)
		assert_fact(cc, c, &p);
	for (size_t i = 0; i < p.dependents.n && c->dependent; i++) {
		const struct dependent *d = &p.dependents.at[i];

		if (!streq(d->name, c->dependent))
			continue;
		found = true;
		if (p.dumps)
			assert_int_equal(d->how, c->how);
		if (*c->name && !s.clang)
			assert_named(cc, c, &d->options);
	}
	if (!c->dependent && p.self) {
		found = true;
		assert_named(cc, c, &p.self_options);
	}
	if (!found)
		fail_msg("%s: %s was not found to depend\n%s", cc,
			 c->dependent ? c->dependent : c->function, c->text);
	probe_free(&p);
	source_done(&s, &argv);
}

static void contracts_are_found(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(contracts); i++)
		for (size_t k = 0; k < ARRAY_SIZE(compilers); k++)
			if (contracts[i].compilers & compilers[k].bit)
				check_contract(compilers[k].program, &contracts[i]);
}

/* Nothing between them: cutting f off changes no one. */
static void independent_is_independent(void **state)
{
	static const char text[] =
		"int work(int);\n__attribute__((noinline)) int f(int x) { return work(x) + 1; }\n"
		"int g(int x) { return work(x) - 3; }\nint h(int x) { return g(x) + work(1); }\n";

	for (size_t k = 0; k < ARRAY_SIZE(compilers); k++) {
		struct str_vec argv;
		struct variant_source s = make_source(compilers[k].program, text, &argv);
		struct probe p;

		assert_fine(probe_run(&s, "f", false, &p));
		assert_null(p.impossible);
		assert_null(p.self);
		assert_int_equal(p.dependents.n, 0);
		probe_free(&p);
		source_done(&s, &argv);
	}
}

static void always_inline_is_no_error(void **state)
{
	static const char text[] =
		"static inline __attribute__((always_inline)) int f(int x) { return x * 3; }\n"
		"int g(int x) { return f(x) + 1; }\n";
	struct str_vec argv;
	struct variant_source s = make_source("gcc-12", text, &argv);
	struct probe p;

	assert_fine(probe_run(&s, "f", true, &p));
	assert_int_equal(p.dependents.n, 1);
	assert_string_equal(p.dependents.at[0].name, "g");
	assert_int_equal(p.dependents.at[0].how, DEPENDS_INLINED);
	probe_free(&p);
	source_done(&s, &argv);
}

/* ---- clones, copies and other names, found in symbols and DWARF ---- */

static const struct shape {
	const char *symbol; /* that the compiler makes, or "" */
	const char *function; /* of the source */
	const char *into;   /* has its body, or NULL */
	const char *forwards; /* `symbol` is nothing but a jump to this, or NULL */
	const char *dumped; /* what -fdump-ipa-clones says about it: a name in copies, or NULL */
	const char *flags;
	const char *text;
} shapes[] = {
	{ "f.isra.0", "f", NULL, NULL, "f.isra.0", "",
	  "struct s { int a, b, c; };\nint work(int);\n"
	  NOINLINE "int f(struct s *p) { int b = p->b; return work(b) + work(b + 1); }\n"
	  "int g(struct s *p) { return f(p) + 1; }\nint h(struct s *p) { return f(p) + 2; }\n" },
	{ "f.constprop.0", "f", NULL, NULL, "f.constprop.0", "",
	  "int work(int, int);\n"
	  NOINLINE "int f(int x, int k) { return work(x, k) + work(k, x); }\n"
	  "int g(int x) { return f(x, 5) + 1; }\nint h(int x) { return f(x + 9, 5) + 2; }\n" },
	{ "f.part.0", "f", "g", NULL, "f.part.0", "",
	  "int work(int *);\nstatic int f(int *p) { if (!p) return 0;\n"
	  "for (int i = 0; i < 100; i++) { work(p + i); work(p - i); work(p + 2 * i); work(p - 3 * i);\n"
	  "work(p + 5 * i); work(p - 7 * i); work(p + 9 * i); work(p - 11 * i); } return *p; }\n"
	  "int g(int *p) { return f(p) + 1; }\nint h(int *p) { return f(p) + 2; }\n"
	  "int k(int *p) { return f(p) + 3; }\n" },
	{ "f.cold", "f", NULL, NULL, NULL, "-fno-partial-inlining",
	  "void bad(int) __attribute__((cold));\nint work(int);\n"
	  "int f(int x) { if (x > 100) { bad(x); bad(x + 1); bad(work(x)); } return work(x); }\n" },
	{ "", "f", "g", NULL, NULL, "",
	  "int work(int);\nstatic int f(int x) { return work(x) * 3; }\n"
	  "static int m(int x) { return f(x) + work(2); }\nint g(int x) { return m(x) + 1; }\n" },
	{ "g", "g", NULL, "f", NULL, "-fno-inline",
	  "int work(int);\nint f(int x) { for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7; }\n"
	  "int g(int x) { for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7; }\n" },
	/* Equal bodies whose addresses nobody compares: one piece of code under both names. */
	{ "twin", "f", NULL, NULL, NULL, "-fno-inline",
	  "int work(int);\nint f(int x) { for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7; }\n"
	  "static int twin(int x) { for (int i = 0; i < x; i++) work(i * 3 + x); return x * 7; }\n"
	  "int h(int x) { return twin(x) + 1; }\n" },
	{ "twin", "f", NULL, NULL, NULL, "",
	  "int work(int);\nint f(int x) { return work(x) + 1; }\n"
	  "int twin(int) __attribute__((alias(\"f\")));\n" },
};

/* The index of one object. */
static void index_one(const char *object, struct index_part *part)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_image struct image *image = NULL;
	scoped_free char *path = kit_path("one.idx");
	bool found;

	assert_fine(image_open("unit", object, &image));
	index_add_object(&b, image);
	assert_fine(index_add_dwarf(&b, 0, object, &found));
	assert_true(found);
	assert_fine(index_write(&b, path, 1));
	assert_fine(index_part_open(path, part));
}

static uint32_t one_symbol(const struct index_part *part, const char *name)
{
	struct index_range r = index_symbols_named(part, name);

	if (r.n != 1)
		fail_msg("%u symbols named %s", r.n, name);
	return index_by_name(part, r.first);
}

static const struct index_function *one_function(const struct index_part *part, const char *name)
{
	struct index_range r = index_functions_named(part, name);

	if (r.n != 1)
		fail_msg("%u functions named %s", r.n, name);
	return index_function(part, r.first);
}

static bool has_copy(const struct index_part *part, const struct index_function *f, const char *into)
{
	for (uint32_t i = 0; i < f->inlines; i++) {
		const struct index_inline *inl = index_inline(part, f->first_inline + i);

		if (streq(index_symbol_name(part, index_instance(part, inl->into)->symbol), into))
			return true;
	}
	return false;
}

/* The symbol exists (that is the proof that it is real), and leads back to the function. */
static void check_symbol(const struct index_part *part, const struct shape *s)
{
	const struct index_symbol *symbol = index_symbol(part, one_symbol(part, s->symbol));
	const struct index_instance *i = index_instance(part, symbol->instance);
	const struct index_symbol *body = index_symbol(part, symbol->body);

	if (s->forwards) {
		/* Of a body that was folded away DWARF knows nothing; one written so it does know. */
		assert_string_equal(index_symbol_name(part, symbol->forwards), s->forwards);
		assert_null(i);
		return;
	}
	if (!i)
		i = index_instance(part, body->instance);
	assert_non_null(i);
	assert_string_equal(index_string(part, index_function(part, i->function)->name),
			    s->function);
	if (ends_with(s->symbol, ".cold")) {
		assert_true(symbol->flags & SYMBOL_COLD);
		assert_string_equal(index_symbol_name(part, i->cold), s->symbol);
		assert_string_equal(index_symbol_name(part, i->symbol), s->function);
	}
	if (streq(s->symbol, "twin"))
		assert_int_equal(index_aliases(part, one_symbol(part, "twin")).n, 2);
}

static void check_dump(const char *cc, const struct shape *s)
{
	struct str_vec argv;
	struct variant_source source = make_source(cc, s->text, &argv);
	struct probe p;
	bool found = false;

	assert_fine(probe_run(&source, s->function, false, &p));
	assert_true(p.dumps);
	for (size_t i = 0; i < p.copies.n; i++)
		found |= streq(p.copies.at[i], s->dumped);
	if (!found)
		fail_msg("%s: the dump does not lead to %s", cc, s->dumped);
	probe_free(&p);
	source_done(&source, &argv);
}

/* clang makes no clones under such names, and does not fold functions unless it is told to. */
static bool makes_shape(enum compilers compiler, const struct shape *s)
{
	return compiler != CLANG || (!s->dumped && !s->forwards && !*s->flags);
}

static void shapes_are_found(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
		for (size_t k = 0; k < ARRAY_SIZE(compilers); k++) {
			const struct shape *s = &shapes[i];

			if (!makes_shape(compilers[k].bit, s))
				continue;
			scoped_free char *flags = xasprintf("-g -O2 -fcf-protection=none %s", s->flags);
			scoped_free char *object = kit_compile(compilers[k].program, flags, "shape.c",
							       s->text);
			struct index_part part;

			index_one(object, &part);
			if (*s->symbol)
				check_symbol(&part, s);
			else
				assert_int_equal(index_symbols_named(&part, s->function).n, 0);
			if (s->into && !has_copy(&part, one_function(&part, s->function), s->into))
				fail_msg("%s: no copy of %s in %s", compilers[k].program,
					 s->function, s->into);
			index_part_close(&part);
			if (s->dumped)
				check_dump(compilers[k].program, s);
		}
}

/* Calls and jumps: by relocation and, inside a section, as the assembler resolved them. */
static void calls_are_edges(void **state)
{
	static const char text[] =
		"int far(int);\n" NOINLINE "int f(int x) { return far(x) + far(x + 1); }\n"
		"int g(int x) { return f(x) + 1; }\nint h(int x) { return f(x + 2); }\n"
		"int (*p(void))(int) { return f; }\n";
	scoped_free char *object = kit_compile("gcc-12", "-g -O2", "calls.c", text);
	struct index_part part;
	bool called = false, jumped = false, address = false;

	index_one(object, &part);
	struct index_range r = index_callers(&part, index_symbol(&part, one_symbol(&part, "f")));

	for (uint32_t i = 0; i < r.n; i++) {
		const struct index_edge *e = index_edge(&part, index_caller(&part, r.first + i));
		const char *from = index_symbol_name(&part, e->from);

		called |= streq(from, "g") && e->kind == EDGE_CALL;
		jumped |= streq(from, "h") && e->kind == EDGE_JUMP;
		address |= streq(from, "p") && e->kind == EDGE_ADDRESS;
	}
	assert_true(called);
	assert_true(jumped);
	assert_true(address);
	r = index_callees(&part, index_symbol(&part, one_symbol(&part, "f")));
	assert_int_equal(r.n, 1);
	assert_string_equal(index_symbol_name(&part, index_edge(&part, r.first)->to), "far");
	assert_int_equal(index_edge(&part, r.first)->sites, 2);
	index_part_close(&part);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(contracts_are_found),
		cmocka_unit_test(independent_is_independent),
		cmocka_unit_test(always_inline_is_no_error),
		cmocka_unit_test(shapes_are_found),
		cmocka_unit_test(calls_are_edges),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
