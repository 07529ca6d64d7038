// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every hunk of a fix comes to something: replaced functions, no change of code (and why), or a
 * refusal. A hunk whose code is neither in the livepatch nor explained is a refusal of its own
 * (A1): a livepatch with a part of the fix is worse than none.
 *
 * Evidence: the line tables and inlined functions in the DWARF of both objects of each unit, the
 * text of the files, and the symbols of the livepatch object that was really written.
 */
#ifndef SUTURE_ACCOUNT_ACCOUNT_H
#define SUTURE_ACCOUNT_ACCOUNT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/error.h"
#include "base/finding.h"
#include "units/fix.h"

enum account_state { ACCOUNT_SAME, ACCOUNT_CHANGED, ACCOUNT_NEW, ACCOUNT_REMOVED };

/* A function or named data object of a unit, as the comparison judged it. */
struct account_entity {
	const char *name;     /* in the patched object; for a removed one in the original */
	const char *original; /* in the original object, NULL for a new one */
	enum account_state state;
	bool function;
	const char *why; /* first difference, or NULL */
	bool gone;	 /* init or exit code or data, which the running kernel has freed */
};
DEFINE_VEC(account_entity_vec, struct account_entity)

/* A compiled pair. All is the caller's. */
struct account_unit {
	const char *source, *kobject;
	const char *original, *patched; /* objects with DWARF */
	const char *livepatch;		/* the object made of it, NULL: none was written */
	bool identical;			/* both objects have the same code and data */
	bool plain;			/* the patched side was compiled without #line directives */
	const struct str_vec *files;	/* files of the fix that it reads */
	struct account_entity_vec entities; /* empty for an identical pair */
};

enum hunk_fate {
	HUNK_REPLACED, /* functions are replaced because of it */
	HUNK_NO_CODE,  /* it changes no code of this kernel */
	HUNK_REFUSED,  /* it changes what cannot be livepatched: another finding says so */
	HUNK_LOST,     /* it has code, and nothing of it is in the livepatch (finding A1) */
};

struct hunk_account {
	const struct fix_file *file;
	size_t hunk; /* index in file->hunks */
	enum hunk_fate fate;
	struct str_vec
		functions; /* replaced and new functions with code of the hunk, or changed by it */
	char *why;	   /* evidence, one clause */
	struct str_vec init; /* changed init functions that the hunk itself is in */
	struct str_vec
		init_inlined; /* those that only have a copy of code that is replaced elsewhere */
};
DEFINE_VEC(hunk_account_vec, struct hunk_account)

/*
 * Accounts for all hunks, in the order of the fix. srctree: the unchanged source. findings: those
 * of earlier stages explain files without code; A1 (lost hunk), A2 (a function changed that no hunk
 * explains) and A3 (no debug information) are added. Errors: D1, D2, Y1 and those of fix_apply().
 */
struct error *account_hunks(const struct fix *fix, const char *srctree,
			    const struct account_unit *units, size_t n,
			    struct hunk_account_vec *result, struct finding_vec *findings);
void hunk_accounts_free(struct hunk_account_vec *result);

/*
 * Does the fix change this changed init function itself? False when it only has inlined code, or a
 * definition, that changes replaced functions as well. Without an explanation: true.
 */
bool account_touches_function(const struct hunk_account_vec *result, const char *name);

/* One line a hunk; an array of objects (a new reference). */
void hunk_accounts_print(const struct hunk_account_vec *result, FILE *out);
json_t *hunk_accounts_json(const struct hunk_account_vec *result);
const char *hunk_fate_name(enum hunk_fate fate);

#endif
