// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The original text of declarations: which lines of which file. A declaration that shares lines
 * with others (a macro that makes several) has one text with them.
 */
#ifndef SUTURE_EXTRACT_RAW_H
#define SUTURE_EXTRACT_RAW_H

#include "extract/tu.h"

struct chunk {
	uint16_t file; /* 0: its text cannot be told from the files, only from the expansion */
	uint32_t first_line, last_line;
	uint32_t first, last; /* declarations */
	bool whole;	      /* with branches of conditionals that the compiler did not take */
};

/* The chunk that a declaration is in. */
struct chunk chunk_of(struct tu *tu, uint32_t declaration);

DEFINE_VEC(lexeme_vec, struct lexeme)
/* The words of some lines of a file. The result is the caller's. */
void raw_words(struct tu *tu, uint16_t file, uint32_t first_line, uint32_t last_line,
	       struct lexeme_vec *words);
/*
 * Lines of a chunk that the compiler did not see: conditionals, and branches that it did not take. Pairs of first and
 * last line, ascending. Where that cannot be told, there are none.
 */
void raw_dead_lines(struct tu *tu, const struct chunk *chunk, struct u32_vec *dead);
/* The words of the other lines; of all of a chunk that is whole. */
void raw_live_words(struct tu *tu, const struct chunk *chunk, struct lexeme_vec *words);
/* The last line of a directive that begins in a line. */
uint32_t raw_directive_end(struct tu *tu, uint16_t file, uint32_t line);

/* The private file that a directive of a file includes, or 0: another directive, a public header.
 */
uint16_t raw_private_include(const struct tu *tu, uint16_t file, const struct lexeme *l);

static inline bool raw_is(const struct tu_file *f, const struct lexeme *l, const char *word)
{
	return l->length == __builtin_strlen(word) &&
	       __builtin_memcmp(f->text + l->at, word, l->length) == 0;
}
/* Is the word among the first `end`? */
static inline bool raw_has_word(const struct tu_file *f, const struct lexeme_vec *words, size_t end,
				const char *name)
{
	for (size_t i = 0; i < end; i++)
		if (words->at[i].kind == LEX_NAME && raw_is(f, &words->at[i], name))
			return true;
	return false;
}
static inline bool raw_is_punct(const struct lexeme *l, char c)
{
	return l->kind == LEX_PUNCT && l->punct == c;
}
enum conditional { CONDITIONAL_NONE, CONDITIONAL_IF, CONDITIONAL_ELSE, CONDITIONAL_ENDIF };
/* Which part of a conditional is a directive of a file? */
enum conditional raw_conditional(const struct tu_file *f, const struct lexeme *l);
/* The word of a directive ("if", "include"): its place and length in the file's text. */
uint32_t raw_directive_word(const struct tu_file *f, const struct lexeme *l, uint32_t *length);

#endif
