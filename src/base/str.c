// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/str.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

const char *str_find_word(const char *text, const char *name, size_t n)
{
	size_t length = strlen(name);
	const char *end = text + n;

	for (const char *p = text; (p = memmem(p, end - p, name, length)); p++)
		if ((p == text || !is_word(p[-1])) && (p + length == end || !is_word(p[length])))
			return p;
	return NULL;
}

static void reserve(struct str *b, size_t more)
{
	if (b->n + more + 1 <= b->room)
		return;
	b->room = 2 * (b->n + more + 1);
	b->s = xreallocarray(b->s, b->room, 1);
}

void str_add_bytes(struct str *b, const void *p, size_t n)
{
	reserve(b, n);
	if (n)
		memcpy(b->s + b->n, p, n);
	b->n += n;
	b->s[b->n] = 0;
}

void str_add(struct str *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);

	va_end(ap);
	if (n >= 0) {
		reserve(b, n);
		vsnprintf(b->s + b->n, n + 1, fmt, again);
		b->n += n;
	}
	va_end(again);
}

void str_free(struct str *b)
{
	free(b->s);
	*b = (struct str){ 0 };
}

bool str_split_shell(const char *line, struct str_vec *words)
{
	struct str word = { 0 };
	bool inside = false;
	char quote = 0;

	for (const char *p = line; *p; p++) {
		if (quote) {
			if (*p == quote)
				quote = 0;
			else if (*p == '\\' && quote == '"' && p[1] && strchr("\"\\$`", p[1]))
				str_add_bytes(&word, ++p, 1);
			else
				str_add_bytes(&word, p, 1);
		} else if (*p == '\'' || *p == '"') {
			quote = *p;
			inside = true;
		} else if (*p == '\\' && p[1]) {
			str_add_bytes(&word, ++p, 1);
			inside = true;
		} else if (strchr(" \t\n", *p)) {
			if (inside)
				str_vec_push(words, xstrndup(word.s ? word.s : "", word.n));
			word.n = 0;
			inside = false;
		} else {
			str_add_bytes(&word, p, 1);
			inside = true;
		}
	}
	if (inside)
		str_vec_push(words, xstrndup(word.s ? word.s : "", word.n));
	str_free(&word);
	return !quote;
}
