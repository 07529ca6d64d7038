// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Static variables of a unit that the compiler kept no storage for, because nothing writes (or reads)
 * them: whoever adds that access changes the functions that use the variable.
 */
#ifndef SUTURE_IMPACT_STATICS_H
#define SUTURE_IMPACT_STATICS_H

#include "base/error.h"
#include "base/vec.h"
#include "impact/variants.h"

struct static_use {
	char *variable, *user; /* the function that has the value, or lacks the stores */
	char *effect;	       /* for people, names the variable */
};
DEFINE_VEC(static_use_vec, struct static_use)

/*
 * Compiles the unit once more with gcc's discovery of such variables switched off. Before gcc 10, and
 * for clang, there is no such switch: *known is false then.
 */
struct error *statics_find(const struct variant_source *source, struct static_use_vec *list,
			   bool *known);
void statics_free(struct static_use_vec *list);

#endif
