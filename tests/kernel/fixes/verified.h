// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef SUTURE_TESTS_FIX_VERIFIED_H
#define SUTURE_TESTS_FIX_VERIFIED_H

#include <stdio.h>

#include "base/str.h"
#include "verify/verify.h"

/*
 * Verifies modules that were made of one fix, and adds for each a line "verify ROAD" with a sign for each
 * obligation ("+" proved, "?" open, "!" refuted), and below it what of O1 to O7 is not proved. An absent
 * module (NULL) is left out.
 */
enum road { ROAD_OBJECTS, ROAD_SOURCE, ROADS };
struct error *verify_roads(struct target *target, const char *fix, char *const modules[ROADS],
			   struct str *lines);

/* Totals of such lines. */
struct verify_totals {
	size_t counts[ROADS][OBLIGATIONS][REFUTED + 1];
	size_t livepatches[ROADS], refuted;
};
void verify_totals_add(struct verify_totals *t, const char *line); /* any line */
void verify_totals_print(const struct verify_totals *t, FILE *out);

#endif
