// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions that the rules ask the shipped kernel's code. */
#ifndef SUTURE_RULES_SHIPPED_H
#define SUTURE_RULES_SHIPPED_H

#include "object/image.h"
#include "rules/known.h"

/* Has the function an ftrace location where ftrace_location() (kernel/trace/ftrace.c) looks? */
bool shipped_has_ftrace(const struct image *image, const struct image_symbol *function);

/* Does the linked vmlinux erase the function's ENDBR at boot (.ibt_endbr_seal)? */
bool shipped_is_sealed(const struct image *vmlinux, const struct image_symbol *function);

/* A place where a function's address is handed to a registrar. */
struct registration {
	const struct image_symbol *in; /* the function that does it */
	uint64_t offset;               /* of the reference, in it */
	const char *callee;
	const struct registrar *registrar;
};
/*
 * Looks for the first function of the same image that takes the address of `function` and calls a
 * registrar of this kind after it. A structure that holds the address is not followed.
 */
bool shipped_registration(const struct image *image, const struct image_symbol *function,
			  enum known_kind kind, struct registration *where);

#endif
