// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalogue: every id that an error or a finding carries has a page docs/rules/ID.md, which is
 * part of the program. `suture explain` prints them.
 */
#ifndef SUTURE_RULES_CATALOGUE_H
#define SUTURE_RULES_CATALOGUE_H

#include <stddef.h>

#include "base/vec.h"

struct rule_page {
	const char *id;	      /* "S3" */
	const char *title;    /* one line */
	const char *severity; /* "refusal", "warning", "note" or "error" */
	const char *text;     /* markdown, from the first section on */
};

/* All pages, by family and number. Made at build time by tools/embed-pages.c. */
extern const struct rule_page rule_pages[];
extern const size_t rule_page_count;

DEFINE_VEC(rule_page_vec, const struct rule_page *)

/* The page of an id, upper or lower case; NULL when there is none. */
const struct rule_page *rule_find(const char *id);

/* Appends the pages that the user may have meant by an unknown id: same family, or one character
 * off. The array is the caller's, the pages are not. */
void rule_near(const char *id, struct rule_page_vec *near);

#endif
