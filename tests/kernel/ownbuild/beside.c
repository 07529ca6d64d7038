// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A header that the vDSO reads, changed, on a stock kernel: there the vDSO's objects are not in the
 * prepared tree, and they are compiled for the comparison with the flags of their own Makefile.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "own.h"

static char *source, *target;

/* A patch that replaces one line of a file of the source. */
static char *make_patch(const char *file, const char *old, const char *new)
{
	scoped_free char *path = path_join(source, file);
	scoped_free char *text = NULL;
	char *patch = path_join(scratch, "header.patch");
	size_t line = 1;

	assert_null(read_file(path, &text, NULL));
	char *hit = strstr(text, old);

	assert_non_null(hit);
	for (char *p = text; p < hit; p++)
		line += *p == '\n';
	scoped_free char *diff = xasprintf("--- a/%s\n+++ b/%s\n@@ -%zu +%zu @@\n-%s\n+%s\n", file,
					   file, line, line, old, new);

	assert_null(write_file(patch, diff, strlen(diff)));
	return patch;
}

static void test_vdso(void **state)
{
	scoped_free char *patch = make_patch("include/vdso/helpers.h",
		"	while (unlikely((seq = READ_ONCE(vd->seq)) & 1))",
		"	while (unlikely((seq = READ_ONCE(vd->seq)) & 3))");
	scoped_free char *out = suture(1, "build", patch, "-t", target, "-o", scratch, NULL);

	assert_non_null(strstr(out, "refusal F2"));
	assert_non_null(strstr(out, "arch/x86/entry/vdso/vclock_gettime.c"));
}

/* What the vDSO does not use of the header may change: no false alarm. */
static void test_not_vdso(void **state)
{
	scoped_free char *patch = make_patch("include/vdso/helpers.h",
		"static __always_inline void vdso_write_end(struct vdso_data *vd)",
		"static __always_inline __maybe_unused void vdso_write_end(struct vdso_data *vd)");
	scoped_free char *out = suture(1, "build", patch, "-t", target, "-o", scratch, NULL);

	assert_null(strstr(out, "F2"));
	assert_null(strstr(out, "U3"));
	assert_non_null(strstr(out, "U14"));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vdso),
		cmocka_unit_test(test_not_vdso),
	};

	if (!own_init(argc, argv))
		return 1;
	source = own_debian_source(&target);
	if (!source) {
		puts("skipped: no 6.12 target (suture target add debian:...)");
		own_done();
		return SKIP;
	}
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	own_done();
	free(source);
	free(target);
	return failed;
}
