// SPDX-License-Identifier: GPL-2.0-or-later
/* The compile command of one unit, as Kbuild records it in .NAME.o.cmd (scripts/Kbuild.include). */
#ifndef SUTURE_UNITS_COMMAND_H
#define SUTURE_UNITS_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/vec.h"
#include "target/target.h"

struct command {
	char *object_name;   /* "net/ipv4/tcp_input.o", relative to the build tree */
	char *source;	     /* "net/ipv4/tcp_input.c", relative to the source tree */
	char *tree;	     /* how the command names the source tree: absolute, "." or ".." */
	char *kobject;	     /* "vmlinux" or the module's name */
	bool outside;	     /* of a module tree */
	struct str_vec argv; /* without output, dependency and plain -Werror options */
};
DEFINE_VEC(command_vec, struct command)

/*
 * Parses a recorded command. Steps that Kbuild runs after the compiler (objtool) are left out. Ids
 * U5 (the unit belongs to several modules), U11 (not a command that is understood).
 */
struct error *command_parse(const struct target *target, const char *object_name, const char *text,
			    struct command *command);
void command_free(struct command *command);
void commands_free(struct command_vec *list);

/* Identifies command, compiler and trees: objects compiled by equal commands are the same. */
uint64_t command_hash(const struct target *target, const struct command *command);

/*
 * The argument vector that compiles to `object` with -ffunction-sections -fdata-sections and writes
 * the list of read files to `deps`. farm: directory that stands for the source tree when the
 * command names it by an absolute path, or NULL. The words are the caller's; a NULL ends them.
 */
void command_argv(const struct command *command, const char *farm, const char *object,
		  const char *deps, struct str_vec *argv);

/* Directory to run the command in; farm as above. The caller's. */
char *command_cwd(const struct target *target, const struct command *command, const char *farm);

/* "a//b/./c/../d" → "a/b/d"; leading ".." stay. Lexical: does not look at the disk. The caller's.
 */
char *path_normalize(const char *path);

/*
 * Path of a file that the compiler read (as it names it, relative to cwd) relative to `tree`, or
 * NULL when it is not below tree. The caller's.
 */
char *path_below(const char *tree, const char *cwd, const char *path);

/* The words of a make dependency list "a.o: b.c \ c.h", without the target. The caller's. */
void deps_parse(const char *text, struct str_vec *files);

#endif
