// SPDX-License-Identifier: GPL-2.0-or-later
/* Faults held against the verifier: what came of each way, and a random sample of them for the guest. */
#ifndef SUTURE_TESTS_VERIFY_CAMPAIGN_H
#define SUTURE_TESTS_VERIFY_CAMPAIGN_H

#include <stdint.h>

#include "base/vec.h"
#include "verify/verify.h"

/* One way of being wrong, with what came of it. */
struct way {
	const char *name;
	const char *expected; /* obligation that must be refuted */
	unsigned int tried, refuted, elsewhere, rejected, missed;
};
DEFINE_VEC(way_vec, struct way)

/* One module with a fault. */
struct fault {
	const char *way, *expected;
	const char *witness;  /* what the refutation must name; NULL: anything */
	const char *what;     /* was done */
	const char *fix;
	const char *target;
	const char *right;    /* the module without the fault; NULL: there is none */
	const char *script;   /* path of a script that shows the fix, or NULL */
	const char *module;   /* of the target, that the guest needs; or NULL */
};

/* A fault of the sample; strings are its own. */
struct sampled {
	char *way, *what, *fix, *target, *right, *script, *module;
	char *file;           /* the module with the fault */
	char *said;           /* the obligation that refuted it, and its first words */
	char *seen;           /* in the guest */
};
DEFINE_VEC(sampled_vec, struct sampled)

struct campaign {
	struct way_vec ways;
	char *workdir;
	bool talk;
	unsigned int livepatches, wrong;
	/* the sample */
	size_t wanted;
	uint32_t random, seen;
	struct sampled_vec sample;
};

uint32_t random_next(uint32_t *state);

/* The certificate of a livepatch that is right: nothing refuted, nothing of O1 to O7 open. */
void campaign_must_hold(struct campaign *c, const struct certificate *certificate, const char *fix);
/* Holds a module with a fault against the verifier, and counts. */
struct error *campaign_try(struct campaign *c, struct verifier *verifier, const char *module,
			   const struct fault *fault);
/* A way that has been offered, tried or not: the table names it. */
struct way *campaign_way(struct campaign *c, const char *name, const char *expected);
/* The table of ways; false: a fault was missed, or refuted elsewhere. */
bool campaign_print(const struct campaign *c, FILE *out, bool markdown);
void campaign_free(struct campaign *c);

/* guest.c: boots all of the sample, and says in `seen` what the guest shows. */
struct error *guest_boot_sample(struct campaign *c);
void guest_print(const struct campaign *c, FILE *out);

#endif
