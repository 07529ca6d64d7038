// SPDX-License-Identifier: GPL-2.0-or-later
/* Which of several equally named variables is which, in a function that changed. */
#ifndef SUTURE_DIFF_CONTEXT_H
#define SUTURE_DIFF_CONTEXT_H

#include "object/model.h"

/* What a reference looks like from outside: references to things with the same name (or contents) have
 * the same label. */
uint64_t ref_label(const struct ref *ref);
/* Do two lists of references have the same labels, one by one? */
bool same_labels(const struct ref_site_vec *p, const struct ref_site_vec *q);

/*
 * Calls found() with a reference of x and one of its twin y for each variable without twin that the
 * surroundings of all its references agree about. Surroundings are the references before and after,
 * with something among them that is there once in either function. What contradicts itself is left
 * alone.
 */
void context_pairs(struct model *a, struct entity *x, struct model *b, struct entity *y,
		   void (*found)(void *arg, const struct ref *x, const struct ref *y), void *arg);

#endif
