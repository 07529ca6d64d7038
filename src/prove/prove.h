// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Does the source of a livepatch mean what the kernel's own source means? The source is compiled with
 * the unit's recorded flags, and each function of the result is held against the function of the
 * whole unit's object: instructions, and what references lead to, with annotated names taken for what
 * they stand for. Differences that come from where the code stands are explained and counted.
 */
#ifndef SUTURE_PROVE_PROVE_H
#define SUTURE_PROVE_PROVE_H

#include "diff/resolve.h"
#include "fate/replace.h"
#include "object/model.h"
#include "target/target.h"
#include "units/command.h"

/* ---- compiling ---- */

struct prove_compile {
	struct target *target;
	const struct command *command; /* of the unit */
	const char *text;
	const char *include_dir;       /* holds suture/livepatch.h */
	const char *workdir;
	const char *name;              /* of the files in workdir */
	const char *const *flags;      /* further ones, NULL-terminated; or NULL */
};

/*
 * Compiles with the unit's flags, in one run of the compiler. *object: path of the result, the
 * caller's; NULL when it does not compile: *output then says why. *output: what the compiler said,
 * the caller's.
 */
struct error *prove_compile(const struct prove_compile *rq, char **object, char **output);

/* ---- comparing ---- */

struct prove_request {
	const char *reference;            /* object of the whole unit, original or patched */
	struct model *model;              /* of the reference, as the pair has it */
	struct model *like;               /* of the reference, where that is another object; or NULL */
	const char *extraction;           /* object compiled from the livepatch's source */
	const struct replacements *set;
	const struct resolver *resolver;
	bool patched;                     /* the reference is the patched object */
	bool silenced;                    /* tracepoints are off in the livepatch */
	struct finding_vec *findings;
};

enum prove_class {
	PROVE_IDENTICAL,  /* instructions and references */
	PROVE_POSITION,   /* but for file and line of WARN_ON() and BUG() */
	PROVE_ENDBR,      /* but for the ENDBR of a function that is no longer static */
	PROVE_REGISTERS,  /* the same references, constants included, in other instructions */
	PROVE_INLINING,   /* the same when helpers are counted to their callers */
	PROVE_ALONE,      /* the same when both are compiled without interprocedural optimisation */
	PROVE_TRACEPOINT, /* but for tracepoints of the module, which are off in the livepatch */
	PROVE_UNEXPLAINED,
	PROVE_CLASSES
};

struct proof {
	size_t functions; /* of the source's object, cold parts not counted */
	size_t count[PROVE_CLASSES];
	size_t exported, annotated; /* undefined symbols */
	struct str_vec exports;     /* names of the former; the caller's */
	struct str_vec lines; /* "FUNCTION: class: detail" for all that is not identical */
	struct str_vec compared;    /* functions that both have, without ".constprop.0" and the like */
	struct str_vec unexplained; /* of them, in the order of their lines */
};

/*
 * Findings: M33 (an undefined symbol that is neither
 * exported nor annotated), M34 (a replaced function is missing), K4. Errors: D1, D2, D3.
 */
struct error *prove(const struct prove_request *rq, struct proof *proof);
/* Flags for a second look: without them a compiler knows of other functions what their callers and callees are. */
extern const char *const prove_alone_flags[];
/*
 * again: the proof of the same text and unit, both compiled with these flags. What is explained there is PROVE_ALONE in
 * proof. Nothing is, if anything is left open there.
 */
void prove_second_look(struct proof *proof, const struct proof *again);
/* M30 for each difference that is not explained. */
void prove_report(const struct prove_request *rq, const struct proof *proof);
void proof_free(struct proof *proof);
const char *prove_class_name(enum prove_class class);

/* Is every function that the comparison of the whole unit reports as changed replaced, by itself or
 * by what calls it? M34 for each that is not. */
void prove_coverage(struct model *original, const struct replacements *set,
		    const struct resolver *resolver, struct finding_vec *findings);

#endif
