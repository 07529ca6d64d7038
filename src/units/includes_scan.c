// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/includes_scan.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"

struct scan {
	const char *tree;
	struct str *all, *of_c;
};

/* Directories without code that is linked into an x86 kernel or its modules. */
static bool skip_dir(const char *rel)
{
	static const char *const skipped[] = {"Documentation", "tools",	 "samples", "scripts",
					      "LICENSES",      "debian", "usr",	    "arch/x86/um"};

	for (size_t i = 0; i < ARRAY_SIZE(skipped); i++)
		if (streq(rel, skipped[i]))
			return true;
	return starts_with(rel, "arch/") && !starts_with(rel, "arch/x86");
}

static const char *blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

static const char *word(const char *p, const char *end, const char *text)
{
	size_t n = strlen(text);

	return (size_t)(end - p) > n && memcmp(p, text, n) == 0 ? p + n : NULL;
}

/* "x.h" or <x.h> at p: its length without the closing mark, 0 if it is neither. */
static size_t quoted(const char *p, const char *end)
{
	if (p >= end || (*p != '"' && *p != '<'))
		return 0;
	const char *close = memchr(p + 1, *p == '"' ? '"' : '>', end - p - 1);

	return close ? (size_t)(close - p) : 0;
}

static bool ends_like_file(const char *p, size_t n)
{
	return n > 3 && p[n - 2] == '.' && (p[n - 1] == 'h' || p[n - 1] == 'c');
}

/* The file that the directive after '#' names, as "x or <x; its length in *n. */
static const char *named_file(const char *p, const char *end, size_t *n)
{
	p = blanks(p, end);
	const char *include = word(p, end, "include");
	const char *define = include ? NULL : word(p, end, "define");

	if (include) {
		const char *next = word(include, end, "_next");

		p = blanks(next ? next : include, end);
		*n = quoted(p, end);
		return *n ? p : NULL;
	}
	if (!define)
		return NULL;
	p = blanks(define, end);
	while (p < end && !strchr(" \t(", *p))
		p++;
	p = blanks(p, end);
	*n = quoted(p, end);
	return ends_like_file(p, *n) ? p : NULL;
}

/* A text under scan. */
struct lines {
	const char *rel, *text, *end;
	bool c_seen;
};

static void add_name(struct scan *s, struct lines *l, const char *file, size_t n)
{
	str_add_bytes(s->all, file, n);
	str_add_bytes(s->all, "\n", 1);
	if (file[n - 1] != 'c')
		return;
	if (!l->c_seen)
		str_add(s->of_c, "F%s\n", l->rel);
	l->c_seen = true;
	str_add_bytes(s->of_c, file, n);
	str_add_bytes(s->of_c, "\n", 1);
}

/* Every line that has `mark` and is a directive that names a file. */
static void scan_lines(struct scan *s, struct lines *l, const char *mark, bool define)
{
	size_t length = strlen(mark);

	for (const char *p = l->text; (p = memmem(p, l->end - p, mark, length));) {
		const char *before = memrchr(l->text, '\n', p - l->text);
		const char *start = blanks(before ? before + 1 : l->text, p);
		const char *nl = memchr(p, '\n', l->end - p);
		size_t n;

		p = nl ? nl : l->end;
		if (*start != '#' || (word(blanks(start + 1, p), p, "define") != NULL) != define)
			continue;
		const char *file = named_file(start + 1, p, &n);

		if (file)
			add_name(s, l, file, n);
	}
}

/* Generated register lists are larger than this; no file that names an include in a macro is. */
enum { DEFINES_SCANNED = 512 * 1024 };

static void scan_text(struct scan *s, const char *rel, const char *text, size_t size)
{
	struct lines l = {.rel = rel, .text = text, .end = text + size};

	str_add(s->all, "F%s\n", rel);
	if (!size)
		return;
	scan_lines(s, &l, "include", false);
	if (size <= DEFINES_SCANNED) {
		scan_lines(s, &l, ".h", true);
		scan_lines(s, &l, ".c\"", true);
	}
}

static struct error *scan_file(struct scan *s, const char *rel)
{
	scoped_free char *path = path_join(s->tree, rel);
	struct mapping map;

	TRY(map_file(path, &map));
	scan_text(s, rel, (const char *)map.data, map.size);
	unmap_file(&map);
	return NULL;
}

static struct error *scan_dir(struct scan *s, const char *rel);

static struct error *scan_entry(struct scan *s, const char *rel, const struct dirent *e)
{
	scoped_free char *path = *rel ? path_join(rel, e->d_name) : xstrdup(e->d_name);

	if (e->d_type == DT_DIR)
		return e->d_name[0] == '.' || skip_dir(path) ? NULL : scan_dir(s, path);
	if (e->d_type != DT_REG ||
	    !(ends_with(path, ".c") || ends_with(path, ".h") || ends_with(path, ".S")))
		return NULL;
	return scan_file(s, path);
}

static struct error *scan_dir(struct scan *s, const char *rel)
{
	scoped_free char *path = *rel ? path_join(s->tree, rel) : xstrdup(s->tree);
	struct dirent **list;
	struct error *err = check_interrupted();
	int n = err ? -1 : scandir(path, &list, NULL, alphasort);

	if (n < 0)
		return err ? err : error_errno("%s", path);
	for (int i = 0; i < n; i++) {
		if (!err)
			err = scan_entry(s, rel, list[i]);
		free(list[i]);
	}
	free(list);
	return err;
}

struct error *includes_scan(const char *tree, struct str *all, struct str *of_c)
{
	struct scan s = {.tree = tree, .all = all, .of_c = of_c};

	str_add(all, "%s", "");
	str_add(of_c, "%s", "");
	return scan_dir(&s, "");
}
