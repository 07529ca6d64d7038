// SPDX-License-Identifier: GPL-2.0-or-later
/* The code of the livepatch beside that of P, reference by reference. */
#ifndef SUTURE_VERIFY_FIDELITY_H
#define SUTURE_VERIFY_FIDELITY_H

#include "verify/kernel.h"
#include "verify/loader.h"

/* An entity of the livepatch that has to be one of P. */
struct claim {
	struct entity *mine, *theirs;
	struct fixed_unit *unit;
	const struct lp_function *function; /* for what the kernel is told to replace; else NULL */
};
DEFINE_VEC(claim_vec, struct claim)

/* Where the statements of the obligations go. */
struct fidelity {
	struct livepatch *lp;
	struct fixed_kernel *p;
	struct kernel_images *images;
	const struct exports *exports;
	struct finding_vec *code, *targets, *data, *later; /* O3, O4, O5, O12 */
	struct claim_vec claims;  /* grows while they are looked at */
	struct map of_mine;       /* index of the livepatch's entity + 1 → claim's number + 1 */
	struct map of_theirs;     /* the entity of P (as a number) → claim's number + 1 */
	size_t references, functions, objects, equivalent;
};

/* Compares all that the livepatch replaces, and all that this leads to. */
void fidelity_check(struct fidelity *f);
void fidelity_free(struct fidelity *f);
/* Is this entity of the livepatch one of P? */
bool fidelity_claimed(const struct fidelity *f, const struct entity *mine);
/* The model of P that is compared with. */
struct model *fixed_model(const struct fixed_unit *u);

/* Where a reference of P leads to in the shipped kernel. */
struct target_place {
	const struct image *image; /* NULL: to nothing that is shipped */
	uint64_t place;
	bool absent;               /* weak, and nobody has it */
	struct entity *entity;     /* of P, of this or another unit; NULL */
	struct fixed_unit *unit;
	int64_t offset;            /* from the entity */
	char *why;                 /* neither image nor entity nor absent */
};
/* likeness.c: do two functions that differ look like two compilations of the same? */
bool fidelity_alike(struct fidelity *f, const struct claim *c);
/* inlined.c: the same, when helpers that one of them has in line are counted in? */
bool fidelity_alike_inlined(struct fidelity *f, const struct claim *c);
struct comparison;
/* equivalence.c: do two functions that differ do the same? What c->same() says of references has been
 * said then. False: *why (the caller's, may be NULL) says what was in the way. */
bool fidelity_equivalent(struct fidelity *f, const struct claim *claim, struct comparison *c, char **why);
/* What a reference leads to, in words that are the same on both sides; the caller's. */
char *fidelity_my_target(const struct fidelity *f, const struct ref *ref);
char *fidelity_their_target(const struct fidelity *f, struct fixed_unit *u, const struct ref *ref);

struct target_place fixed_target(const struct fidelity *f, struct fixed_unit *u, const struct ref *ref);

#endif
