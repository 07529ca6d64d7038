// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What becomes of the names of a livepatch's source, told from the compiled unit and the shipped
 * kernel: what is exported stays plain, what has a symbol is reached through a livepatch relocation,
 * what the compiler inlined or cloned is copied, state is never silently begun anew.
 * docs/extract.md has the table of these rules.
 */
#ifndef SUTURE_FATE_BINARY_H
#define SUTURE_FATE_BINARY_H

#include "extract/fate.h"
#include "fate/reach.h"
#include "fate/replace.h"

struct fate_unit {
	struct model *model;            /* of the object that the text is that of: original or patched */
	const struct replacements *set;
	struct finding_vec *findings;
	struct finding_vec scratch;     /* what the resolver says about names that code never needs */
	struct resolver resolver;       /* a copy that speaks to scratch */
	struct reach reach;
	struct map functions;           /* name → plain function of model */
	struct map pointed;             /* index → data that holds a pointer to the function; made when asked for */
	bool pointed_known;
	bool refer;                     /* the caller's: what serves any caller is reached, not copied */
	struct map referable;           /* names of functions that this decides about */
	char *prefix;                   /* for labels of local symbols; NULL: no label is needed */
	/*
	 * What the replaced code refers to and does not bring along: names of the source, and of those
	 * that were asked for the names in the objects. Its strings live elsewhere.
	 */
	struct str_vec undefined;
	struct str_vec links;           /* owns names in the objects */
	struct str_vec calls;           /* trampolines of static calls that are called, owned */
	struct str_vec silenced;        /* tracepoints of a module, off in the livepatch */
	struct map said;                /* findings that were made: one each */
	struct str_vec keys;            /* owns the keys of said */
};

/*
 * model: of the original or patched object, both compared. prefix: not NULL when the livepatch has
 * several units, whose local symbols may have the same names. Applies the rules about special
 * sections (X1, X2, ...) to functions that are replaced without being changed. What is passed must
 * outlive the result; fate_unit_free().
 */
void fate_unit_init(struct fate_unit *u, struct model *model, const struct resolver *resolver,
		    const struct replacements *set, const char *prefix,
		    struct finding_vec *findings);
void fate_unit_free(struct fate_unit *u);

/* The same for a symbol that the compiled text turned out to refer to. name must outlive u. */
void fate_of_symbol(struct fate_unit *u, const char *name, struct name_fate *fate);

/* The name that the livepatch's objects use for a static call's trampoline; the caller's. */
char *fate_call_link(const char *trampoline);

/* A fate_of (extract/fate.h); arg: a struct fate_unit. Findings: S1, M21, M22, M23, D6, E1. */
void fate_of_binary(void *arg, const struct name_question *question, struct name_fate *fate);

/* Private to this directory. */
struct state_rule;
void fate_set(struct name_fate *fate, enum fate kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* A finding that is made once for each symbol. */
struct finding *fate_say(struct fate_unit *u, const char *id, enum severity severity,
			 const char *symbol, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* KLP or PLAIN for what a resolution says, REFUSE if it is none; frees it. */
void fate_reach(struct fate_unit *u, const struct name_question *q, struct resolution res,
		struct name_fate *fate, bool local);
void fate_of_variable(struct fate_unit *u, const struct name_question *q, struct name_fate *fate);
void fate_of_outside(struct fate_unit *u, const struct name_question *q, struct name_fate *fate);

#endif
