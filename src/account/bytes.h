// SPDX-License-Identifier: GPL-2.0-or-later
/* A second opinion on "this function did not change", by other means than the comparison's. */
#ifndef SUTURE_ACCOUNT_BYTES_H
#define SUTURE_ACCOUNT_BYTES_H

#include "object/object.h"

/*
 * Has the function the same bytes, and relocations at the same places to things of the same name,
 * in both objects? Numbers that compilers give to names do not count. False when either has none.
 */
bool bytes_same_function(const struct object *a, const char *name_a, const struct object *b,
			 const char *name_b);

#endif
