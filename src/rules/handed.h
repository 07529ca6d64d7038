// SPDX-License-Identifier: GPL-2.0-or-later
/* What a module's own code hands to functions of the kernel that keep it (rules S8 and C7). */
#ifndef SUTURE_RULES_HANDED_H
#define SUTURE_RULES_HANDED_H

#include "object/object.h"
#include "rules/known.h"

struct handed {
	const struct obj_symbol *what; /* function or variable of the module */
	const struct obj_symbol *in;   /* the function that does it; may be NULL */
	const struct registrar *to;
	const char *callee;
	bool runs_code; /* a function, or a variable that points to functions of the module */
	bool undone;    /* the module also calls what takes it back */
};
typedef void handed_visit(void *arg, const struct handed *h);

/* An address that is loaded, followed in the same function by a call of a registrar. What passes
 * through memory or another function is not followed. */
void handed_each(const struct object *object, handed_visit *visit, void *arg);

#endif
