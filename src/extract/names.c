// SPDX-License-Identifier: GPL-2.0-or-later
#include "extract/names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* C11 6.4.1 and the alternate keywords of GCC's manual; spellings that GCC knows without a
 * declaration (__builtin_va_list) count as types. */
static const struct {
	const char *text;
	enum word_class class;
} keywords[] = {
	{"", WORD_PLAIN}, /* number 0: none */
	{"typedef", WORD_TYPEDEF},
	{"extern", WORD_EXTERN},
	{"static", WORD_STATIC},
	{"inline", WORD_INLINE},
	{"__inline", WORD_INLINE},
	{"__inline__", WORD_INLINE},
	{"const", WORD_CONST},
	{"__const", WORD_CONST},
	{"__const__", WORD_CONST},
	{"volatile", WORD_QUALIFIER},
	{"__volatile", WORD_QUALIFIER},
	{"__volatile__", WORD_QUALIFIER},
	{"restrict", WORD_QUALIFIER},
	{"__restrict", WORD_QUALIFIER},
	{"__restrict__", WORD_QUALIFIER},
	{"_Atomic", WORD_QUALIFIER},
	{"register", WORD_QUALIFIER},
	{"auto", WORD_QUALIFIER},
	{"__extension__", WORD_QUALIFIER},
	{"_Noreturn", WORD_QUALIFIER},
	{"_Thread_local", WORD_QUALIFIER},
	{"__thread", WORD_QUALIFIER},
	{"__seg_gs", WORD_QUALIFIER},
	{"__seg_fs", WORD_QUALIFIER},
	{"void", WORD_TYPE},
	{"char", WORD_TYPE},
	{"short", WORD_TYPE},
	{"int", WORD_TYPE},
	{"long", WORD_TYPE},
	{"float", WORD_TYPE},
	{"double", WORD_TYPE},
	{"signed", WORD_TYPE},
	{"__signed", WORD_TYPE},
	{"__signed__", WORD_TYPE},
	{"unsigned", WORD_TYPE},
	{"_Bool", WORD_TYPE},
	{"_Complex", WORD_TYPE},
	{"__complex__", WORD_TYPE},
	{"__int128", WORD_TYPE},
	{"__int128_t", WORD_TYPE},
	{"__uint128_t", WORD_TYPE},
	{"__builtin_va_list", WORD_TYPE},
	{"__auto_type", WORD_TYPE},
	{"struct", WORD_STRUCT},
	{"union", WORD_STRUCT},
	{"enum", WORD_ENUM},
	{"typeof", WORD_TYPEOF},
	{"__typeof", WORD_TYPEOF},
	{"__typeof__", WORD_TYPEOF},
	{"__attribute__", WORD_ATTRIBUTE},
	{"__attribute", WORD_ATTRIBUTE},
	{"_Alignas", WORD_ATTRIBUTE},
	{"asm", WORD_ASM},
	{"__asm", WORD_ASM},
	{"__asm__", WORD_ASM},
	{"_Static_assert", WORD_ASSERT},
	{"__label__", WORD_LABEL},
	{"goto", WORD_GOTO},
	{"for", WORD_FOR},
	{"sizeof", WORD_SIZEOF},
	{"_Alignof", WORD_STATEMENT},
	{"__alignof", WORD_STATEMENT},
	{"__alignof__", WORD_STATEMENT},
	{"_Generic", WORD_STATEMENT},
	{"__real__", WORD_STATEMENT},
	{"__imag__", WORD_STATEMENT},
	{"if", WORD_STATEMENT},
	{"else", WORD_STATEMENT},
	{"while", WORD_STATEMENT},
	{"do", WORD_STATEMENT},
	{"switch", WORD_STATEMENT},
	{"case", WORD_STATEMENT},
	{"default", WORD_STATEMENT},
	{"return", WORD_STATEMENT},
	{"break", WORD_STATEMENT},
	{"continue", WORD_STATEMENT},
};

enum word_class word_class(uint32_t name)
{
	return name < ARRAY_SIZE(keywords) ? keywords[name].class : WORD_PLAIN;
}

static uint32_t hash(const char *text, size_t length)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)text[i]) * 16777619u;
	return h ^ h >> 15;
}

static bool same(const struct name *n, const char *text, size_t length, uint32_t h)
{
	return n->hash == h && n->length == length && memcmp(n->text, text, length) == 0;
}

/* The slot of a spelling: its own, or the free one where it would be. */
static uint32_t *find_slot(const struct names *names, const char *text, size_t length, uint32_t h)
{
	uint32_t mask = names->nslots - 1, i = h & mask;

	while (names->slots[i] && !same(&names->at[names->slots[i]], text, length, h))
		i = (i + 1) & mask;
	return &names->slots[i];
}

static void grow(struct names *names)
{
	uint32_t *old = names->slots;

	names->nslots = names->nslots ? 2 * names->nslots : 1u << 15;
	names->slots = xcalloc(names->nslots, sizeof(*names->slots));
	for (uint32_t i = 1; i < names->n; i++) {
		const struct name *n = &names->at[i];

		*find_slot(names, n->text, n->length, n->hash) = i;
	}
	free(old);
}

uint32_t name_intern(struct names *names, const char *text, size_t length)
{
	uint32_t h = hash(text, length);
	uint32_t *slot = find_slot(names, text, length, h);

	if (*slot)
		return *slot;
	if (names->n == names->room) {
		names->room = names->room ? 2 * names->room : 1u << 14;
		names->at = xreallocarray(names->at, names->room, sizeof(*names->at));
	}
	names->at[names->n] = (struct name) {.text = text, .length = length, .hash = h};
	*slot = names->n++;
	if (2 * names->n > names->nslots)
		grow(names);
	return names->n - 1;
}

uint32_t name_find(const struct names *names, const char *text, size_t length)
{
	return *find_slot(names, text, length, hash(text, length));
}

char *name_string(const struct names *names, uint32_t name)
{
	return xstrndup(names->at[name].text, names->at[name].length);
}

void names_init(struct names *names)
{
	*names = (struct names) {0};
	grow(names);
	names->room = 1u << 14;
	names->at = xcalloc(names->room, sizeof(*names->at));
	names->at[0] = (struct name) {.text = ""};
	names->n = 1;
	for (size_t i = 1; i < ARRAY_SIZE(keywords); i++)
		name_intern(names, keywords[i].text, strlen(keywords[i].text));
}

void names_free(struct names *names)
{
	free(names->at);
	free(names->slots);
	*names = (struct names) {0};
}
