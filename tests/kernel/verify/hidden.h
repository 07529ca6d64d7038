// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Faults that are hidden in the source or in the set of functions: a module that is well formed, and is
 * not what the fix gives. One row of a table for each way.
 */
#ifndef SUTURE_TESTS_VERIFY_HIDDEN_H
#define SUTURE_TESTS_VERIFY_HIDDEN_H

#include "../roads/road.h"
#include "line.h"

struct hidden {
	const char *name;
	const char *expected;          /* obligation that must be refuted */
	const char *witness;           /* what the statement must name: function, type, unit, text */
	const struct road_edit *fix;   /* what the module is held against */
	const struct road_edit *made;  /* what it is made of; NULL: the same */
	const struct hand *hand;       /* or NULL */
	const char *what;              /* for the hand */
	const char *script;            /* shows the fix in a booted guest; NULL: it cannot be seen */
	bool refused;                  /* the fix itself can be no livepatch */
	bool neighbour;                /* built for another kernel of the series ... */
	bool disguised;                /* ... and says that it was not */
	const char *module;            /* of the target, for the guest */
};

/* Ends with a row without name. Rows with the same fix follow each other. */
extern const struct hidden hidden_faults[];

size_t hidden_edits(const struct road_edit *edits); /* how many there are */

/*
 * Builds the module with the fault. *made false: there is nothing of the kind in road_target (no such clone,
 * no neighbour in the cache).
 */
struct error *hidden_build(const struct hidden *row, const char *to, bool *made);

#endif
