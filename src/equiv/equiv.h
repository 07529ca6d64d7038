// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Do two pieces of machine code do the same, although they are not the same? Both are run on symbols side
 * by side, from branch to branch; whether what they do is equal is asked of an SMT solver. The answer is
 * "yes" or "not shown": never "no". docs/verify.md says what is compared and what is taken for granted.
 */
#ifndef SUTURE_EQUIV_EQUIV_H
#define SUTURE_EQUIV_EQUIV_H

#include "object/model.h"

/* What is known of a function that is called, or of the two themselves. */
struct signature {
	bool known;            /* else: any of the registers may be a parameter, or the result */
	unsigned int n;        /* parameters, all in registers: at most 6 */
	uint8_t size[6];       /* of each in bytes */
	uint8_t result;        /* in bytes, 0: none; more than 8: rax and rdx */
	bool format;           /* the last one is a printf() format, and what it says follows */
};

struct equiv_request {
	struct model *model[2];
	struct entity *function[2];
	/* Side 1 is taken for a correct compilation of its source.
	 * Base of what a reference of the side leads to, as text that is equal when the place is, and the
	 * distance from it. NULL: cannot be said. "text S" is the string S. The text is the caller's of this. */
	char *(*target)(void *arg, unsigned int side, const struct ref *ref, int64_t *offset);
	/* By the name of the symbol that a call of the side 1 leads to. */
	struct signature (*signature)(void *arg, const char *name);
	void *arg;
};

/* Was the program built with a solver? */
bool equiv_available(void);
/* True: shown to be equivalent. Else *why (the caller's) says what was in the way. */
bool equivalent(const struct equiv_request *rq, char **why);

#endif
