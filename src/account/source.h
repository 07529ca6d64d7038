// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of one file of the fix, before and after, seen just closely enough to say what a line
 * is: code, directive or comment, inside which top-level declaration, under which #if. And which
 * number the compiler gave to each line of the patched text.
 */
#ifndef SUTURE_ACCOUNT_SOURCE_H
#define SUTURE_ACCOUNT_SOURCE_H

#include <stdint.h>

#include "base/map.h"
#include "units/fix.h"

enum line_kind {
	LINE_EMPTY = 0,	    /* blank, or nothing but comment */
	LINE_CODE = 1,	    /* has a token outside of directives */
	LINE_DIRECTIVE = 2, /* part of a preprocessor directive */
};

enum block_kind {
	BLOCK_NONE,
	BLOCK_FUNCTION, /* a definition with a body */
	BLOCK_DATA,	/* something with an initialiser */
	BLOCK_OTHER,	/* types, prototypes, macro invocations */
};

/* A top-level declaration. */
struct source_block {
	enum block_kind kind;
	size_t first, last; /* lines from 1 */
	char *name;	    /* what it declares, as far as it can be told, or NULL */
};
DEFINE_VEC(source_block_vec, struct source_block)

/* An #if, #ifdef, #elif or #else branch. */
struct source_branch {
	size_t first, last; /* its lines, the directives themselves left out */
	size_t directive;   /* line that opens it */
	bool guard;	    /* the guard around a whole header */
};
DEFINE_VEC(source_branch_vec, struct source_branch)

struct source_line {
	const char *s; /* not NUL-terminated */
	size_t n;
	enum line_kind kind;
	uint32_t block;	 /* index in blocks; 0: none */
	uint32_t branch; /* index in branches; 0: none */
};
DEFINE_VEC(source_line_vec, struct source_line)

struct source_text {
	char *text;
	struct source_line_vec lines;	   /* [0] stands for no line */
	struct source_block_vec blocks;	   /* [0]: none */
	struct source_branch_vec branches; /* [0]: none */
};

/* Takes the text over. */
void source_scan(char *text, size_t size, struct source_text *source);
void source_free(struct source_text *source);

/* Does the line contain the word (a C identifier)? */
bool source_has_word(const struct source_text *source, size_t line, const char *word);

/* Both sides of one file of the fix. Line indices are from 1. */
struct source_file {
	const struct fix_file *file;
	struct source_text old, new;
	struct fix_trace trace;
	size_t *number;	     /* of each line of the new text, as the compiler counts; [0] unused */
	struct map lines_of; /* number → last line of the new text with it; see next */
	size_t *next;	     /* the line before with the same number, 0: none */
	size_t last_number;
};

/* Reads the old text from the source tree and applies the fix. */
struct error *source_file_read(const char *srctree, const struct fix_file *file,
			       struct source_file *source);
void source_file_free(struct source_file *source);

/* The last line of the new text that the compiler gave this number, or 0; go on with next[]. plain:
 * the unit was compiled without line neutrality. */
size_t source_line_numbered(const struct source_file *source, size_t number, bool plain);
/* The same for the line before. */
size_t source_line_next(const struct source_file *source, size_t line, bool plain);

/* Hunk (index + 1) that added the line of the new text, or removed the line of the old; 0: none. */
size_t source_hunk_added(const struct source_file *source, size_t new_line);
size_t source_hunk_removed(const struct source_file *source, size_t old_line);

#endif
