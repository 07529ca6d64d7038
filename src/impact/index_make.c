// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The parts of an index in the target's cache: impact/vmlinux.idx, impact/module-NAME.idx,
 * impact/modules.idx. A part appears under its name when it is whole (write_file()), is used by all
 * later runs, and made again when it is damaged, of another version, or older than what it is about.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/progress.h"
#include "impact/index_build.h"
#include "impact/index_stream.h"

static struct error *part_path(const struct target *t, const char *name, char **path)
{
	scoped_free char *dir = path_join(t->dir, "impact");

	TRY(make_dirs(dir));
	*path = xasprintf("%s/%s.idx", dir, name);
	return NULL;
}

/* Name, size and time of a file; 0 when there is none. */
static uint64_t stamp(const char *path, uint64_t seed)
{
	struct stat st;

	if (stat(path, &st))
		return 0;
	int64_t facts[] = { st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec };

	return hash_bytes(facts, sizeof(facts), hash_bytes(path, strlen(path), seed));
}

static void add_part(struct impact_index *index, struct index_part part)
{
	index->parts = xreallocarray(index->parts, index->n + 1, sizeof(part));
	index->parts[index->n++] = part;
}

/* Opens a part that is there, whole and of this source. */
static bool open_valid(const char *path, uint64_t source, struct index_part *part)
{
	scoped_error struct error *err = path_exists(path) ? index_part_open(path, part) :
							     error_new("I2", "%s: missing", path);

	if (err)
		return false;
	if (part->header->source == source)
		return true;
	index_part_close(part);
	return false;
}

static struct error *no_dwarf(const struct target *t, const char *path)
{
	return error_hint(error_new("I1", "%s: %s has no DWARF: where functions were inlined cannot "
				    "be known", t->name, path),
			  "add the target with its debug information (CONFIG_DEBUG_INFO)");
}

struct error *index_make_vmlinux(const struct target *t, const char *to, uint64_t source)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_image struct image *image = NULL;
	bool found;

	progress_step("indexing functions, calls and inlining of %s", t->release);
	TRY(image_open("vmlinux", t->vmlinux, &image));
	index_add_object(&b, image);
	TRY(index_add_dwarf(&b, 0, t->vmlinux, &found));
	if (!found)
		return no_dwarf(t, t->vmlinux);
	TRY(index_write(&b, to, source));
	progress_end(NULL);
	return NULL;
}

static struct error *make_module(const struct target *t, const char *name, const char *ko,
				 const char *debug, const char *to, uint64_t source)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_image struct image *image = NULL;
	bool found;

	TRY(image_open(name, ko, &image));
	index_add_object(&b, image);
	TRY(index_add_dwarf(&b, 0, debug, &found));
	if (!found)
		return no_dwarf(t, debug);
	return index_write(&b, to, source);
}

/* Waits for whoever makes an index of this target. A lock of its own: a target that is being added
 * holds the other one. */
static struct error *lock_index(const struct target *t, int *fd)
{
	scoped_free char *path = path_join(t->dir, "impact/lock");

	return lock_file(path, fd);
}

/* Opens, or makes and opens, the part of vmlinux. The lock keeps others from making it twice. */
static struct error *vmlinux_part(struct target *t, struct index_part *part)
{
	uint64_t source = stamp(t->vmlinux, 0);
	scoped_free char *path = NULL;
	scoped_fd int lock = -1;

	TRY(part_path(t, "vmlinux", &path));
	if (open_valid(path, source, part))
		return NULL;
	TRY(lock_index(t, &lock));
	if (open_valid(path, source, part))
		return NULL;
	TRY(index_make_vmlinux(t, path, source));
	return index_part_open(path, part);
}

/* "nf-tables" → "nf_tables": as in /proc/modules. */
static char *canonical(const char *name)
{
	char *copy = xstrdup(name);

	for (char *p = copy; *p; p++)
		if (*p == '-')
			*p = '_';
	return copy;
}

static struct error *module_part(struct target *t, const char *module, struct index_part *part)
{
	scoped_free char *name = canonical(module);
	scoped_free char *ko = NULL, *debug = NULL, *path = NULL;
	scoped_free char *file = xasprintf("module-%s", name);

	TRY(target_module(t, name, &ko));
	uint64_t source = stamp(ko, stamp(t->vmlinux, 0));

	TRY(part_path(t, file, &path));
	if (open_valid(path, source, part))
		return NULL;
	TRY(target_module_debug(t, name, &debug));
	TRY(make_module(t, name, ko, debug, path, source));
	return index_part_open(path, part);
}

bool index_has(const struct impact_index *index, const char *object)
{
	for (size_t i = 0; i < index->n; i++) {
		const struct index_part *p = &index->parts[i];

		for (uint32_t k = 0; index_object(p, k); k++)
			if (streq(index_object_name(p, k), object) && index_object(p, k)->debug)
				return true;
	}
	return false;
}

struct error *index_need_module(struct target *target, struct impact_index *index,
				const char *module)
{
	scoped_free char *name = canonical(module);
	struct index_part part;

	if (index_has(index, name))
		return NULL;
	TRY(module_part(target, name, &part));
	add_part(index, part);
	return NULL;
}

static struct error *make_calls(const char *name, const char *file, const char *to, uint64_t source)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_image struct image *image = NULL;

	TRY(image_open(name, file, &image));
	index_add_object(&b, image);
	return index_write(&b, to, source);
}

static bool part_has(const struct index_part *part, const char *object)
{
	for (uint32_t k = 0; index_object(part, k); k++)
		if (streq(index_object_name(part, k), object))
			return true;
	return false;
}

static bool has_object(const struct impact_index *index, const char *object)
{
	for (size_t i = 0; i < index->n; i++)
		if (part_has(&index->parts[i], object))
			return true;
	return false;
}

/* Opens the first part of these names that is valid. */
static struct error *open_first(const struct target *t, const char *const *names, uint64_t source,
				struct index_part *part, bool *found)
{
	*found = false;
	for (; *names && !*found; names++) {
		scoped_free char *path = NULL;

		TRY(part_path(t, *names, &path));
		*found = open_valid(path, source, part);
	}
	return NULL;
}

/* Makes and opens the part without DWARF. */
static struct error *calls_part(struct target *t, const char *name, const char *file, uint64_t source,
				struct index_part *part)
{
	scoped_free char *calls = xasprintf("calls-%s", name), *path = NULL;

	TRY(part_path(t, calls, &path));
	TRY(make_calls(name, file, path, source));
	return index_part_open(path, part);
}

static struct error *vmlinux_calls(struct target *t, struct index_part *part)
{
	uint64_t source = stamp(t->vmlinux, 0);
	bool found;

	TRY(open_first(t, (const char *const[]){ "vmlinux", "calls-vmlinux", NULL }, source, part, &found));
	if (found)
		return NULL;
	scoped_error struct error *err = vmlinux_part(t, part);

	return err && streq(err->id, "I1") ? calls_part(t, "vmlinux", t->vmlinux, source, part) : take(err);
}

/* The DWARF of one module is not taken out of the package for this: it takes seconds. */
static struct error *module_calls(struct target *t, const char *name, struct index_part *part)
{
	scoped_free char *whole = xasprintf("module-%s", name), *calls = xasprintf("calls-%s", name);
	scoped_free char *ko = NULL;
	uint64_t source = stamp(t->vmlinux, 0);
	bool found;

	TRY(open_first(t, (const char *const[]){ "modules", NULL }, source, part, &found));
	if (found && part_has(part, name))
		return NULL;
	if (found)
		index_part_close(part);
	TRY(target_module(t, name, &ko));
	source = stamp(ko, source);
	TRY(open_first(t, (const char *const[]){ whole, calls, NULL }, source, part, &found));
	if (found)
		return NULL;
	scoped_error struct error *err = t->user_build ? module_part(t, name, part) : error_new("I1", "%s", name);

	return err && streq(err->id, "I1") ? calls_part(t, name, ko, source, part) : take(err);
}

struct error *index_need_calls(struct target *target, struct impact_index *index, const char *object)
{
	scoped_free char *name = canonical(object);
	struct index_part part;

	if (has_object(index, name))
		return NULL;
	TRY(streq(name, "vmlinux") ? vmlinux_calls(target, &part) : module_calls(target, name, &part));
	add_part(index, part);
	return NULL;
}

struct error *index_make_modules(struct target *target)
{
	SCOPED(index_builder_free) struct index_builder b = { 0 };
	scoped_free char *path = NULL;
	scoped_fd int lock = -1;

	TRY(part_path(target, "modules", &path));
	TRY(lock_index(target, &lock));
	TRY(index_stream_modules(target, &b));
	return index_write(&b, path, stamp(target->vmlinux, 0));
}

struct error *index_open(struct target *target, struct impact_index *index)
{
	struct index_part part;
	scoped_free char *path = NULL;

	*index = (struct impact_index){ 0 };
	TRY(vmlinux_part(target, &part));
	add_part(index, part);
	TRY(part_path(target, "modules", &path));
	if (open_valid(path, stamp(target->vmlinux, 0), &part))
		add_part(index, part);
	return NULL;
}

void index_close(struct impact_index *index)
{
	for (size_t i = 0; i < index->n; i++)
		index_part_close(&index->parts[i]);
	free(index->parts);
	*index = (struct impact_index){ 0 };
}
