// SPDX-License-Identifier: GPL-2.0-or-later
/* What the guest gets: a base archive (shell, /init) and a payload archive (the test). */
#ifndef SUTURE_BOOT_INITRAMFS_H
#define SUTURE_BOOT_INITRAMFS_H

#include "boot/boot.h"
#include "boot/cpio.h"
#include "boot/modinfo.h"

/* The guest's /init, from guest-init.sh. */
extern const char guest_init[];

/* Path of a statically linked busybox of this machine (static string), or an error, id Q16. */
struct error *find_busybox(const char **path);

/*
 * busybox, /init, /dev/console; and the target's modules that let the guest read a virtio disk
 * (/drivers), where these are not built into the kernel and `drivers` is set.
 */
struct error *initramfs_base(struct target *target, bool drivers, struct cpio *cpio);

/* /suture (config, livepatch, modules in loading order) and /test (script, extra files).
 * info describes request->livepatch (unused when that is NULL). */
struct error *initramfs_payload(struct target *target, const struct boot_request *request,
				const struct modinfo *info, struct cpio *cpio);

#endif
