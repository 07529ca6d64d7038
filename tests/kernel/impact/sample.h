// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions chosen at random, changed for real, and held against what impact says of them. */
#ifndef SUTURE_TESTS_IMPACT_SAMPLE_H
#define SUTURE_TESTS_IMPACT_SAMPLE_H

#include "impact/impact.h"

struct sample {
	struct target *target;
	struct impact_index *index;
	uint64_t random;
	bool verbose;
	bool blind; /* for the test of the test: only the body itself is looked at */
	/* results */
	size_t functions, skipped, units, changed, misses, extras;
	size_t extras_by_role[IMPACT_ROLES];
	struct str_vec missed, extra; /* one line each */
};

/* Tries functions of C files (or of headers) until n were compared. */
struct error *sample_run(struct sample *s, size_t n, bool headers);
void sample_free(struct sample *s);

#endif
