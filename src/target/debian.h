// SPDX-License-Identifier: GPL-2.0-or-later
/* A stock Debian kernel: its packages, and how they become a target. */
#ifndef SUTURE_TARGET_DEBIAN_H
#define SUTURE_TARGET_DEBIAN_H

#include "target/apt.h"
#include "target/names.h"
#include "target/target.h"

/* What a Debian kernel is fetched from. `packages` is indexed by this. */
enum debian_part {
	PART_IMAGE,   /* vmlinuz, System.map, config, modules */
	PART_DEBUG,   /* vmlinux, debug files of modules */
	PART_HEADERS, /* configuration, generated headers, Module.symvers */
	PART_COMMON,  /* headers of all flavours */
	PART_KBUILD,  /* Kbuild's programs */
	PART_SOURCE,  /* linux-source-X.Y */
	PARTS
};

struct debian_plan {
	char *release;                   /* uname -r */
	struct release_name parsed;
	struct apt_package_vec packages; /* PARTS of them */
};
void debian_plan_free(struct debian_plan *plan);

/*
 * Finds the packages of a release ("latest..." is turned into one). Asks apt for fresh lists when
 * it does not know the release. Errors: T3 no such kernel or no complete set of packages (which
 * versions exist is said), T1 bad name.
 */
struct error *debian_plan_make(const char *release, struct debian_plan *plan);

/* Chooses the versions from what apt knows; for tests. `known`: apt_show of all names. */
struct error *debian_choose(const char *release, const struct apt_package_vec *known,
			    struct debian_plan *plan);

/* Where the parts of a Debian target lie below its directory; all strings the caller's. */
char *debian_path(const char *dir, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Unpacks the headers packages into DIR/headers and points them at each other. */
struct error *debian_unpack_headers(const struct debian_plan *plan, const char *downloads,
				    const char *dir);
/* Unpacks source, vmlinux and image side by side; the -dbg package moves to DIR/debug.deb. */
struct error *debian_unpack_rest(const struct debian_plan *plan, const char *downloads,
				 const char *dir);
/*
 * Makes DIR/obj, a Kbuild output tree with the shipped configuration in which single units compile
 * as they did for the shipped kernel, and checks that it is one. Error T8.
 */
struct error *debian_prepare(const struct target *t);

#endif
