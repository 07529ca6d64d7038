// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words of C, from preprocessed text and from files as they were written: comments and blanks are
 * left out, and a line that begins with '#' is one lexeme. Nothing is unescaped or evaluated.
 */
#ifndef SUTURE_EXTRACT_LEX_H
#define SUTURE_EXTRACT_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum lexeme_kind {
	LEX_END,
	LEX_NAME,
	LEX_NUMBER,
	LEX_STRING, /* with its prefix; so are characters */
	LEX_CHAR,
	LEX_PUNCT,
	LEX_DIRECTIVE, /* from '#' to before the newline, continued lines included */
};

/* Punctuators are single characters, these two apart. */
enum { PUNCT_ARROW = 1 /* -> */, PUNCT_ELLIPSIS = 2 /* ... */ };

struct lexeme {
	enum lexeme_kind kind;
	char punct; /* LEX_PUNCT: the character, or PUNCT_… */
	uint32_t at, length;
	uint32_t line; /* where it begins, counted from the lexer's first line */
};

struct lexer {
	const char *text;
	uint32_t size, at, line;
	bool line_start; /* nothing but blanks and comments since the line began */
};

/* Begins at `at`, which is in line `line`, as at the start of a line. */
struct lexer lexer_at(const char *text, size_t size, size_t at, uint32_t line);
/* The next lexeme. What is left open (a string, a comment) ends with its line or the text. */
struct lexeme lex(struct lexer *lexer);

#endif
