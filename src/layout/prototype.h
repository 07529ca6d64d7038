// SPDX-License-Identifier: GPL-2.0-or-later
/* Rule F12: a replaced function that others call keeps its prototype. */
#ifndef SUTURE_LAYOUT_PROTOTYPE_H
#define SUTURE_LAYOUT_PROTOTYPE_H

#include "base/finding.h"
#include "layout/compare.h"
#include "layout/exposure.h"

/* Compares the replaced functions (those that exposure knows) and adds findings. */
struct error *prototype_compare(struct compare *c, const struct exposure *e, const char *kobject,
				struct finding_vec *findings);

/*
 * Looks through the relocations of an object for a use of a function by something that is not
 * replaced: a call, its address in data or code. Returns a clause that names the first one (the
 * caller's string), or NULL. *hidden is set when calls may be resolved without a relocation,
 * because the function shares its section with others.
 */
char *prototype_user(const struct dwarf_unit *unit, const struct exposure *e, const char *function,
		     bool *hidden);

#endif
