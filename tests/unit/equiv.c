// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Equivalence of compiled functions: the same source compiled in other ways, which is to be shown, and
 * near misses, which must never be.
 */
#include <string.h>

#include "diff-kit.h"
#include "equiv/equiv.h"

#define FLAGS "-O2 -ffunction-sections -fdata-sections -fno-pic -mcmodel=kernel -mno-red-zone -mno-sse " \
	      "-fcf-protection=none -fno-jump-tables -fno-asynchronous-unwind-tables " \
	      "-mindirect-branch=thunk-extern "

static char *target(void *arg, unsigned int side, const struct ref *ref, int64_t *offset)
{
	const char *text;

	*offset = ref->offset;
	if (ref->kind == REF_EXTERN)
		return xstrdup(ref->symbol->name);
	text = (const char *)ref->entity->section->data + ref->entity->start + ref->offset;
	*offset = ref->kind == REF_STRING ? 0 : ref->offset;
	return ref->kind == REF_STRING ? xasprintf("text %s", text) : xstrdup(ref->entity->key);
}

static struct signature signature(void *arg, const char *name)
{
	static const struct {
		const char *name;
		struct signature s;
	} known[] = {
		{ "f", { true, 3, { 8, 8, 8 }, 8, false } }, /* wide enough for all of them */
		{ "one", { true, 1, { 8 }, 8, false } },
		{ "two", { true, 2, { 8, 8 }, 8, false } },
		{ "small", { true, 1, { 4 }, 4, false } },
		{ "nothing", { true, 1, { 8 }, 0, false } },
		{ "say", { true, 1, { 8 }, 4, true } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (streq(name ? name : "f", known[i].name))
			return known[i].s;
	return (struct signature){ 0 };
}

static bool shown(const char *a, const char *a_flags, const char *b, const char *b_flags, char **why)
{
	static const char head[] =
		"typedef unsigned long u64; typedef unsigned int u32; typedef unsigned char u8;"
		"u64 one(u64); u64 two(u64, u64); u32 small(u32); void nothing(u64);"
		"u64 other(u64); int say(const char *, ...); extern u64 table[16], word; extern u32 half; struct s { u64 a, b; u32 c, d; };";
	const char *text[2] = { a, b }, *flags[2] = { a_flags, b_flags };
	struct object *object[2] = { 0 };
	struct finding_vec findings = { 0 };
	struct equiv_request rq = { .target = target, .signature = signature };

	for (int i = 0; i < 2; i++) {
		scoped_free char *all = xasprintf("%s\n%s\n", head, text[i]), *flag = xasprintf(FLAGS "%s", flags[i]);
		scoped_free char *path = kit_compile("cc", flag, i ? "b.c" : "a.c", all);

		assert_fine(object_read(path, &object[i]));
		assert_fine(model_new(object[i], &findings, &rq.model[i]));
		rq.function[i] = kit_entity(rq.model[i], "f");
	}
	bool same = equivalent(&rq, why);

	for (int i = 0; i < 2; i++) {
		model_free(rq.model[i]);
		object_free(object[i]);
	}
	findings_free(&findings);
	return same;
}

/* ---- the same source, compiled in other ways ---- */

static const char *const sources[] = {
	"u64 f(u64 a, u64 b, u64 c) { return a * 3 + (b >> 2) - (c ^ a); }",
	"u64 f(u64 a, u64 b, u64 c) { u64 x = one(a), y = two(b, c); return x > y ? x - y : small(x); }",
	"u64 f(struct s *p, u64 n, u64 c) { u64 sum = 0; for (u64 i = 0; i < n; i++) { sum += p[i].a;"
	" if (p[i].c == c) p[i].d = sum; } return sum; }",
	"u64 f(struct s *p, u64 n, u64 c) { p->a = n; if (p->c > 5) { nothing(p->b); p->d = 7; } else"
	" { p->b = c; } return two(p->a, n); }",
	"u64 f(u64 a, u64 b, u64 c) { u64 x = one(a), y = one(b), z = one(c), w = one(a + b), v = one(b + c),"
	" t = one(c + 1), s = one(b + 4); return x + y * z - w + (v ^ t) + s + word; }",
	"u64 f(u64 a, u64 b, u64 c) { while (small(a)) { word += b; if (word == c) return a; a--; } return b; }",
	"u64 f(u64 a, u64 b, u64 c) { int x = a, y = b; return x < y ? two(x, c) : table[x & 15]; }",
	"u64 f(u64 (*g)(u64), u64 b, u64 c) { if (__builtin_expect(!g, 0)) return one(c); return b + c; }",
};

static const char *const ways[] = {
	"-fno-schedule-insns2", "-fno-reorder-blocks", "-frename-registers", "-fno-if-conversion",
	"-fira-algorithm=priority", "-ffixed-rbx", "-ffixed-r12", "-fno-tree-ter", "-fno-omit-frame-pointer",
	"-fno-shrink-wrap", "-fno-crossjumping", "-fno-peephole2", "-falign-loops=32", "-ffixed-rdx",
};

static void other_ways(void **state)
{
	enum { EACH = 5 };
	unsigned int yes = 0, all = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		for (size_t n = 0; n < EACH; n++) {
			size_t k = (i * EACH + n) % ARRAY_SIZE(ways);
			scoped_free char *why = NULL;
			bool same = shown(sources[i], "", sources[i], ways[k], &why);

			yes += same;
			all++;
			if (!same)
				print_message("not shown: source %zu with %s: %s\n", i, ways[k], why);
		}
	print_message("%u of %u shown to be equivalent\n", yes, all);
	assert_true(yes * 10 >= all * 9);
}

/* ---- near misses ---- */

static const struct {
	const char *what, *a, *b;
} misses[] = {
	{ "a constant", "u64 f(u64 a, u64 b, u64 c) { return a * 8 + b; }",
	  "u64 f(u64 a, u64 b, u64 c) { return a * 16 + b; }" },
	{ "a condition", "u64 f(u64 a, u64 b, u64 c) { if (a > b) nothing(c); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { if (a >= b) nothing(c); return 0; }" },
	{ "the other way", "u64 f(u64 a, u64 b, u64 c) { if (a == b) nothing(c); else nothing(a); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { if (a != b) nothing(c); else nothing(a); return 0; }" },
	{ "signedness", "u64 f(u64 a, u64 b, u64 c) { if (a < b) nothing(c); return 0; }",
	  "u64 f(long a, long b, u64 c) { if (a < b) nothing(c); return 0; }" },
	{ "sign of a load", "u64 f(int *a, u64 b, u64 c) { return b + *a; }",
	  "u64 f(u32 *a, u64 b, u64 c) { return b + *a; }" },
	{ "sign of a shift", "u64 f(long a, u64 b, u64 c) { return a >> 3; }",
	  "u64 f(u64 a, u64 b, u64 c) { return a >> 3; }" },
	{ "width", "u64 f(u64 a, u64 b, u64 c) { return (u32)a + b; }",
	  "u64 f(u64 a, u64 b, u64 c) { return (unsigned short)a + b; }" },
	{ "width of a store", "u64 f(u64 *a, u64 b, u64 c) { *a = b; return 0; }",
	  "u64 f(u32 *a, u64 b, u64 c) { *a = b; return 0; }" },
	{ "a store less", "u64 f(u64 *a, u64 b, u64 c) { a[1] = c; *a = b; return 0; }",
	  "u64 f(u64 *a, u64 b, u64 c) { *a = b; return 0; }" },
	{ "another place", "u64 f(struct s *a, u64 b, u64 c) { a->a = b; return 0; }",
	  "u64 f(struct s *a, u64 b, u64 c) { a->b = b; return 0; }" },
	{ "stores swapped, may be the same place", "u64 f(u64 *a, u64 *b, u64 c) { *a = c; *b = 1; return 0; }",
	  "u64 f(u64 *a, u64 *b, u64 c) { *b = 1; *a = c; return 0; }" },
	{ "stores swapped, others may look",
	  "u64 f(volatile u64 *a, u64 b, u64 c) { a[0] = c; a[1] = 1; return 0; }",
	  "u64 f(volatile u64 *a, u64 b, u64 c) { a[1] = 1; a[0] = c; return 0; }" },
	{ "loads swapped, others may write",
	  "u64 f(volatile u64 *a, u64 b, u64 c) { u64 x = a[0], y = a[1]; return x - y; }",
	  "u64 f(volatile u64 *a, u64 b, u64 c) { u64 y = a[1], x = a[0]; return x - y; }" },
	{ "a load before a store", "u64 f(u64 *a, u64 *b, u64 c) { u64 x = *b; *a = c; return x; }",
	  "u64 f(u64 *a, u64 *b, u64 c) { *a = c; return *b; }" },
	{ "another callee", "u64 f(u64 a, u64 b, u64 c) { return one(a) + b; }",
	  "u64 f(u64 a, u64 b, u64 c) { return other(a) + b; }" },
	{ "another parameter", "u64 f(u64 a, u64 b, u64 c) { return two(a, b) + c; }",
	  "u64 f(u64 a, u64 b, u64 c) { return two(b, a) + c; }" },
	{ "calls swapped", "u64 f(u64 a, u64 b, u64 c) { u64 x = one(a); return x - one(b); }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 y = one(b); return one(a) - y; }" },
	{ "a call twice", "u64 f(u64 a, u64 b, u64 c) { nothing(a); return b; }",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(a); nothing(a); return b; }" },
	{ "a variable", "u64 f(u64 a, u64 b, u64 c) { return table[1] + word; }",
	  "u64 f(u64 a, u64 b, u64 c) { return table[1] + half; }" },
	{ "an index", "u64 f(u64 a, u64 b, u64 c) { return table[a & 15]; }",
	  "u64 f(u64 a, u64 b, u64 c) { return table[a & 7]; }" },
	{ "a string", "u64 f(u64 a, u64 b, u64 c) { return one((u64)\"x\"); }",
	  "u64 f(u64 a, u64 b, u64 c) { return one((u64)\"y\"); }" },
	{ "one round more", "u64 f(u64 a, u64 b, u64 c) { for (u64 i = 0; i < a; i++) nothing(i); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { for (u64 i = 0; i <= a; i++) nothing(i); return 0; }" },
	{ "what a loop carries",
	  "u64 f(u64 a, u64 b, u64 c) { u64 s = b; while (small(a--)) s += a; return s; }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 s = c; while (small(a--)) s += a; return s; }" },
	{ "only the second round differs",
	  "u64 f(u64 a, u64 b, u64 c) { u64 s = b; while (small(a)) { nothing(s); } return s; }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 s = b; while (small(a)) { nothing(s); s = c; } return b; }" },
	{ "the frame's contents", "u64 f(u64 a, u64 b, u64 c) { u64 x[2] = { a, b }; return one((u64)x); }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 x[2] = { b, a }; return one((u64)x); }" },
	{ "which part of the frame", "u64 f(u64 a, u64 b, u64 c) { u64 x[2] = { a, b }; return one((u64)x); }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 x[2] = { a, b }; return one((u64)&x[1]); }" },
	{ "what a callee left in the frame",
	  "u64 f(u64 a, u64 b, u64 c) { u64 x = a; nothing((u64)&x); return x; }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 x = a; nothing((u64)&x); return a; }" },
	{ "the upper half of a small result", "u64 f(u64 a, u64 b, u64 c) { return small(a); }",
	  "u64 f(u64 a, u64 b, u64 c) { return one(a); }" },
	{ "carry", "u64 f(u64 a, u64 b, u64 c) { u64 x = a + b; return x < a ? one(c) : x; }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 x = a + b; return x <= a ? one(c) : x; }" },
	{ "overflow", "u64 f(int a, int b, u64 c) { int x; return __builtin_add_overflow(a, b, &x) ? c : x; }",
	  "u64 f(u32 a, u32 b, u64 c) { u32 x; return __builtin_add_overflow(a, b, &x) ? c : (int)x; }" },
	{ "an atomic operation", "u64 f(u64 *a, u64 b, u64 c) { return __sync_fetch_and_add(a, b); }",
	  "u64 f(u64 *a, u64 b, u64 c) { u64 x = *a; *a = x + b; return x; }" },
	{ "a barrier", "u64 f(u64 *a, u64 b, u64 c) { a[0] = b; asm volatile(\"mfence\" ::: \"memory\"); a[1] = c;"
	  " return 0; }",
	  "u64 f(u64 *a, u64 b, u64 c) { a[0] = b; asm volatile(\"\" ::: \"memory\"); a[1] = c; return 0; }" },
	{ "interrupts", "u64 f(u64 *a, u64 b, u64 c) { asm volatile(\"cli\" ::: \"memory\"); return *a; }",
	  "u64 f(u64 *a, u64 b, u64 c) { asm volatile(\"sti\" ::: \"memory\"); return *a; }" },
	{ "a register that is the caller's", "u64 f(u64 a, u64 b, u64 c) { return a; }",
	  "u64 f(u64 a, u64 b, u64 c) { asm volatile(\"mov %%rdi, %%rbx\" ::: \"memory\"); return a; }" },
	{ "what a format names", "u64 f(u64 a, u64 b, u64 c) { say(\"%lu of %lu\\n\", a, b); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { say(\"%lu of %lu\\n\", a, c); return 0; }" },
	{ "what a format names with *", "u64 f(u64 a, u64 b, u64 c) { say(\"%*lu\\n\", (int)a, b); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { say(\"%*lu\\n\", (int)a, c); return 0; }" },
	{ "what a format names behind %%", "u64 f(u64 a, u64 b, u64 c) { say(\"%% %p%%%-3ld\\n\", (void *)a, b); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { say(\"%% %p%%%-3ld\\n\", (void *)a, c); return 0; }" },
	{ "a parameter of a call by pointer",
	  "u64 f(u64 (*g)(u64, u64), u64 b, u64 c) { nothing(c); return g(b, c); }",
	  "u64 f(u64 (*g)(u64, u64), u64 b, u64 c) { nothing(c); return g(b, b); }" },
	{ "a parameter that the right one has",
	  "u64 f(u64 (*g)(u64, ...), u64 b, u64 c) { nothing(c); return g(b); }",
	  "u64 f(u64 (*g)(u64, ...), u64 b, u64 c) { nothing(c); return g(b, c); }" },
	{ "tests in another order, and the wrong thing done",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (b == 1) nothing(a); else if (b == 2) nothing(c); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (b == 2) nothing(a); else if (b == 1) nothing(c); return 0; }" },
	{ "tests in another order that are not apart",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (b > 1) nothing(a); else if (b > 2) nothing(c); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (b > 2) nothing(c); else if (b > 1) nothing(a); return 0; }" },
	{ "one test more", "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (b == 1) c++; if (a == 2) nothing(c); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (a == 2) nothing(c); return 0; }" },
	{ "a loop that may not end",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); while (b != 1) { b *= 3; asm volatile(\"\"); }"
	  " if (c == 2) nothing(a); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (c == 2) nothing(a); return 0; }" },
	{ "the segment", "u64 f(u64 a, u64 b, u64 c) { u64 x; asm volatile(\"mov %%gs:8, %0\" : \"=r\"(x)); return x; }",
	  "u64 f(u64 a, u64 b, u64 c) { u64 x; asm volatile(\"mov %%fs:8, %0\" : \"=r\"(x)); return x; }" },
};

/* ---- registers that nobody reads ---- */

#define RDX_IS_1 "asm volatile(\"mov $1, %%edx\" ::: \"rdx\"); "

static const struct {
	const char *what, *a, *b;
} unread[] = {
	{ "behind those that the format names",
	  "u64 f(u64 a, u64 b, u64 c) { " RDX_IS_1 "say(\"%lu%%\\n\", a); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { say(\"%lu%%\\n\", a); return 0; }" },
	{ "left behind by another call",
	  "u64 f(u64 (*g)(u64), u64 b, u64 c) { nothing(c); " RDX_IS_1 "return g(b); }",
	  "u64 f(u64 (*g)(u64), u64 b, u64 c) { nothing(c); return g(b); }" },
	{ "left behind by a call in a branch",
	  "u64 f(u64 (*g)(u64), u64 b, u64 c) { if (small(c)) nothing(b); " RDX_IS_1 "return g(b); }",
	  "u64 f(u64 (*g)(u64), u64 b, u64 c) { if (small(c)) nothing(b); return g(b); }" },
	{ "no parameter of the function",
	  "u64 f(u64 (*g)(u64), u64 b, u64 c) { asm volatile(\"mov $1, %%ecx\" ::: \"rcx\"); return g(b); }",
	  "u64 f(u64 (*g)(u64), u64 b, u64 c) { return g(b); }" },
};

static void unread_registers(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(unread); i++) {
		scoped_free char *why = NULL, *other_way = NULL;

		if (!shown(unread[i].a, "", unread[i].b, "", &why))
			fail_msg("%s: not shown: %s", unread[i].what, why);
		/* it is the right one whose compiler is trusted; formats are read for both */
		if (shown(unread[i].b, "", unread[i].a, "", &other_way) != !strncmp(unread[i].what, "behind", 6))
			fail_msg("%s: the other way round: %s", unread[i].what, other_way);
	}
}

/* ---- tests in another order ---- */

static const struct {
	const char *a, *b;
} orders[] = {
	{ "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (b == 1) nothing(a); else if (b == 2) nothing(c); return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { nothing(0); if (b == 2) nothing(c); else if (b == 1) nothing(a); return 0; }" },
	{ "u64 f(u64 a, u64 b, u64 c) { if (b == 1) a = one(a); else if (b == 2) a = two(a, c); else if (b == 3) nothing(a);"
	  " return a; }",
	  "u64 f(u64 a, u64 b, u64 c) { if (b == 3) nothing(a); else if (b == 2) a = two(a, c); else if (b == 1) a = one(a);"
	  " return a; }" },
	{ "u64 f(u64 a, u64 b, u64 c) { while (small(a)) { if (b > 9) nothing(a); else if (b < 4) nothing(c); a--; }"
	  " return 0; }",
	  "u64 f(u64 a, u64 b, u64 c) { while (small(a)) { if (b < 4) nothing(c); else if (b > 9) nothing(a); a--; }"
	  " return 0; }" },
};

static void tests_in_another_order(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		for (int turned = 0; turned < 2; turned++) {
			const char *a = turned ? orders[i].b : orders[i].a, *b = turned ? orders[i].a : orders[i].b;
			scoped_free char *why = NULL;

			if (!shown(a, "-fno-if-conversion", b, "-fno-if-conversion", &why))
				fail_msg("%zu, turned %d: not shown: %s", i, turned, why);
		}
}

static void near_misses(void **state)
{
	unsigned int wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(misses); i++) {
		scoped_free char *why = NULL, *self = NULL;

		if (shown(misses[i].a, "", misses[i].b, "", &why)) {
			print_message("WRONG: %s is shown to be equivalent\n", misses[i].what);
			wrong++;
		}
		/* or it would be refused for another reason */
		if (!shown(misses[i].a, "", misses[i].a, "-frename-registers", &self)) {
			print_message("not even the same: %s: %s\n", misses[i].what, self);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(other_ways),
		cmocka_unit_test(near_misses),
		cmocka_unit_test(unread_registers),
		cmocka_unit_test(tests_in_another_order),
	};

	if (!equiv_available()) {
		print_message("built without the solver: skipped\n");
		return 77;
	}
	return cmocka_run_group_tests(tests, kit_setup, kit_teardown);
}
