// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/raw.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

static struct lexer lexer_at_line(const struct tu_file *f, uint32_t line)
{
	return lexer_at(f->text, f->size, tu_line_start(f, line), line);
}

void raw_words(struct tu *tu, uint16_t file, uint32_t first_line, uint32_t last_line,
	       struct lexeme_vec *words)
{
	const struct tu_file *f = tu_file_text(tu, file);

	if (!f->text)
		return;
	struct lexer lx = lexer_at_line(f, first_line);

	for (;;) {
		struct lexeme l = lex(&lx);

		if (l.kind == LEX_END || l.line > last_line)
			return;
		lexeme_vec_push(words, l);
	}
}

uint32_t raw_directive_end(struct tu *tu, uint16_t file, uint32_t line)
{
	const struct tu_file *f = tu_file_text(tu, file);

	if (!f->text)
		return line;
	struct lexer lx = lexer_at_line(f, line);

	lex(&lx);
	return lx.line;
}

uint32_t raw_directive_word(const struct tu_file *f, const struct lexeme *l, uint32_t *length)
{
	struct lexer lx = lexer_at(f->text, l->at + l->length, l->at + 1, 1);

	lx.line_start = false;
	struct lexeme word = lex(&lx);

	*length = word.kind == LEX_NAME ? word.length : 0;
	return word.at;
}

uint16_t raw_private_include(const struct tu *tu, uint16_t file, const struct lexeme *l)
{
	for (size_t i = 0; l->kind == LEX_DIRECTIVE && i < tu->inclusions.n; i++) {
		const struct inclusion *in = &tu->inclusions.at[i];

		if (in->by == file && in->line == l->line && !tu_is_public(tu, in->file))
			return in->file;
	}
	return 0;
}

enum conditional raw_conditional(const struct tu_file *f, const struct lexeme *l)
{
	uint32_t n, at = raw_directive_word(f, l, &n);
	const char *word = f->text + at;

	if (n >= 2 && memcmp(word, "if", 2) == 0)
		return CONDITIONAL_IF;
	if (n >= 4 && memcmp(word, "el", 2) == 0)
		return CONDITIONAL_ELSE;
	return n == 5 && memcmp(word, "endif", 5) == 0 ? CONDITIONAL_ENDIF : CONDITIONAL_NONE;
}

/* ---- where the last word's brackets close ---- */

/*
 * Brackets of a stretch of text. Branches of a conditional open the same ones: at #else the count
 * is what it was at #if.
 */
struct depth {
	int open;
	struct u32_vec at_if;
};

static void count(struct depth *d, const struct tu_file *f, const struct lexeme *l)
{
	if (l->kind == LEX_PUNCT && l->punct) {
		d->open += strchr("([{", l->punct) != NULL;
		d->open -= strchr(")]}", l->punct) != NULL;
	}
	if (l->kind != LEX_DIRECTIVE)
		return;
	switch (raw_conditional(f, l)) {
	case CONDITIONAL_IF:
		u32_vec_push(&d->at_if, (uint32_t)d->open);
		break;
	case CONDITIONAL_ELSE:
		if (d->at_if.n)
			d->open = (int)d->at_if.at[d->at_if.n - 1];
		break;
	case CONDITIONAL_ENDIF:
		d->at_if.n -= d->at_if.n > 0;
		break;
	case CONDITIONAL_NONE:
		break;
	}
}

/*
 * The compiler puts all of a macro's expansion into the line where its use begins. The use may go
 * on: to where its brackets close, but not to line `limit`.
 */
static uint32_t extend_brackets(const struct tu_file *f, uint32_t first, uint32_t last,
				uint32_t limit)
{
	struct lexer lx = lexer_at_line(f, first);
	struct depth d = {0};
	uint32_t line = last;

	for (;;) {
		struct lexeme l = lex(&lx);

		if (l.kind == LEX_END || (l.line > last && d.open <= 0))
			break;
		if (l.line >= limit) {
			line = last;
			break;
		}
		count(&d, f, &l);
		line = lx.line > line ? lx.line : line;
	}
	u32_vec_free(&d.at_if);
	return line;
}

/* ---- conditionals that a stretch cuts ---- */

/* Lines of the #if's that are open where a line begins. */
static void open_conditionals(const struct tu_file *f, uint32_t line, struct u32_vec *open)
{
	struct lexer lx = lexer_at(f->text, tu_line_start(f, line), 0, 1);

	for (struct lexeme l = lex(&lx); l.kind != LEX_END; l = lex(&lx)) {
		if (l.kind != LEX_DIRECTIVE)
			continue;
		enum conditional c = raw_conditional(f, &l);

		if (c == CONDITIONAL_IF)
			u32_vec_push(open, l.line);
		else if (c == CONDITIONAL_ENDIF)
			open->n -= open->n > 0;
	}
}

/* Widens the stretch so that each conditional in it is whole. */
static void whole_conditionals(const struct tu_file *f, uint32_t *first, uint32_t *last)
{
	SCOPED(u32_vec_free) struct u32_vec open = {0};
	struct lexer lx = lexer_at_line(f, *first);
	int depth = 0, lowest = 0;
	bool cut = false; /* #else of a conditional that begins before */

	for (struct lexeme l = lex(&lx); l.kind != LEX_END; l = lex(&lx)) {
		enum conditional c;

		if (l.line > *last && depth - lowest <= 0 && !cut)
			break;
		c = l.kind == LEX_DIRECTIVE ? raw_conditional(f, &l) : CONDITIONAL_NONE;
		depth += c == CONDITIONAL_IF;
		cut |= c == CONDITIONAL_ELSE && depth == lowest;
		if (c == CONDITIONAL_ENDIF && depth-- == lowest) {
			lowest--;
			cut = false;
		}
		if (l.line > *last && c == CONDITIONAL_ENDIF)
			*last = l.line;
	}
	if (!lowest)
		return;
	open_conditionals(f, *first, &open);
	if ((size_t)-lowest <= open.n)
		*first = open.at[open.n + lowest];
}

/* ---- chunks ---- */

static const struct token *first_token(const struct tu *tu, uint32_t declaration)
{
	return tu_token(tu, tu->declarations.at[declaration].first);
}

static const struct token *last_token(const struct tu *tu, uint32_t declaration)
{
	return tu_token(tu, tu->declarations.at[declaration].last);
}

/* The line at which the declaration behind this one begins in the same file. */
static uint32_t next_line(const struct tu *tu, uint32_t declaration, uint16_t file, uint32_t line)
{
	if (declaration + 1 >= tu->declarations.n)
		return UINT32_MAX;
	const struct token *t = first_token(tu, declaration + 1);

	return t->file == file && t->line > line ? t->line : UINT32_MAX;
}

static bool grow(struct tu *tu, struct chunk *c)
{
	struct chunk before = *c;

	while (c->first > 0 && last_token(tu, c->first - 1)->file == c->file &&
	       last_token(tu, c->first - 1)->line >= c->first_line &&
	       first_token(tu, c->first - 1)->line <= c->last_line &&
	       first_token(tu, c->first - 1)->file == c->file) {
		const struct token *t = first_token(tu, --c->first);

		if (t->line < c->first_line)
			c->first_line = t->line;
	}
	while (c->last + 1 < tu->declarations.n && first_token(tu, c->last + 1)->file == c->file &&
	       first_token(tu, c->last + 1)->line <= c->last_line &&
	       first_token(tu, c->last + 1)->line >= c->first_line) {
		const struct token *t = last_token(tu, ++c->last);

		if (t->file == c->file && t->line > c->last_line)
			c->last_line = t->line;
	}
	return before.first != c->first || before.last != c->last;
}

struct chunk chunk_of(struct tu *tu, uint32_t declaration)
{
	const struct token *a = first_token(tu, declaration), *b = last_token(tu, declaration);
	struct chunk c = {.file = a->file,
			  .first_line = a->line,
			  .last_line = b->line,
			  .first = declaration,
			  .last = declaration};
	const struct tu_file *f = tu_file_text(tu, a->file);

	if (!f->text || a->file != b->file || b->line < a->line || b->line > f->lines.n) {
		c.file = 0;
		return c;
	}
	do {
		c.last_line = extend_brackets(f, c.first_line, c.last_line,
					      next_line(tu, c.last, c.file, c.last_line));
		whole_conditionals(f, &c.first_line, &c.last_line);
	} while (grow(tu, &c));
	return c;
}
