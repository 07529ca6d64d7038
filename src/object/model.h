// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One object file as entities: functions and data objects with the references they make, and with
 * the special section entries that belong to them. What the comparison and the closure work on.
 */
#ifndef SUTURE_OBJECT_MODEL_H
#define SUTURE_OBJECT_MODEL_H

#include <stdbool.h>

#include "base/finding.h"
#include "object/special.h"
#include "object/insn.h"
#include "object/object.h"

enum entity_kind {
	ENTITY_FUNCTION, /* a function symbol and its code */
	ENTITY_DATA,     /* a named data object */
	ENTITY_ANON,     /* what no symbol covers: strings, literals; the whole section */
};

enum change { UNCHANGED, CHANGED, NEW, REMOVED };

struct entity;

enum ref_kind {
	REF_ENTITY, /* a place in an entity of this object */
	REF_EXTERN, /* an undefined (or absolute, common) symbol */
	REF_STRING, /* text in a string section */
	REF_BYTES,  /* literal in a mergeable section without strings */
	REF_PLACE,  /* of this object, but in no entity: in an entry of a special section, or in nothing at all */
};

struct ref {
	enum ref_kind kind;
	struct entity *entity;            /* ENTITY, STRING, BYTES: never NULL; else NULL */
	struct obj_symbol *symbol;        /* EXTERN: never NULL; else that of the relocation, or NULL */
	int64_t offset;                   /* from the start of the entity or symbol; PLACE: in the section */
	const struct obj_reloc *reloc;    /* NULL for a branch that the assembler resolved */
};

/* A relocation or branch of a stretch of code or data, at its position. */
struct ref_site {
	uint64_t offset; /* of the field, from the start of the stretch */
	struct ref ref;
	bool branch;     /* direct call or jump */
};
DEFINE_VEC(ref_site_vec, struct ref_site)

/* One entry of a special section. */
struct special_entry {
	const struct special_section *row;
	struct obj_section *section;
	uint64_t offset, size;
	struct obj_section *slice_section; /* replacement code of an alternative, or NULL */
	uint64_t slice_offset, slice_size;
};
DEFINE_VEC(special_entry_vec, struct special_entry)

struct entity {
	enum entity_kind kind;
	const char *name;            /* symbol's name, or the section's for ENTITY_ANON */
	const char *key;             /* name without the numbers that compilers hand out */
	struct obj_symbol *symbol;   /* NULL for ENTITY_ANON */
	struct obj_section *section;
	uint64_t start, size;        /* in the section */
	uint64_t lead;               /* bytes of padding before start that belong to it */
	const struct special_section *row; /* of the section, or NULL */
	struct entity *parent;       /* of a .cold part: the function */
	struct special_entry_vec entries;

	bool decoded, refs_ready;
	struct insn_vec insns;       /* functions, when decoded */
	struct ref_site_vec refs;    /* when refs_ready */

	struct entity *twin;         /* in the other object, or NULL */
	enum change change;
	char *why;                   /* for CHANGED: the first difference */
	bool visited;                /* by the correlation: has the shape of its twin */
	bool ambiguous;              /* no twin, but one of several in the other object may be it */
	uint32_t index;
};
DEFINE_VEC(entity_vec, struct entity *)

struct model {
	struct object *object;
	struct entity_vec entities; /* by section, then place */
	struct entity ***by_section; /* entities of each section, in order of place */
	size_t *nby_section;
	struct map by_key; /* key → struct entity_vec * */
	struct ptr_vec keys;
	struct finding_vec *findings;
};

/* Makes the model; findings get what cannot be understood (id D5). The object must outlive it. */
struct error *model_new(struct object *object, struct finding_vec *findings, struct model **model);
void model_free(struct model *model);

/* The entity at a place of a section (padding before a function belongs to it), or NULL. */
struct entity *model_entity_at(struct model *model, const struct obj_section *section, int64_t at);

/* What a relocation refers to; bias as for object_reloc_ref(). */
struct ref model_ref(struct model *model, const struct obj_reloc *reloc, int64_t bias);
/* What to call it in a message. */
const char *ref_name(const struct ref *ref);

/* Decodes on first use. */
const struct insn_vec *entity_insns(struct entity *e);
/* Gives the memory of the instructions back; the next entity_insns() decodes again. */
void entity_forget_insns(struct entity *e);
/* References of the entity's own bytes, in order of place. On first use. */
const struct ref_site_vec *entity_refs(struct model *model, struct entity *e);
/* References of any stretch of data (special section entries). The result is the caller's. */
void stretch_refs(struct model *model, struct obj_section *section, uint64_t offset, uint64_t size,
		  struct ref_site_vec *refs);
/* The same for code (replacement instructions of alternatives). */
void code_refs(struct model *model, struct obj_section *section, uint64_t offset, uint64_t size,
	       struct ref_site_vec *refs);

bool entity_is_init(const struct entity *e);

#endif
