// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/lex.h"

/* What a character can be, as bits. */
enum { BLANK = 1, LETTER = 2, DIGIT = 4, DOT = 8 };

static const uint8_t
	classes[256] =
		{
			[' '] = BLANK,		['\t'] = BLANK,	       ['\r'] = BLANK,
			['\f'] = BLANK,		['\v'] = BLANK,	       ['a' ... 'z'] = LETTER,
			['A' ... 'Z'] = LETTER, ['_'] = LETTER,	       ['$'] = LETTER,
			[128 ... 255] = LETTER, ['0' ... '9'] = DIGIT, ['.'] = DOT,
};

static bool is(const struct lexer *lx, uint32_t at, uint8_t class)
{
	return at < lx->size && classes[(unsigned char)lx->text[at]] & class;
}

static char peek(const struct lexer *lx, uint32_t ahead)
{
	return lx->at + ahead < lx->size ? lx->text[lx->at + ahead] : 0;
}

struct lexer lexer_at(const char *text, size_t size, size_t at, uint32_t line)
{
	return (struct lexer) {
		.text = text, .size = size, .at = at, .line = line, .line_start = true};
}

/* Length of a backslash and a newline at the place, or 0. */
static uint32_t splice(const struct lexer *lx)
{
	if (peek(lx, 0) != '\\')
		return 0;
	if (peek(lx, 1) == '\n')
		return 2;
	return peek(lx, 1) == '\r' && peek(lx, 2) == '\n' ? 3 : 0;
}

static void skip_block_comment(struct lexer *lx)
{
	for (lx->at += 2; lx->at < lx->size; lx->at++) {
		if (lx->text[lx->at] == '\n')
			lx->line++;
		if (lx->text[lx->at] == '*' && peek(lx, 1) == '/') {
			lx->at += 2;
			return;
		}
	}
}

/* To the newline that ends the logical line, which stays. */
static void skip_line(struct lexer *lx)
{
	while (lx->at < lx->size && lx->text[lx->at] != '\n') {
		uint32_t n = splice(lx);

		lx->line += n != 0;
		lx->at += n ? n : 1;
	}
}

static void skip_blanks(struct lexer *lx)
{
	for (;;) {
		uint32_t n;

		if (is(lx, lx->at, BLANK)) {
			lx->at++;
		} else if (peek(lx, 0) == '\n') {
			lx->at++;
			lx->line++;
			lx->line_start = true;
		} else if ((n = splice(lx))) {
			lx->at += n;
			lx->line++;
		} else if (peek(lx, 0) == '/' && peek(lx, 1) == '*') {
			skip_block_comment(lx);
		} else if (peek(lx, 0) == '/' && peek(lx, 1) == '/') {
			skip_line(lx);
		} else {
			return;
		}
	}
}

/* A directive, over comments that go on in further lines. */
static void skip_directive(struct lexer *lx)
{
	while (lx->at < lx->size && lx->text[lx->at] != '\n') {
		uint32_t n = splice(lx);
		char c = lx->text[lx->at];

		if (n) {
			lx->at += n;
			lx->line++;
		} else if (c == '/' && peek(lx, 1) == '*') {
			skip_block_comment(lx);
		} else if (c == '/' && peek(lx, 1) == '/') {
			skip_line(lx);
		} else {
			lx->at++;
		}
	}
}

static void skip_quoted(struct lexer *lx, char quote)
{
	for (lx->at++; lx->at < lx->size && lx->text[lx->at] != '\n'; lx->at++) {
		uint32_t n = splice(lx);

		if (n) {
			lx->line++;
			lx->at += n - 1;
		} else if (lx->text[lx->at] == '\\') {
			lx->at += lx->at + 1 < lx->size && lx->text[lx->at + 1] != '\n';
		} else if (lx->text[lx->at] == quote) {
			lx->at++;
			return;
		}
	}
}

/* A preprocessing number (C11 6.4.8). */
static void skip_number(struct lexer *lx)
{
	while (is(lx, lx->at, LETTER | DIGIT | DOT)) {
		char c = lx->text[lx->at++] | 0x20;

		if ((c == 'e' || c == 'p') && (peek(lx, 0) == '+' || peek(lx, 0) == '-'))
			lx->at++;
	}
}

/* Does a name that ends here prefix a string or character (L"", u8"")? */
static bool is_prefix(const struct lexer *lx, uint32_t start)
{
	uint32_t n = lx->at - start;
	char c = lx->text[start];

	if (peek(lx, 0) != '"' && peek(lx, 0) != '\'')
		return false;
	return (n == 1 && (c == 'L' || c == 'u' || c == 'U')) ||
	       (n == 2 && c == 'u' && lx->text[start + 1] == '8');
}

static enum lexeme_kind scan_quoted(struct lexer *lx)
{
	char quote = peek(lx, 0);

	skip_quoted(lx, quote);
	return quote == '"' ? LEX_STRING : LEX_CHAR;
}

static enum lexeme_kind scan_word(struct lexer *lx)
{
	uint32_t start = lx->at;

	while (is(lx, lx->at, LETTER | DIGIT))
		lx->at++;
	return is_prefix(lx, start) ? scan_quoted(lx) : LEX_NAME;
}

static char scan_punct(struct lexer *lx)
{
	char c = lx->text[lx->at];

	if (c == '-' && peek(lx, 1) == '>') {
		lx->at += 2;
		return PUNCT_ARROW;
	}
	if (c == '.' && peek(lx, 1) == '.' && peek(lx, 2) == '.') {
		lx->at += 3;
		return PUNCT_ELLIPSIS;
	}
	lx->at++;
	return c;
}

struct lexeme lex(struct lexer *lx)
{
	skip_blanks(lx);
	struct lexeme l = {.kind = LEX_END, .at = lx->at, .line = lx->line};
	bool first = lx->line_start;

	if (lx->at >= lx->size)
		return l;
	lx->line_start = false;
	if (is(lx, lx->at, LETTER)) {
		l.kind = scan_word(lx);
	} else if (is(lx, lx->at, DIGIT) || (peek(lx, 0) == '.' && is(lx, lx->at + 1, DIGIT))) {
		skip_number(lx);
		l.kind = LEX_NUMBER;
	} else if (peek(lx, 0) == '"' || peek(lx, 0) == '\'') {
		l.kind = scan_quoted(lx);
	} else if (peek(lx, 0) == '#' && first) {
		skip_directive(lx);
		l.kind = LEX_DIRECTIVE;
	} else {
		l.kind = LEX_PUNCT;
		l.punct = scan_punct(lx);
	}
	l.length = lx->at - l.at;
	return l;
}
