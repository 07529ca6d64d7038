// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writer of cpio archives in the "newc" form, the one that the kernel unpacks as initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Archives may be put one after the
 * other: each ends with its own trailer, padded to four bytes.
 */
#ifndef SUTURE_BOOT_CPIO_H
#define SUTURE_BOOT_CPIO_H

#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

struct cpio {
	struct str bytes; /* the archive so far */
	uint32_t inode;   /* of the next entry */
};

/* Directories must be added before what is in them. Paths have no leading slash. */
void cpio_dir(struct cpio *cpio, const char *path);
void cpio_symlink(struct cpio *cpio, const char *path, const char *target);
void cpio_char_device(struct cpio *cpio, const char *path, unsigned int major, unsigned int minor);
void cpio_data(struct cpio *cpio, const char *path, mode_t mode, const void *data, size_t size);
/* Adds a file of this machine. Ids Y1 (cannot be read, not a regular file, too large). */
struct error *cpio_file(struct cpio *cpio, const char *path, mode_t mode, const char *from);
/* Ends the archive; the next entry begins another one. */
void cpio_end(struct cpio *cpio);

void cpio_free(struct cpio *cpio);
#define scoped_cpio SCOPED(cpio_free)

#endif
