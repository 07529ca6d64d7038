// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tokens of a declaration mention. Bodies are bags of tokens, with one refinement: names
 * that a block, a parameter list or a structure declares for itself are not mentions of something
 * at file level.
 */
#ifndef SUTURE_EXTRACT_SCAN_H
#define SUTURE_EXTRACT_SCAN_H

#include "extract/tu.h"

enum mention_kind {
	MENTION_ORDINARY, /* may be a function, variable, typedef, enumerator */
	MENTION_TAG,	  /* struct x, by value or where a pointer to it does not follow at once */
	MENTION_TAG_POINTER, /* struct x * */
	MENTION_MEMBER,	     /* behind . or -> */
};

struct mention {
	uint32_t token, name;
	enum mention_kind kind;
};
DEFINE_VEC(mention_vec, struct mention)

/* A static variable of a block. */
struct local_static {
	uint32_t token;	     /* its name */
	uint32_t first;	     /* of the declaration */
	uint32_t specifiers; /* behind its specifiers */
	uint32_t start, end; /* its declarator */
	bool is_const;
};
DEFINE_VEC(local_static_vec, struct local_static)

struct scan {
	struct mention_vec mentions;
	struct local_static_vec statics;
};

/* Reads the tokens of a declaration. The result is the caller's. */
void scan_declaration(struct tu *tu, const struct declaration *d, struct scan *out);
void scan_free(struct scan *scan);

#endif
