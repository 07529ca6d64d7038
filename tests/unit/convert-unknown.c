// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * K1: where a name went that the kernel does not have. Symbol list and index are made of the same two
 * objects, as the real compiler wrote them.
 */
#include "convert-kit.h"

#include "impact/index_build.h"
#include "impact/whereabouts.h"

static const char kernel[] =
	"int work(int);\n"
	"static inline int small(int x) { return work(x) - 4; }\n"			/* line 2 */
	"static __attribute__((noinline)) int cloned(int x, int *y) { return work(x) * 5; }\n"
	"int one(int x) { return small(x) + small(x * 2); }\n"
	"int two(int x) { return cloned(x, &x) + 1; }\n"
	"int three(int x) { return small(x) + 3; }\n"
	"int four(int x) { return small(x) + 4; }\n"
	"int five(int x) { return small(x) + 5; }\n"
	"__attribute__((section(\".init.text\"))) int starts(int x) { return work(x) + 7; }\n";
static const char module[] =
	"int work(int);\n"
	"static __attribute__((noinline)) int inner(int x) { return work(x) + 2; }\n"
	"static inline int wrapper(int x) { return inner(x) * 3; }\n"
	"int outer(int x) { return wrapper(x); }\n";

static struct index_part parts[2];
static struct impact_index index_of = { parts, 2 };
static struct symlist list;

/* Adds an object to the list, and makes its part of the index. */
static void add_object(const char *name, const char *text, struct index_part *part)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_image struct image *image = NULL;
	scoped_free char *file = xasprintf("%s.c", name);
	scoped_free char *object = kit_compile("gcc-12", "-g -O2 -w", file, text);
	scoped_free char *idx = xasprintf("%s.idx", object);
	bool found;

	assert_fine(image_open(name, object, &image));
	symlist_add_image(&list, image);
	index_add_object(&b, image);
	assert_fine(index_add_dwarf(&b, 0, object, &found));
	assert_true(found);
	assert_fine(index_write(&b, idx, 1));
	assert_fine(index_part_open(idx, part));
}

static int setup(void **state)
{
	kit_setup(state);
	list = (struct symlist){ .path = xstrdup("list") };
	add_object("vmlinux", kernel, &parts[0]);
	add_object("ext4", module, &parts[1]);
	return 0;
}

static int teardown(void **state)
{
	symlist_free(&list);
	index_part_close(&parts[0]);
	index_part_close(&parts[1]);
	return kit_teardown(state);
}

static char *ask(const char *name, void *context)
{
	return whereabouts_in(context, name);
}

static void convert_call(struct run *r, const char *name, const char *more)
{
	scoped_free char *text = xasprintf(HEADER MODINFO "extern int %s(int); int f(int x)"
							  "{ return %s(x); } %s",
					   name, name, more);

	make_module(r, name, text);
	struct convert_request rq = { .name = "module", .data = r->in, .size = r->in_size,
				      .symbols = &list, .findings = &r->findings,
				      .whereabouts = ask, .context = &index_of };

	r->err = convert_module(&rq, &r->result);
}

/* Are all of these in the refusal of a call of this name? */
static void assert_says(const char *name, const char *id, const char *const *texts)
{
	scoped_run struct run r = { 0 };

	convert_call(&r, name, "");
	for (; *texts; texts++)
		assert_refused(&r, id, *texts);
}
#define SAYS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void inlined_everywhere(void **state)
{
	assert_says("small", "K1", SAYS("no object of list has 'small'", "vmlinux.c:2 was inlined",
					"vmlinux:one", " and 1 more"));
	assert_says("wrapper", "K1", SAYS("ext4.c:3 was inlined", "into ext4:outer"));
}

static void only_a_clone_is_left(void **state)
{
	assert_says("cloned", "K1", SAYS("vmlinux.c:3 has its code at vmlinux:cloned.",
					 "the compiler made of it cloned."));
}

static void misspelt(void **state)
{
	assert_says("startz", "K1", SAYS("near: starts"));
	assert_says("nothing_like_it", "K1", SAYS("misspelt, or no function"));
}

static void init_memory(void **state)
{
	assert_says("starts", "K8", SAYS("init memory of vmlinux"));
}

/* Unknown where the annotation says: it names the object that has it. */
static void in_another_object(void **state)
{
	scoped_run struct run other = { 0 }, nowhere = { 0 };

	convert_call(&other, "inner", "SUTURE_KLP_SYM(vmlinux, inner, 0);");
	assert_refused(&other, "K3", "it is not, but in ext4");
	assert_non_null(strstr(other.findings.at[0].way_out, "SUTURE_KLP_SYM(ext4, inner, 0);"));
	convert_call(&nowhere, "wrapper", "SUTURE_KLP_SYM(ext4, wrapper, 0);");
	assert_refused(&nowhere, "K3", "it is not; that of ext4.c:3 was inlined");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inlined_everywhere),
		cmocka_unit_test(only_a_clone_is_left),
		cmocka_unit_test(misspelt),
		cmocka_unit_test(init_memory),
		cmocka_unit_test(in_another_object),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
