// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file is one line, "suture-kbuild FORMAT KEY SUM GOAL", and the lines that make printed. KEY is made of
 * the captured environment, compiler, trees, how we ask, and the makefiles that are read on the way to the
 * goal; SUM of the lines.
 */
#include "units/kbuild_kept.h"

#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"

enum { FORMAT = 1 };

/* Read for every goal; sources: scripts/Makefile.build and what it includes. */
static const char *const for_all[] = {
	"scripts/Makefile.build",   "scripts/Makefile.lib",	 "scripts/Kbuild.include",
	"scripts/Makefile.compiler", "scripts/Makefile.extrawarn",
};

static const char *const in_each_directory[] = {"Makefile", "Kbuild"};

static uint64_t add_text(uint64_t h, const char *text)
{
	return hash_bytes(text, strlen(text) + 1, h);
}

/* Size and time of a file, or that there is none. */
static bool add_file(uint64_t *h, const char *path)
{
	struct stat st;
	bool there = !stat(path, &st);
	int64_t facts[3] = {-1};

	if (there) {
		facts[0] = st.st_size;
		facts[1] = st.st_mtim.tv_sec;
		facts[2] = st.st_mtim.tv_nsec;
	}
	*h = hash_bytes(facts, sizeof(facts), *h);
	return there;
}

static void add_below(uint64_t *h, const char *tree, const char *name)
{
	scoped_free char *path = path_join(tree, name);

	add_file(h, path);
}

/* The compiler as it is found by its name: makefiles ask what it can do. */
static void add_compiler(uint64_t *h, const char *cc)
{
	const char *path = getenv("PATH");
	scoped_free char *dirs = xstrdup(cc[0] == '/' || !path ? "/" : path);
	char *save;

	for (char *dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		scoped_free char *file = path_join(dir, cc);

		if (add_file(h, file))
			return;
	}
}

/* The makefiles of the goal's directory and of all above it. */
static void add_makefiles(uint64_t *h, const char *srctree, const char *goal)
{
	scoped_free char *dir = path_dirname(goal);

	for (;;) {
		for (size_t i = 0; i < ARRAY_SIZE(in_each_directory); i++) {
			scoped_free char *name = path_join(dir, in_each_directory[i]);

			add_below(h, srctree, name);
		}
		if (streq(dir, "."))
			return;
		char *up = path_dirname(dir);

		free(dir);
		dir = up;
	}
}

uint64_t kept_key(const struct target *t, const struct kbuild *k, const char *goal)
{
	uint64_t h = hash_bytes(k->environment, k->environment_size, FORMAT);

	h = add_text(h, kbuild_list_rule);
	h = add_text(h, t->srctree);
	h = add_text(h, t->objtree);
	h = add_text(h, t->cc);
	add_compiler(&h, t->cc);
	for (size_t i = 0; i < ARRAY_SIZE(for_all); i++)
		add_below(&h, t->srctree, for_all[i]);
	add_below(&h, t->objtree, "include/config/auto.conf");
	add_makefiles(&h, t->srctree, goal);
	return h;
}

static char *head_of(uint64_t key, const char *goal, const char *text)
{
	return xasprintf("suture-kbuild %d %016lx %016lx %s\n", FORMAT, (unsigned long)key,
			 (unsigned long)hash_bytes(text, strlen(text), key), goal);
}

/* "net/ipv4/tcp.o" → "CACHE/kbuild/net!ipv4!tcp.o". */
static char *place_of(const struct kbuild *k, const char *goal)
{
	char *path = xasprintf("%s/kbuild/%s", k->cache, goal);

	for (char *p = path + strlen(path) - strlen(goal); *p; p++)
		if (*p == '/')
			*p = '!';
	return path;
}

bool kept_answer(const struct kbuild *k, const char *goal, uint64_t key, struct str *out)
{
	scoped_free char *path = place_of(k, goal), *text = NULL;

	if (!path_exists(path))
		return false;
	scoped_error struct error *err = read_file(path, &text, NULL);
	const char *lines = err || !text ? NULL : strchr(text, '\n');

	if (!lines)
		return false;
	scoped_free char *head = head_of(key, goal, lines + 1);

	if (!starts_with(text, head))
		return false;
	str_add(out, "%s", lines + 1);
	return true;
}

void kept_store(const struct kbuild *k, const char *goal, uint64_t key, const char *lines)
{
	scoped_free char *path = place_of(k, goal), *dir = path_dirname(path);
	scoped_free char *head = head_of(key, goal, lines), *all = xasprintf("%s%s", head, lines);
	struct error *err = make_dirs(dir);

	if (!err)
		err = write_file_unsynced(path, all, strlen(all));
	error_free(err);
}
