// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings: comparisons, and a builder. */
#ifndef SUTURE_BASE_STR_H
#define SUTURE_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/vec.h"

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static inline bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static inline bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

/* The first place in text[0 .. n) where the name stands as a word of C, or NULL. */
const char *str_find_word(const char *text, const char *name, size_t n);

/* Text under construction; zero-initialise. `s` is NULL until something was added. */
struct str {
	char *s;
	size_t n, room;
};

void str_add(struct str *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void str_add_bytes(struct str *b, const void *p, size_t n); /* a NUL is kept after the last byte */
void str_free(struct str *b);
#define scoped_str SCOPED(str_free)

/*
 * Splits the command line of a Kbuild .cmd file as the shell would: blanks separate, '…', "…" and \
 * quote; no expansion of any kind. Returns false when a quote is left open. The words are the
 * caller's (str_vec_free_all).
 */
bool str_split_shell(const char *line, struct str_vec *words);

#endif
