// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef SUTURE_TESTS_FIX_ROADS_H
#define SUTURE_TESTS_FIX_ROADS_H

#include "base/str.h"
#include "driver/build.h"

/* Appends how the livepatch made from objects and the one made by way of a source differ. */
void compare_roads(const struct build_report *objects, const struct build_report *source,
		   struct str *line);

#endif
