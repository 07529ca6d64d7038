// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/source.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

static const char *line_end(const char *p, const char *end)
{
	const char *nl = p < end ? memchr(p, '\n', end - p) : NULL;

	return nl ? nl + 1 : end;
}

/*
 * Walks the text with and without #line directives side by side: a line that only the former has is
 * a directive, and says the number of the line after it.
 */
static void number_lines(struct source_file *f, const char *neutral, size_t size)
{
	const char *p = neutral, *end = neutral + size;
	size_t number = 1;

	f->number = xcalloc(f->new.lines.n + 1, sizeof(*f->number));
	f->next = xcalloc(f->new.lines.n + 1, sizeof(*f->next));
	for (size_t i = 1; i < f->new.lines.n &&p < end;) {
		const struct source_line *l = &f->new.lines.at[i];
		const char *q = line_end(p, end);
		size_t n = q - p - (q > p && q[-1] == '\n');

		if (n > 6 && memcmp(p, "#line ", 6) == 0 &&
		    (n != l->n || memcmp(p, l->s, n) != 0)) {
			number = strtoul(p + 6, NULL, 10);
		} else {
			void **slot = map_slot_u64(&f->lines_of, number);

			f->number[i] = number;
			f->next[i] = (uintptr_t)*slot;
			*slot = (void *)(uintptr_t)i;
			f->last_number = number > f->last_number ? number : f->last_number;
			number++;
			i++;
		}
		p = q;
	}
}

struct error *source_file_read(const char *srctree, const struct fix_file *file,
			       struct source_file *f)
{
	scoped_free char *path = path_join(srctree, file->path);
	scoped_free char *text = NULL;
	SCOPED(edit_vec_free) struct edit_vec edits = {0};
	char *patched = NULL;
	size_t size = 0, patched_size = 0, neutral_size = 0;

	*f = (struct source_file) {.file = file};
	if (file->created)
		text = xstrdup("");
	else
		TRY(read_file(path, &text, &size));
	TRY(fix_apply_traced(file, text, size, &patched, &patched_size, &edits, &f->trace));
	scoped_free char *neutral = fix_line_neutral(patched, patched_size, &edits, &neutral_size);

	source_scan(take(text), size, &f->old);
	source_scan(patched, patched_size, &f->new);
	number_lines(f, neutral, neutral_size);
	return NULL;
}

void source_file_free(struct source_file *f)
{
	source_free(&f->old);
	source_free(&f->new);
	fix_trace_free(&f->trace);
	free(f->number);
	free(f->next);
	map_free(&f->lines_of);
}

size_t source_line_numbered(const struct source_file *f, size_t number, bool plain)
{
	if (plain)
		return number < f->new.lines.n ? number : 0;
	return (uintptr_t)map_get_u64(&f->lines_of, number);
}

size_t source_line_next(const struct source_file *f, size_t line, bool plain)
{
	return plain ? 0 : f->next[line];
}

size_t source_hunk_added(const struct source_file *f, size_t line)
{
	return line && line <= f->trace.lines.n ? f->trace.lines.at[line - 1].hunk : 0;
}

size_t source_hunk_removed(const struct source_file *f, size_t line)
{
	return line && line <= f->trace.removed_by.n ? f->trace.removed_by.at[line - 1] : 0;
}
