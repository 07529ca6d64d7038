// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a function refers to and which constants it uses, in words that are the same on both sides: a bag of texts.
 * For likeness.c and inlined.c.
 */
#ifndef SUTURE_VERIFY_LIKENESS_H
#define SUTURE_VERIFY_LIKENESS_H

#include "verify/fidelity.h"

/* unit: of P, or NULL for the livepatch. */
void likeness_add_ref(struct fidelity *f, struct fixed_unit *unit, const struct ref *ref, struct str_vec *bag);
/* Constants from `least` on. */
void likeness_add_constants(struct entity *e, uint64_t least, struct str_vec *bag);
bool likeness_is_inner(const struct entity *e, const struct ref *r);
/* Sorted, everything once, without offsets. */
void likeness_once(struct str_vec *bag);
/* How many references, or constants, does the one have that the other has not? After likeness_once(). */
size_t likeness_lacks(const struct str_vec *has, const struct str_vec *lacks, bool constants);
/* Is more than a place, or a few, different? */
bool likeness_differs_all_over(struct entity *x, struct entity *y);

#endif
