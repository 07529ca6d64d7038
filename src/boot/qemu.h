// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * QEMU. Emulated (TCG) with one processor: /dev/kvm may exist and not work, and more than one
 * processor under multi-threaded TCG gives false panics while the kernel patches its text.
 */
#ifndef SUTURE_BOOT_QEMU_H
#define SUTURE_BOOT_QEMU_H

#include <stdbool.h>

#include "base/process.h"

struct qemu_setup {
	const char *kernel;    /* vmlinux with a PVH entry, or bzImage */
	const char *initrd;
	const char *cmdline;   /* added to ours; may be NULL */
	const char *console;   /* file for the guest's console; appended to */
	const char *disk;      /* raw image for a virtio disk, only read; NULL: none */
	const char *incoming;  /* snapshot to be restored, relative to cwd; NULL: boot */
	const char *cwd;       /* NULL: ours */
	unsigned int memory;   /* MiB */
	bool monitor;          /* open the control connection */
};

struct qemu {
	struct process_handle process; /* stdout_fd: the protocol line, and QEMU's own messages */
	int monitor;                   /* QMP; -1: none */
};

/* Starts it. Id Q15 when QEMU is not installed. End it with qemu_kill() in any case. */
struct error *qemu_start(const struct qemu_setup *setup, struct qemu *qemu);
int qemu_kill(struct qemu *qemu);
/* Version of the installed QEMU (first line of --version), the caller's. Id Q15. */
struct error *qemu_version(char **version);
/* Writes the state of the guest to the file (relative to QEMU's cwd); the guest runs on as far as
 * the snapshot knows, so that it goes on when it is restored. Id Q17. */
struct error *qemu_save(struct qemu *qemu, const char *file);

#endif
