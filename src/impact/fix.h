// SPDX-License-Identifier: GPL-2.0-or-later
/* The impact of a whole fix: what the compiled units say, explained by what the index knows. */
#ifndef SUTURE_IMPACT_FIX_H
#define SUTURE_IMPACT_FIX_H

#include "impact/impact.h"
#include "units/fix.h"

/*
 * Compiles the units that the fix reaches with and without it. Members are the functions that change,
 * with the reason; ROLE_CONTRACT for those that neither are touched nor have a copy of what is. Copies
 * in units that were not compiled are findings I5; what the units stage has to say is there, too.
 */
struct error *impact_fix(struct target *target, struct impact_index *index, const struct fix *fix,
			 struct impact_result *result, struct finding_vec *findings);

#endif
