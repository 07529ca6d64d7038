// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Searches the model of the transition (docs/model.md) with spin: spin makes a checker, a C compiler builds
 * it, the checker visits the states. tcc where it is installed: its checkers are as fast as those of
 * cc -O0, and there in no time.
 */
#ifndef SUTURE_MODEL_SEARCH_H
#define SUTURE_MODEL_SEARCH_H

#include <stdbool.h>

#include "base/error.h"
#include "model/story.h"

enum search_kind {
	CHECK_SAFETY,   /* exhaustive */
	CHECK_LIVENESS, /* exhaustive, the formula "completes", weak fairness */
	CHECK_LONG,     /* exhaustive, compiled with optimisation */
	CHECK_BITSTATE, /* hashed states: may miss some; ends after some minutes */
};

struct search {
	const char *model;    /* directory with livepatch.pml */
	const char *switches; /* for the preprocessor of spin, as in a shell */
	enum search_kind kind;
	double timeout;       /* seconds */
};

struct search_result {
	char *violated;  /* property, "completes", "end state"; NULL: none */
	bool complete;   /* the whole state space was searched */
	bool timed_out;  /* it ended before that */
	double states, depth, cpu;
};

/* A file of model/, in the program itself. */
struct model_file {
	const char *name, *text;
};
extern const struct model_file model_files[];
extern const size_t model_file_count;

/* Why nothing can be searched here (a program is not installed); NULL: it can. */
const char *search_impossible(void);
/* What spin says its version is, the caller's; NULL: it does not run. */
char *search_version(void);
/* Writes the model's files into a directory. */
struct error *model_write(const char *dir);

/* Id Y3 when spin or the compiler fails. result->violated is the caller's. */
struct error *search_run(const struct search *s, struct search_result *result);
/* Searches breadth first for the shortest counterexample (CHECK_LIVENESS: for one), and tells it. Id Y3 when
 * there is none. */
struct error *search_story(const struct search *s, const struct story_names *names, struct str *story,
			   double *cpu);

#endif
