// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the closure share; nobody else includes this. */
#ifndef SUTURE_DIFF_CLOSURE_PARTS_H
#define SUTURE_DIFF_CLOSURE_PARTS_H

#include "diff/closure.h"
#include "object/writer.h"

/* Where an included entity stands in the new object. */
struct placed {
	struct entity *entity;
	unsigned int section;
	uint64_t offset; /* of the entity itself, its leading padding before it */
	unsigned int symbol;
};
DEFINE_VEC(placed_vec, struct placed)

struct closure {
	const struct closure_request *rq;
	struct obj_writer *w;
	struct map placed_of;  /* entity index → index in placed + 1 */
	struct placed_vec placed;
	size_t done;           /* placed entities whose references are written */
	struct map symbols;    /* name of an undefined symbol → handle + 1 */
	struct str_vec names;  /* owns the keys of symbols */
	struct map slices;     /* slice_key() → offset in the new section + 1 */
	struct map empty_slices; /* slice_key() → 1 while only an empty slice is placed there */
	struct map strings;    /* text → offset in .rodata.str + 1 */
	unsigned int text;
	struct closure_stats *stats;
};

/* Identifies a stretch of replacement code. */
static inline uint64_t slice_key(const struct obj_section *s, uint64_t offset)
{
	return (uint64_t)s->index << 40 | offset;
}

/* place.c: makes sure that the entity is in the livepatch. The result is valid until the next. */
struct placed *closure_place(struct closure *c, struct entity *e);
/* Is it the new version of a function that the running kernel has? */
bool is_replacement(const struct entity *e);
/* The section's bytes at a place, NULL for sections without bytes. */
const unsigned char *section_bytes(const struct obj_section *s, uint64_t at);

/* target_ref.c: what a reference of the livepatch points to. */
struct target_ref {
	bool known;
	bool weak;
	unsigned int symbol;
	int64_t offset; /* of the target from the symbol */
	bool klp_module; /* resolved only when a module comes */
};

/* site: a reference of owner, which is included. special: it stands in a special section entry. */
struct target_ref closure_target(struct closure *c, const struct ref_site *site,
				 struct entity *owner, bool special);

#endif
