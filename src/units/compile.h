// SPDX-License-Identifier: GPL-2.0-or-later
/* Running the compiler for units: many at once, originals from the cache when they are there. */
#ifndef SUTURE_UNITS_COMPILE_H
#define SUTURE_UNITS_COMPILE_H

#include <stdbool.h>

#include "base/error.h"
#include "base/process.h"
#include "base/vec.h"
#include "target/target.h"
#include "units/command.h"
#include "units/farm.h"

struct compile {
	const struct command *command;
	const char *farm;    /* root of the view, or NULL for the tree itself */
	char *object, *deps; /* where they are written */
	struct process_result result;
};
DEFINE_VEC(compile_vec, struct compile)

/* Prepares one compile into dir (NAME.o, NAME.d); nothing runs yet. */
void compile_add(struct compile_vec *list, const struct command *command, const char *farm,
		 const char *dir);
/* Runs all in parallel. Ids U10 (no compiler), Y4. Results say how each ended. */
struct error *compile_run(const struct target *target, struct compile_vec *list);
void compiles_free(struct compile_vec *list);

/* The first lines of a compiler's output that say "error", one line, the view's path taken out. */
char *compile_errors(const struct compile *c);

/* The files that a compile read. *deps is the caller's (str_vec_free_all). */
struct error *deps_read(const char *path, struct str_vec *deps);

/* Where the original of a command is kept: object and dependency list. The caller's. */
struct error *original_paths(const struct target *target, const struct command *command,
			     char **object, char **deps);
/* Is it there, and (for a user's tree) made from the files as they are now? */
bool original_is_cached(const struct target *target, const char *object, const char *deps);
/* Moves a fresh original into its place; other runs see the old or the new one, whole. */
struct error *original_keep(const struct target *target, const struct compile *c,
			    const char *object, const char *deps);

#endif
