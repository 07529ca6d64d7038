// SPDX-License-Identifier: GPL-2.0-or-later
/* The findings about built fixes against a committed list of those that somebody has looked at. */
#ifndef SUTURE_TESTS_FIXES_FINDINGS_H
#define SUTURE_TESTS_FIXES_FINDINGS_H

#include <stddef.h>

#include "driver/build.h"

/* Runs the rules on the module that was made, and writes the build's findings and theirs to a file: a
 * line "FIX SYMBOL ID severity: message" each. */
struct error *findings_write(struct target *target, const char *fix, const struct build_report *report,
			     const char *path);

/*
 * Compares such lines with the rows "| FIX | SYMBOL | ID | reason |" of a Markdown file. FIX * is every fix.
 * Prints each line with its reason, those that no row fits, and rows that fit no line or have no reason;
 * *wrong is the number of the last two kinds.
 */
struct error *findings_compare(const char *lines, const char *list, size_t *wrong);

#endif
