// SPDX-License-Identifier: GPL-2.0-or-later
/* Who else, beyond the functions that are replaced, may hold instances of a type. */
#ifndef SUTURE_LAYOUT_EXPOSURE_H
#define SUTURE_LAYOUT_EXPOSURE_H

#include "layout/dwarf.h"

struct exposure {
	const struct dwarf_unit *unit;
	struct map replaced;  /* names of replaced functions, without suffix */
	struct str_vec names; /* owns the keys */
	uint32_t *stays;      /* by function: the function that stays and contains it, or 0 */
	bool *goes;	      /* by function: its body is part of a replaced one */
	const char **used_by; /* by type: the function or variable that stays and reaches it */
	bool *by_variable;    /* by type: used_by is a variable */
	bool *on_stack;	      /* by type: a replaced function has an automatic instance */
};

/* Fills e from the DWARF of the original object and the names of the replaced functions. */
void exposure_make(const struct dwarf_unit *unit, const char *const *functions, size_t n,
		   struct exposure *e);
void exposure_free(struct exposure *e);
#define scoped_exposure __attribute__((cleanup(exposure_free)))

/* Is this function (a name with or without .isra.0 and the like) replaced? */
bool exposure_replaced(const struct exposure *e, const char *function);

enum exposure_kind {
	EXPOSED,    /* others may hold instances */
	STACK_ONLY, /* instances live on the stack of replaced functions */
	INSIDE,	    /* declared inside a replaced function */
};
/* reason: the caller's string, for EXPOSED a clause that says who; else NULL. header: the type is
 * declared in a header. */
enum exposure_kind exposure_of(const struct exposure *e, uint32_t type, bool header, char **reason);

#endif
