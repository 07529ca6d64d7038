// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef SUTURE_UNITS_INCLUDES_SCAN_H
#define SUTURE_UNITS_INCLUDES_SCAN_H

#include "base/error.h"
#include "base/str.h"

/*
 * Reads every .c, .h and .S file of the tree that the kernel can be built from and appends to
 * `all`: a line "F<path>" a file, after it a line `"x.h` or `<x.h` for each of its includes;
 * `of_c`: the same for files that include C files only.
 */
struct error *includes_scan(const char *tree, struct str *all, struct str *of_c);

#endif
