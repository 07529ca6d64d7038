// SPDX-License-Identifier: GPL-2.0-or-later
/* The source of a livepatch from the pieces of a closure. */
#ifndef SUTURE_EXTRACT_WRITE_H
#define SUTURE_EXTRACT_WRITE_H

#include "base/str.h"
#include "extract/closure.h"

/* Appends the whole source of the unit. Sorts the closure's pieces. */
void write_source(struct closure *c, struct str *out);

/* ---- parts: write_head.c ---- */

/* Appends redefinitions of the unit's own names that the text shows. */
void write_unit_names(const struct closure *c, struct str *out);
/* Appends includes, and what the unit's file defines between them. */
void write_head(struct closure *c, struct str *out);
void write_this_module(const struct closure *c, struct str *out);
void write_macro(struct closure *c, const struct piece *p, struct str *out);
void write_late_include(struct closure *c, const struct piece *p, struct str *out);

/* ---- parts: annotate.c ---- */

/* Appends SUTURE_KLP_… for an identifier (link_name: its assembler name where it has another). */
void write_annotation(const struct closure *c, const char *identifier, const struct name_fate *fate,
		      const char *link_name, struct str *out);
/* Is the symbol referred to, as far as is known? */
bool is_referred(const struct closure *c, const char *name);
bool is_annotated(const struct closure *c, const struct linkage *l);
/* Appends the annotation of a linkage, if it has one. */
void annotate(const struct closure *c, const struct linkage *l, struct str *out);
bool needs_annotations(const struct closure *c);
/* What public headers declare, and what copied declarations declare, is annotated together. */
void annotate_headers(const struct closure *c, struct str *out);
void annotate_private(const struct closure *c, struct str *out);

/* ---- parts: edit.c ---- */

/* A change of original text: these bytes are replaced. */
struct edit {
	uint32_t at, length;
	char *text;
	uint32_t line; /* lines were cut: the one that comes next, or 0 */
};
DEFINE_VEC(edit_vec, struct edit)

/*
 * The changes that a piece's text needs: names of replaced functions, storage class, static
 * variables. The result is the caller's (edits_free), sorted.
 */
void find_edits(struct closure *c, const struct piece *p, struct edit_vec *edits);
void edits_free(struct edit_vec *edits);

#endif
