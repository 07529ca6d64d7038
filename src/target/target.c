// SPDX-License-Identifier: GPL-2.0-or-later
/* Opening, listing, removing targets; their configuration. */
#include "target/target.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "target/cache.h"
#include "target/config.h"
#include "target/names.h"

void target_free(struct target *target)
{
	if (!target)
		return;
	free(target->name);
	free(target->release);
	free(target->dir);
	free(target->srctree);
	free(target->objtree);
	free(target->kbuild);
	free(target->vmlinux);
	free(target->bzimage);
	free(target->config);
	free(target->symvers);
	free(target->cc);
	target_free(target->kernel);
	free(target->config_text);
	free(target);
}

/* Names "KIND:LABEL" of all complete targets of one kind. */
static struct error *names_of_kind(const char *cache, const char *kind, struct str_vec *names)
{
	scoped_free char *dir = xasprintf("%s/targets/%s", cache, kind);
	DIR *d = opendir(dir);

	if (!d)
		return errno == ENOENT ? NULL : error_errno("%s", dir);
	for (struct dirent *e; (e = readdir(d));) {
		scoped_free char *path = path_join(dir, e->d_name);

		if (name_is_safe(e->d_name) && cache_is_complete(path))
			str_vec_push(names, xasprintf("%s:%s", kind, e->d_name));
	}
	closedir(d);
	return NULL;
}

static int by_name(const void *a, const void *b)
{
	return debian_version_compare(*(char *const *)a, *(char *const *)b);
}

static struct error *all_names(struct str_vec *names)
{
	scoped_free char *cache = NULL;

	TRY(cache_dir(&cache));
	TRY(names_of_kind(cache, "build", names));
	size_t builds = names->n;

	TRY(names_of_kind(cache, "debian", names));
	if (builds)
		qsort(names->at, builds, sizeof(*names->at), by_name);
	if (names->n > builds)
		qsort(names->at + builds, names->n - builds, sizeof(*names->at), by_name);
	return NULL;
}

static struct error *open_exact(const char *name, struct target **target)
{
	scoped_free char *dir = NULL;

	TRY(cache_target_dir(name, &dir));
	return cache_read(dir, target);
}

struct error *target_list(struct target_vec *list)
{
	struct str_vec names = { 0 };
	struct error *err = all_names(&names);

	for (size_t i = 0; !err && i < names.n; i++) {
		struct target *t;

		err = open_exact(names.at[i], &t);
		if (!err)
			target_vec_push(list, t);
	}
	str_vec_free_all(&names);
	return err;
}

static char *join(const struct str_vec *names)
{
	struct str text = { 0 };

	for (size_t i = 0; i < names->n; i++)
		str_add(&text, "%s%s", i ? ", " : "", names->at[i]);
	return text.s;
}

static struct error *no_target(const char *name, const struct str_vec *names)
{
	scoped_free char *near = name ? near_names(name, names, 3) : NULL;
	scoped_free char *all = join(names);

	if (!names->n)
		return error_hint(name ? error_new("T2", "no target %s: none was added yet", name) :
					 error_new("T2", "no target was added yet"),
				  "suture target add debian:latest-cloud");
	if (!name)
		return error_hint(error_new("T2", "which target? There are %s", all),
				  "--target NAME, or set SUTURE_TARGET");
	if (near)
		return error_hint(error_new("T2", "no target %s. Near: %s", name, near),
				  "all: %s; suture target add debian:RELEASE adds one", all);
	return error_hint(error_new("T2", "no target %s. There are %s", name, all),
			  "suture target add debian:RELEASE adds one");
}

/* Picks the name that is meant; *index is its place in names. */
static struct error *choose(const char *name, const struct str_vec *names, size_t *index)
{
	size_t found = 0;

	if (!name && names->n == 1) {
		*index = 0;
		return NULL;
	}
	for (size_t i = 0; name && i < names->n; i++) {
		const char *label = strchr(names->at[i], ':') + 1;

		if (streq(names->at[i], name)) {
			*index = i;
			return NULL;
		}
		if (streq(label, name)) {
			*index = i;
			found++;
		}
	}
	if (found == 1)
		return NULL;
	if (found)
		return error_hint(error_new("T2", "'%s' names more than one target", name),
				  "write debian:%s or build:%s", name, name);
	return no_target(name, names);
}

/* The full name of the target that is meant; the caller's. */
static struct error *resolve(const char *name, char **full)
{
	struct str_vec names = { 0 };
	const char *set = getenv("SUTURE_TARGET");
	size_t index = 0;

	if (!name && set && *set)
		name = set;
	struct error *err = all_names(&names);

	if (!err)
		err = choose(name, &names, &index);
	if (!err)
		*full = xstrdup(names.at[index]);
	str_vec_free_all(&names);
	return err;
}

struct error *target_open(const char *name, struct target **target)
{
	scoped_free char *full = NULL;

	TRY(resolve(name, &full));
	return open_exact(full, target);
}

/* Is this the full name of a target that an interrupted run left? */
static bool is_unfinished(const char *name)
{
	scoped_free char *dir = NULL;
	scoped_error struct error *err = cache_target_dir(name, &dir);

	return !err && path_exists(dir) && !cache_is_complete(dir);
}

struct error *target_remove(const char *name)
{
	scoped_free char *full = NULL;
	scoped_free char *dir = NULL;
	scoped_fd int lock = -1;

	if (is_unfinished(name))
		full = xstrdup(name);
	else
		TRY(resolve(name, &full));
	TRY(cache_lock(full, &lock));
	TRY(cache_target_dir(full, &dir));
	scoped_free char *json = path_join(dir, "target.json");

	if (unlink(json) && errno != ENOENT)
		return error_errno("%s", json);
	TRY(remove_tree(dir));

	scoped_free char *downloads = NULL;

	TRY(cache_download_dir(path_basename(dir), &downloads));
	return remove_tree(downloads);
}

bool target_config_is(struct target *target, const char *option, char value)
{
	if (!target->config_text) {
		scoped_error struct error *err = read_file(target->config, &target->config_text, NULL);

		if (err)
			return false;
	}
	return config_is(target->config_text, option, value);
}
