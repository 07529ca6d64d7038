// SPDX-License-Identifier: GPL-2.0-or-later
/* What gcc says about clones: the file of -fdump-ipa-clones (gcc(1), since 9). */
#ifndef SUTURE_IMPACT_CLONES_H
#define SUTURE_IMPACT_CLONES_H

#include <stdbool.h>

#include "base/error.h"
#include "base/vec.h"

/* "Callgraph clone;NAME;ORDER;FILE;LINE;COL;NEWNAME;ORDER;FILE;LINE;COL;REASON" */
struct clone {
	char *from, *to;
	char *reason;  /* "inlining to", "isra", "constprop", "part", ... */
	bool inlined;  /* the body of `from` became part of `to` */
};
DEFINE_VEC(clone_vec, struct clone)

/* Lines that are not understood are left out: the format is gcc's own and has no promise. Id Y1. */
struct error *clones_read(const char *path, struct clone_vec *list);
void clones_parse(const char *text, struct clone_vec *list);
void clones_free(struct clone_vec *list);

/* All functions that have the body of `name` in them, through any number of steps: copies of it
 * (clones) and what those were inlined into. The strings belong to the list. */
void clones_reach(const struct clone_vec *list, const char *name, struct str_vec *copies,
		  struct str_vec *into);

#endif
