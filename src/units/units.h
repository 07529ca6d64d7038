// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From a fix to compiled pairs: which translation units of the target does the fix reach, each
 * compiled twice, as it is and with the fix, with the target's own command line plus
 * -ffunction-sections -fdata-sections, and line neutral: lines that the fix does not touch keep
 * their number, so that __LINE__ does not make functions look changed.
 */
#ifndef SUTURE_UNITS_UNITS_H
#define SUTURE_UNITS_UNITS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/finding.h"
#include "base/vec.h"
#include "target/target.h"
#include "units/command.h"
#include "units/fix.h"

struct unit {
	char *source;	      /* relative to the source tree: "net/ipv4/tcp_input.c" */
	char *object_name;    /* "net/ipv4/tcp_input.o" */
	char *kobject;	      /* "vmlinux", or the module's name: "nf_tables" */
	char *original;	      /* path of the object compiled from the unchanged source */
	char *patched;	      /* path of the object compiled with the fix */
	bool via_header;      /* reached only through a changed header */
	bool identical;	      /* both objects have the same bytes (DWARF aside) */
	struct str_vec files; /* files of the fix that the unit consists of (source, headers) */
	bool plain;           /* the patched side is not line neutral (U9) */
	double compile_cpu;   /* CPU seconds of the compiler runs that were needed */
};

DEFINE_VEC(unit_vec, struct unit)

/*
 * Puts into the target's cache what the first units_build() would need some seconds for (the
 * environment of Kbuild, the include graph of the source). Nothing to do for a user's tree. Ids
 * U10, U11.
 */
struct error *units_prepare(struct target *target);

/*
 * Finds and compiles. workdir: where patched objects and the patched view of the tree go (must
 * exist). Originals are kept in the target's cache and used again. Refusals (assembly, Kconfig,
 * vDSO, does not compile, ...) are added to findings; an error is returned for what stops at once.
 * The units are the caller's (units_free).
 */
struct error *units_build(struct target *target, const struct fix *fix, const char *workdir,
			  struct unit_vec *units, struct finding_vec *findings);
void unit_free(struct unit *unit);
void units_free(struct unit_vec *units);

/*
 * Compiles the patched side of a unit once more with further compiler flags (NULL-terminated), put
 * behind the recorded ones. workdir: the one of units_build(), whose patched view is used again.
 * *object is the path of the result in workdir, the caller's.
 */
struct error *unit_recompile_patched(struct target *target, const struct unit *unit,
				     const char *workdir, const char *const *flags, char **object);
/* The same of the original side. */
struct error *unit_recompile_original(struct target *target, const struct unit *unit,
				      const char *workdir, const char *const *flags, char **object);

/*
 * The recorded commands of these objects ("net/ipv4/tcp_input.o"), in the order in which they are found.
 * Ids U10, U11 (one of them has none). The caller's (commands_free).
 */
struct error *unit_commands(const struct target *target, const struct str_vec *objects,
			    struct command_vec *commands);

/*
 * A view of the source tree with the fix as a person would apply it: without the #line directives of
 * the view that units are compiled in. root: of the view, must not exist. readers: commands of the
 * units that will be read there.
 */
struct error *units_plain_view(const struct target *target, const struct fix *fix,
			       const struct command_vec *readers, const char *root);

/* Compiles one unit of the unchanged tree with the flags above, for commands and tests that want an
 * original object by itself: unit->original is its path in the cache, unit->patched NULL. Ids U1
 * (not in the configuration), U3 (does not compile). The unit is the caller's (unit_free). */
struct error *unit_compile_original(struct target *target, const char *source, struct unit *unit);

#endif
