// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own livepatch selftests, from the target's source: their test modules are built with
 * the target's headers in a scratch directory, and their scripts run unmodified in the booted target.
 *
 * A *set* is a directory of test modules: the kernel's own, or one in which some were exchanged.
 */
#ifndef SUTURE_TESTS_SELFTESTS_KIT_H
#define SUTURE_TESTS_SELFTESTS_KIT_H

#include "base/vec.h"
#include "../roads/road.h"

/* A change of a test module's source, for modules that are broken on purpose. */
struct selftest_edit {
	const char *file, *find, *replace;
};

/* One run of a script, and what came of it. */
struct selftest_run {
	const char *set;
	char *script; /* "test-state.sh" */
	int status;   /* exit status; -1: it did not run to its end */
	int seconds;  /* in the guest */
	char *output;
};
DEFINE_VEC(selftest_run_vec, struct selftest_run)

/* Appends a run of every script that the target's source has, sorted by name. */
void selftests_add_all(const char *set, struct selftest_run_vec *runs);
void selftests_add(const char *set, const char *script, struct selftest_run_vec *runs);

/* Does the target's source have this script? */
bool selftests_have(const char *script);

/* Directory of the test modules' source in the target's source tree; the caller's. */
char *selftests_module_source(void);

/* Builds the test modules of the target into a set; edit may be NULL. */
void selftests_build(const char *set, const struct selftest_edit *edit);
/* Exchanges a module of a set for another file. */
void selftests_exchange(const char *set, const char *module, const char *ko);
/* Directory in which the set was built: sources, objects, Kbuild's .cmd files. The caller's. */
char *selftests_build_dir(const char *set);

/* Boots the target once and runs them all, in order. Asserts that the kernel had nothing to complain
 * about but refused livepatches, which the scripts provoke. */
void selftests_boot(struct selftest_run_vec *runs);

/* The run, or NULL. */
const struct selftest_run *selftests_find(const struct selftest_run_vec *runs, const char *set,
					  const char *script);
/* Asserts that it ended with status 0; shows its output otherwise. */
void selftests_assert_passed(const struct selftest_run *run);
void selftests_free(struct selftest_run_vec *runs);

#endif
