// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/headers.h"

#include <dirent.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "units/command.h"
#include "units/includes.h"
#include "units/kbuild.h"

unsigned int units_limit = 64;

static unsigned int limit(void)
{
	const char *set = getenv("SUTURE_UNITS_LIMIT");

	return set && atoi(set) > 0 ? (unsigned int)atoi(set) : units_limit;
}

/* Candidates under collection. */
struct search {
	const struct target *target;
	struct patched_vec *files;
	struct str_vec *objects;
	struct map seen;
	struct finding_vec *findings;
};

static void add_object(struct search *s, const char *object)
{
	if (map_has(&s->seen, object))
		return;
	char *kept = *str_vec_push(s->objects, xstrdup(object));

	map_put(&s->seen, kept, kept);
}

static bool is_own_unit(const struct search *s, const char *object)
{
	scoped_free char *source = xasprintf("%.*sc", (int)strlen(object) - 1, object);
	struct patched_file *file = patched_find(s->files, source);

	return file && !file->unbuilt;
}

/* n units, or (asked: false) n C files that Kbuild was not asked about, or (n 0) everything. */
static void too_many(struct search *s, const struct patched_file *file, size_t n, bool asked)
{
	scoped_free char *location = patched_location(file->file);
	struct finding *f;

	if (!n)
		f = finding_add(s->findings, "U6", SEVERITY_REFUSAL, NULL, NULL, location,
				"%s: every unit of the kernel reads it", file->file->path);
	else
		f = finding_add(s->findings, "U6", SEVERITY_REFUSAL, NULL, NULL, location,
				"%s: %s%zu %s may read it (limit: %u units)", file->file->path,
				asked ? "" : "up to ", n, asked ? "units of the target" : "C files",
				limit());
	finding_way_out(f,
			"change the functions that matter in their own C files instead of the "
			"header%s",
			n ? ", or raise SUTURE_UNITS_LIMIT" : "");
}

/* --- a tree that we prepared: the include graph, and Kbuild's word on what is built --- */

/*
 * Sources → objects of the configuration. Code that cannot be patched and includes a changed C file
 * is refused; when it reads a changed header, comparing the objects decides later.
 */
static struct error *built_objects(struct search *s, const struct patched_file *file,
				   const struct str_vec *sources, struct str_vec *objects)
{
	SCOPED(str_vec_free_all) struct str_vec all = {0};
	SCOPED(map_free) struct map built = {0};

	for (size_t i = 0; i < sources->n; i++) {
		const char *source = sources->at[i];
		const struct file_class *class = file_classify(source);

		if (class->kind == FILE_UNIT || file->kind == FILE_HEADER)
			str_vec_push(&all, xasprintf("%.*so", (int)strlen(source) - 1, source));
		else if (class->kind == FILE_REFUSED)
			finding_add(s->findings, class->id, SEVERITY_REFUSAL, NULL, NULL,
				    file->file->path, "%s includes it: %s", source, class->what);
	}
	if (!all.n)
		return NULL;
	TRY(kbuild_built(s->target, &all, &built));
	for (size_t i = 0; i < all.n; i++)
		if (map_has(&built, all.at[i]))
			str_vec_push(objects, xstrdup(all.at[i]));
	return NULL;
}

/* May this many sources be looked at? Asking Kbuild about thousands of them takes long. */
enum { ASK_AT_MOST = 20 };

static struct error *by_graph(struct search *s, struct patched_file *file)
{
	SCOPED(str_vec_free_all) struct str_vec sources = {0};
	SCOPED(str_vec_free_all) struct str_vec objects = {0};
	bool everything = false;

	if (file->kind == FILE_UNIT)
		TRY(includes_readers_of_c(s->target, file->file->path, &sources));
	else
		TRY(includes_readers(s->target, file->file->path, &sources, &everything));
	if (everything || sources.n > (size_t)ASK_AT_MOST * limit()) {
		too_many(s, file, everything ? 0 : sources.n, false);
		return NULL;
	}
	TRY(built_objects(s, file, &sources, &objects));
	if (objects.n > limit()) {
		too_many(s, file, objects.n, true);
		return NULL;
	}
	for (size_t i = 0; i < objects.n; i++) {
		if (is_own_unit(s, objects.at[i]))
			continue;
		add_object(s, objects.at[i]);
	}
	file->candidate = objects.n > 0;
	return NULL;
}

/* --- a tree that the user built: the dependency lists of its .cmd files --- */

/* Does a .cmd file list this path? Its words may be absolute, relative, and go through "..". */
static bool cmd_lists(const struct target *t, const char *text, size_t size, const char *path)
{
	const char *base = path_basename(path);
	size_t n = strlen(base);

	for (const char *p = text, *end = text + size; (p = memmem(p, end - p, base, n)); p += n) {
		const char *start = p;

		if ((p[n] && !strchr(" \t\n\\)", p[n])) || p == text || !strchr("/ ", p[-1]))
			continue;
		while (start > text && !strchr(" \t\n", start[-1]))
			start--;
		scoped_free char *word = xstrndup(start, p + n - start);
		scoped_free char *rel = path_below(t->srctree, target_command_dir(t), word);

		if (rel && streq(rel, path))
			return true;
	}
	return false;
}

struct walk {
	struct search *search;
	struct u32_vec counts; /* of each file in the list */
};

static struct error *walk_cmd(struct walk *w, const char *dir, const char *name)
{
	const struct target *t = w->search->target;
	scoped_free char *below = *dir ? path_join(dir, name) : xstrdup(name);
	scoped_free char *path = path_join(t->objtree, below);
	scoped_free char *stem = xstrndup(name + 1, strlen(name) - strlen(".") - strlen(".cmd"));
	scoped_free char *object = *dir ? path_join(dir, stem) : xstrdup(stem);
	scoped_free char *text = NULL;
	size_t size;

	TRY(read_file(path, &text, &size));
	for (size_t i = 0; i < w->search->files->n; i++) {
		if (!cmd_lists(t, text, size, w->search->files->at[i].file->path))
			continue;
		w->search->files->at[i].candidate = true;
		w->counts.at[i]++;
		if (!is_own_unit(w->search, object))
			add_object(w->search, object);
	}
	return NULL;
}

static struct error *walk_dir(struct walk *w, const char *dir)
{
	scoped_free char *path = *dir ? path_join(w->search->target->objtree, dir)
				      : xstrdup(w->search->target->objtree);
	struct dirent **list;
	struct error *err = check_interrupted();
	int n = err ? -1 : scandir(path, &list, NULL, alphasort);

	if (n < 0)
		return err ? err : error_errno("%s", path);
	for (int i = 0; i < n; i++) {
		const char *name = list[i]->d_name;
		scoped_free char *sub = *dir ? path_join(dir, name) : xstrdup(name);

		if (!err && list[i]->d_type == DT_DIR && name[0] != '.' && !streq(sub, "tools") &&
		    !streq(sub, "scripts") && !streq(sub, "Documentation"))
			err = walk_dir(w, sub);
		else if (!err && list[i]->d_type == DT_REG && name[0] == '.' &&
			 ends_with(name, ".o.cmd"))
			err = walk_cmd(w, dir, name);
		free(list[i]);
	}
	free(list);
	return err;
}

static struct error *by_cmd_files(struct search *s)
{
	struct walk w = {.search = s};
	struct error *err;

	for (size_t i = 0; i < s->files->n; i++)
		u32_vec_push(&w.counts, 0);
	err = walk_dir(&w, "");
	for (size_t i = 0; !err && i < s->files->n; i++)
		if (w.counts.at[i] > limit())
			too_many(s, &s->files->at[i], w.counts.at[i], true);
	u32_vec_free(&w.counts);
	return err;
}

struct error *header_candidates(const struct target *target, struct patched_vec *files,
				struct str_vec *objects, struct finding_vec *findings)
{
	struct search s = {
		.target = target, .files = files, .objects = objects, .findings = findings};
	struct error *err = NULL;

	if (target->user_build)
		err = by_cmd_files(&s);
	for (size_t i = 0; !err && !target->user_build && i < files->n; i++)
		err = by_graph(&s, &files->at[i]);
	map_free(&s.seen);
	return err;
}
