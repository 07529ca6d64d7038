// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of object, diff and module share: a scratch directory, compilers, object pairs. */
#ifndef SUTURE_TESTS_DIFF_KIT_H
#define SUTURE_TESTS_DIFF_KIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/compare.h"

extern char *kit_dir;
int kit_setup(void **state);
int kit_teardown(void **state);

/* Runs a command line (split as a shell would, no expansions); the test fails when it fails. */
void kit_run(const char *command);
bool kit_has(const char *program);
/* kit_dir/name; the caller's. */
char *kit_path(const char *name);
/* Writes text to NAME (".c" or ".s") and compiles it with "CC FLAGS"; the object's path. */
char *kit_compile(const char *cc, const char *flags, const char *name, const char *text);

/* Two objects, correlated and compared. */
struct kit_pair {
	struct object *o, *p;
	struct model *a, *b;
	struct finding_vec findings;
};
void kit_open(struct kit_pair *k, const char *original, const char *patched);
void kit_close(struct kit_pair *k);
#define scoped_pair SCOPED(kit_close)

struct entity *kit_entity(struct model *m, const char *name);
/* The data entity of this key that a function refers to (the nth, from 0, of distinct ones). */
struct entity *kit_used(struct model *m, const char *function, const char *key, size_t nth);

/*
 * What changed, a line each: "changed function f: reason". Only what may matter to a user: entities
 * with symbols.
 */
char *kit_report(const struct kit_pair *k);

/* The id of an error that must be there; frees it. */
#define assert_error(expr, want)                                           \
	do {                                                               \
		struct error *e_ = (expr);                                 \
		if (!e_)                                                   \
			fail_msg("no error %s", want);                     \
		if (!streq(e_->id, want))                                  \
			fail_msg("%s instead of %s: %s", e_->id, want, e_->message); \
		error_free(e_);                                            \
	} while (0)
#define assert_fine(expr)                                                  \
	do {                                                               \
		struct error *e_ = (expr);                                 \
		if (e_)                                                    \
			fail_msg("%s: %s", e_->id, e_->message);           \
	} while (0)

#endif
