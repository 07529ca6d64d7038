// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/names.h"

enum { FORMAT = 1 };

/* Members of struct target that are strings of target.json. */
static const struct member {
	const char *key;
	size_t offset;
	bool optional;
} members[] = {
	{ "name", offsetof(struct target, name), false },
	{ "release", offsetof(struct target, release), false },
	{ "dir", offsetof(struct target, dir), false },
	{ "srctree", offsetof(struct target, srctree), false },
	{ "objtree", offsetof(struct target, objtree), false },
	{ "kbuild", offsetof(struct target, kbuild), false },
	{ "vmlinux", offsetof(struct target, vmlinux), false },
	{ "bzimage", offsetof(struct target, bzimage), true },
	{ "config", offsetof(struct target, config), false },
	{ "symvers", offsetof(struct target, symvers), false },
	{ "cc", offsetof(struct target, cc), false },
};

static char **member_of(const struct target *t, const struct member *m)
{
	return (char **)((char *)t + m->offset);
}

struct error *cache_dir(char **dir)
{
	const char *set = getenv("SUTURE_CACHE"), *home = getenv("HOME");
	const char *xdg = getenv("XDG_CACHE_HOME");
	scoped_free char *path = NULL;

	if (set && *set)
		path = xstrdup(set);
	else if (xdg && *xdg == '/')
		path = path_join(xdg, "suture");
	else if (home && *home)
		path = path_join(home, ".cache/suture");
	else
		return error_new("T1", "no place for the cache: neither SUTURE_CACHE nor HOME is set");
	TRY(make_dirs(path));
	*dir = realpath(path, NULL);
	if (!*dir)
		return error_errno("%s", path);
	if (strpbrk(*dir, " \t\n:'\"\\$#")) {
		struct error *err = error_new("T1", "%s: Kbuild cannot work in a directory with "
						    "blanks, colons or quotes in its name", *dir);

		free(*dir);
		*dir = NULL;
		return error_hint(err, "put the cache elsewhere: SUTURE_CACHE=DIR");
	}
	return NULL;
}

/* "KIND:LABEL" taken apart; error T2 when it is not one. *label points into name. */
static struct error *split_name(const char *name, const char **kind, const char **label)
{
	static const char *const kinds[] = { "debian", "build" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t n = strlen(kinds[i]);

		if (!starts_with(name, kinds[i]) || name[n] != ':' || !name_is_safe(name + n + 1))
			continue;
		*kind = kinds[i];
		*label = name + n + 1;
		return NULL;
	}
	return error_hint(error_new("T2", "'%s' is not the name of a target", name),
			  "names are debian:RELEASE or build:LABEL, of letters, digits and .+~-");
}

struct error *cache_target_dir(const char *name, char **dir)
{
	scoped_free char *cache = NULL;
	const char *kind, *label;

	TRY(split_name(name, &kind, &label));
	TRY(cache_dir(&cache));
	*dir = xasprintf("%s/targets/%s/%s", cache, kind, label);
	return NULL;
}

struct error *cache_download_dir(const char *label, char **dir)
{
	scoped_free char *cache = NULL;

	TRY(cache_dir(&cache));
	scoped_free char *path = xasprintf("%s/downloads/%s", cache, label);

	TRY(make_dirs(path));
	*dir = take(path);
	return NULL;
}

/* Waits for the lock in steps, so that Ctrl-C is heard. */
static struct error *wait_for_lock(int fd, const char *name)
{
	bool told = false;

	while (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno("lock of %s", name);
		if (!told)
			progress_step("waiting for another run that works on %s", name);
		told = true;
		TRY(check_interrupted());
		usleep(200 * 1000);
	}
	if (told)
		progress_end(NULL);
	return NULL;
}

struct error *cache_lock(const char *name, int *fd)
{
	scoped_free char *cache = NULL;
	const char *kind, *label;

	TRY(split_name(name, &kind, &label));
	TRY(cache_dir(&cache));
	scoped_free char *dir = path_join(cache, "locks");
	scoped_free char *path = xasprintf("%s/%s-%s", dir, kind, label);

	TRY(make_dirs(dir));
	/*
	 * Not close-on-exec: should we be killed, the tools that we started keep the lock until they
	 * are gone too, and the next run does not meet them at work in its directory.
	 */
	scoped_fd int lock = open(path, O_RDWR | O_CREAT, 0666);

	if (lock < 0)
		return error_errno("%s", path);
	TRY(wait_for_lock(lock, name));
	*fd = lock;
	lock = -1;
	return NULL;
}

bool cache_is_complete(const char *target_dir)
{
	scoped_free char *path = path_join(target_dir, "target.json");

	return path_exists(path);
}

struct error *cache_check_room(const char *path, unsigned long long need)
{
	struct statvfs fs;

	if (statvfs(path, &fs))
		return error_errno("%s", path);
	unsigned long long room = (unsigned long long)fs.f_bavail * fs.f_frsize;

	if (room >= need)
		return NULL;
	return error_hint(error_new("Y2", "%s: %.1f GB free, %.1f GB are needed", path, room / 1e9,
				    need / 1e9),
			  "make room, or put the cache elsewhere with SUTURE_CACHE=DIR");
}

struct error *cache_publish(const struct target *t, json_t *extra)
{
	scoped_free char *path = path_join(t->dir, "target.json");
	json_t *json = json_object();

	json_object_set_new(json, "format", json_integer(FORMAT));
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const char *value = *member_of(t, &members[i]);

		json_object_set_new(json, members[i].key, value ? json_string(value) : json_null());
	}
	json_object_set_new(json, "user_build", json_boolean(t->user_build));
	if (extra)
		json_object_update(json, extra);
	scoped_free char *text = json_dumps(json, JSON_INDENT(2));

	json_decref(json);
	if (!text)
		return error_new("T1", "%s: a name in it is not UTF-8", path);
	return write_file(path, text, strlen(text));
}

struct error *cache_read_json(const char *target_dir, json_t **json)
{
	scoped_free char *path = path_join(target_dir, "target.json");
	json_error_t bad;

	*json = json_load_file(path, 0, &bad);
	if (*json && json_integer_value(json_object_get(*json, "format")) == FORMAT)
		return NULL;
	struct error *err = error_new("T1", "%s: %s", path,
				      *json ? "written by another version of suture" : bad.text);

	json_decref(*json);
	*json = NULL;
	return error_hint(err, "remove the target and add it again");
}

static struct error *fill(struct target *t, const json_t *json, const char *target_dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const char *value = json_string_value(json_object_get(json, members[i].key));

		if (!value && !members[i].optional)
			return error_new("T1", "%s/target.json: no \"%s\"", target_dir,
					 members[i].key);
		*member_of(t, &members[i]) = xstrdup(value);
	}
	t->user_build = json_is_true(json_object_get(json, "user_build"));
	if (!streq(t->dir, target_dir))
		return error_hint(error_new("T1", "target %s was made in %s and is now in %s: Kbuild "
						  "trees cannot be moved",
					    t->name, t->dir, target_dir),
				  "remove the target and add it again");
	return NULL;
}

struct error *cache_read(const char *target_dir, struct target **target)
{
	json_t *json;

	TRY(cache_read_json(target_dir, &json));
	scoped_target struct target *t = xcalloc(1, sizeof(*t));
	struct error *err = fill(t, json, target_dir);

	json_decref(json);
	TRY(err);
	*target = take(t);
	return NULL;
}
