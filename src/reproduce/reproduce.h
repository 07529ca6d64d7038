// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reproduction: is the function that we compiled the one that runs? Each function of the rebuilt
 * original object is compared, instruction by instruction and reference by reference, with the
 * shipped vmlinux or module. What the comparison learns on the way is worth as much: which shipped
 * symbol each symbol of the object is, static variables with numbered names included.
 */
#ifndef SUTURE_REPRODUCE_REPRODUCE_H
#define SUTURE_REPRODUCE_REPRODUCE_H

#include "object/image.h"
#include "object/model.h"

enum repro_status {
	REPRO_UNKNOWN,
	REPRO_SAME,      /* the shipped function has the same instructions and references */
	REPRO_DIFFERENT, /* it differs: see why */
	REPRO_ABSENT,    /* the image has no such function */
};

struct reproduction {
	struct image *image;
	struct model *model;          /* of the rebuilt original object */
	int32_t file;                 /* vmlinux: the unit's STT_FILE group, -1 if none */
	enum repro_status *status;    /* by entity index; functions only */
	struct image_symbol **symbol; /* by entity index: the shipped symbol, or NULL */
	char **why;                   /* by entity index: for DIFFERENT, the first difference */
	size_t functions, same;
};

/*
 * Compares every function. source: "net/ipv4/tcp_input.c", to find the unit's local symbols.
 * Nothing here is an error: the result says what is the same. image and model must outlive it.
 */
void reproduce(struct model *model, struct image *image, const char *source,
	       struct reproduction *result);
void reproduction_free(struct reproduction *r);

/* The shipped symbol of an entity: what the comparison learned, else by name; NULL if unclear. */
struct image_symbol *reproduced_symbol(const struct reproduction *r, const struct entity *e);

#endif
