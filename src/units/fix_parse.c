// SPDX-License-Identifier: GPL-2.0-or-later
/* The reader of unified diffs: plain `diff -u`, `git diff`, `git format-patch`. */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/fix.h"

/* Lines of one patch. `line` is the number of the current one. */
struct reader {
	struct fix *fix;
	const char *name;
	const char *next, *end;
	size_t line;
	const char *s; /* current line without its newline, not NUL-terminated */
	size_t n;
	struct fix_file *file; /* the one whose hunks may follow, or NULL */
	unsigned int round;    /* of that file */
	bool in_git;	       /* after "diff --git", before its first hunk */
	size_t git_line;       /* line of that "diff --git" */
	bool created, deleted; /* as the git header says */
	size_t found;	       /* files seen */
};

static bool line_is(const struct reader *r, const char *prefix)
{
	size_t n = strlen(prefix);

	return r->n >= n && memcmp(r->s, prefix, n) == 0;
}

static bool next_line(struct reader *r)
{
	if (r->next == r->end)
		return false;
	const char *nl = memchr(r->next, '\n', r->end - r->next);

	r->s = r->next;
	r->n = (nl ? nl : r->end) - r->next;
	r->next = nl ? nl + 1 : r->end;
	r->line++;
	return true;
}

/* Does the line after the current one begin with prefix? */
static bool peek_is(const struct reader *r, const char *prefix)
{
	size_t n = strlen(prefix);

	return (size_t)(r->end - r->next) >= n && memcmp(r->next, prefix, n) == 0;
}

#define malformed(r, ...) malformed_at((r), (r)->line, __VA_ARGS__)

static struct error *malformed_at(const struct reader *r, size_t line, const char *what)
{
	return error_hint(error_new("P1", "%s:%zu: %s", r->name, line, what),
			  "make the patch anew with `git diff` or `git format-patch`; patches that "
			  "went through a mail client or were edited by hand often lose lines");
}

static struct error *unsupported(const struct reader *r, size_t line, const char *what)
{
	return error_new("P3", "%s:%zu: %s", r->name, line, what);
}

/* A decimal number, at most 7 digits (no kernel file has ten million lines). */
static bool number(const char **p, const char *end, size_t *value)
{
	const char *start = *p;

	*value = 0;
	while (*p < end && isdigit((unsigned char)**p) && *p - start < 8)
		*value = 10 * *value + (*(*p)++ - '0');
	return *p > start && *p - start < 8;
}

static bool literal(const char **p, const char *end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}

static bool range(const char **p, const char *end, size_t *start, size_t *count)
{
	*count = 1;
	return number(p, end, start) && (!literal(p, end, ",") || number(p, end, count));
}

static bool hunk_header(const struct reader *r, struct hunk *h)
{
	const char *p = r->s, *end = r->s + r->n;

	return literal(&p, end, "@@ -") && range(&p, end, &h->old_start, &h->old_count) &&
	       literal(&p, end, " +") && range(&p, end, &h->new_start, &h->new_count) &&
	       literal(&p, end, " @@") && (h->old_count || h->new_count) &&
	       (h->old_start || !h->old_count) && (h->new_start || !h->new_count);
}

static struct error *no_newline_mark(struct reader *r, struct hunk *h)
{
	char last = h->lines.n ? h->lines.at[h->lines.n - 1][0] : 0;

	if (!last)
		return malformed(r, "\"\\\" before the first line of a hunk");
	if (last != '+')
		h->old_no_newline = true;
	if (last != '-')
		h->new_no_newline = true;
	return NULL;
}

/* "\ No newline" is about the last line of its side: nothing of that side may follow. */
static struct error *check_after_mark(struct reader *r, const struct hunk *h, char kind)
{
	if ((h->old_no_newline && kind != '+') || (h->new_no_newline && kind != '-'))
		return malformed(r, "a line follows \"\\ No newline at end of file\"");
	return NULL;
}

static struct error *hunk_line(struct reader *r, struct hunk *h, size_t *old, size_t *new)
{
	/* Some editors strip the blank of an empty context line: no other reading is possible. */
	char kind = r->n ? r->s[0] : ' ';

	if (kind == '\r' && r->n == 1)
		return malformed(r, "a line without its first character (' ', '-' or '+')");
	if (!strchr(" +-", kind) || !kind)
		return malformed(r,
				 "the hunk ends too early: its lines are fewer than its @@ says");
	TRY(check_after_mark(r, h, kind));
	if (kind != '+' && (*old)++ == h->old_count)
		return malformed(r, "the hunk has more old lines than its @@ says");
	if (kind != '-' && (*new)++ == h->new_count)
		return malformed(r, "the hunk has more new lines than its @@ says");
	str_vec_push(&h->lines, r->n ? xstrndup(r->s, r->n) : xstrdup(" "));
	return NULL;
}

static struct error *hunk_body(struct reader *r, struct hunk *h)
{
	size_t old = 0, new = 0;

	while (old < h->old_count || new < h->new_count) {
		if (!next_line(r))
			return malformed_at(r, h->patch_line,
					    "the patch ends inside this hunk (truncated?)");
		if (line_is(r, "\\"))
			TRY(no_newline_mark(r, h));
		else
			TRY(hunk_line(r, h, &old, &new));
	}
	while (peek_is(r, "\\")) {
		next_line(r);
		TRY(no_newline_mark(r, h));
	}
	return NULL;
}

/* Does the line after the next one begin with prefix? */
static bool second_line_is(const struct reader *r, const char *prefix)
{
	size_t n = strlen(prefix);
	const char *nl = r->next == r->end ? NULL : memchr(r->next, '\n', r->end - r->next);

	return nl && (size_t)(r->end - nl) > n && memcmp(nl + 1, prefix, n) == 0;
}

/* After the last counted line only another header, a mail signature or prose may stand. */
static struct error *after_hunk(struct reader *r)
{
	bool header = peek_is(r, "--- ") && second_line_is(r, "+++ ");
	bool signature = peek_is(r, "-- \n") || peek_is(r, "--\n") || peek_is(r, "-- \r\n") ||
			 peek_is(r, "--\r\n") || (peek_is(r, "-- ") && r->end - r->next == 3);

	if (header || signature || r->next == r->end || !strchr(" +-", *r->next))
		return NULL;
	return malformed_at(
		r, r->line + 1,
		"the hunk before has more lines than its @@ says (counts do not match)");
}

static bool changes_something(const struct hunk *h)
{
	for (size_t i = 0; i < h->lines.n; i++)
		if (h->lines.at[i][0] != ' ')
			return true;
	return false;
}

static struct error *read_hunk(struct reader *r)
{
	struct hunk h = {.patch = r->name, .patch_line = r->line, .round = r->round};

	if (!r->file)
		return malformed(r, "a hunk without \"--- FILE\" and \"+++ FILE\" before it");
	if (!hunk_header(r, &h))
		return malformed(r, "not a hunk header of the form @@ -LINE,COUNT +LINE,COUNT @@");
	struct hunk *kept = hunk_vec_push(&r->file->hunks, h); /* freed with the fix */

	TRY(hunk_body(r, kept));
	if (!changes_something(kept))
		return malformed_at(r, kept->patch_line, "a hunk that changes nothing");
	if (r->file->created && (kept->old_count || r->file->hunks.n > 1) && !kept->round)
		return malformed_at(r, kept->patch_line, "a created file cannot have old lines");
	if (r->file->deleted && kept->new_count)
		return malformed_at(r, kept->patch_line, "a deleted file cannot have new lines");
	return after_hunk(r);
}

/* Why a path cannot be accepted, or NULL. Every component must be a plain name. */
static const char *path_fault(const char *path)
{
	if (path[0] == '/')
		return "an absolute path";
	for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		size_t n = strcspn(p, "/");

		if (n == 0)
			return "an empty path component";
		if (n <= 2 && memcmp(p, "..", n) == 0)
			return n == 1 ? "a \".\" component" : "a \"..\" component";
		if (n == 4 && memcmp(p, ".git", n) == 0)
			return "a path inside .git";
	}
	for (const char *p = path; *p; p++)
		if (iscntrl((unsigned char)*p))
			return "a control character in a path";
	return NULL;
}

/* The name on a "--- " or "+++ " line; NULL in *path for /dev/null. */
static struct error *header_path(struct reader *r, char **path)
{
	size_t n = r->n - 4;
	const char *tab = memchr(r->s + 4, '\t', n);

	if (tab)
		n = tab - (r->s + 4);
	else if (n && r->s[4 + n - 1] == '\r')
		n--;
	scoped_free char *name = xstrndup(r->s + 4, n);

	*path = NULL;
	if (streq(name, "/dev/null"))
		return NULL;
	if (name[0] == '"')
		return unsupported(r, r->line, "a quoted file name (unusual characters)");
	const char *fault = path_fault(name);

	if (fault)
		return error_new("P2", "%s:%zu: %s: %s", r->name, r->line, name, fault);
	const char *slash = strchr(name, '/');

	if (!slash)
		return error_hint(
			error_new("P2", "%s:%zu: %s: no directory to strip (-p1)", r->name, r->line,
				  name),
			"names must look like a/net/ipv4/tcp.c, relative to the source tree");
	*path = xstrdup(slash + 1);
	return NULL;
}

static struct fix_file *find_file(struct fix *fix, const char *path)
{
	for (size_t i = 0; i < fix->files.n; i++)
		if (streq(fix->files.at[i].path, path))
			return &fix->files.at[i];
	return NULL;
}

static struct error *open_file(struct reader *r, const char *old, const char *new, size_t line)
{
	const char *path = new ? new : old;

	if (!path)
		return malformed(r, "both sides are /dev/null");
	if (old && new && !streq(old, new))
		return unsupported(r, r->line,
				   "the old and the new file have different names "
				   "(a rename, or not made with -p1 in mind)");
	struct fix_file *file = find_file(r->fix, path);

	if (file && (file->deleted || !old))
		return malformed(r, file->deleted ? "a file that an earlier diff deletes"
						  : "creates a file that an earlier diff has");
	if (!file)
		file = fix_file_vec_push(&r->fix->files, (struct fix_file) {.path = xstrdup(path),
									    .created = !old,
									    .patch = r->name,
									    .patch_line = line});
	file->deleted = !new;
	r->round = file->rounds++;
	r->file = file;
	r->found++;
	r->in_git = false;
	return NULL;
}

static struct error *read_file_header(struct reader *r)
{
	scoped_free char *old = NULL;
	scoped_free char *new = NULL;
	size_t line = r->line;

	TRY(header_path(r, &old));
	if (!next_line(r) || !line_is(r, "+++ "))
		return malformed_at(r, line, "\"--- FILE\" without \"+++ FILE\" on the next line");
	TRY(header_path(r, &new));
	TRY(open_file(r, old, new, line));
	if (!peek_is(r, "@@ -"))
		return malformed_at(r, line, "a file header without a hunk");
	return NULL;
}

/* A "diff --git" section that ends without a hunk changed only what we do not apply. */
static struct error *close_git(struct reader *r)
{
	if (!r->in_git)
		return NULL;
	r->in_git = false;
	if (r->created || r->deleted)
		return unsupported(r, r->git_line, "creates or deletes an empty file");
	return unsupported(r, r->git_line, "changes only the mode of a file, or nothing");
}

/* Lines of a git header (and of diff) that say what we do not do. */
static const struct {
	const char *prefix, *what;
} refused_lines[] = {
	{"rename from ", "renames a file"},
	{"rename to ", "renames a file"},
	{"copy from ", "copies a file"},
	{"copy to ", "copies a file"},
	{"similarity index ", "renames or copies a file"},
	{"GIT binary patch", "a binary hunk"},
	{"Binary files ", "a change of a binary file"},
};

static struct error *git_line(struct reader *r)
{
	for (size_t i = 0; i < ARRAY_SIZE(refused_lines); i++)
		if (line_is(r, refused_lines[i].prefix))
			return unsupported(r, r->line, refused_lines[i].what);
	if (line_is(r, "new file mode 120000") || line_is(r, "new mode 120000"))
		return unsupported(r, r->line, "makes a symbolic link");
	r->created |= line_is(r, "new file mode ");
	r->deleted |= line_is(r, "deleted file mode ");
	return NULL;
}

/* "Subject: [PATCH v2 1/3] net: fix it", continued on lines that begin with a blank. */
static void read_subject(struct reader *r)
{
	const char *s = r->s + strlen("Subject:");
	const char *end = r->s + r->n;
	scoped_str struct str text = {0};

	while (s < end && *s == ' ')
		s++;
	const char *bracket = s < end && *s == '[' ? memchr(s, ']', end - s) : NULL;

	if (bracket)
		for (s = bracket + 1; s < end && *s == ' ';)
			s++;
	str_add_bytes(&text, s, end - s);
	while (peek_is(r, " ") && next_line(r))
		str_add_bytes(&text, r->s, r->n);
	while (text.n && isspace((unsigned char)text.s[text.n - 1]))
		text.s[--text.n] = 0;
	if (text.n)
		r->fix->subject = take(text.s);
}

static struct error *read_line(struct reader *r)
{
	if (line_is(r, "diff --git ")) {
		TRY(close_git(r));
		r->in_git = true;
		r->git_line = r->line;
		r->created = r->deleted = false;
		r->file = NULL;
		return NULL;
	}
	if (line_is(r, "diff --cc ") || line_is(r, "diff --combined ") || line_is(r, "@@@ "))
		return unsupported(r, r->line, "a combined diff (of a merge)");
	if (line_is(r, "*** ") && peek_is(r, "--- "))
		return unsupported(r, r->line, "a context diff: only unified diffs are read");
	if (line_is(r, "Binary files ") && r->n > 7 && memcmp(r->s + r->n - 7, " differ", 7) == 0)
		return unsupported(r, r->line, "a change of a binary file");
	if (line_is(r, "--- ") && (r->in_git || peek_is(r, "+++ ")))
		return read_file_header(r);
	if (line_is(r, "+++ "))
		return malformed(r, "\"+++ FILE\" without \"--- FILE\" on the line before");
	if (line_is(r, "@@ -"))
		return read_hunk(r);
	if (r->in_git)
		return git_line(r);
	if (r->n)
		r->file = NULL; /* prose: hunks of this file are over */
	if (!r->fix->subject && !r->found && line_is(r, "Subject:"))
		read_subject(r);
	return NULL;
}

struct error *fix_parse(struct fix *fix, const char *name, const char *text, size_t size)
{
	char *kept = *str_vec_push(&fix->names, xstrdup(name));
	struct reader r = {.fix = fix, .name = kept, .next = text, .end = text + size};
	const char *nul = size ? memchr(text, 0, size) : NULL;

	if (nul)
		return error_new("P1", "%s: not a text file: a zero byte at offset %zu", name,
				 (size_t)(nul - text));
	while (next_line(&r))
		TRY(read_line(&r));
	TRY(close_git(&r));
	if (!r.found)
		return error_new("P1", "%s: no unified diff in it", name);
	if (!fix->subject)
		fix->subject = xstrdup(path_basename(name));
	return NULL;
}

struct error *fix_read(char *const *paths, size_t n, struct fix *fix)
{
	for (size_t i = 0; i < n; i++) {
		scoped_free char *text = NULL;
		size_t size;

		TRY(read_file(paths[i], &text, &size));
		TRY(fix_parse(fix, paths[i], text, size));
	}
	return NULL;
}

void fix_free(struct fix *fix)
{
	for (size_t i = 0; i < fix->files.n; i++) {
		struct fix_file *file = &fix->files.at[i];

		for (size_t k = 0; k < file->hunks.n; k++)
			str_vec_free_all(&file->hunks.at[k].lines);
		hunk_vec_free(&file->hunks);
		free(file->path);
	}
	fix_file_vec_free(&fix->files);
	str_vec_free_all(&fix->names);
	free(fix->subject);
	*fix = (struct fix) {0};
}
