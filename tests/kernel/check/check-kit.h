// SPDX-License-Identifier: GPL-2.0-or-later
/* The livepatches that the tests of the rules look at. */
#ifndef SUTURE_TESTS_CHECK_KIT_H
#define SUTURE_TESTS_CHECK_KIT_H

#include <stdbool.h>

#include "target/target.h"

extern const char *kit_sources;   /* directory of the sources */
extern struct target *kit_target;

/* Calls run() with each target of $SUTURE_TEST_TARGETS (blank separated), else with $SUTURE_TEST_TARGET, else with
 * the first of the cache. The exit code: 1 when one failed, 77 when there is none. */
int kit_each_target(int (*run)(bool first));
/* Copies the sources (a list that ends with NULL) to the scratch directory and compiles them in one run of
 * Kbuild. 0, or -1 with a message, as cmocka wants it. */
int kit_build(const char *const *names);
/* Livepatch relocations, and what no compiler makes; the systems. For the livepatches of check-rules. */
int kit_finish(void);
int kit_teardown(void **state);

/* "quiet" and "busy" are root directories of systems: nothing is loaded, everything is. */
/* Path in the scratch directory; the caller's. */
char *kit_file(const char *name);

/*
 * A change of bytes that keeps all sizes. place: a section; "strings" (symbol names), "sections" (names
 * of sections), "end" (from is appended), "shrink" (the section `from` loses `to` bytes). `to` goes over the
 * first bytes of the first `from`; with a $ at its end, what is left of `from` becomes NUL. All zero:
 * no change.
 */
struct alteration {
	const char *place, *from, *to;
};
/* MODULE.ko, changed; the path is the caller's. */
char *kit_edited(const char *module, const struct alteration *edit);

/* Does the target's vmlinux have a symbol? */
bool kit_has_symbol(const char *name);

/* The target, but for one line of its configuration. The caller's. */
struct target *kit_without_option(const char *line);

#endif
