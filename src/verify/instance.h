// SPDX-License-Identifier: GPL-2.0-or-later
/* Instances of the model (model/instance.h) for a livepatch: their text, and what spin says of them. */
#ifndef SUTURE_VERIFY_INSTANCE_H
#define SUTURE_VERIFY_INSTANCE_H

#include "base/str.h"
#include "base/vec.h"
#include "model/search.h"

struct verification;
struct relations;

struct instance {
	struct str names;              /* of its functions, for stories: comments */
	struct str text;
	struct str switches;
	enum search_kind kind;
	char hash[65];                 /* of the model's files, the text and the switches; once it was searched */
	struct search_result result;
};

DEFINE_VEC(instance_vec, struct instance)

/*
 * The replaced functions as they call each other: whether any task ever mixes versions, or runs what may be
 * gone. More of them than RELATED are two that stand for all, and may do everything.
 */
void instance_safety(const struct verification *v, const struct relations *r, const char *extra,
		     struct instance *i);
/* Whether the transition ends; `stays`: one of them is never left. */
void instance_liveness(const char *stays, const char *extra, struct instance *i);
/* A caller and two functions that belong together. */
struct meeting {
	const char *first, *second, *caller;
	bool replaced; /* the caller too */
	bool sleeps;   /* between the two calls */
};
void instance_meeting(const struct meeting *m, const char *extra, struct instance *i);

/*
 * Fills hash and result. An instance that was searched before, here or by an earlier run (searched.h), is not searched
 * again; `again`: not by an earlier run. Id Y3.
 */
struct error *instance_search(struct instance_vec *known, bool again, struct instance *i);
void instances_free(struct instance_vec *known);
/* The counterexample, indented by `indent`. */
struct error *instance_story(struct instance *i, const char *indent, struct str *story);
void instance_free(struct instance *i);

#endif
