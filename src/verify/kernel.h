// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel P that the fix gives, as far as it differs from the running kernel K: the units that the
 * fix reaches, compiled with and without it. Which entity of the one object is which of the other is
 * found out here, apart from what builders do (twin and change of the entities are set).
 */
#ifndef SUTURE_VERIFY_KERNEL_H
#define SUTURE_VERIFY_KERNEL_H

#include "reproduce/reproduce.h"
#include "units/units.h"
#include "verify/loader.h"

struct fixed_unit {
	const struct unit *unit;
	struct image *image;           /* the shipped object that the unit is part of */
	struct object *original, *patched;
	struct model *a, *b;           /* of original and patched */
	struct reproduction repro;     /* of a */
	struct object *plain_object;   /* patched, with runtime constants as loads; or NULL */
	struct model *plain;           /* compared in place of b where code has such constants */
};
DEFINE_VEC(fixed_unit_vec, struct fixed_unit)

struct fixed_kernel {
	struct fix fix;
	struct unit_vec units;
	struct fixed_unit_vec at;      /* those whose objects differ */
	struct finding_vec findings;   /* what compiling had to say */
	struct map globals;            /* name → entity that P adds, of all units */
};

/* Compiles, reads, pairs, compares. The result is to be freed in either case. */
struct error *fixed_kernel_make(struct target *target, char *const *fixes, size_t nfixes,
				const char *workdir, struct kernel_images *images,
				struct fixed_kernel *p);
void fixed_kernel_free(struct fixed_kernel *p);

/* The function of P that has the shipped symbol's place, and its unit; NULL: no unit has it. */
struct entity *fixed_function(const struct fixed_kernel *p, const struct image *image,
			      uint64_t place, struct fixed_unit **unit);

/* pairing.c: sets twin and change of all entities. fix: what was done to a; NULL: nothing known. */
void pair_models(struct model *a, struct model *b, const struct fix *fix);
/* declared.c: pairs what is ambiguous by where it is declared. True: some were. */
bool pair_declared(struct model *a, struct model *b, const struct fix *fix);
/* Does the entity have code or data that the kernel fills in at boot, and only there? */
bool has_runtime_constants(const struct entity *e);

#endif
