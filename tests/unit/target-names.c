// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of releases and versions; choosing the packages of a kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/str.h"
#include "target/config.h"
#include "target/debian.h"
#include "target/names.h"

static void test_safe(void **state)
{
	static const char *const good[] = { "6.12.113+deb12-cloud-amd64", "a", "6.1.0-56~x" };
	static const char *const bad[] = { "",	  ".",	    "..",  "a/b", "../x", "a b",
					   "a:b", "a\nb",   "-x",  "a$b", "a;b",  "\xc3\xa4" };

	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(name_is_safe(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(name_is_safe(bad[i]));
}

static void test_release(void **state)
{
	struct release_name r;

	assert_true(release_parse("6.12.113+deb12-cloud-amd64", &r));
	assert_string_equal(r.series, "6.12");
	assert_string_equal(r.abi, "6.12.113+deb12");
	assert_string_equal(r.flavour, "cloud-amd64");
	assert_true(release_parse("6.1.0-56-amd64", &r));
	assert_string_equal(r.series, "6.1");
	assert_string_equal(r.abi, "6.1.0-56");
	assert_string_equal(r.flavour, "amd64");
	assert_true(release_parse("6.1.0-56-rt-amd64", &r));
	assert_string_equal(r.flavour, "rt-amd64");
	assert_false(release_parse("6.12-cloud-amd64", &r)); /* a meta package */
	assert_false(release_parse("amd64", &r));
	assert_false(release_parse("6.1.0-56-arm64", &r));
	assert_false(release_parse("6.1.0-56/../amd64", &r));
}

static void test_latest(void **state)
{
	struct latest_name l;
	struct release_name cloud, plain;

	assert_true(release_parse("6.12.113+deb12-cloud-amd64", &cloud));
	assert_true(release_parse("6.1.0-56-amd64", &plain));
	assert_true(latest_parse("latest", &l));
	assert_true(latest_matches(&l, &plain));
	assert_false(latest_matches(&l, &cloud));
	assert_true(latest_parse("latest-cloud", &l));
	assert_true(latest_matches(&l, &cloud));
	assert_true(latest_parse("latest-6.1", &l));
	assert_string_equal(l.series, "6.1");
	assert_true(latest_matches(&l, &plain));
	assert_true(latest_parse("latest-6.1-cloud", &l));
	assert_false(latest_matches(&l, &cloud)); /* 6.12 is not 6.1 */
	assert_false(latest_parse("latest-rt", &l));
	assert_false(latest_parse("latest-6", &l));
	assert_false(latest_parse("6.1", &l));
}

/* In ascending order. */
static const char *const versions[] = {
	"6.1.0-9-amd64", "6.1.0-56-amd64", "6.1.170-3", "6.1.192-1", "6.1.192-2", "6.12~rc1-1",
	"6.12.9-1~deb12u1", "6.12.113-1~deb12u1", "6.12.113-1", "6.12.113-1+b1", "1:0.1-1",
};

static int sign(int n)
{
	return (n > 0) - (n < 0);
}

static void test_versions(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
		for (size_t j = 0; j < ARRAY_SIZE(versions); j++)
			assert_int_equal(sign(debian_version_compare(versions[i], versions[j])),
					 sign((int)i - (int)j));
}

/* The same order as dpkg's own, where dpkg is there. */
static void test_versions_dpkg(void **state)
{
	for (size_t i = 0; i + 1 < ARRAY_SIZE(versions); i++) {
		const char *const argv[] = { "dpkg",	     "--compare-versions", versions[i], "lt",
					     versions[i + 1], NULL };
		scoped_process_result struct process_result r = { 0 };
		scoped_error struct error *err = process_run(&(struct process){ .argv = argv }, &r);

		if (err)
			skip();
		assert_int_equal(r.status, 0);
	}
}

static void test_near(void **state)
{
	char *known[] = { "6.12.113+deb12-cloud-amd64", "6.12.117+deb12-cloud-amd64", "build-x" };
	struct str_vec list = { .at = known, .n = 3 };
	scoped_free char *near = near_names("6.12.17+deb12-cloud-amd64", &list, 2);
	scoped_free char *far = near_names("zzzzzzzzz", &list, 2);

	assert_string_equal(near, "6.12.117+deb12-cloud-amd64, 6.12.113+deb12-cloud-amd64");
	assert_null(far);
	assert_int_equal(edit_distance("", "abc"), 3);
	assert_int_equal(edit_distance("kitten", "sitting"), 3);
}

/* What apt-cache show prints, cut to the fields that matter. */
static const char apt_text[] =
	"W: something on the error channel\n"
	"Package: linux-image-6.1.0-50-cloud-amd64\nVersion: 6.1.176-1\nSize: 5\n\n"
	"Package: linux-image-6.1.0-50-cloud-amd64-unsigned\nVersion: 6.1.176-2\nSize: 5\n\n"
	"Package: linux-image-6.1.0-50-cloud-amd64-dbg\nVersion: 6.1.176-1\nSize: 5\n\n"
	"Package: linux-image-6.1.0-50-cloud-amd64-dbg\nVersion: 6.1.176-2\nSize: 5\n\n"
	"Package: linux-headers-6.1.0-50-cloud-amd64\nVersion: 6.1.176-2\n"
	"Depends: linux-headers-6.1.0-50-common (= 6.1.176-2), linux-kbuild-6.1 (>= 6.1.176-2), "
	"linux-compiler-gcc-12-x86\nSize: 5\n\n"
	"Package: linux-headers-6.1.0-50-cloud-amd64\nVersion: 6.1.176-1\n"
	"Depends: linux-headers-6.1.0-50-common (= 6.1.176-1), linux-kbuild-6.1 (>= 6.1.176-1), "
	"linux-compiler-gcc-12-x86\nSize: 5\n\n"
	"Package: linux-headers-6.1.0-50-common\nVersion: 6.1.176-2\n\n"
	"Package: linux-headers-6.1.0-50-common\nVersion: 6.1.176-1\n\n"
	"Package: linux-kbuild-6.1\nVersion: 6.1.192-2\n\n"
	"Package: linux-kbuild-6.1\nVersion: 6.1.170-1\n\n"
	"Package: linux-source-6.1\nVersion: 6.1.192-2\n\n"
	"Package: linux-source-6.1\nVersion: 6.1.176-1\nSize: 77\n";

static void test_choose(void **state)
{
	struct apt_package_vec known = { 0 };
	struct debian_plan plan = { 0 };

	apt_parse(apt_text, &known);
	assert_int_equal(known.n, 12);
	/* 6.1.176-2 is newer, but its source is not there. */
	assert_null(debian_choose("6.1.0-50-cloud-amd64", &known, &plan));
	assert_int_equal(plan.packages.n, PARTS);
	assert_string_equal(plan.packages.at[PART_IMAGE].version, "6.1.176-1");
	assert_string_equal(plan.packages.at[PART_HEADERS].version, "6.1.176-1");
	assert_string_equal(plan.packages.at[PART_COMMON].version, "6.1.176-1");
	assert_string_equal(plan.packages.at[PART_KBUILD].version, "6.1.192-2");
	assert_string_equal(plan.packages.at[PART_SOURCE].version, "6.1.176-1");
	assert_int_equal(plan.packages.at[PART_SOURCE].size, 77);
	debian_plan_free(&plan);
	apt_packages_free(&known);
}

static void test_choose_realtime(void **state)
{
	struct apt_package_vec known = { 0 };
	struct debian_plan plan = { 0 };
	scoped_error struct error *err = debian_choose("6.1.0-50-rt-amd64", &known, &plan);

	assert_non_null(err);
	assert_string_equal(err->id, "T13");
	assert_non_null(strstr(err->hint, "6.1.0-50-amd64"));
	debian_plan_free(&plan);
}

static void test_choose_no_source(void **state)
{
	struct apt_package_vec known = { 0 };
	struct debian_plan plan = { 0 };

	apt_parse(apt_text, &known);
	known.n--; /* forget the source of 6.1.176-1 */
	scoped_error struct error *err = debian_choose("6.1.0-50-cloud-amd64", &known, &plan);

	assert_non_null(err);
	assert_string_equal(err->id, "T3");
	assert_non_null(strstr(err->message, "linux-source-6.1"));
	assert_non_null(strstr(err->message, "6.1.192-2"));
	known.n++;
	debian_plan_free(&plan);
	apt_packages_free(&known);
}

static void test_config(void **state)
{
	static const char text[] = "# CONFIG_X is not set\nCONFIG_AB=m\nCONFIG_A=y\nCONFIG_S=\"a b\"\n"
				   "CONFIG_CC_IS_GCC=y\nCONFIG_CC_VERSION_TEXT=\"gcc-12 (x) 12\"\n";
	scoped_free char *s = config_value(text, "S");
	scoped_free char *cc = NULL;
	scoped_free char *diff = config_difference(text, "CONFIG_AB=m\nCONFIG_Z=y\n", 1);

	assert_true(config_is(text, "A", 'y'));
	assert_true(config_is(text, "AB", 'm'));
	assert_false(config_is(text, "X", 'y'));
	assert_false(config_is(text, "B", 'm'));
	assert_string_equal(s, "a b");
	assert_null(config_compiler(text, "x", &cc));
	assert_string_equal(cc, "gcc-12");
	assert_string_equal(diff, "CONFIG_A (not set, should be y) and 4 more");
	assert_null(config_difference(text, text, 3));

	scoped_error struct error *err = config_check_livepatch(
		"CONFIG_X86_64=y\nCONFIG_MODULES=y\n# CONFIG_LIVEPATCH is not set\n", "k");

	assert_string_equal(err->id, "T4");
	assert_non_null(strstr(err->message, "CONFIG_LIVEPATCH"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_safe),	     cmocka_unit_test(test_release),
		cmocka_unit_test(test_latest),	     cmocka_unit_test(test_versions),
		cmocka_unit_test(test_versions_dpkg), cmocka_unit_test(test_near),
		cmocka_unit_test(test_choose),	     cmocka_unit_test(test_choose_realtime),
		cmocka_unit_test(test_choose_no_source),
		cmocka_unit_test(test_config),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
