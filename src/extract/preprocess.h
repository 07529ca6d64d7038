// SPDX-License-Identifier: GPL-2.0-or-later
/* The compiler as preprocessor of a unit. */
#ifndef SUTURE_EXTRACT_PREPROCESS_H
#define SUTURE_EXTRACT_PREPROCESS_H

#include "base/error.h"
#include "extract/tu.h"
#include "target/target.h"
#include "units/command.h"

/*
 * Runs the unit's recorded command with -E -dD, in the tree or in a view of it, and reads what it
 * writes. workdir: where the text goes for the moment. *cpu: seconds that the compiler used. The
 * unit is the caller's (tu_free) in any case. Ids M2, U10.
 */
struct error *preprocess(struct target *target, const struct command *command, const char *farm,
			 const char *workdir, struct tu *tu, double *cpu);

#endif
