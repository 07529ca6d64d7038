// SPDX-License-Identifier: GPL-2.0-or-later
/* The files of a fix with their new contents. */
#ifndef SUTURE_UNITS_PATCHED_H
#define SUTURE_UNITS_PATCHED_H

#include "base/error.h"
#include "base/finding.h"
#include "target/target.h"
#include "units/classify.h"
#include "units/fix.h"

struct patched_file {
	const struct fix_file *file;
	enum file_kind kind; /* FILE_UNIT or FILE_HEADER */
	char *plain;	     /* the patched text */
	size_t plain_size;
	char *neutral; /* the same with #line directives */
	size_t neutral_size;
	size_t compiled; /* units that read it and were compiled twice */
	size_t changed;	 /* those among them whose objects differ */
	bool unbuilt;	 /* a C file that is no unit of the configuration by itself */
	bool candidate;	 /* units that may read it were found (and perhaps could not be compiled) */
};
DEFINE_VEC(patched_vec, struct patched_file)

/*
 * Classifies every file of the fix and applies it to the source tree's text. Files without code and
 * refused ones become findings (U7, U8, U12, U13, F2, P7) and are not in the list. Errors: P4-P6.
 */
struct error *patched_read(const struct target *target, const struct fix *fix,
			   struct patched_vec *list, struct finding_vec *findings);
void patched_free(struct patched_vec *list);
struct patched_file *patched_find(struct patched_vec *list, const char *path);

/* "PATCH:LINE" of a file's first hunk. The caller's. */
char *patched_location(const struct fix_file *file);

#endif
