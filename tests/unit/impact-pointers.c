// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prototypes of functions, and the names of the data that holds their addresses, as the index has them;
 * and what the rules make of both. Units of a few lines, the compilers, their DWARF.
 */
#include "impact-kit.h"

#include "impact/index_build.h"
#include "rules/check.h"
#include "rules/graph.h"

static struct index_part part;
static struct image *image;

static void index_compiled(const char *object, bool dwarf)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_free char *path = kit_path("unit.idx");
	bool found;

	assert_fine(image_open("unit", object, &image));
	index_add_object(&b, image);
	if (dwarf)
		assert_fine(index_add_dwarf(&b, 0, object, &found));
	assert_fine(index_write(&b, path, 1));
	assert_fine(index_part_open(path, &part));
}

static void index_text(const char *cc, const char *text, bool dwarf)
{
	scoped_free char *object = kit_compile(cc, "-g -O2 -fno-inline -fcf-protection=none", "unit.c", text);

	index_compiled(object, dwarf);
}

static void index_done(void)
{
	index_part_close(&part);
	image_free(image);
}

static const struct index_symbol *symbol(const char *name)
{
	struct index_range r = index_symbols_named(&part, name);

	if (r.n != 1)
		fail_msg("%u symbols named %s", r.n, name);
	return index_symbol(&part, index_by_name(&part, r.first));
}

/* ---- prototypes ---- */

/* The function in `text` is called f, and its prototype is this. */
static const struct prototype {
	const char *text, *prototype;
} prototypes[] = {
	{ "void f(void) { }", "void (void)" },
	{ "struct timer_list;\nvoid f(struct timer_list *t) { }", "void (struct timer_list *)" },
	{ "enum r { A };\ntypedef enum r r_t;\nr_t f(int irq, void *d) { return A; }", "enum r (int, void *)" },
	/* Qualifiers of a parameter do not count, those of what it points to do. */
	{ "const char *f(const char *const s, volatile int i) { return s; }", "const char *(const char *, int)" },
	{ "typedef const int fixed;\nint f(fixed i, fixed *p) { return i; }", "int (int, const int *)" },
	{ "int f(char **restrict a, char *const *b) { return 0; }", "int (char **, char *const *)" },
	/* Typedefs are resolved; one names what has no other name. */
	{ "typedef struct { int x; } atomic_t;\nvoid f(atomic_t *v) { }", "void (atomic_t *)" },
	{ "typedef unsigned long word;\nword f(short a, unsigned short b, long long c, word *d) { return 0; }",
	  "unsigned long (short, unsigned short, long long, unsigned long *)" },
	{ "_Bool f(union u *a, signed char b, ...) { return 0; }", "_Bool (union u *, signed char, ...)" },
	/* Arrays and functions as parameters are pointers. */
	{ "void f(int a[3], void g(int), int (*h[2])[4]) { }", "void (int *, void (*)(int), int (**)[4])" },
	{ "int (*f(int a))(void *, long) { return 0; }", "int (*(int))(void *, long)" },
	{ "struct s { int x; };\nstruct s f(struct s a) { return a; }", "struct s (struct s)" },
};

static void prototypes_are_written_as_c_does(void **state)
{
	for (size_t k = 0; k < ARRAY_SIZE(compilers); k++)
		for (size_t i = 0; i < ARRAY_SIZE(prototypes); i++) {
			index_text(compilers[k].program, prototypes[i].text, true);
			const char *is = index_string(&part, symbol("f")->prototype);

			if (!streq(is, prototypes[i].prototype))
				fail_msg("%s, %s: %s", compilers[k].program, prototypes[i].text, is);
			index_done();
		}
}

/* ---- data ---- */

/* The address of function f is in one place of the data, and this is its name. */
static const struct place {
	const char *text, *name;
} places[] = {
	{ "struct ops { int x; void (*go)(void); };\nvoid f(void) { }\nstruct ops o = { 1, f };", "struct ops.go of o" },
	{ "struct ops { int x; void (*go)(void); };\nstatic void f(void) { }\n"
	  "static const struct ops all[3] = { { 1 }, { 2, f } };\nconst void *g(void) { return all; }",
	  "struct ops.go of all" },
	/* The innermost structure with a name; one without adds to the path. */
	{ "struct w { void (*func)(void); };\nstruct d { struct w work; int x; };\nvoid f(void) { }\n"
	  "struct d dw = { { f } };", "struct w.func of dw" },
	{ "struct d { int x; struct { int y; void (*func)(void); } in[2]; };\nvoid f(void) { }\n"
	  "struct d dw = { 1, { { 2 }, { 3, f } } };", "struct d.in.func of dw" },
	{ "typedef struct { void (*func)(void); } t;\nvoid f(void) { }\nt v = { f };", "t.func of v" },
	/* Of a union with a name nobody says which of its members it is; of one without, the first. */
	{ "struct h { union { void (*a)(void); void (*b)(int); } hook; };\nvoid f(int i) { }\n"
	  "struct h v = { { .b = f } };", "struct h.hook of v" },
	{ "struct t { union { void (*a)(void); void (*b)(int); }; };\nvoid f(int i) { }\nstruct t v = { .b = f };",
	  "struct t.a of v" },
	{ "void f(void) { }\nvoid (*hook)(void) = f;", "hook" },
	/* Static variables of functions, inlined or not. */
	{ "struct ops { void (*go)(void); };\nvoid f(void) { }\n"
	  "struct ops *g(void) { { static struct ops inner = { f }; return &inner; } }", "struct ops.go of inner" },
	{ "struct ops { void (*go)(void); };\nvoid f(void) { }\n"
	  "static inline __attribute__((always_inline)) struct ops *in(void) { static struct ops inner = { f }; return &inner; }\n"
	  "struct ops *g(void) { return in(); }", "struct ops.go of inner" },
};

static void data_is_named(void **state)
{
	for (size_t k = 0; k < ARRAY_SIZE(compilers); k++)
		for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
			index_text(compilers[k].program, places[i].text, true);
			struct index_range r = index_pointers_to(&part, symbol("f"));

			if (r.n != 1)
				fail_msg("%s, %s: %u places", compilers[k].program, places[i].text, r.n);
			scoped_free char *is = index_pointer_name(&part, index_pointer(&part, r.first));

			if (!streq(is, places[i].name))
				fail_msg("%s, %s: %s", compilers[k].program, places[i].text, is);
			index_done();
		}
}

static void without_dwarf_there_are_no_names(void **state)
{
	index_text("gcc-12", "void f(void) { }\nvoid (*hook)(void) = f;", false);
	struct index_range r = index_pointers_to(&part, symbol("f"));

	assert_int_equal(r.n, 1);
	scoped_free char *is = index_pointer_name(&part, index_pointer(&part, r.first));

	assert_string_equal(is, "data without a name");
	assert_string_equal(index_string(&part, symbol("f")->prototype), "");
	index_done();
}

/* ---- what calls alone ---- */

#define TIMER "struct timer_list { int x; void (*function)(struct timer_list *); };\nint work(int);\n"
#define TIMER_F "void f(struct timer_list *t) { work(1); }\n"
#define IN_DATA "struct timer_list timer = { 0, f };\n"
#define BELOW "static void g(void) { work(2); }\nvoid f(struct timer_list *t) { g(); }\n"

/* Do all ways to the function begin at one of this kind, and where? */
static const struct question {
	const char *text, *function;
	enum known_kind kind;
	const char *chain;   /* NULL: there is none */
	const char *pointer; /* what is said of the beginning contains this */
	const char *why;     /* others may call, because; NULL: nobody else does */
	const char *kobject; /* the module it is in, NULL: any */
} questions[] = {
	{ TIMER TIMER_F IN_DATA, "f", .kind = KNOWN_INTERRUPT, "f",
	  "its address is in struct timer_list.function of timer, and it is called by pointer as void (struct timer_list *)" },
	{ TIMER TIMER_F "void set(struct timer_list *t) { t->function = f; }\n", "f", .kind = KNOWN_INTERRUPT, "f",
	  "set has its address, and it is called by pointer as void (struct timer_list *)" },
	/* Of another kind, or none: nothing is known of who calls. */
	{ TIMER TIMER_F IN_DATA, "f", .kind = KNOWN_IDLE, NULL, NULL, "data points to it" },
	{ TIMER "struct w { void (*func)(struct w *); };\nvoid f(struct w *t) { work(1); }\nstruct w v = { f };\n", "f",
	  .kind = KNOWN_INTERRUPT, NULL, NULL, "data points to it" },
	{ TIMER "void f(int x) { work(1); }\nvoid set(void (**p)(int)) { *p = f; }\n", "f", .kind = KNOWN_INTERRUPT, NULL, NULL,
	  "its address is taken" },
	/* Nobody has the address: the prototype says nothing. */
	{ TIMER TIMER_F, "f", .kind = KNOWN_INTERRUPT, NULL, NULL, "no caller is known" },
	/* Below it, and beside it. */
	{ TIMER BELOW IN_DATA, "g", .kind = KNOWN_INTERRUPT, "f > g", "called by pointer" },
	{ TIMER BELOW IN_DATA "void other(void) { g(); }\n", "g", .kind = KNOWN_INTERRUPT, NULL, NULL, "no caller is known" },
	{ TIMER BELOW IN_DATA "void other(void) { f(0); }\n", "g", .kind = KNOWN_INTERRUPT, "f > g", NULL, "no caller is known" },
	{ TIMER BELOW IN_DATA "void h(struct timer_list *t) { f(t); }\nvoid set(struct timer_list *t) { t->function = h; }\n",
	  "g", .kind = KNOWN_INTERRUPT, "f > g", "called by pointer" },
	/* A member, where the prototype has many uses: all places must be such. */
	{ "struct irqaction { int (*handler)(int, void *); };\nint f(int i, void *p) { return i; }\n"
	  "struct irqaction a = { f };\n", "f", .kind = KNOWN_INTERRUPT, "f", "its address is in struct irqaction.handler of a" },
	{ "struct irqaction { int (*handler)(int, void *); };\nint f(int i, void *p) { return i; }\n"
	  "struct irqaction a = { f };\nint (*also)(int, void *) = f;\n", "f", .kind = KNOWN_INTERRUPT, NULL, NULL,
	  "data points to it" },
	{ "struct irqaction { int (*handler)(int, void *); };\nint f(int i, void *p) { return i; }\n"
	  "struct irqaction a = { f };\nvoid set(int (**p)(int, void *)) { *p = f; }\n", "f", .kind = KNOWN_INTERRUPT, NULL, NULL,
	  "its address is taken" },
	{ "struct smp_hotplug_thread { void (*thread_fn)(unsigned int); };\nvoid f(unsigned int c) { }\n"
	  "struct smp_hotplug_thread t = { f };\n", "f", .kind = KNOWN_ON_STACK, "f", "smp_hotplug_thread.thread_fn of t" },
	{ "struct cpuidle_device; struct cpuidle_driver;\n"
	  "int f(struct cpuidle_device *d, struct cpuidle_driver *v, int i) { return i; }\nvoid *state = f;\n", "f",
	  .kind = KNOWN_IDLE, "f", "its address is in state, and it is called by pointer as int (struct cpuidle_device *" },
	/* A module that calls its own timers by hand. */
	{ TIMER TIMER_F IN_DATA, "f", .kind = KNOWN_INTERRUPT, NULL, NULL, "data points to it", "libsas" },
};

static void ask(const char *cc, const struct question *q)
{
	struct graph_answer a;
	struct check c = { 0 };

	index_text(cc, q->text, true);
	struct graph_node node = { .image = image, .part = &part };

	if (q->kobject) {
		free(image->kobject);
		image->kobject = xstrdup(q->kobject);
	}
	node.symbol = index_symbol_at(&part, 0, symbol(q->function)->place);
	graph_search(&c, &node, q->kind, true, &a);
	bool chain = q->chain ? a.chain && streq(a.chain, q->chain) : q->why || !a.chain;
	bool pointer = !q->pointer || (a.root.pointer && strstr(a.root.pointer, q->pointer));
	bool why = q->why ? a.why && streq(a.why, q->why) : !a.other;

	if (!chain || !pointer || !why)
		fail_msg("%s, %s: chain %s, pointer %s, others %s", cc, q->text, a.chain ? a.chain : "none",
			 a.root.pointer ? a.root.pointer : "none", a.other ? a.why : "none");
	graph_answer_free(&a);
	index_done();
}

static void only_what_the_table_knows_calls_by_pointer(void **state)
{
	for (size_t k = 0; k < ARRAY_SIZE(compilers); k++)
		for (size_t i = 0; i < ARRAY_SIZE(questions); i++)
			ask(compilers[k].program, &questions[i]);
}

/* ---- types that are made of themselves ---- */

/* The entry of this tag in what gcc -dA writes; its offset. */
static char *entry(char *text, const char *tag, unsigned int *offset)
{
	scoped_free char *mark = xasprintf(") %s)", tag);
	char *at = strstr(text, mark), *die = at;

	while (die > text && strncmp(die, "(DIE (0x", 8))
		die--;
	if (!at || sscanf(die, "(DIE (0x%x)", offset) != 1)
		fail_msg("no %s", tag);
	return at;
}

/* The pointer to int of the text becomes one to the first entry of the tag. */
static void index_with_pointer_to(const char *text, const char *tag)
{
	scoped_free char *source = kit_path("self.c"), *assembly = kit_path("self.s"), *object = kit_path("self.o");
	scoped_free char *compile = xasprintf("gcc -g -O2 -fcf-protection=none -w -dA -S -o %s %s", assembly, source);
	scoped_free char *assemble = xasprintf("gcc -c -o %s %s", object, assembly), *all = NULL;
	unsigned int of_int, to;

	assert_fine(write_file(source, text, strlen(text)));
	kit_run(compile);
	assert_fine(read_file(assembly, &all, NULL));
	entry(all, "DW_TAG_base_type", &of_int);
	entry(all, tag, &to);
	scoped_free char *was = xasprintf(".long\t0x%x\t# DW_AT_type", of_int);
	scoped_free char *is = xasprintf(".long\t0x%x\t# DW_AT_type", to);
	char *at = all;
	bool found = false;

	while (!found && (at = strstr(at, "DW_TAG_pointer_type)"))) {
		char *next = strstr(at, "(DIE (0x"), *type = strstr(at, was);

		found = type && (!next || type < next);
		at = found ? type : at + 1;
	}
	assert_true(found && strlen(was) == strlen(is));
	memcpy(at, is, strlen(is));
	assert_fine(write_file(assembly, all, strlen(all)));
	kit_run(assemble);
	index_compiled(object, true);
}

static void types_made_of_themselves(void **state)
{
	alarm(60); /* or it would take longer than the world has */
	index_with_pointer_to("int *p;\nvoid f(int *a) { }", "DW_TAG_pointer_type");
	print_message("%s\n", index_string(&part, symbol("f")->prototype));
	assert_non_null(strstr(index_string(&part, symbol("f")->prototype), "..."));
	index_done();
	index_with_pointer_to("void f(void (*a)(int *, int *)) { }", "DW_TAG_subroutine_type");
	assert_non_null(strstr(index_string(&part, symbol("f")->prototype), "..."));
	index_done();
	alarm(0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_made_of_themselves),
		cmocka_unit_test(prototypes_are_written_as_c_does),
		cmocka_unit_test(data_is_named),
		cmocka_unit_test(without_dwarf_there_are_no_names),
		cmocka_unit_test(only_what_the_table_knows_calls_by_pointer),
	};

	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
