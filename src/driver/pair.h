// SPDX-License-Identifier: GPL-2.0-or-later
/* One unit on its way through the stages: objects, models, reproduction, resolver. */
#ifndef SUTURE_DRIVER_PAIR_H
#define SUTURE_DRIVER_PAIR_H

#include "diff/compare.h"
#include "diff/resolve.h"
#include "driver/build.h"
#include "units/units.h"

struct pair {
	const struct unit *unit;
	struct object *original, *patched;
	struct model *a, *b;
	struct reproduction repro;
	struct image *image; /* shared: belongs to the image cache */
	struct str_vec depends;
	struct resolver resolver;
};
DEFINE_VEC(pair_vec, struct pair)

/* Shipped images, opened once each. Zero-initialise; free with images_free(). */
struct images {
	struct map by_name; /* kernel object → struct image * */
};
struct error *images_get(struct images *images, struct target *target, const char *kobject,
			 struct image **image);
void images_free(struct images *images);

/* Reads both objects, correlates, compares, and holds the original against the shipped image. */
struct error *pair_open(struct pair *pair, const struct unit *unit, struct target *target,
			struct images *images, const struct exports *exports,
			const struct map *provided, struct finding_vec *findings);
void pair_close(struct pair *pair);

/*
 * Functions with constants that the kernel fills in at boot (runtime constants, x86 since 6.12)
 * cannot be carried over as compiled: the patched unit is compiled once more with those constants
 * as plain loads, and the functions that changed are taken from there.
 */
struct error *pair_avoid_runtime_constants(struct pair *pair, struct target *target,
					   const char *workdir, struct finding_vec *findings);

/* What became of every hunk. written: for each unit the path of its livepatch object, or NULL. */
struct error *pairs_account(const struct fix *fix, const char *srctree, const struct pair_vec *pairs,
			    const struct unit_vec *units, const struct ptr_vec *written,
			    struct hunk_account_vec *result, struct finding_vec *findings);

#endif
