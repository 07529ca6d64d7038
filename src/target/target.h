// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A target: the kernel that is to be patched. It lives in the cache ($SUTURE_CACHE, or
 * ~/.cache/suture), one directory a kernel; the directory appears under its final name only when
 * it is complete, so a struct target that was opened is whole.
 */
#ifndef SUTURE_TARGET_TARGET_H
#define SUTURE_TARGET_TARGET_H

#include <stdbool.h>

#include "base/error.h"
#include "base/vec.h"

struct target {
	char *name;       /* "debian:6.12.117+deb12-cloud-amd64", or "build:NAME" */
	char *release;    /* what uname -r prints in the running kernel */
	char *dir;        /* the target's directory in the cache */
	char *srctree;    /* kernel source: read only for everybody after the target was added */
	char *objtree;    /* Kbuild output directory; equals srctree for an in-tree build */
	char *kbuild;     /* directory for `make -C kbuild M=...`: the target's own headers */
	char *vmlinux;    /* ELF with symbol table and DWARF */
	char *bzimage;    /* bootable image (vmlinuz), NULL if there is none */
	char *config;     /* .config */
	char *symvers;    /* Module.symvers */
	char *cc;         /* the compiler, "x86_64-linux-gnu-gcc-12" or "gcc" */
	bool user_build;  /* target add --build: srctree and objtree belong to the user */
	struct target *kernel; /* of a module tree: the kernel that it was built for, owned; else NULL */
	char *config_text; /* private: contents of config, read when first asked for */
};

DEFINE_VEC(target_vec, struct target *)

/* Opens a target by name ("6.12.117+deb12-cloud-amd64" without "debian:" is fine when unique), or,
 * with name NULL, the only one there is (or $SUTURE_TARGET). The caller frees it. */
struct error *target_open(const char *name, struct target **target);
void target_free(struct target *target);
static inline void cleanup_target(struct target **t)
{
	target_free(*t);
}
#define scoped_target __attribute__((cleanup(cleanup_target)))

/*
 * A module tree: the finished build of modules that are not part of the kernel (make -C KERNEL M=dir).
 * The target is like that of the kernel, but source, objects and the first modules looked at are those
 * of dir, which is only read. Takes over kernel, also on error. Ids T12 (nothing was built there), Y1.
 */
struct error *target_open_module_tree(const char *dir, struct target *kernel,
				      struct target **target);
/* Directory in which the recorded compile commands ran; relative names in them start there. */
const char *target_command_dir(const struct target *target);

/* All complete targets of the cache, sorted by name; free each. */
struct error *target_list(struct target_vec *list);

/* Adds a target; an existing complete one is left as it is. *name (caller's) is its name. */
struct error *target_add_debian(const char *release, char **name);
struct error *target_add_build(const char *dir, const char *label, char **name);
/* Removes a target, or, by its full name, what an interrupted target_add_debian() left of one. */
struct error *target_remove(const char *name);

/* Is CONFIG_<option> "y" in the target's configuration (or "m")? Option without the prefix. */
bool target_config_is(struct target *target, const char *option, char value);

/*
 * Path of a module's shipped .ko, uncompressed (fetched and unpacked into the cache when first
 * used). name: as in /proc/modules ("nf_tables", '-' and '_' are the same). Id T5 if there is none.
 */
struct error *target_module(struct target *target, const char *name, char **path);
/* The same for the separate debug file with DWARF (the .ko itself where that has it). */
struct error *target_module_debug(struct target *target, const char *name, char **path);
/* Names of the modules that `name` needs loaded before it, closest last-needed first: insmod order. */
struct error *target_module_depends(struct target *target, const char *name, struct str_vec *names);
/*
 * Calls visit() for every module that the target ships, sorted by name, with its uncompressed .ko in
 * memory (valid during the call); nothing is left in the cache. Stops at the first error.
 */
typedef struct error *(*target_module_visit)(const char *name, void *data, size_t size, void *arg);
struct error *target_visit_modules(struct target *target, target_module_visit visit, void *arg);
/* Names of all modules that the target ships ("nf_tables"), the caller's. */
struct error *target_modules(struct target *target, struct str_vec *names);

#endif
