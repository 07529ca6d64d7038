// SPDX-License-Identifier: GPL-2.0-or-later
/* The unit that a function is defined in. */
#ifndef SUTURE_DRIVER_FUNCTION_H
#define SUTURE_DRIVER_FUNCTION_H

#include "units/units.h"

/*
 * Compiles the unit of a function as it is, and appends it: original and patched object are the same
 * file, and it is not marked as identical. source: "net/ipv4/tcp.c"; NULL: found by the symbols and the
 * debug information of the target. Ids M26 (several units define it), M27 (none does), U1, U3.
 */
struct error *function_unit(struct target *target, const char *function, const char *source,
			    struct unit_vec *units);

/* Source files that define a function with a symbol of this name, relative to the source tree, each once. */
struct error *function_sources(struct target *target, const char *function, struct str_vec *sources);

/* Source files of all units of a kernel object ("vmlinux", "nf_tables"), by its debug information. */
struct error *function_units(struct target *target, const char *kobject, struct str_vec *sources);

#endif
