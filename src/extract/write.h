// SPDX-License-Identifier: GPL-2.0-or-later
/* The source of a livepatch from the pieces of a closure. */
#ifndef SUTURE_EXTRACT_WRITE_H
#define SUTURE_EXTRACT_WRITE_H

#include "base/str.h"
#include "extract/closure.h"

/* Appends the whole source of the unit. Sorts the closure's pieces. */
void write_source(struct closure *c, struct str *out);

/* ---- parts ---- */

/* Appends the annotation of a linkage (FATE_KLP, or the old one of a replaced function). */
void write_annotation(const struct closure *c, const char *identifier, const struct name_fate *fate,
		      const char *link_name, struct str *out);

/* A change of original text: these bytes are replaced. */
struct edit {
	uint32_t at, length;
	char *text;
};
DEFINE_VEC(edit_vec, struct edit)

/*
 * The changes that a piece's text needs: names of replaced functions, storage class, static
 * variables. The result is the caller's (edits_free), sorted.
 */
void find_edits(struct closure *c, const struct piece *p, struct edit_vec *edits);
void edits_free(struct edit_vec *edits);

#endif
