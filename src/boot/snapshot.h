// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Snapshots: the guest is booted once, up to its shell, and its state is written into the target's
 * directory of the cache; tests restore it in a fraction of the time of a boot and get their payload
 * on a virtio disk. A snapshot fits one kernel image, one QEMU, one /init: its directory is named
 * by a hash of all of these.
 */
#ifndef SUTURE_BOOT_SNAPSHOT_H
#define SUTURE_BOOT_SNAPSHOT_H

#include "boot/session.h"

struct snapshot {
	char *dir;     /* holds "state", "initrd", "console" */
	char *initrd;
	char *console; /* what the kernel printed until the snapshot */
	char *kernel;
};

enum {
	SNAPSHOT_DISK_SIZE = 256 << 20, /* fixed: the guest may have read it before */
	GUEST_MEMORY = 512,             /* MiB */
};

/*
 * Finds the target's snapshot, or boots the kernel and makes it. An error means that there is none
 * and that the test must boot by itself (unless it is Y4 or Q15).
 */
struct error *snapshot_open(struct target *target, const char *kernel, struct snapshot *snapshot);
/* Removes a snapshot that could not be restored, so that the next test makes another one. */
void snapshot_discard(struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);
#define scoped_snapshot __attribute__((cleanup(snapshot_free)))

#endif
