// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the code of the replaced functions refers to, as the compiler left it: the references of the
 * replaced functions themselves, of clones and new functions that come along, and of their special
 * section entries. A helper that the source calls and that is not reached was inlined.
 */
#ifndef SUTURE_FATE_REACH_H
#define SUTURE_FATE_REACH_H

#include "fate/replace.h"
#include "object/model.h"

struct reach {
	struct model *model;
	bool *reached;      /* by entity index: is it referred to, or inside? */
	bool *inside;       /* by entity index: its code or bytes come along */
	struct map externs; /* names of the undefined symbols that are referred to */
};

/* model: the original object, or the patched one (whose entities have twins). */
void reach_make(struct reach *reach, struct model *model, const struct replacements *set,
		const struct resolver *r);
void reach_free(struct reach *reach);

/* Is it a function that the running kernel has under a plain name, unchanged by the fix? e: of the
 * original or of the patched object. */
bool is_live_function(const struct entity *e, const struct resolver *r);
/* The entity of the original object that this one is, or NULL when the fix brings it. */
struct entity *original_of(const struct reach *reach, struct entity *e, const struct resolver *r);

#endif
