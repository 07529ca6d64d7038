// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Applying hunks to a text. Every line carries the number it had in the old text (0: added), so
 * that the edits of several diffs of one file come out right whatever their order.
 */
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/fix.h"

struct line {
	const char *s; /* not NUL-terminated, without newline */
	size_t n;
	size_t origin; /* number in the old text, 0 for an added line */
	size_t hunk;   /* that added it, plus 1 */
};
DEFINE_VEC(line_vec, struct line)

/* A text under change. */
struct text {
	struct line_vec lines;
	bool no_newline; /* the last line has none */
	struct size_vec removed_by; /* as in struct fix_trace */
};

/* One side of a hunk: the lines that must be there before (or after) it. */
struct side {
	struct line_vec lines;
	bool no_newline;
};

enum compare { EXACT, IGNORE_CR };

static void split(const char *s, size_t size, struct text *t)
{
	const char *end = s + size;

	while (s < end) {
		const char *nl = memchr(s, '\n', end - s);
		size_t n = (nl ? nl : end) - s;

		line_vec_push(&t->lines, (struct line){ s, n, t->lines.n + 1, 0 });
		size_vec_push(&t->removed_by, 0);
		t->no_newline = !nl;
		s += n + (nl != NULL);
	}
}

static void hunk_side(const struct hunk *h, char other, struct side *side)
{
	for (size_t i = 0; i < h->lines.n; i++) {
		const char *l = h->lines.at[i];

		if (l[0] != other)
			line_vec_push(&side->lines, (struct line){ l + 1, strlen(l + 1), 0, 0 });
	}
	side->no_newline = other == '+' ? h->old_no_newline : h->new_no_newline;
}

static size_t length(const struct line *l, enum compare how)
{
	return how == IGNORE_CR && l->n && l->s[l->n - 1] == '\r' ? l->n - 1 : l->n;
}

static bool same_line(const struct line *a, const struct line *b, enum compare how)
{
	size_t n = length(a, how);

	return n == length(b, how) && memcmp(a->s, b->s, n) == 0;
}

/* How many lines of the side match the text at index `at`, in a row from the first. */
static size_t matching(const struct text *t, const struct side *s, size_t at, enum compare how)
{
	size_t i = 0;

	while (i < s->lines.n && at + i < t->lines.n &&
	       same_line(&t->lines.at[at + i], &s->lines.at[i], how))
		i++;
	return i;
}

static size_t leading_context(const struct hunk *h)
{
	size_t n = 0;

	while (n < h->lines.n && h->lines.at[n][0] == ' ')
		n++;
	return n;
}

static size_t trailing_context(const struct hunk *h)
{
	size_t n = 0;

	while (n < h->lines.n && h->lines.at[h->lines.n - 1 - n][0] == ' ')
		n++;
	return n;
}

/*
 * May the hunk stand at index `at`? Context that is missing on one side only means that the file
 * begins or ends there.
 */
static bool fits(const struct text *t, const struct hunk *h, const struct side *s, size_t at,
		 enum compare how)
{
	size_t lead = leading_context(h), trail = trailing_context(h);
	bool at_end = at + s->lines.n == t->lines.n;

	if (at + s->lines.n > t->lines.n || matching(t, s, at, how) != s->lines.n)
		return false;
	if (!lead && trail && h->old_start <= 1 && at != 0)
		return false;
	if (!trail && lead && !at_end)
		return false;
	if (s->no_newline)
		return at_end && t->no_newline;
	return !(at_end && s->lines.n && t->no_newline);
}

/*
 * Nearest index from `want` where the hunk fits, not before `from`. A hunk without any context must
 * stand exactly where it says. Two places at the same distance: *ambiguous.
 */
static bool locate(const struct text *t, const struct hunk *h, const struct side *s, size_t want,
		   size_t from, enum compare how, size_t *at, bool *ambiguous)
{
	size_t limit = t->lines.n + 1;
	bool fixed = s->lines.n == 0 || (!leading_context(h) && !trailing_context(h));

	*ambiguous = false;
	for (size_t d = 0; d <= limit; d++) {
		bool below = want >= from + d && fits(t, h, s, want - d, how);
		bool above = d && want + d >= from && fits(t, h, s, want + d, how);

		if (below || above) {
			*at = below ? want - d : want + d;
			*ambiguous = below && above;
			return true;
		}
		if (fixed)
			return false;
	}
	return false;
}

/* Index where the hunk says it stands. @@ -N,0: after line N. */
static size_t wanted(size_t start, size_t count, long shift)
{
	long at = (long)start - (count ? 1 : 0) + shift;

	return at < 0 ? 0 : at;
}

/* Where most lines of the old side match: for the message of a hunk that does not apply. */
static size_t best_partial(const struct text *t, const struct side *s, size_t *at, size_t *differs)
{
	size_t best = 0;

	*at = *differs = 0;
	for (size_t i = 0; i < t->lines.n; i++) {
		size_t count = 0, first = SIZE_MAX;

		if (!s->lines.n || !same_line(&t->lines.at[i], &s->lines.at[0], EXACT))
			continue;
		for (size_t k = 0; k < s->lines.n && i + k < t->lines.n; k++) {
			if (same_line(&t->lines.at[i + k], &s->lines.at[k], EXACT))
				count++;
			else if (first == SIZE_MAX)
				first = k;
		}
		if (count > best) {
			best = count;
			*at = i;
			*differs = first == SIZE_MAX ? count : first;
		}
	}
	return best;
}

/* A hunk under application. */
struct placing {
	const struct fix_file *file;
	const struct hunk *hunk;
	size_t number, total; /* of the hunk in its round, from 1 */
	size_t index;         /* in file->hunks */
	struct side old, new;
	size_t want, from;
};

static void placing_free(struct placing *p)
{
	line_vec_free(&p->old.lines);
	line_vec_free(&p->new.lines);
}

static struct error *refuse(const struct placing *p, const char *id, const char *why)
{
	return error_new(id, "%s:%zu: hunk %zu of %zu for %s does not apply: %s", p->hunk->patch,
			 p->hunk->patch_line, p->number, p->total, p->file->path, why);
}

static struct error *say_nearest(const struct placing *p, const struct text *t)
{
	size_t at, differs;
	size_t best = best_partial(t, &p->old, &at, &differs);
	scoped_free char *why = NULL;

	if (!best)
		return refuse(p, "P4", "no line of its context begins such a place in the file");
	const struct line *want = differs < p->old.lines.n ? &p->old.lines.at[differs] : NULL;

	if (!want)
		why = xasprintf(
			"the place at line %zu is before a hunk that was applied already, or "
			"differs in the newline at the end of the file",
			at + 1);
	else
		why = xasprintf("%zu of its %zu old lines match at line %zu; line %zu differs, the "
				"patch wants \"%.*s\"",
				best, p->old.lines.n, at + 1, at + differs + 1,
				(int)(want->n > 80 ? 80 : want->n), want->s);
	return error_hint(refuse(p, "P4", why),
			  "take the fix's version for this kernel release, or adapt the hunk");
}

/* The hunk does not fit: find out why. */
static struct error *explain(const struct placing *p, const struct text *t)
{
	size_t at;
	bool ambiguous;
	size_t applied = wanted(p->hunk->new_start, p->hunk->new_count, 0);

	if (p->old.lines.n &&
	    locate(t, p->hunk, &p->old, p->want, p->from, IGNORE_CR, &at, &ambiguous))
		return error_hint(refuse(p, "P6", "line ends differ (CRLF against LF)"),
				  "convert the patch, for example with dos2unix");
	if (p->new.lines.n && locate(t, p->hunk, &p->new, applied, 0, EXACT, &at, &ambiguous)) {
		scoped_free char *why =
			xasprintf("it is already applied (its result stands at line %zu)", at + 1);

		return error_hint(refuse(p, "P4", why),
				  "this kernel has the change: leave the hunk or the patch out");
	}
	return say_nearest(p, t);
}

/* Carriage returns in added lines of a text that has none would only show up in string literals. */
static struct error *check_line_ends(const struct placing *p, const struct text *t)
{
	bool added = false;

	for (size_t i = 0; i < p->hunk->lines.n; i++)
		if (p->hunk->lines.at[i][0] == '+' && ends_with(p->hunk->lines.at[i], "\r"))
			added = true;
	for (size_t i = 0; added && i < t->lines.n; i++)
		if (t->lines.at[i].n && t->lines.at[i].s[t->lines.at[i].n - 1] == '\r')
			added = false;
	if (!added || p->file->created)
		return NULL;
	return error_hint(refuse(p, "P6", "it adds CRLF lines to a file with LF lines"),
			  "convert the patch, for example with dos2unix");
}

/* Puts the new side in place of the old one; context lines keep their origin. */
static void replace(struct text *t, const struct placing *p, size_t at)
{
	struct line_vec out = {0};
	size_t old = at;

	for (size_t i = 0; i < at; i++)
		line_vec_push(&out, t->lines.at[i]);
	for (size_t i = 0; i < p->hunk->lines.n; i++) {
		const char *l = p->hunk->lines.at[i];

		if (l[0] == ' ')
			line_vec_push(&out, t->lines.at[old]);
		else if (l[0] == '+')
			line_vec_push(&out,
				      (struct line){ l + 1, strlen(l + 1), 0, p->index + 1 });
		else if (t->lines.at[old].origin)
			t->removed_by.at[t->lines.at[old].origin - 1] = p->index + 1;
		old += l[0] != '+';
	}
	if (old == t->lines.n)
		t->no_newline = p->hunk->new_no_newline;
	for (; old < t->lines.n; old++)
		line_vec_push(&out, t->lines.at[old]);
	line_vec_free(&t->lines);
	t->lines = out;
}

/* Applies one hunk; *shift is how far hunks of this round have moved, *from where the next may
 * start. */
static struct error *apply_hunk(struct text *t, struct placing *p, long *shift, size_t *from)
{
	bool ambiguous;
	size_t at;

	hunk_side(p->hunk, '+', &p->old);
	hunk_side(p->hunk, '-', &p->new);
	p->from = *from;
	p->want = wanted(p->hunk->old_start, p->hunk->old_count, *shift);
	if (!locate(t, p->hunk, &p->old, p->want, p->from, EXACT, &at, &ambiguous))
		return explain(p, t);
	if (ambiguous)
		return refuse(p, "P4", "two places at the same distance match");
	TRY(check_line_ends(p, t));
	replace(t, p, at);
	*shift += (long)at - (long)p->want + (long)p->new.lines.n - (long)p->old.lines.n;
	*from = at + p->new.lines.n;
	return NULL;
}

static struct error *apply_round(struct text *t, const struct fix_file *file, unsigned int round)
{
	size_t total = 0, number = 0, from = 0;
	long shift = 0;

	for (size_t i = 0; i < file->hunks.n; i++)
		total += file->hunks.at[i].round == round;
	for (size_t i = 0; i < file->hunks.n; i++) {
		if (file->hunks.at[i].round != round)
			continue;
		SCOPED(placing_free) struct placing p = {
			.file = file, .hunk = &file->hunks.at[i], .number = ++number, .total = total,
			.index = i,
		};

		TRY(apply_hunk(t, &p, &shift, &from));
	}
	return NULL;
}

static void collect_edits(const struct text *t, struct edit_vec *edits)
{
	size_t expected = 1;

	for (size_t i = 0; i < t->lines.n; i++) {
		size_t origin = t->lines.at[i].origin;
		bool after_added = i && !t->lines.at[i - 1].origin;

		if (origin && (origin != expected || after_added))
			edit_vec_push(edits, (struct edit) {.new_line = i + 1, .old_line = origin});
		if (origin)
			expected = origin + 1;
	}
}

static void join(const struct text *t, struct str *out)
{
	str_add_bytes(out, "", 0);
	for (size_t i = 0; i < t->lines.n; i++) {
		str_add_bytes(out, t->lines.at[i].s, t->lines.at[i].n);
		if (i + 1 < t->lines.n || !t->no_newline)
			str_add_bytes(out, "\n", 1);
	}
}

static void text_free(struct text *t)
{
	line_vec_free(&t->lines);
	size_vec_free(&t->removed_by);
}

static void make_trace(struct text *t, struct fix_trace *trace)
{
	for (size_t i = 0; i < t->lines.n; i++)
		line_origin_vec_push(&trace->lines, (struct line_origin){ t->lines.at[i].origin,
									  t->lines.at[i].hunk });
	trace->removed_by = t->removed_by;
	t->removed_by = (struct size_vec){ 0 };
}

void fix_trace_free(struct fix_trace *trace)
{
	line_origin_vec_free(&trace->lines);
	size_vec_free(&trace->removed_by);
}

struct error *fix_apply_traced(const struct fix_file *file, const char *text, size_t size,
			       char **patched, size_t *patched_size, struct edit_vec *edits,
			       struct fix_trace *trace)
{
	SCOPED(text_free) struct text t = {0};
	scoped_str struct str out = {0};

	split(text, size, &t);
	for (unsigned int round = 0; round < file->rounds; round++)
		TRY(apply_round(&t, file, round));
	join(&t, &out);
	collect_edits(&t, edits);
	if (trace)
		make_trace(&t, trace);
	*patched_size = out.n;
	*patched = take(out.s);
	return NULL;
}

struct error *fix_apply(const struct fix_file *file, const char *text, size_t size, char **patched,
			size_t *patched_size, struct edit_vec *edits)
{
	return fix_apply_traced(file, text, size, patched, patched_size, edits, NULL);
}
