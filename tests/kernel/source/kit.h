// SPDX-License-Identifier: GPL-2.0-or-later
/* For programs that extract functions of a target's units as they are. */
#ifndef SUTURE_TESTS_SOURCE_KIT_H
#define SUTURE_TESTS_SOURCE_KIT_H

#include "driver/source.h"

/* A unit beside itself, as `suture extract --function` has it. */
struct kit_unit {
	struct target *target;
	struct unit unit;
	struct pair pair;
	struct pair_vec pairs; /* of this pair alone */
	struct exports exports;
	struct images images;
	struct map provided;
	struct finding_vec findings;
};

struct error *kit_open(struct kit_unit *k, struct target *target, const char *source);
void kit_close(struct kit_unit *k);

/* Extracts and holds against the unit. source and findings are the caller's. */
struct error *kit_extract(struct kit_unit *k, const char *function, struct patch_source *source,
			  struct finding_vec *findings);

/* The worst class of all functions. */
enum prove_class kit_worst(const struct proof *proof);

#endif
