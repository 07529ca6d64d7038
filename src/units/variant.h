// SPDX-License-Identifier: GPL-2.0-or-later
/* One unit compiled in other ways: other text of its C file, further flags. The tree stays as it is. */
#ifndef SUTURE_UNITS_VARIANT_H
#define SUTURE_UNITS_VARIANT_H

#include "base/error.h"
#include "base/vec.h"
#include "target/target.h"
#include "units/command.h"

struct variant {
	struct str_vec flags; /* behind the recorded ones; each is the caller's */
	char *object;	      /* result: path below workdir, NULL when it does not compile; caller's */
	char *failed;	      /* result: what the compiler said then; caller's */
};
DEFINE_VEC(variant_vec, struct variant)
void variants_free(struct variant_vec *list);

/* The compile command of a source file's unit. Ids U1 (not in the configuration), U5, U11. */
struct error *unit_command(struct target *target, const char *source, struct command_vec *list);

/*
 * Compiles the variants of one unit, in parallel. text: contents for the file `path` of the source
 * tree (NULL: the unit's C file), NULL: as it is.
 * workdir: a scratch directory of the caller's (absolute). That a variant does not compile is no error. Ids U1, U5, U10, U11.
 */
struct error *unit_compile_variants(struct target *target, const char *source, const char *path,
				    const char *text, const char *workdir, struct variant_vec *list);

#endif
