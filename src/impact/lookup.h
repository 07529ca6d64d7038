// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that people and compilers use → records of the index. */
#ifndef SUTURE_IMPACT_LOOKUP_H
#define SUTURE_IMPACT_LOOKUP_H

#include "base/vec.h"
#include "impact/index.h"

struct lookup_hit {
	const struct index_part *part;
	const struct index_function *function;
};
DEFINE_VEC(lookup_hit_vec, struct lookup_hit)

/* All records of one function of the source: one in each part that has it. */
struct lookup {
	struct lookup_hit_vec hits;
};

/*
 * "NAME", or "FILE:NAME" where the name is not unique; FILE may be the end of the path. A name with a
 * clone's suffix means the function. Ids I3 (there is none), I4 (several; the message lists them).
 */
struct error *lookup_function(const struct impact_index *index, const char *spec,
			      struct lookup *found);
void lookup_free(struct lookup *found);
const char *lookup_file(const struct lookup *found, size_t hit);

/*
 * The shipped symbol of a function that was compiled in a unit: the same name, else the same but for
 * the compiler's number. *part is where; INDEX_NONE if there is none.
 */
uint32_t lookup_in_unit(const struct impact_index *index, const char *object, const char *unit,
			const char *name, const struct index_part **part);

/* " (isra: ...)" for a clone's name: what the suffix says; "" if it says nothing. */
const char *clone_kind(const char *name);

#endif
