// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The probe: which functions of a unit rely on the body of F, by contracts that the compiler made
 * without a word? The unit is compiled once more with F cut off from its callers (attribute noipa
 * on a declaration behind everything else); every function that then looks different depends on F,
 * and if F itself does, F depends on its callers. Switching single optimisations off, with and
 * without F cut off, gives dependences a name.
 */
#ifndef SUTURE_IMPACT_PROBE_H
#define SUTURE_IMPACT_PROBE_H

#include "base/finding.h"
#include "impact/clones.h"
#include "impact/variants.h"

/* An optimisation between functions, and how it is switched off. */
struct ipa_option {
	const char *name;  /* for people */
	const char *flag;  /* of gcc */
	unsigned int since; /* first gcc that knows the flag */
	const char *effect; /* what a dependent function does on the strength of it */
};
extern const struct ipa_option ipa_options[];
extern const size_t ipa_option_count;

enum dependence {
	DEPENDS_INLINED,    /* has a copy of the body */
	DEPENDS_CONVENTION, /* calls a clone, which takes its parameters in the compiler's own way */
	DEPENDS_CONTRACT,   /* relies on something that the compiler found out about the body */
};

/* A function of the rebuilt unit that changes when F is cut off. */
struct dependent {
	char *name;
	enum dependence how;
	char *via;   /* the clone it calls; NULL otherwise */
	char *why;   /* the first difference */
	struct u32_vec options; /* numbers in ipa_options that make it depend on F */
	bool named;  /* options were looked for */
};
DEFINE_VEC(dependent_vec, struct dependent)

struct probe {
	struct dependent_vec dependents;
	struct str_vec copies;  /* clones of F in the rebuilt unit */
	struct str_vec facts;   /* what the compiler says it found F to be: "noreturn", "pure" */
	char *self;             /* F itself changes: the first difference; NULL: it does not */
	struct u32_vec self_options;
	bool self_named;
	char *impossible;       /* why it could not be probed, NULL: it was */
	bool dumps;             /* the compiler told about its clones */
	double cpu;             /* seconds of the compiler */
};

/*
 * Probes one function. name_contracts: also find out which optimisation it is (two compiler runs
 * for each that is tried). That the probe is not possible is no error: probe->impossible says why.
 */
struct error *probe_run(const struct variant_source *source, const char *function,
			bool name_contracts, struct probe *probe);
void probe_free(struct probe *probe);

#endif
