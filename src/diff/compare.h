// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two models side by side: which entity is which (correlation), and what changed (comparison).
 */
#ifndef SUTURE_DIFF_COMPARE_H
#define SUTURE_DIFF_COMPARE_H

#include "object/model.h"

/*
 * Sets twin of every entity of both models that has one. Names that compilers number (x.5,
 * __UNIQUE_ID_x12) are told apart by who uses them; where that leaves a choice, by contents.
 * Variables that still cannot be told apart stay without twin and are marked as ambiguous.
 */
void correlate(struct model *a, struct model *b);

/* Sets change and why of every entity of both models. Needs correlate(). */
void compare(struct model *a, struct model *b);

/* Same code or bytes, relocations aside. For a function: instruction by instruction. */
bool same_shape(struct entity *x, struct entity *y);
/* Same target, given the twins known so far. */
bool same_ref(const struct ref *x, const struct ref *y);

#endif
