// SPDX-License-Identifier: GPL-2.0-or-later
/* Which functions of the source does a fix touch, by the lines that DWARF gives for them? */
#ifndef SUTURE_IMPACT_TOUCHED_H
#define SUTURE_IMPACT_TOUCHED_H

#include "base/finding.h"
#include "impact/lookup.h"
#include "units/units.h"

/*
 * Records of functions that begin before a changed line, the last one of each file before it: a change
 * between two functions counts as one of the first, so this is too many rather than too few.
 */
void touched_functions(const struct impact_index *index, const struct fix *fix,
		       struct lookup_hit_vec *touched);

/*
 * Finding I5 (refusal) for every copy of a touched function that is in a unit which is not among the
 * compiled ones: a livepatch made of these would leave the old body there.
 */
void touched_check_reach(const struct impact_index *index, const struct fix *fix,
			 const struct unit_vec *units, struct finding_vec *findings);

/*
 * For a build: opens the index when the fix changes files that several units read (nothing else can
 * be copied into other units), and checks as above. Without DWARF there is nothing to check with: warning I1.
 */
struct error *impact_check_build(struct target *target, const struct fix *fix,
				 const struct unit_vec *units, struct finding_vec *findings);

#endif
