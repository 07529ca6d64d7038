// SPDX-License-Identifier: GPL-2.0-or-later
/* Adding a stock Debian kernel. */
#include "target/debian.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/cache.h"
#include "target/config.h"
#include "target/tools.h"

/* Room that a whole Debian target takes while it is made, packages included. */
static const unsigned long long room_needed = 3000000000ull;

static struct error *describe(const char *name, const struct debian_plan *plan, const char *dir,
			      struct target *t)
{
	scoped_free char *text = NULL;

	t->name = xstrdup(name);
	t->release = xstrdup(plan->release);
	t->dir = xstrdup(dir);
	t->srctree = path_join(dir, "source");
	t->objtree = path_join(dir, "obj");
	t->kbuild = debian_path(dir, "headers/usr/src/linux-headers-%s", plan->release);
	t->vmlinux = debian_path(dir, "debug/vmlinux-%s", plan->release);
	t->bzimage = debian_path(dir, "image/boot/vmlinuz-%s", plan->release);
	t->config = path_join(t->kbuild, ".config");
	t->symvers = path_join(t->kbuild, "Module.symvers");
	TRY(read_file(t->config, &text, NULL));
	TRY(config_check_livepatch(text, name));
	TRY(config_compiler(text, t->config, &t->cc));
	TRY(tools_check_compiler(t->cc));
	scoped_free char *version = config_value(text, "CC_VERSION_TEXT");

	return tools_note_version(t->cc, version);
}

static struct error *check_files(const struct target *t)
{
	const char *const files[] = { t->vmlinux, t->bzimage, t->config, t->symvers };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (!path_exists(files[i]))
			return error_new("T9", "%s: the packages hold no %s", t->name, files[i]);
	return NULL;
}

static json_t *packages_json(const struct debian_plan *plan)
{
	json_t *extra = json_object(), *list = json_array();

	for (size_t i = 0; i < plan->packages.n; i++)
		json_array_append_new(list, json_pack("{s:s, s:s}", "name", plan->packages.at[i].name,
						      "version", plan->packages.at[i].version));
	json_object_set_new(extra, "packages", list);
	json_object_set_new(extra, "version", json_string(plan->packages.at[PART_IMAGE].version));
	return extra;
}

/* Makes the whole target in dir. The lock is held. */
static struct error *make_target(const char *name, const struct debian_plan *plan,
				 const char *downloads, const char *dir)
{
	scoped_target struct target *t = xcalloc(1, sizeof(*t));

	TRY(make_dirs(dir));
	TRY(cache_check_room(dir, room_needed));
	progress_step("fetching the packages of %s %s", plan->release,
		      plan->packages.at[PART_IMAGE].version);
	TRY(apt_download(&plan->packages, downloads));
	progress_end(NULL);
	TRY(debian_unpack_headers(plan, downloads, dir));
	TRY(describe(name, plan, dir, t));
	TRY(debian_unpack_rest(plan, downloads, dir));
	TRY(check_files(t));
	TRY(debian_prepare(t));
	json_t *extra = packages_json(plan);
	struct error *err = cache_publish(t, extra);

	json_decref(extra);
	return err;
}

/*
 * After a failure the unfinished tree goes, which can take minutes on a disk that discards every
 * freed block. Who pressed Ctrl-C does not want to wait for that: then the next run does it.
 */
static struct error *clean_up(struct error *err, const char *name, const char *dir)
{
	if (streq(err->id, "Y4"))
		return error_hint(err, "the next `suture target add %s` starts afresh with the packages "
				       "already fetched; `suture target remove %s` frees the space",
				  name, name);
	progress_end("failed");
	progress_step("removing the unfinished target");
	error_free(remove_tree(dir));
	progress_end(NULL);
	return err;
}

/* What an interrupted run left. */
static struct error *remove_left_over(const char *dir)
{
	if (!path_exists(dir))
		return NULL;
	progress_step("removing what an interrupted run left");
	TRY(remove_tree(dir));
	progress_end(NULL);
	return NULL;
}

static struct error *add_planned(const char *name, const struct debian_plan *plan)
{
	scoped_free char *dir = NULL;
	scoped_free char *downloads = NULL;
	scoped_fd int lock = -1;

	TRY(cache_target_dir(name, &dir));
	TRY(cache_lock(name, &lock));
	if (cache_is_complete(dir))
		return NULL;
	TRY(cache_download_dir(plan->release, &downloads));
	TRY(remove_left_over(dir));
	struct error *err = make_target(name, plan, downloads, dir);

	if (err)
		return clean_up(err, name, dir);
	return remove_tree(downloads);
}

struct error *target_add_debian(const char *release, char **name)
{
	struct debian_plan plan = { 0 };
	scoped_free char *dir = NULL;
	scoped_free char *full = xasprintf("debian:%s", release);

	if (!name_is_safe(release))
		return error_hint(error_new("T2", "'%s' is not the release of a kernel", release),
				  "letters, digits and .+~- only, like 6.12.117+deb12-cloud-amd64");
	TRY(cache_target_dir(full, &dir));
	if (cache_is_complete(dir)) {
		*name = take(full);
		return NULL;
	}
	TRY(tools_check_debian());
	struct error *err = debian_plan_make(release, &plan);

	if (!err) {
		free(full);
		full = xasprintf("debian:%s", plan.release);
		err = add_planned(full, &plan);
	}
	if (!err)
		*name = take(full);
	debian_plan_free(&plan);
	return err;
}
