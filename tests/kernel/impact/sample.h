// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions chosen at random, changed for real, and held against what impact says of them. */
#ifndef SUTURE_TESTS_IMPACT_SAMPLE_H
#define SUTURE_TESTS_IMPACT_SAMPLE_H

#include "impact/impact.h"

struct sample {
	struct target *target;
	struct impact_index *index;
	uint64_t seed;
	uint64_t random; /* state; made anew for each function, so that none depends on those before */
	const char *log; /* results are appended to this file, and what it has is not done again; or NULL */
	bool verbose;
	bool blind; /* for the test of the test: only the body itself is looked at */
	/* results */
	size_t functions, skipped, units, changed;
	struct str_vec missed, extra; /* one line each */
	struct u32_vec extra_role;    /* enum impact_role of each extra */
	struct map logged;            /* what the log had: "C 17" → enum sample_fate */
	char *log_text;
};

/* Tries functions of C files (or of headers) until n were compared. */
struct error *sample_run(struct sample *s, size_t n, bool headers);
void sample_free(struct sample *s);

/* What became of a function that was chosen. */
enum sample_fate { SAMPLE_UNKNOWN, SAMPLE_COMPARED, SAMPLE_SKIPPED };

/* Takes over the results that the log has. */
struct error *sample_log_read(struct sample *s);
/* Appends what came after `before` was copied. */
struct error *sample_log_add(const struct sample *s, const struct sample *before, const char *key,
			     enum sample_fate fate, const char *name);

#endif
