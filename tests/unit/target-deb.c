// SPDX-License-Identifier: GPL-2.0-or-later
/* Taking one file out of a package, against packages made by tar, xz and ar. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "target/deb.h"

enum { FILES = 40 };
static char *scratch, *package;

static void fine(struct error *err)
{
	if (err)
		fail_msg("%s: %s", err->id, err->message);
}

static void shell(const char *command)
{
	const char *const argv[] = { "bash", "-ec", command, NULL };
	scoped_process_result struct process_result r = { 0 };

	fine(process_run(&(struct process){ .argv = argv, .cwd = scratch }, &r));
	if (r.status)
		fail_msg("%s: %s", command, r.output);
}

/* Name number i: some longer than a tar header has room for. */
static char *member_name(unsigned int i)
{
	return xasprintf("./usr/lib/%02u%s/file%s.ko", i, i % 3 ? "" : "-a-directory-with-a-long-name-"
			 "that-makes-the-whole-path-longer-than-one-hundred-characters-can-be-"
			 "and-then-some-more", i % 2 ? "+x" : "");
}

/* Contents: of very different sizes, not compressible to nothing. */
static size_t fill(unsigned int i, unsigned char *data)
{
	size_t size = i == 5 ? 700000 : i == 7 ? 0 : (i * 7919) % 60000;
	uint32_t x = i + 1;

	for (size_t k = 0; k < size; k++)
		data[k] = (x = x * 1664525 + 1013904223) >> 24;
	return size;
}

static int setup(void **state)
{
	static unsigned char data[1 << 20];

	if (temp_dir_new("test", &scratch))
		return 1;
	for (unsigned int i = 0; i < FILES; i++) {
		scoped_free char *name = member_name(i);
		scoped_free char *path = path_join(scratch, name + 2);
		scoped_free char *dir = path_dirname(path);
		size_t size = fill(i, data);

		fine(make_dirs(dir));
		fine(write_file(path, data, size));
	}
	package = path_join(scratch, "p.deb");
	shell("tar --format=gnu --sort=name -cf data.tar ./usr; echo 2.0 >debian-binary;"
	      " echo >control.tar.xz; xz -k --block-size=65536 data.tar;"
	      " ar rc p.deb debian-binary control.tar.xz data.tar.xz");
	return 0;
}

static int teardown(void **state)
{
	free(package);
	temp_dir_remove(&scratch);
	return 0;
}

static void test_every_file(void **state)
{
	static unsigned char data[1 << 20];
	scoped_free char *to = path_join(scratch, "out");

	for (unsigned int i = 0; i < FILES; i++) {
		scoped_free char *name = member_name(i);
		scoped_free char *have = NULL;
		size_t size, want = fill(i, data);
		bool found;

		unlink(to);
		fine(deb_extract(package, name, to, &found));
		assert_true(found);
		fine(read_file(to, &have, &size));
		assert_int_equal(size, want);
		assert_memory_equal(have, data, want);
	}
}

static void test_missing(void **state)
{
	static const char *const names[] = { "./usr/lib/00", "./a", "./zzz", "",
					     "./usr/lib/05/file+x.k" };
	scoped_free char *to = path_join(scratch, "missing");
	bool found;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		fine(deb_extract(package, names[i], to, &found));
		assert_false(found);
		assert_false(path_exists(to));
	}
}

/* Other layouts are not an error: the caller then unpacks in another way. */
static void test_other_layouts(void **state)
{
	scoped_free char *to = path_join(scratch, "other");
	scoped_free char *none = path_join(scratch, "none.deb");
	scoped_free char *text = path_join(scratch, "debian-binary");
	bool found;

	shell("cp data.tar data2.tar; gzip -c data.tar >data.tar.gz;"
	      " ar rc none.deb debian-binary data.tar.gz");
	fine(deb_extract(none, "./usr/lib/01/file+x.ko", to, &found));
	assert_false(found);
	fine(deb_extract(text, "./usr/lib/01/file+x.ko", to, &found));
	assert_false(found);
}

/* Damage anywhere: an error, or not found, or the right contents; never anything else. */
static void test_damage(void **state)
{
	static unsigned char data[1 << 20];
	scoped_free char *name = member_name(20);
	scoped_free char *bad = path_join(scratch, "bad.deb");
	scoped_free char *to = path_join(scratch, "damaged");
	scoped_free char *whole = NULL;
	size_t size, want = fill(20, data), errors = 0;

	fine(read_file(package, &whole, &size));
	for (size_t i = 0; i < 120; i++) {
		size_t at = i < 60 ? 3 * i : size - 1 - (i - 60) * (size / 61);
		bool found = false, cut = i % 5 == 4;
		char old = whole[at];

		whole[at] ^= 1 << i % 8;
		fine(write_file(bad, whole, cut ? at : size));
		whole[at] = old;
		unlink(to);
		struct error *err = deb_extract(bad, name, to, &found);

		if (!err && found) {
			scoped_free char *have = NULL;
			size_t n;

			fine(read_file(to, &have, &n));
			assert_int_equal(n, want);
			assert_memory_equal(have, data, n);
		}
		errors += err != NULL;
		error_free(err);
	}
	assert_true(errors > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_file),
		cmocka_unit_test(test_missing),
		cmocka_unit_test(test_other_layouts),
		cmocka_unit_test(test_damage),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
