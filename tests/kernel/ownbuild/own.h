// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests with a self-built kernel share. */
#ifndef TESTS_OWN_H
#define TESTS_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/process.h"

enum { SKIP = 77 };

/* Absolute path of the program under test; set by own_init() (as argv[1]). */
extern char *suture_program;
/* The directory of examples (argv[2]), the one of these tests (argv[3]). */
extern char *examples_dir, *tests_dir;
/* Directory of this run, empty at first; own_done() removes it. */
extern char *scratch;

/* Reads the arguments of main, makes scratch. */
bool own_init(int argc, char **argv);
void own_done(void);

/* The source tree of a 6.12 target in the cache (the examples are for 6.12), NULL if none. The
 * caller's. *name (may be NULL) is the target's, the caller's. */
char *own_debian_source(char **name);

/*
 * Builds the small kernel, unless the cache has it, and names its directories (source/, build/,
 * in-tree/), the caller's. False, with a message, when it cannot be built.
 */
bool own_kernel(const char *debian_source, char **source, char **build, char **in_tree);

/* Runs suture with arguments up to NULL; shows its output when the exit code is not the expected
 * one. The output is the caller's. */
char *suture(int expected, ...);
/* The same, starting it only; for tests that stop it. */
void suture_argv(const char **argv, ...);

/* Hash over path, type, size, inode and time of all files below dir; *n: how many. */
uint64_t tree_state(const char *dir, unsigned long *n);

#endif
