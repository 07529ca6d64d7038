// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions that the rules ask the shipped kernel's code. */
#ifndef SUTURE_RULES_SHIPPED_H
#define SUTURE_RULES_SHIPPED_H

#include "object/image.h"

/* Has the function an ftrace location where ftrace_location() (kernel/trace/ftrace.c) looks? */
bool shipped_has_ftrace(const struct image *image, const struct image_symbol *function);

/* Does the linked vmlinux erase the function's ENDBR at boot (.ibt_endbr_seal)? */
bool shipped_is_sealed(const struct image *vmlinux, const struct image_symbol *function);

#endif
