// SPDX-License-Identifier: GPL-2.0-or-later
/* What the files of the proof share; nobody else includes this. */
#ifndef SUTURE_PROVE_PARTS_H
#define SUTURE_PROVE_PARTS_H

#include "prove/prove.h"

/*
 * Names by which both objects are told in the same words. Names are those of the original object.
 */
struct mapping_of_names {
	struct map of_symbol;    /* name of an undefined symbol of the extraction → canonical name */
	struct map outside;      /* name in the reference → canonical name: it is outside there, too */
	struct map old_pointers; /* the same for replaced functions: only pointers lead outside */
	struct str_vec owned;
};

/* mapping.c. Reads the extraction's annotations, and what each undefined symbol is. */
struct error *mapping_make(const struct prove_request *rq, struct proof *proof,
			   struct mapping_of_names *m);
void mapping_free(struct mapping_of_names *m);

/* normal.c: changes objects in memory, before models are made of them. */
enum { NORMAL_POSITION = 1, NORMAL_ENDBR = 2 };
struct normal {
	struct ptr_vec symbols; /* owns the symbols that were added */
	struct str_vec names;
};
/* Gives the extraction's symbols the canonical names. */
void normal_rename(struct object *extraction, const struct prove_request *rq,
		   const struct mapping_of_names *m, struct normal *n);
/* References to what is outside become references to undefined symbols of that name. like: a model
 * of another reading of the same file. */
void normal_detach(struct object *reference, struct model *like, const struct mapping_of_names *m,
		   struct normal *n);
void normal_apply(struct object *o, unsigned int what);
void normal_free(struct normal *n);

/* skeleton.c: what a function refers to, helpers included; independent of how it is compiled. */
struct skeleton {
	struct map refs;      /* text of a reference → 1 */
	struct map functions; /* key of each function that was counted in → 1 */
	struct str_vec owned;
};
void skeleton_make(struct model *model, struct entity *e, struct skeleton *s);
/* Counts a further function in. */
void skeleton_add(struct model *model, struct entity *e, struct skeleton *s);
void skeleton_free(struct skeleton *s);
/* How a constant in an instruction counts, or NULL: it does not. The caller's. */
char *skeleton_constant(uint64_t value, size_t size);

/*
 * Two skeletons of one function, brought to the same words: a helper that is called on one side and is
 * part of the code on the other is counted in on both. by_name: functions of model, the unit's.
 */
struct common {
	struct model *model;
	const struct map *by_name;
	struct skeleton s, t;
	struct map hidden; /* names of helpers that were counted in */
	/* The unit knows the values of constants (by name) that the source reaches by relocation: those of them that t
	 * refers to. */
	const struct map *constants;
	struct map known;
	struct str_vec owned;
};
void common_make(struct common *c);
/* The first three keys of a that b lacks, as text; NULL if there are none. The caller's. */
char *common_lacks(const struct common *c, const struct map *a, const struct map *b);
void common_free(struct common *c);

#endif
