// SPDX-License-Identifier: GPL-2.0-or-later
/* Where a function is of whose name the kernel has no symbol: what the compiler made of it. */
#ifndef SUTURE_IMPACT_WHEREABOUTS_H
#define SUTURE_IMPACT_WHEREABOUTS_H

#include "impact/index.h"

/*
 * A sentence about the functions of this name, the caller's: inlined, and into what; under which other
 * name its code is; without code. NULL: the index knows no such function.
 */
char *whereabouts_in(const struct impact_index *index, const char *name);

/* The same of a target, whose index is opened when it is first asked for (and made, if need be). */
struct whereabouts {
	struct target *target; /* the caller's */
	struct impact_index index;
	bool asked;
};
/* For struct convert_request: whereabouts is a struct whereabouts. NULL too when there is no index. */
char *whereabouts_of(const char *name, void *whereabouts);
void whereabouts_close(struct whereabouts *whereabouts);

#endif
