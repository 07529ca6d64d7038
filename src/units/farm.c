// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/farm.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/command.h"

static void cleanup_dir(DIR **d)
{
	if (*d)
		closedir(*d);
}

/* Links every entry of the tree's directory into the (real, empty) one of the view. */
static struct error *link_entries(const char *from, const char *to)
{
	SCOPED(cleanup_dir) DIR *d = opendir(from);
	struct dirent *e;

	if (!d && errno == ENOENT)
		return NULL; /* a directory that the fix creates */
	if (!d)
		return error_errno("%s", from);
	while ((e = readdir(d))) {
		scoped_free char *target = path_join(from, e->d_name);
		scoped_free char *link = path_join(to, e->d_name);

		if (streq(e->d_name, ".") || streq(e->d_name, ".."))
			continue;
		if (symlink(target, link))
			return error_errno("%s", link);
	}
	return NULL;
}

/* Puts a directory with links in the place of a link to a directory. The parent is real. */
static struct error *make_real(struct farm *f, const char *rel)
{
	scoped_free char *from = *rel ? path_join(f->tree, rel) : xstrdup(f->tree);
	scoped_free char *to = *rel ? path_join(f->root, rel) : xstrdup(f->root);
	char *kept;

	if (unlink(to) && errno != ENOENT)
		return error_errno("%s", to);
	if (mkdir(to, 0777))
		return error_errno("%s", to);
	TRY(link_entries(from, to));
	kept = *str_vec_push(&f->dirs, xstrdup(rel));
	map_put(&f->made, kept, kept);
	return NULL;
}

struct error *farm_new(const char *tree, const char *root, struct farm *farm)
{
	scoped_free char *dir = path_dirname(root);
	scoped_free char *real = realpath(dir, NULL);

	*farm = (struct farm) {.tree = realpath(tree, NULL)};
	if (!farm->tree || !real)
		return error_errno("%s", farm->tree ? dir : tree);
	farm->root = path_join(real, path_basename(root));
	return make_real(farm, "");
}

void farm_free(struct farm *farm)
{
	free(farm->root);
	free(farm->tree);
	map_free(&farm->made);
	str_vec_free_all(&farm->dirs);
	str_vec_free_all(&farm->files);
	*farm = (struct farm) {0};
}

struct error *farm_make_dir(struct farm *farm, const char *dir)
{
	scoped_free char *rel = xstrdup(dir);

	if (streq(rel, "."))
		return NULL;
	for (char *p = rel;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = 0;
		if (!map_has(&farm->made, rel))
			TRY(make_real(farm, rel));
		*p = c;
		if (!c)
			return NULL;
	}
}

struct error *farm_put(struct farm *farm, const char *path, const void *text, size_t size)
{
	scoped_free char *dir = path_dirname(path);
	scoped_free char *full = path_join(farm->root, path);

	TRY(farm_make_dir(farm, dir));
	if (unlink(full) && errno != ENOENT)
		return error_errno("%s", full);
	TRY(write_file(full, text, size));
	for (size_t i = 0; i < farm->files.n; i++)
		if (streq(farm->files.at[i], path))
			return NULL;
	str_vec_push(&farm->files, xstrdup(path));
	return NULL;
}

/* Makes every directory real that the path goes through, those it leaves by ".." included. */
static struct error *make_way(struct farm *f, const char *rel)
{
	for (const char *p = rel; (p = strchr(p, '/')); p++) {
		scoped_free char *part = xstrndup(rel, p - rel);
		scoped_free char *dir = path_normalize(part);

		if (!starts_with(dir, ".."))
			TRY(farm_make_dir(f, dir));
	}
	return NULL;
}

static const char *original_of(const struct farm *f, const char *real)
{
	size_t n = strlen(f->tree);

	if (!starts_with(real, f->tree) || real[n] != '/')
		return NULL;
	for (size_t i = 0; i < f->files.n; i++)
		if (streq(real + n + 1, f->files.at[i]))
			return f->files.at[i];
	return NULL;
}

static bool same_name_as_ours(const struct farm *f, const char *path)
{
	for (size_t i = 0; i < f->files.n; i++)
		if (streq(path_basename(path), path_basename(f->files.at[i])))
			return true;
	return false;
}

static struct error *repair_one(struct farm *f, const char *cwd, const char *dep, bool *repaired)
{
	scoped_free char *full = dep[0] == '/' ? xstrdup(dep) : path_join(cwd, dep);
	scoped_free char *real = realpath(full, NULL);
	const char *file = real ? original_of(f, real) : NULL;
	size_t n = strlen(f->root), before = f->dirs.n;

	if (!file)
		return NULL;
	if (starts_with(full, f->root) && full[n] == '/')
		TRY(make_way(f, full + n + 1));
	if (f->dirs.n == before)
		return error_new("U15", "%s: the compiler reads the unchanged file by way of %s",
				 file, dep);
	*repaired = true;
	return NULL;
}

struct error *farm_repair(struct farm *farm, const char *cwd, const struct str_vec *deps,
			  bool *repaired)
{
	*repaired = false;
	for (size_t i = 0; i < deps->n; i++)
		if (same_name_as_ours(farm, deps->at[i]))
			TRY(repair_one(farm, cwd, deps->at[i], repaired));
	return NULL;
}

struct error *farm_foresee(struct farm *farm, const char *tree, const struct str_vec *deps,
			   bool *repaired)
{
	size_t before = farm->dirs.n, n = strlen(tree);

	for (size_t i = 0; i < deps->n; i++) {
		const char *dep = deps->at[i];

		if (!same_name_as_ours(farm, dep) || !strstr(dep, "/../"))
			continue;
		if (starts_with(dep, tree) && dep[n] == '/')
			TRY(make_way(farm, dep + n + 1));
	}
	*repaired = farm->dirs.n != before;
	return NULL;
}
