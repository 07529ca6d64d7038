// SPDX-License-Identifier: GPL-2.0-or-later
/* Units that may use a function of a header without leaving a trace of it in DWARF. */
#ifndef SUTURE_IMPACT_MENTION_H
#define SUTURE_IMPACT_MENTION_H

#include "base/file.h"
#include "base/map.h"
#include "target/target.h"

/*
 * C files of the configuration that may read the header (include graph) and have the name in their
 * text, without those in `known` (keys are paths): an inline function that folds to a constant is in no
 * debug information. The strings are the caller's. Ids U10, U11.
 */
struct error *mentioning_units(struct target *target, const char *header, const char *name,
			       const struct map *known, struct str_vec *units);

#endif
