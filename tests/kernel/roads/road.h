// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For tests on the real kernels: targets, fixes made by search and replace in the target's own source
 * (so that one description works for several versions), building, booting, assertions.
 */
#ifndef SUTURE_TESTS_ROAD_H
#define SUTURE_TESTS_ROAD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "boot/boot.h"
#include "driver/build.h"
#include "target/target.h"
#include "units/units.h"

enum { ROAD_SKIP = 77 };

/* The target and the scratch directory of the tests that run now. */
extern struct target *road_target;
extern char *road_dir;

/*
 * Runs the tests for each target of $SUTURE_TEST_TARGETS (blank separated), or for each Debian target
 * in the cache; ROAD_SKIP when there is none. After each target, its source tree must be as it was.
 * $SUTURE_TEST_FILTER: only tests whose name matches.
 */
int road_run(const char *name, const struct CMUnitTest *tests, size_t n);
/* The same for tests that are known only when the target is: calls run(arg), which gives the number of
 * failed tests, for each target. */
int road_for_each_target(const char *name, int (*run)(void *arg), void *arg);

/* Replaces the only (or, with `first`, the first) occurrence of `find` in a source file. */
struct road_edit {
	const char *path, *find, *replace;
	bool first;
};

/* The unified diff of the edits: several edits of one file must follow each other. `reverse`: from
 * the edited text to the target's. The caller's. */
char *road_patch(const struct road_edit *edits, size_t n, bool reverse);

/* Builds the fix of this text into road_dir; the report is the caller's. */
struct error *road_build(const char *patch, const char *name, struct build_report *report);
/* The same for edits, asserting that nothing but findings stops it. */
void road_build_edits(const struct road_edit *edits, size_t n, const char *name,
		      struct build_report *report);

/* The finding of this id about this symbol (NULL: any), or NULL. */
const struct finding *road_find(const struct finding_vec *list, const char *id, const char *symbol);
/* Asserts that it is there, with this severity. */
void road_assert_finding(const struct build_report *report, const char *id,
			 enum severity severity, const char *symbol);
/* Asserts that a livepatch was made; prints the findings if not. */
void road_assert_built(const struct build_report *report);
bool road_replaces(const struct build_report *report, const char *kobject, const char *function);

/* Boots the livepatch with a script; asserts that the test passed. The result is the caller's. */
void road_boot(const char *livepatch, const char *script, const struct str_vec *modules,
	       const char *cmdline, struct boot_result *result);
/* The same with files for the guest. */
void road_boot_with(const char *livepatch, const char *script, const struct str_vec *extra,
		    struct boot_result *result);
/* Does the symbol table of the module have this name? */
bool road_module_has_symbol(const char *path, const char *name);

#endif
