// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fix: one or more unified diffs (-p1), read strictly. Accepts what `diff -u`, `git diff` and
 * `git format-patch` write; everything that could be misunderstood is an error that names file and
 * line of the patch.
 */
#ifndef SUTURE_UNITS_FIX_H
#define SUTURE_UNITS_FIX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vec.h"

struct hunk {
	size_t old_start, old_count; /* as in @@ -a,b +c,d @@ */
	size_t new_start, new_count;
	const char *patch;    /* name of the patch file; owned by the fix */
	size_t patch_line;    /* line of the @@ in the patch file */
	unsigned int round;   /* 0: made against the tree; n: against the result of round n - 1 */
	struct str_vec lines; /* each with its first character ' ', '-' or '+', without newline */
	bool old_no_newline, new_no_newline; /* "\ No newline at end of file" */
};
DEFINE_VEC(hunk_vec, struct hunk)

struct fix_file {
	char *path;	     /* relative to the source tree, cleaned of a/ and b/ */
	bool created;	     /* old side is /dev/null */
	bool deleted;	     /* new side is /dev/null */
	const char *patch;   /* name of the first patch file, for messages; owned by the fix */
	size_t patch_line;   /* line of its "---" there */
	unsigned int rounds; /* how many diffs of this path there are */
	struct hunk_vec hunks;
};
DEFINE_VEC(fix_file_vec, struct fix_file)

struct fix {
	char *subject; /* of the first patch ("Subject:" of a mail, or the file's name) */
	struct fix_file_vec files; /* a path appears once: diffs of several patches in order */
	struct str_vec names;	   /* of the patches read so far */
};

/* Reads one patch from memory and adds it to the fix. name: for messages. Ids P1 (malformed), P2
 * (unsafe path), P3 (binary, rename, mode change only, ...). On error the fix can only be freed. */
struct error *fix_parse(struct fix *fix, const char *name, const char *text, size_t size);
/* Reads patch files. */
struct error *fix_read(char *const *paths, size_t n, struct fix *fix);
void fix_free(struct fix *fix);

/* One place where the patched text differs from the old: for line neutrality and accounting. */
struct edit {
	size_t new_line; /* first line (from 1) after the edit, in the patched text */
	size_t old_line; /* the line number it has in the old text */
};
DEFINE_VEC(edit_vec, struct edit)

/* Where a line of the patched text comes from. */
struct line_origin {
	size_t old_line; /* its number in the old text, 0: the fix added it */
	size_t hunk;     /* index in file->hunks of the hunk that added it, plus 1; 0: untouched */
};
DEFINE_VEC(line_origin_vec, struct line_origin)
DEFINE_VEC(size_vec, size_t)

/* Which hunk did what to which line, for accounting. Zero-initialise; fix_trace_free(). */
struct fix_trace {
	struct line_origin_vec lines; /* of the patched text; [0] is its line 1 */
	struct size_vec removed_by;   /* old line - 1 → hunk that removed it plus 1, or 0 */
};

/*
 * Applies the hunks of one file to its text. Context must match exactly; a hunk may have moved
 * (offset), never fuzz. Id P4 when a hunk does not apply: says which, and whether it is already
 * applied. The new text and the edits are the caller's.
 */
struct error *fix_apply(const struct fix_file *file, const char *text, size_t size, char **patched,
			size_t *patched_size, struct edit_vec *edits);

/* The same, and says which line each hunk added or removed. */
struct error *fix_apply_traced(const struct fix_file *file, const char *text, size_t size,
			       char **patched, size_t *patched_size, struct edit_vec *edits,
			       struct fix_trace *trace);
void fix_trace_free(struct fix_trace *trace);

/*
 * Returns patched text with #line directives, so that lines outside the edits keep their old
 * number. A directive goes to the first place after the edit where one may stand: not inside a
 * comment, a string, a continued line, a macro invocation.
 */
char *fix_line_neutral(const char *patched, size_t size, const struct edit_vec *edits,
		       size_t *neutral_size);

#endif
