// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines and top-level declarations of a C file, without preprocessing: comments, strings,
 * directives and continued lines as C17 5.1.1.2 has them, then braces. A brace in the first column
 * puts right what unbalanced #if branches left behind.
 */
#include <ctype.h>
#include <string.h>

#include "account/source.h"
#include "base/str.h"

/* A declaration under way. */
struct item {
	size_t first; /* line of its first token, 0: none yet */
	long braces, parens;
	enum block_kind kind;
	const char *word, *name; /* last identifier outside parentheses; what is declared */
	size_t word_n, name_n;
	bool data; /* '=' was seen */
};

struct conditional {
	struct item item; /* where the branch began */
	uint32_t branch;
	bool first_ifndef;
};
DEFINE_VEC(conditional_vec, struct conditional)

struct scan {
	struct source_text *out;
	struct item item;
	struct conditional_vec open;
	size_t line;
	bool comment;	/* inside a block comment */
	bool continued; /* the line before ended in a backslash */
	bool directive;
};

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static struct source_line *this_line(struct scan *s)
{
	return &s->out->lines.at[s->line];
}

static void end_item(struct scan *s)
{
	struct item *i = &s->item;

	if (i->first) {
		uint32_t index = s->out->blocks.n;

		source_block_vec_push(
			&s->out->blocks,
			(struct source_block) {.kind = i->kind	 ? i->kind
						       : i->data ? BLOCK_DATA
								 : BLOCK_OTHER,
					       .first = i->first,
					       .last = s->line,
					       .name = i->name	 ? xstrndup(i->name, i->name_n)
						       : i->word ? xstrndup(i->word, i->word_n)
								 : NULL});
		for (size_t k = i->first; k <= s->line; k++)
			s->out->lines.at[k].block = index;
	}
	*i = (struct item) {0};
}

static void open_brace(struct item *i)
{
	if (i->braces++ == 0 && !i->kind)
		i->kind = i->data ? BLOCK_DATA : i->name ? BLOCK_FUNCTION : BLOCK_OTHER;
}

static void close_brace(struct scan *s)
{
	if (s->item.braces > 0 && --s->item.braces == 0 && s->item.kind == BLOCK_FUNCTION)
		end_item(s);
}

static bool is_attribute(const struct item *i)
{
	static const char *const words[] = {
		"__attribute__", "__aligned",	"__section", "__printf",   "__acquires",
		"__releases",	 "__must_hold", "typeof",    "__typeof__", "_Alignas"};

	for (size_t k = 0; i->word && k < ARRAY_SIZE(words); k++)
		if (i->word_n == strlen(words[k]) && memcmp(i->word, words[k], i->word_n) == 0)
			return true;
	return !i->word;
}

static void name_item(struct item *i)
{
	if (!i->name && !is_attribute(i)) {
		i->name = i->word;
		i->name_n = i->word_n;
	}
}

static void punctuation(struct scan *s, char c)
{
	struct item *i = &s->item;

	switch (c) {
	case '(':
	case '[':
		if (!i->braces && !i->parens && c == '(')
			name_item(i);
		i->parens++;
		break;
	case ')':
	case ']':
		i->parens -= i->parens > 0;
		break;
	case '=':
		if (!i->braces && !i->parens) {
			name_item(i);
			i->data = true;
		}
		break;
	case '{':
		open_brace(i);
		break;
	case '}':
		close_brace(s);
		break;
	case ';':
		if (!i->braces && !i->parens)
			end_item(s);
		break;
	}
}

/* A token at p of a line of code; returns its length. */
static size_t token(struct scan *s, const char *p, const char *end)
{
	struct item *i = &s->item;
	const char *q = p;

	this_line(s)->kind = LINE_CODE;
	if (!i->first)
		i->first = s->line;
	if (*p == '"' || *p == '\'') {
		for (q++; q < end && *q != *p; q++)
			q += *q == '\\' && q + 1 < end;
		return q < end ? q + 1 - p : q - p;
	}
	if (!is_word(*p)) {
		punctuation(s, *p);
		return 1;
	}
	while (q < end && is_word(*q))
		q++;
	if (!i->braces && !i->parens) {
		i->word = p;
		i->word_n = q - p;
	}
	return q - p;
}

static bool starts(const char *p, const char *end, const char *word)
{
	size_t n = strlen(word);

	return (size_t)(end - p) >= n && memcmp(p, word, n) == 0 &&
	       (p + n == end || !is_word(p[n]));
}

static void end_branch(struct scan *s)
{
	struct conditional *c = &s->open.at[s->open.n - 1];

	s->out->branches.at[c->branch].last = s->line - 1;
}

static void begin_branch(struct scan *s, struct conditional *c)
{
	c->branch = s->out->branches.n;
	source_branch_vec_push(&s->out->branches,
			       (struct source_branch) {.first = s->line + 1,
						       .directive = s->line,
						       .guard = c->first_ifndef});
}

/* p: after the '#'. The branches of an #if each begin with the state that it began with. */
static void conditional(struct scan *s, const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	bool opens = starts(p, end, "if") || starts(p, end, "ifdef") || starts(p, end, "ifndef");
	bool closes = starts(p, end, "endif");
	bool other = starts(p, end, "else") || starts(p, end, "elif");

	if (opens) {
		struct conditional c = {.item = s->item};

		c.first_ifndef = starts(p, end, "ifndef") && s->out->branches.n == 1 &&
				 s->out->blocks.n == 1 && !s->item.first;
		begin_branch(s, &c);
		conditional_vec_push(&s->open, c);
		return;
	}
	if (!s->open.n || !(closes || other))
		return;
	end_branch(s);
	if (closes) {
		s->open.n--;
		return;
	}
	struct conditional *top = &s->open.at[s->open.n - 1];

	if (s->item.first && top->item.first == s->item.first) {
		s->item.braces = top->item.braces;
		s->item.parens = top->item.parens;
	}
	top->first_ifndef = false;
	begin_branch(s, top);
}

static void begin_line(struct scan *s, const char *p, const char *end)
{
	if (s->comment || s->continued)
		return;
	s->directive = false;
	if (p < end && *p == '}' && s->item.first && s->item.braces > 1)
		s->item.braces = 1;
	if (p < end && *p == '{' && s->item.first)
		s->item.braces = s->item.parens = 0;
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	if (p == end || *p != '#')
		return;
	s->directive = true;
	conditional(s, p + 1, end);
}

static void scan_line(struct scan *s, const char *p, const char *end)
{
	bool continues = p < end && end[-1] == '\\';
	const char *stop = continues ? end - 1 : end;

	begin_line(s, p, stop);
	this_line(s)->branch = s->open.n ? s->open.at[s->open.n - 1].branch : 0;
	if (s->directive)
		this_line(s)->kind = LINE_DIRECTIVE;
	while (p < stop) {
		bool two = p + 1 < stop;

		if (s->comment) {
			s->comment = !(two && p[0] == '*' && p[1] == '/');
			p += s->comment ? 1 : 2;
		} else if (two && p[0] == '/' && p[1] == '*') {
			s->comment = true;
			p += 2;
		} else if (two && p[0] == '/' && p[1] == '/') {
			break;
		} else if (s->directive || isspace((unsigned char)*p)) {
			p++;
		} else {
			p += token(s, p, stop);
		}
	}
	s->continued = continues;
}

void source_scan(char *text, size_t size, struct source_text *out)
{
	struct scan s = {.out = out};
	const char *p = text, *end = text + size;

	*out = (struct source_text) {.text = text};
	source_line_vec_push(&out->lines, (struct source_line) {0});
	source_block_vec_push(&out->blocks, (struct source_block) {0});
	source_branch_vec_push(&out->branches, (struct source_branch) {0});
	while (p < end) {
		const char *nl = memchr(p, '\n', end - p), *stop = nl ? nl : end;

		s.line = out->lines.n;
		source_line_vec_push(&out->lines, (struct source_line) {.s = p, .n = stop - p});
		scan_line(&s, p, stop);
		p = nl ? nl + 1 : end;
	}
	end_item(&s);
	for (; s.open.n; s.open.n--)
		end_branch(&s);
	conditional_vec_free(&s.open);
}

void source_free(struct source_text *source)
{
	for (size_t i = 0; i < source->blocks.n; i++)
		free(source->blocks.at[i].name);
	source_line_vec_free(&source->lines);
	source_block_vec_free(&source->blocks);
	source_branch_vec_free(&source->branches);
	free(source->text);
}

bool source_has_word(const struct source_text *source, size_t line, const char *word)
{
	if (!line || line >= source->lines.n)
		return false;
	const struct source_line *l = &source->lines.at[line];
	size_t n = strlen(word);

	for (size_t i = 0; n && i + n <= l->n; i++)
		if (memcmp(l->s + i, word, n) == 0 && (!i || !is_word(l->s[i - 1])) &&
		    (i + n == l->n || !is_word(l->s[i + n])))
			return true;
	return false;
}
