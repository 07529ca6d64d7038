// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/includes.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/str.h"
#include "units/command.h"
#include "units/includes_scan.h"
#include "units/kbuild.h"

/* All files that include one and the same text ("x.h" as written). */
struct spelling {
	const char *text;     /* after the first character */
	bool quote;	      /* "x.h", else <x.h> */
	char *tail;	      /* normalized, without leading "..": what a path must end like */
	struct u32_vec users; /* file numbers */
};
DEFINE_VEC(spelling_vec, struct spelling)

struct graph {
	const char *tree; /* set when only some files are in the graph */
	char *text;	  /* of the cache file; names point into it */
	struct str_vec files;
	struct map numbers; /* file name → number + 1 */
	struct spelling_vec spellings;
	struct map by_text; /* spelling with its mark → number + 1 */
	struct map by_base; /* base name of a tail → u32_vec of spellings */
	struct ptr_vec bases;
};

static void graph_free(struct graph *g)
{
	for (size_t i = 0; i < g->spellings.n; i++) {
		free(g->spellings.at[i].tail);
		u32_vec_free(&g->spellings.at[i].users);
	}
	for (size_t i = 0; i < g->bases.n; i++) {
		u32_vec_free(g->bases.at[i]);
		free(g->bases.at[i]);
	}
	ptr_vec_free(&g->bases);
	spelling_vec_free(&g->spellings);
	str_vec_free(&g->files);
	map_free(&g->numbers);
	map_free(&g->by_text);
	map_free(&g->by_base);
	free(g->text);
}
#define scoped_graph SCOPED(graph_free)

static char *tail_of(const char *text)
{
	scoped_free char *clean = path_normalize(text);
	const char *p = clean;

	while (starts_with(p, "../") || *p == '/')
		p += *p == '/' ? 1 : 3;
	return xstrdup(p);
}

static void index_base(struct graph *g, const char *base, unsigned int spelling)
{
	struct u32_vec **slot = (struct u32_vec **)map_slot(&g->by_base, base);

	if (!*slot) {
		*slot = xcalloc(1, sizeof(**slot));
		ptr_vec_push(&g->bases, *slot);
	}
	u32_vec_push(*slot, spelling);
}

static unsigned int spelling_number(struct graph *g, const char *marked)
{
	void **slot = map_slot(&g->by_text, marked);

	if (!*slot) {
		struct spelling s = {
			.text = marked + 1, .quote = marked[0] == '"', .tail = tail_of(marked + 1)};

		spelling_vec_push(&g->spellings, s);
		*slot = (void *)g->spellings.n;
		index_base(g, path_basename(s.tail), g->spellings.n - 1);
	}
	return (size_t)*slot - 1;
}

static void graph_parse(struct graph *g)
{
	char *save;

	for (char *l = strtok_r(g->text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (*l == 'F') {
			str_vec_push(&g->files, l + 1);
			map_put(&g->numbers, l + 1, (void *)g->files.n);
		} else if (g->files.n) {
			unsigned int s = spelling_number(g, l);

			u32_vec_push(&g->spellings.at[s].users, g->files.n - 1);
		}
	}
}

/* Cache files: everything, and C files included by others. */
static struct error *graph_make(const struct target *t, const char *all, const char *of_c)
{
	scoped_str struct str all_text = {0};
	scoped_str struct str c_text = {0};

	progress_step("reading the includes of the source tree (once)");
	TRY(includes_scan(t->srctree, &all_text, &c_text));
	progress_end(NULL);
	TRY(write_file(of_c, c_text.s, c_text.n));
	return write_file(all, all_text.s, all_text.n);
}

static struct error *graph_open(const struct target *t, bool c_only, struct graph *g)
{
	scoped_free char *cache = NULL;

	TRY(units_cache_dir(t, &cache));
	scoped_free char *all = path_join(cache, "includes");
	scoped_free char *of_c = path_join(cache, "includes-of-c");

	if (!path_exists(all))
		TRY(graph_make(t, all, of_c));
	g->tree = c_only ? t->srctree : NULL;
	TRY(read_file(c_only ? of_c : all, &g->text, NULL));
	graph_parse(g);
	return NULL;
}

static bool has_file(const struct graph *g, const char *dir, const char *name)
{
	scoped_free char *path = path_join(dir, name);
	scoped_free char *clean = path_normalize(path);

	if (g->tree) { /* the list of files is not whole */
		scoped_free char *full = path_join(g->tree, clean);

		return path_exists(full);
	}
	return map_has(&g->numbers, clean);
}

/* Does the tail of an include end this path at a component? */
static bool path_ends(const char *path, const char *tail)
{
	size_t n = strlen(path), m = strlen(tail);

	return n >= m && streq(path + n - m, tail) && (n == m || path[n - m - 1] == '/');
}

/* Where an include by the command line's directories leads; NULL: not known. The caller's. */
static char *by_directories(const struct graph *g, const char *name)
{
	static const char *const dirs[] = {"arch/x86/include", "include", "arch/x86/include/uapi",
					   "include/uapi"};

	for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
		if (has_file(g, dirs[i], name))
			return path_join(dirs[i], name);
	if (starts_with(name, "asm/")) {
		scoped_free char *generic = xasprintf("asm-generic/%s", name + 4);

		for (size_t i = 1; i < ARRAY_SIZE(dirs); i += 2)
			if (has_file(g, dirs[i], generic))
				return path_join(dirs[i], generic);
	}
	return NULL;
}

/* May the file `user` reach `path` by this spelling? */
static bool leads_to(const struct graph *g, const struct spelling *s, const char *user,
		     const char *path)
{
	scoped_free char *dir = path_dirname(user);

	if (s->quote && has_file(g, dir, s->text)) {
		scoped_free char *joined = path_join(dir, s->text);
		scoped_free char *clean = path_normalize(joined);

		return streq(clean, path);
	}
	scoped_free char *found = by_directories(g, s->text);

	if (found)
		return streq(found, path);
	return path_ends(path, s->tail);
}

static void add_users(const struct graph *g, const char *path, const char *base, bool *seen,
		      struct u32_vec *queue)
{
	const struct u32_vec *list = map_get(&g->by_base, base);

	for (size_t i = 0; list && i < list->n; i++) {
		const struct spelling *s = &g->spellings.at[list->at[i]];

		for (size_t k = 0; k < s->users.n; k++) {
			unsigned int user = s->users.at[k];

			if (seen[user] || !leads_to(g, s, g->files.at[user], path))
				continue;
			seen[user] = true;
			u32_vec_push(queue, user);
		}
	}
}

static void readers(const struct graph *g, const char *path, struct str_vec *sources,
		    bool *everything)
{
	scoped_free bool *seen = xcalloc(g->files.n + 1, sizeof(*seen));
	SCOPED(u32_vec_free) struct u32_vec queue = {0};

	add_users(g, path, path_basename(path), seen, &queue);
	for (size_t i = 0; i < queue.n; i++) {
		const char *file = g->files.at[queue.at[i]];

		if (ends_with(file, ".c") || ends_with(file, ".S"))
			str_vec_push(sources, xstrdup(file));
		add_users(g, file, path_basename(file), seen, &queue);
		*everything |= streq(file, "include/linux/kconfig.h") ||
			       streq(file, "include/linux/compiler_types.h") ||
			       streq(file, "include/linux/compiler-version.h");
	}
}

struct error *includes_readers(const struct target *target, const char *path,
			       struct str_vec *sources, bool *everything)
{
	scoped_graph struct graph g = {0};

	*everything = streq(path, "include/linux/kconfig.h") ||
		      streq(path, "include/linux/compiler_types.h") ||
		      streq(path, "include/linux/compiler-version.h");
	TRY(graph_open(target, false, &g));
	readers(&g, path, sources, everything);
	return NULL;
}

struct error *includes_readers_of_c(const struct target *target, const char *path,
				    struct str_vec *sources)
{
	scoped_graph struct graph g = {0};
	bool everything = false;

	TRY(graph_open(target, true, &g));
	readers(&g, path, sources, &everything);
	return NULL;
}

struct error *includes_prepare(const struct target *target)
{
	scoped_graph struct graph g = {0};

	return graph_open(target, true, &g);
}
