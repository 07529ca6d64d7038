// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Static variables that one object has and another one of nearly the same source has not: where nothing
 * writes a static variable, compilers put its value into the code; where nothing reads it, they leave
 * the stores out. A fix that adds the write (or the read) changes every function that uses it.
 */
#ifndef SUTURE_DIFF_FOLDED_H
#define SUTURE_DIFF_FOLDED_H

#include "object/model.h"

/* A function that differs, and a static variable that it uses and the original object has not. */
struct folded_use {
	struct entity *variable, *user; /* of the patched model; user: the whole function */
	bool reads, writes;             /* what its instructions do with it */
};
DEFINE_VEC(folded_use_vec, struct folded_use)

/* Of two models that were compared. */
void folded_uses(struct model *patched, struct folded_use_vec *list);

/*
 * What the compiler had done to the variable in that function; NULL: nothing, as far as the original
 * source tells (the variable is new, or this is the function that writes it now). The caller's.
 */
char *folded_effect(const struct folded_use *use, const char *original_text);

/* Adds those effects to the reasons of changed functions. */
void folded_explain(struct model *patched, const char *original_text);

/* Does the text declare a static variable of this name? Does it assign to it? */
bool text_has_static(const char *text, const char *name);
bool text_assigns(const char *text, const char *name);

#endif
