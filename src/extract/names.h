// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Identifiers as small numbers: each spelling has one, 0 is none. The first ones are the keywords
 * of GNU C, so that the class of a word is a look into a table.
 */
#ifndef SUTURE_EXTRACT_NAMES_H
#define SUTURE_EXTRACT_NAMES_H

#include <stddef.h>
#include <stdint.h>

enum word_class {
	WORD_PLAIN, /* an identifier */
	WORD_TYPEDEF,
	WORD_EXTERN,
	WORD_STATIC,
	WORD_INLINE,
	WORD_CONST,
	WORD_QUALIFIER, /* may stand in declarations and says nothing that matters here */
	WORD_TYPE,	/* int, __int128, __builtin_va_list */
	WORD_STRUCT,	/* struct, union */
	WORD_ENUM,
	WORD_TYPEOF,
	WORD_ATTRIBUTE, /* __attribute__, _Alignas: arguments follow */
	WORD_ASM,
	WORD_ASSERT,
	WORD_LABEL, /* __label__ */
	WORD_GOTO,
	WORD_FOR,
	WORD_SIZEOF,
	WORD_STATEMENT, /* other words of statements and expressions */
};

struct name {
	const char *text; /* not terminated: points into a text that the caller keeps */
	uint32_t length, hash;
};

struct names {
	struct name *at;
	uint32_t n, room;
	uint32_t *slots;
	uint32_t nslots;
};

/* Makes the table with the keywords in it. */
void names_init(struct names *names);
void names_free(struct names *names);

/* The number of a spelling, made when missing. */
uint32_t name_intern(struct names *names, const char *text, size_t length);
/* The number of a spelling, 0 if it never occurred. */
uint32_t name_find(const struct names *names, const char *text, size_t length);
/* A terminated copy, the caller's. */
char *name_string(const struct names *names, uint32_t name);

enum word_class word_class(uint32_t name);

#endif
