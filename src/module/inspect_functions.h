// SPDX-License-Identifier: GPL-2.0-or-later
/* Inside of inspect.c: the list of replaced functions. */
#ifndef SUTURE_MODULE_INSPECT_FUNCTIONS_H
#define SUTURE_MODULE_INSPECT_FUNCTIONS_H

#include "module/inspect.h"

/* Fills functions, source and replace. */
void inspect_functions(struct inspection *in);

/* NUL-terminated text at a place of a section (NULL is allowed), or NULL. */
const char *section_text(const struct obj_section *s, uint64_t at);

#endif
