// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The package with debug files holds more than a thousand modules, sorted by path, as the directory
 * of shipped modules is. Taking them out one by one would decompress the package again and again;
 * here it is decompressed once, and each file is indexed as it comes by (tar(5), POSIX ustar with
 * GNU long names) without being written to disk.
 */
#include "impact/index_stream.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/progress.h"

enum { BLOCK = 512, FILE_LIMIT = 1 << 30 };

struct stream {
	struct target *target;
	struct index_builder *b;
	struct process_handle unpack;
	char *package;
	char *name;  /* of the current member */
	size_t modules;
};

static struct error *cut(const struct stream *s)
{
	return error_new("T9", "%s: the package ends in the middle of a file", s->package);
}

/* Reads exactly n bytes; *end: there were none. */
static struct error *read_all(struct stream *s, void *to, size_t n, bool *end)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = read(s->unpack.stdout_fd, (char *)to + done, n - done);

		if (got < 0 && errno == EINTR) {
			TRY(check_interrupted());
			continue;
		}
		if (got < 0)
			return error_errno("%s", s->package);
		if (got == 0)
			break;
		done += got;
	}
	if (end)
		*end = done == 0;
	return done == n || (end && !done) ? NULL : cut(s);
}

static struct error *copy_out(struct stream *s, uint64_t size, int fd)
{
	char buffer[65536];

	for (uint64_t left = size; left;) {
		size_t n = left < sizeof(buffer) ? left : sizeof(buffer);

		TRY(read_all(s, buffer, n, NULL));
		left -= n;
		for (size_t done = 0; fd >= 0 && done < n;) {
			ssize_t put = write(fd, buffer + done, n - done);

			if (put < 0)
				return error_errno("memory for a file of %s", s->package);
			done += put;
		}
	}
	return size % BLOCK ? read_all(s, buffer, BLOCK - size % BLOCK, NULL) : NULL;
}

static uint64_t octal(const char *field, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n && field[i] >= '0' && field[i] <= '7'; i++)
		value = value << 3 | (field[i] - '0');
	return value;
}

/* Member name of a header: name, or prefix/name (ustar), or what the long name before it said. */
static void set_name(struct stream *s, const char *header)
{
	if (s->name)
		return;
	s->name = header[345] ? xasprintf("%.155s/%.100s", header + 345, header) :
				xasprintf("%.100s", header);
}

/* "./usr/lib/debug/.../nf-tables.ko" → "nf_tables", or NULL; the caller's. */
static char *module_name(const char *path)
{
	const char *base = path_basename(path);

	if (!strstr(path, "/lib/modules/") || !ends_with(base, ".ko"))
		return NULL;
	char *name = xstrndup(base, strlen(base) - 3);

	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}


static struct error *index_module(struct stream *s, const char *name, int fd)
{
	scoped_free char *path = xasprintf("/proc/self/fd/%d", fd);
	uint32_t object = index_find_object(s->b, name);
	bool found;

	if (object == INDEX_NONE)
		return NULL; /* the debug file of a module that is not shipped */
	TRY(index_add_dwarf(s->b, object, path, &found));
	s->modules++;
	return NULL;
}

static struct error *one_file(struct stream *s, uint64_t size)
{
	scoped_free char *name = module_name(s->name);
	scoped_fd int fd = name ? memfd_create("module", MFD_CLOEXEC) : -1;

	if (name && fd < 0)
		return error_errno("memory for %s", s->name);
	TRY(copy_out(s, size, fd));
	return name ? index_module(s, name, fd) : NULL;
}

static struct error *long_name(struct stream *s, uint64_t size)
{
	char rest[BLOCK];

	if (size > 65536)
		return cut(s);
	free(s->name);
	s->name = xcalloc(size + 1, 1);
	TRY(read_all(s, s->name, size, NULL));
	return size % BLOCK ? read_all(s, rest, BLOCK - size % BLOCK, NULL) : NULL;
}

static struct error *read_members(struct stream *s)
{
	char header[BLOCK];
	bool end = false;

	for (;;) {
		TRY(read_all(s, header, BLOCK, &end));
		if (end || !header[0])
			return NULL;
		uint64_t size = octal(header + 124, 12);

		if (size > FILE_LIMIT)
			return error_new("T9", "%s: a member of %llu bytes", s->package,
					 (unsigned long long)size);
		if (header[156] == 'L') {
			TRY(long_name(s, size));
			continue;
		}
		set_name(s, header);
		TRY(header[156] == '0' || !header[156] ? one_file(s, size) : copy_out(s, size, -1));
		free(take(s->name));
	}
}

/* Symbols and calls, from the shipped modules. */
static struct error *add_module(const char *name, void *data, size_t size, void *arg)
{
	scoped_image struct image *image = NULL;

	TRY(check_interrupted());
	TRY(image_read_memory(name, name, data, size, &image));
	index_add_object(arg, image);
	return NULL;
}

/* A kernel that the user built: the modules in its tree have their own debug information. */
static struct error *built_modules(struct target *t, struct index_builder *b)
{
	for (uint32_t i = 0; i < b->objects.n; i++) {
		scoped_free char *ko = NULL;
		bool found;

		TRY(target_module(t, b->text.s + b->objects.at[i].name, &ko));
		TRY(index_add_dwarf(b, i, ko, &found));
	}
	return NULL;
}

struct error *index_stream_modules(struct target *target, struct index_builder *b)
{
	struct stream s = { .target = target, .b = b };

	progress_step("indexing symbols and calls of all modules of %s", target->release);
	TRY(target_visit_modules(target, add_module, b));
	progress_step("indexing the debug information of all modules of %s", target->release);
	if (target->user_build)
		return built_modules(target, b);
	scoped_free char *package = path_join(target->dir, "debug.deb");
	const char *const argv[] = { "dpkg-deb", "--fsys-tarfile", package, NULL };

	s.package = package;
	TRY(process_start(&(struct process){ .argv = argv }, &s.unpack));
	struct error *err = read_members(&s);

	process_kill(&s.unpack);
	free(s.name);
	if (!err && !s.modules)
		err = error_new("T9", "%s: no module's debug file in it", package);
	progress_end(err ? "failed" : NULL);
	return err;
}
