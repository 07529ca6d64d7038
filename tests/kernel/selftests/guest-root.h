// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A root directory for guests that need more than busybox: bash, coreutils, kmod, procps, ... of this
 * machine, with the libraries and the loader that they need.
 */
#ifndef SUTURE_TESTS_GUEST_ROOT_H
#define SUTURE_TESTS_GUEST_ROOT_H

#include "base/map.h"
#include "base/vec.h"
#include "boot/cpio.h"

/* An archive that remembers what is in it. Zero-initialise. */
struct guest_root {
	struct cpio cpio;
	struct map seen;      /* paths, each maps to itself */
	struct str_vec paths; /* owns the keys of seen */
};

/* Adds a file of this machine, with the directories above; a path that is there stays. */
struct error *guest_root_file(struct guest_root *root, const char *path, const char *from);
/* Adds an empty directory, with those above. */
void guest_root_dir(struct guest_root *root, const char *path);
/* Adds to /bin every program that the kernel's livepatch selftests call. Id Y3: one is missing. */
struct error *guest_root_programs(struct guest_root *root);
void guest_root_free(struct guest_root *root);

#endif
