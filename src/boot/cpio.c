// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/cpio.h"

#include <sys/stat.h>

#include "base/file.h"

static void pad(struct cpio *cpio)
{
	static const char zeros[4];

	str_add_bytes(&cpio->bytes, zeros, -cpio->bytes.n & 3);
}

struct entry {
	const char *path;
	mode_t mode;
	unsigned int major, minor; /* of a device node */
};

static void add(struct cpio *cpio, const struct entry *e, const void *data, size_t size)
{
	unsigned int links = S_ISDIR(e->mode) ? 2 : 1;

	/* magic ino mode uid gid nlink mtime filesize maj min rmaj rmin namesize check */
	str_add(&cpio->bytes, "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
		++cpio->inode, (unsigned int)e->mode, 0, 0, links, 0, size, 0, 0, e->major, e->minor,
		strlen(e->path) + 1, 0);
	str_add_bytes(&cpio->bytes, e->path, strlen(e->path) + 1);
	pad(cpio);
	if (size)
		str_add_bytes(&cpio->bytes, data, size);
	pad(cpio);
}

void cpio_dir(struct cpio *cpio, const char *path)
{
	add(cpio, &(struct entry){ .path = path, .mode = S_IFDIR | 0755 }, NULL, 0);
}

void cpio_symlink(struct cpio *cpio, const char *path, const char *target)
{
	add(cpio, &(struct entry){ .path = path, .mode = S_IFLNK | 0777 }, target, strlen(target));
}

void cpio_char_device(struct cpio *cpio, const char *path, unsigned int major, unsigned int minor)
{
	add(cpio, &(struct entry){ path, S_IFCHR | 0600, major, minor }, NULL, 0);
}

void cpio_data(struct cpio *cpio, const char *path, mode_t mode, const void *data, size_t size)
{
	add(cpio, &(struct entry){ .path = path, .mode = S_IFREG | mode }, data, size);
}

struct error *cpio_file(struct cpio *cpio, const char *path, mode_t mode, const char *from)
{
	struct mapping map;

	TRY(map_file(from, &map));
	bool fits = map.size <= UINT32_MAX;

	if (fits)
		cpio_data(cpio, path, mode, map.data, map.size);
	unmap_file(&map);
	if (!fits)
		return error_new("Y1", "%s: too large for the guest's file system (4 GiB)", from);
	return NULL;
}

void cpio_end(struct cpio *cpio)
{
	add(cpio, &(struct entry){ .path = "TRAILER!!!" }, NULL, 0);
	cpio->inode = 0;
}

void cpio_free(struct cpio *cpio)
{
	str_free(&cpio->bytes);
}
