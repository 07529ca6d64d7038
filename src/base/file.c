// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"

bool keep_temp_dirs;

char *path_join(const char *dir, const char *name)
{
	size_t n = strlen(dir);

	while (n > 1 && dir[n - 1] == '/')
		n--;
	while (*name == '/')
		name++;
	return xasprintf("%.*s%s%s", (int)n, dir, n && dir[n - 1] == '/' ? "" : "/", name);
}

char *path_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return xstrndup(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

struct error *make_dirs(const char *path)
{
	scoped_free char *copy = xstrdup(path);

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir(copy, 0777) && errno != EEXIST)
			return error_errno("%s", copy);
		*p = '/';
	}
	if (mkdir(copy, 0777) && errno != EEXIST)
		return error_errno("%s", copy);
	if (!path_is_dir(copy))
		return error_new("Y1", "%s: exists and is not a directory", copy);
	return NULL;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

struct error *remove_tree(const char *path)
{
	if (nftw(path, remove_one, 32, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
		return error_errno("%s: cannot remove", path);
	return NULL;
}

static struct error *write_all(int fd, const char *path, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno("%s", path);
		p += n;
		size -= n;
	}
	return NULL;
}

static struct error *write_beside(const char *tmp, const void *data, size_t size, mode_t mode,
				  bool sync)
{
	scoped_fd int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return error_errno("%s", tmp);
	TRY(write_all(fd, tmp, data, size));
	if (sync && fsync(fd) && errno != EINVAL)
		return error_errno("%s", tmp);
	return NULL;
}

static struct error *write_with_mode(const char *path, const void *data, size_t size, mode_t mode,
				     bool sync)
{
	static unsigned int counter;
	scoped_free char *tmp = xasprintf("%s.%d.%u.tmp", path, (int)getpid(), counter++);
	struct error *err = write_beside(tmp, data, size, mode, sync);

	if (!err && rename(tmp, path))
		err = error_errno("%s", path);
	if (err)
		unlink(tmp);
	return err;
}

struct error *write_file(const char *path, const void *data, size_t size)
{
	return write_with_mode(path, data, size, 0666, true);
}

struct error *write_file_unsynced(const char *path, const void *data, size_t size)
{
	return write_with_mode(path, data, size, 0666, false);
}

struct error *copy_file(const char *from, const char *to)
{
	struct mapping map;
	struct stat st;

	if (stat(from, &st))
		return error_errno("%s", from);
	TRY(map_file(from, &map));
	struct error *err = write_with_mode(to, map.data, map.size, st.st_mode & 0777, true);

	unmap_file(&map);
	return err;
}

struct error *read_file(const char *path, char **data, size_t *size)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	scoped_str struct str text = { 0 };
	char buffer[65536];

	if (fd < 0)
		return error_errno("%s", path);
	for (;;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno("%s", path);
		str_add_bytes(&text, buffer, n);
		if (n == 0)
			break;
	}
	if (size)
		*size = text.n;
	*data = take(text.s);
	return NULL;
}

struct error *map_file(const char *path, struct mapping *map)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*map = (struct mapping){ 0 };
	if (fd < 0 || fstat(fd, &st))
		return error_errno("%s", path);
	if (!S_ISREG(st.st_mode))
		return error_new("Y1", "%s: not a regular file", path);
	if (st.st_size == 0)
		return NULL;
	map->data = mmap(NULL, st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	if (map->data == MAP_FAILED) {
		map->data = NULL;
		return error_errno("%s", path);
	}
	map->size = st.st_size;
	return NULL;
}

void unmap_file(struct mapping *map)
{
	if (map->data)
		munmap(map->data, map->size);
	*map = (struct mapping){ 0 };
}

struct error *temp_dir_new(const char *purpose, char **path)
{
	const char *base = getenv("TMPDIR");
	char *dir = xasprintf("%s/suture-%s-XXXXXX", base && *base ? base : "/tmp", purpose);

	if (!mkdtemp(dir)) {
		struct error *err = error_errno("%s", dir);

		free(dir);
		return err;
	}
	*path = dir;
	return NULL;
}

void temp_dir_remove(char **path)
{
	if (!*path)
		return;
	if (keep_temp_dirs)
		fprintf(stderr, "kept: %s\n", *path);
	else
		error_free(remove_tree(*path));
	free(*path);
	*path = NULL;
}
