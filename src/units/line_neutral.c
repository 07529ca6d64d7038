// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Line neutrality: after an edit, a #line directive gives the following lines their old numbers
 * back. The scanner follows the lexical state of C (translation phases 1-3: C17 5.1.1.2) just far
 * enough to know where a directive may stand.
 */
#include <ctype.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "units/fix.h"

enum lexical { CODE, BLOCK_COMMENT, LINE_COMMENT, STRING, CHARACTER };

/* An open #if. */
struct conditional {
	long depth;  /* of parentheses where it began: its branches need not be balanced */
	bool marked; /* a #line was put inside: void should the branch be skipped */
};
DEFINE_VEC(conditional_vec, struct conditional)

struct scanner {
	enum lexical state;
	bool directive; /* inside a preprocessor directive (continued lines included) */
	bool continued; /* the line before ended in a backslash */
	long depth;	/* of parentheses and brackets outside of directives */
	struct conditional_vec open;
	bool again; /* a branch with a #line in it ended: its line numbers must be said again */
};

/* May a directive be put before the line that comes next? */
static bool safe_place(const struct scanner *s, const char *next, const char *end)
{
	if (s->state != CODE || s->continued || s->directive || s->depth > 0)
		return false;
	while (next < end && isspace((unsigned char)*next))
		next++;
	return next == end || *next != '('; /* maybe the arguments of a macro named before */
}

static bool word_is(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 &&
	       (p + n == end || !(isalnum((unsigned char)p[n]) || p[n] == '_'));
}

/* #if keeps the depth, the other branches begin with it again. p: after the '#'. */
static void conditional(struct scanner *s, const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	bool closes = word_is(p, end, "endif");
	bool branches = word_is(p, end, "else") || word_is(p, end, "elif") ||
			word_is(p, end, "elifdef") || word_is(p, end, "elifndef");

	if (word_is(p, end, "if") || word_is(p, end, "ifdef") || word_is(p, end, "ifndef"))
		conditional_vec_push(&s->open, (struct conditional) {.depth = s->depth});
	if (!s->open.n || !(closes || branches))
		return;
	struct conditional *top = &s->open.at[s->open.n - 1];

	s->again |= top->marked;
	if (branches)
		s->depth = top->depth;
	else
		s->open.n--;
}

static void parenthesis(struct scanner *s, char c)
{
	if (s->directive)
		return;
	if (c == '(' || c == '[')
		s->depth++;
	else if ((c == ')' || c == ']') && s->depth > 0)
		s->depth--;
}

/* Code at p; returns how many characters were taken. */
static size_t scan_code(struct scanner *s, const char *p, const char *end)
{
	char c = *p, next = p + 1 < end ? p[1] : 0;

	if (c == '/' && next == '*') {
		s->state = BLOCK_COMMENT;
		return 2;
	}
	if (c == '/' && next == '/') {
		s->state = LINE_COMMENT;
		return 2;
	}
	if (c == '"')
		s->state = STRING;
	else if (c == '\'')
		s->state = CHARACTER;
	else
		parenthesis(s, c);
	return 1;
}

static size_t scan_one(struct scanner *s, const char *p, const char *end)
{
	switch (s->state) {
	case CODE:
		return scan_code(s, p, end);
	case BLOCK_COMMENT:
		if (*p == '*' && p + 1 < end && p[1] == '/') {
			s->state = CODE;
			return 2;
		}
		return 1;
	case LINE_COMMENT:
		return end - p;
	case STRING:
	case CHARACTER:
		if (*p == '\\' && p + 1 < end)
			return 2;
		if (*p == (s->state == STRING ? '"' : '\''))
			s->state = CODE;
		return 1;
	}
	return 1;
}

/* A brace in the first column ends whatever unbalanced parentheses #if branches left behind. */
static void begin_line(struct scanner *s, const char *p, const char *end)
{
	if (s->state != CODE || s->continued)
		return;
	s->directive = false;
	if (p < end && (*p == '{' || *p == '}'))
		s->depth = 0;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p < end && *p == '#') {
		s->directive = true;
		conditional(s, p + 1, end);
	}
}

/* One physical line without its newline. */
static void scan_line(struct scanner *s, const char *p, const char *end)
{
	if (p < end && end[-1] == '\r')
		end--;
	bool continues = p < end && end[-1] == '\\';
	const char *stop = continues ? end - 1 : end;

	begin_line(s, p, stop);
	while (p < stop)
		p += scan_one(s, p, stop);
	s->continued = continues;
	if (continues)
		return;
	/* Neither a string nor a // comment goes over a newline (an apostrophe under #if 0 does
	 * not). */
	if (s->state != BLOCK_COMMENT) {
		s->state = CODE;
		s->directive = false;
	}
}

static void add_directive(struct scanner *s, const struct edit *e, size_t line, struct str *out)
{
	str_add(out, "#line %zu\n", e->old_line + (line - e->new_line));
	for (size_t i = 0; i < s->open.n; i++)
		s->open.at[i].marked = true;
}

char *fix_line_neutral(const char *patched, size_t size, const struct edit_vec *edits,
		       size_t *neutral_size)
{
	struct scanner s = {.state = CODE};
	struct str out = {0};
	const char *p = patched, *end = patched + size;
	size_t edit = 0;
	bool pending = false;

	str_add_bytes(&out, "", 0);
	for (size_t line = 1; p < end; line++) {
		const char *nl = memchr(p, '\n', end - p);
		const char *next = nl ? nl + 1 : end;

		while (edit < edits->n && edits->at[edit].new_line <= line) {
			edit++;
			pending = true;
		}
		if (pending && safe_place(&s, p, end)) {
			add_directive(&s, &edits->at[edit - 1], line, &out);
			pending = false;
		}
		str_add_bytes(&out, p, next - p);
		scan_line(&s, p, nl ? nl : end);
		pending |= s.again;
		s.again = false;
		p = next;
	}
	conditional_vec_free(&s.open);
	*neutral_size = out.n;
	return out.s;
}
