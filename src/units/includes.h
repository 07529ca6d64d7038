// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The include graph of a source tree, from its #include lines alone: which C files may read a given
 * file? A superset of the truth: conditions are not evaluated, and an include that cannot be
 * resolved for certain leads to every file whose path ends like it. What the compiler reads is
 * confirmed later.
 *
 * Resolution follows gcc(1) and LINUXINCLUDE (top Makefile): "x.h" beside the including file first,
 * then arch/x86/include, include, and their uapi directories; <asm/x.h> that is in neither is a
 * generated wrapper of <asm-generic/x.h> (scripts/Makefile.asm-generic). An include by a macro is
 * followed by taking every `#define NAME "x.h"` or `<x.h>` for an include; trace headers, which
 * <trace/define_trace.h> includes again by a pasted name, are included by their user already.
 */
#ifndef SUTURE_UNITS_INCLUDES_H
#define SUTURE_UNITS_INCLUDES_H

#include "base/error.h"
#include "base/vec.h"
#include "target/target.h"

/*
 * C files that include `path` (relative to the source tree), directly or through others, in
 * *sources (caller's, relative). `everything`: it is part of what every unit reads by the command
 * line (linux/kconfig.h, linux/compiler_types.h); sources is left empty then. The graph is made
 * when first asked for (some seconds) and kept in the target's cache. Id U11 for a damaged cache.
 */
struct error *includes_readers(const struct target *target, const char *path,
			       struct str_vec *sources, bool *everything);

/* The same for C files that are included by others: only such includes are looked at, quickly. */
struct error *includes_readers_of_c(const struct target *target, const char *path,
				    struct str_vec *sources);

/* Makes the graph now, if the cache does not have it. */
struct error *includes_prepare(const struct target *target);

#endif
