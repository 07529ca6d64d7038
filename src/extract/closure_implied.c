// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Headers that need not be named. The preprocessed text shows where a file was read first; that another
 * header includes it too, and is guarded from reading it again, only the text of that header shows. A header
 * of which the livepatch's text itself uses something stays named.
 */
#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/str.h"
#include "extract/closure.h"

struct implied {
	struct closure *c;
	struct map by_include; /* "linux/list.h" → file */
	struct u32_vec *includes; /* per file: what its text includes */
	uint8_t *is_read;         /* per file */
	uint8_t **reaches;        /* per head: the files that come with it, made when asked for */
};

static uint16_t file_of(const struct implied *im, const char *name)
{
	scoped_free char *uapi = xasprintf("uapi/%s", name);
	uintptr_t file = (uintptr_t)map_get(&im->by_include, name);

	return file ? file : (uintptr_t)map_get(&im->by_include, uapi);
}

/* "<linux/x.h>", or "x.h" beside the file. */
static void add_include(struct implied *im, uint16_t file, const char *p)
{
	const char *end = *p == '<' ? strchr(p, '>') : *p == '"' ? strchr(p + 1, '"') : NULL;

	if (!end)
		return;
	scoped_free char *name = xstrndup(p + 1, end - p - 1);
	scoped_free char *dir = path_dirname(im->c->tu->files.at[file].include);
	scoped_free char *beside = path_join(dir, name);
	uint16_t found = *p == '"' ? file_of(im, beside) : 0;

	found = found ? found : file_of(im, name);
	if (found)
		u32_vec_push(&im->includes[file], found);
}

/* Only what no condition decides about, the guard apart. */
static void read_includes(struct implied *im, uint16_t file)
{
	struct tu_file *f = tu_file_text(im->c->tu, file);
	unsigned int depth = 0, guards = 0;
	bool first = true;

	im->is_read[file] = 1;
	for (const char *p = f->include && !f->changed ? f->text : NULL; p; p = strchr(p, '\n')) {
		p += strspn(p, " \t\n");
		if (*p != '#')
			continue;
		p += 1 + strspn(p + 1, " \t");
		if (starts_with(p, "if")) {
			depth++;
			guards |= first && starts_with(p, "ifndef");
		} else if (starts_with(p, "endif") && depth) {
			depth--;
		} else if (starts_with(p, "include") && depth <= guards) {
			p += strlen("include");
			add_include(im, file, p + strspn(p, " \t"));
		}
		first = false;
	}
}

static void reach(struct implied *im, uint16_t file, uint8_t *reached)
{
	if (reached[file])
		return;
	reached[file] = 1;
	if (!im->is_read[file])
		read_includes(im, file);
	for (size_t i = 0; i < im->includes[file].n; i++)
		reach(im, im->includes[file].at[i], reached);
}

static bool head_has(struct implied *im, size_t head, uint16_t file)
{
	uint16_t top = im->c->tu->inclusions.at[im->c->heads.at[head].inclusion].file;

	if (!im->reaches[head]) {
		im->reaches[head] = xcalloc(im->c->tu->files.n, 1);
		reach(im, top, im->reaches[head]);
	}
	return im->reaches[head][file];
}

/* Does a head behind this one bring the file, and before it is needed? */
static bool comes_later(struct implied *im, size_t head, uint16_t file)
{
	const struct head_vec *heads = &im->c->heads;

	for (size_t i = head + 1; i < heads->n && i <= im->c->file_need[file]; i++)
		if (heads->at[i].kept && !heads->at[i].late && head_has(im, i, file))
			return true;
	return false;
}

static bool is_implied(struct implied *im, size_t head)
{
	const struct inclusion *in = &im->c->tu->inclusions.at[im->c->heads.at[head].inclusion];
	const struct inclusion *end = im->c->tu->inclusions.at + im->c->tu->inclusions.n;
	bool any = false;

	for (const struct inclusion *i = in; i < end && i->token < in->leave; i++) {
		if (im->c->file_need[i->file] == UINT32_MAX)
			continue;
		any = true;
		if (!comes_later(im, head, i->file))
			return false;
	}
	return any;
}

void closure_drop_implied(struct closure *c)
{
	struct implied im = {.c = c,
			     .includes = xcalloc(c->tu->files.n, sizeof(struct u32_vec)),
			     .is_read = xcalloc(c->tu->files.n, 1),
			     .reaches = xcalloc(c->heads.n + 1, sizeof(uint8_t *))};

	for (size_t i = 1; i < c->tu->files.n; i++)
		if (c->tu->files.at[i].include)
			map_put(&im.by_include, c->tu->files.at[i].include, (void *)i);
	for (size_t i = 0; i < c->heads.n && !c->request->generous; i++) {
		struct head *h = &c->heads.at[i];

		h->kept &= h->late || h->inside || h->own || !is_implied(&im, i);
	}
	for (size_t i = 0; i < c->tu->files.n; i++)
		u32_vec_free(&im.includes[i]);
	for (size_t i = 0; i < c->heads.n; i++)
		free(im.reaches[i]);
	map_free(&im.by_include);
	free(im.includes);
	free(im.is_read);
	free(im.reaches);
}
