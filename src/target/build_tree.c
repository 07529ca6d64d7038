// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel that the user built. The tree is only read; the cache gets a target.json. */
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "target/cache.h"
#include "target/config.h"
#include "target/names.h"
#include "target/tools.h"

/* What a finished build leaves behind, and how to get it. */
static const struct result {
	const char *file, *way;
} results[] = {
	{ ".config", "configure and build the kernel first" },
	{ "include/config/kernel.release", "build the kernel first: make vmlinux modules" },
	{ "include/generated/autoconf.h", "build the kernel first: make vmlinux modules" },
	{ "vmlinux", "make vmlinux" },
	{ "Module.symvers", "make modules (or make vmlinux, when nothing is modular)" },
};

static struct error *check_results(const char *dir)
{
	for (size_t i = 0; i < ARRAY_SIZE(results); i++) {
		scoped_free char *path = path_join(dir, results[i].file);

		if (!path_exists(path))
			return error_hint(error_new("T10", "%s: not a finished kernel build: no %s", dir,
						    results[i].file),
					  "%s", results[i].way);
	}
	return NULL;
}

/* The `source` link of an O= build; an in-tree build is its own source. */
static struct error *find_source(const char *objtree, char **srctree)
{
	scoped_free char *link = path_join(objtree, "source");
	scoped_free char *kconfig = NULL;

	*srctree = realpath(link, NULL);
	if (!*srctree)
		*srctree = xstrdup(objtree);
	kconfig = path_join(*srctree, "Kbuild");
	if (path_exists(kconfig))
		return NULL;
	struct error *err = error_new("T10", "%s: no kernel source in %s", objtree, *srctree);

	free(*srctree);
	*srctree = NULL;
	return error_hint(err, "is the `source` link of the build directory right?");
}

/* First line of a file; the caller's. */
static struct error *read_line(const char *path, char **line)
{
	scoped_free char *text = NULL;

	TRY(read_file(path, &text, NULL));
	*line = xstrndup(text, strcspn(text, "\n"));
	return NULL;
}

static struct error *describe(const char *objtree, struct target *t)
{
	scoped_free char *release = path_join(objtree, "include/config/kernel.release");
	scoped_free char *image = path_join(objtree, "arch/x86/boot/bzImage");
	scoped_free char *text = NULL;

	TRY(check_results(objtree));
	TRY(read_line(release, &t->release));
	TRY(find_source(objtree, &t->srctree));
	t->objtree = xstrdup(objtree);
	t->kbuild = xstrdup(objtree);
	t->vmlinux = path_join(objtree, "vmlinux");
	t->bzimage = path_exists(image) ? xstrdup(image) : NULL;
	t->config = path_join(objtree, ".config");
	t->symvers = path_join(objtree, "Module.symvers");
	t->user_build = true;
	TRY(read_file(t->config, &text, NULL));
	TRY(config_check_livepatch(text, objtree));
	TRY(config_compiler(text, t->config, &t->cc));
	TRY(tools_check_compiler(t->cc));
	scoped_free char *version = config_value(text, "CC_VERSION_TEXT");

	return tools_note_version(t->cc, version);
}

/* The label of a target that has none: its release. */
static struct error *set_name(struct target *t, const char *label)
{
	if (!label)
		label = t->release;
	if (!name_is_safe(label))
		return error_hint(error_new("T2", "'%s' cannot be the label of a target", label),
				  "--name LABEL, of letters, digits and .+~-");
	t->name = xasprintf("build:%s", label);
	return cache_target_dir(t->name, &t->dir);
}

/* An existing target of this name is fine when it is of the same tree. */
static struct error *check_same(const struct target *t)
{
	scoped_target struct target *old = NULL;

	TRY(cache_read(t->dir, &old));
	if (streq(old->objtree, t->objtree))
		return NULL;
	return error_hint(error_new("T2", "target %s is already there, for %s", t->name, old->objtree),
			  "choose another label with --name, or suture target remove %s", t->name);
}

struct error *target_add_build(const char *dir, const char *label, char **name)
{
	scoped_target struct target *t = xcalloc(1, sizeof(*t));
	scoped_free char *objtree = realpath(dir, NULL);
	scoped_fd int lock = -1;

	if (!objtree)
		return error_errno("%s", dir);
	TRY(describe(objtree, t));
	TRY(set_name(t, label));
	TRY(cache_lock(t->name, &lock));
	if (cache_is_complete(t->dir))
		TRY(check_same(t));
	TRY(make_dirs(t->dir));
	TRY(cache_publish(t, NULL)); /* release and compiler may be new after a rebuild */
	*name = xstrdup(t->name);
	return NULL;
}
