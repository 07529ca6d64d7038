// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Kbuild as the source of compile commands. Nothing is compiled here: for a tree that we prepared,
 * the environment that the top Makefile exports is captured once (about a second), and from then on
 * `make -n -f scripts/Makefile.build` prints the commands of any units in some tenths of a second; what
 * it printed for a unit is kept. For a tree that the user built, the recorded .cmd files are read.
 */
#ifndef SUTURE_UNITS_KBUILD_H
#define SUTURE_UNITS_KBUILD_H

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"
#include "target/target.h"
#include "units/command.h"

/*
 * Commands of these objects ("net/ipv4/tcp_input.o"). Objects that are not part of the target's
 * configuration are left out of `list`. `problems`: objects whose command cannot be used (id U5,
 * U11); each is the caller's. Ids U10 (no compiler, no make), U11 (Kbuild fails).
 */
DEFINE_VEC(error_vec, struct error *)
struct error *kbuild_commands(const struct target *target, const struct str_vec *objects,
			      struct command_vec *list, struct error_vec *problems);

/*
 * Which of these objects does the configuration have? *built gets their names as keys (they point
 * into `objects`). Cheaper than their commands: one run over the directories.
 */
struct error *kbuild_built(const struct target *target, const struct str_vec *objects,
			   struct map *built);

/*
 * Lets Kbuild really make these objects in a tree that is ours, with whatever has to be generated
 * before. Holds the target's lock. A failing unit is not an error here. Id U11 when make cannot
 * run.
 */
struct error *kbuild_make(const struct target *target, const struct str_vec *objects);

/* The directory for what this stage keeps in the target's cache; made when missing. The caller's.
 */
struct error *units_cache_dir(const struct target *target, char **dir);

#endif
