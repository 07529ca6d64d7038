// SPDX-License-Identifier: GPL-2.0-or-later
/* Units that a fix reaches by way of files that they include. */
#ifndef SUTURE_UNITS_HEADERS_H
#define SUTURE_UNITS_HEADERS_H

#include "base/error.h"
#include "base/finding.h"
#include "target/target.h"
#include "units/patched.h"

/* How many units a changed header may reach before the fix is refused (id U6); $SUTURE_UNITS_LIMIT
 * sets it from outside. */
extern unsigned int units_limit;

/*
 * Appends the objects ("net/ipv4/tcp.o") that the target has and that may read a file of the list,
 * those of its own C files left out; each once. The strings are the caller's. Adds U6 when there
 * are too many, F2 when code that cannot be patched includes a changed C file.
 */
struct error *header_candidates(const struct target *target, struct patched_vec *files,
				struct str_vec *objects, struct finding_vec *findings);

#endif
