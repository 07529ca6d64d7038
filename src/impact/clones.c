// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/clones.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"

enum { FIELDS = 12, FROM = 1, TO = 6, REASON = 11 };

/* Fields of a line; a file name with a semicolon in it makes them too many: not understood. */
static bool split(const char *line, size_t n, const char **field, size_t *length)
{
	size_t k = 0;

	for (const char *p = line, *end = line + n; k < FIELDS; k++) {
		const char *stop = memchr(p, ';', end - p);

		field[k] = p;
		length[k] = (stop ? stop : end) - p;
		if (!stop)
			return ++k == FIELDS;
		p = stop + 1;
	}
	return false;
}

void clones_parse(const char *text, struct clone_vec *list)
{
	static const char head[] = "Callgraph clone;";

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, "\n"), length[FIELDS];
		const char *field[FIELDS];

		if (starts_with(p, head) && split(p, n, field, length)) {
			char *reason = xstrndup(field[REASON], length[REASON]);

			clone_vec_push(list, (struct clone){
				.from = xstrndup(field[FROM], length[FROM]),
				.to = xstrndup(field[TO], length[TO]), .reason = reason,
				.inlined = starts_with(reason, "inlining to") });
		}
		p += n + (p[n] != 0);
	}
}

struct error *clones_read(const char *path, struct clone_vec *list)
{
	scoped_free char *text = NULL;

	TRY(read_file(path, &text, NULL));
	clones_parse(text, list);
	return NULL;
}

void clones_free(struct clone_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->at[i].from);
		free(list->at[i].to);
		free(list->at[i].reason);
	}
	clone_vec_free(list);
}

/* Lines of each name, so that the walk follows every line once. */
static void by_name(const struct clone_vec *list, struct map *first, uint32_t *next)
{
	for (size_t i = list->n; i-- > 0;) {
		void **slot = map_slot(first, list->at[i].from);

		next[i] = (uint32_t)(uintptr_t)*slot;
		*slot = (void *)(uintptr_t)(i + 1);
	}
}

void clones_reach(const struct clone_vec *list, const char *name, struct str_vec *copies,
		  struct str_vec *into)
{
	SCOPED(map_free) struct map first = { 0 }, seen = { 0 };
	SCOPED(str_vec_free) struct str_vec todo = { 0 };
	scoped_free uint32_t *next = xcalloc(list->n + 1, sizeof(*next));

	by_name(list, &first, next);
	str_vec_push(&todo, (char *)name);
	map_put(&seen, name, todo.at);
	for (size_t k = 0; k < todo.n; k++) {
		for (uint32_t i = (uint32_t)(uintptr_t)map_get(&first, todo.at[k]); i; i = next[i - 1]) {
			const struct clone *c = &list->at[i - 1];

			if (map_has(&seen, c->to))
				continue;
			map_put(&seen, c->to, c->to);
			str_vec_push(c->inlined ? into : copies, c->to);
			str_vec_push(&todo, c->to);
		}
	}
}
