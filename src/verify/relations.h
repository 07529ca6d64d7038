// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the model of the transition has to know of the replaced functions (model/instance.h): who may call
 * whom, who may sleep, who never returns; and of a function that calls two of them, what may happen
 * between the two calls. Whatever the call graph does not say for certain counts as possible.
 */
#ifndef SUTURE_VERIFY_RELATIONS_H
#define SUTURE_VERIFY_RELATIONS_H

#include "impact/index.h"
#include "verify/parts.h"

enum { RELATED = 4 }; /* functions that are looked at one by one */

/* A symbol of the index. */
struct place {
	const struct index_part *part; /* NULL: the index does not have it */
	uint32_t symbol;
};
DEFINE_VEC(place_vec, struct place)

enum stays { RETURNS, MAY_STAY, NEVER_RETURNS };

struct relations {
	size_t n;                      /* replaced functions; more than RELATED: calls and sleeps are not filled */
	struct place *place;           /* of the shipped ones */
	bool calls[2][RELATED][RELATED]; /* version 0 (shipped) or 1 (new) of the first may reach the second */
	bool sleeps[2][RELATED];
	bool pointers[2][RELATED];     /* it calls through pointers, or what is not in the index */
	enum stays *stays;
	const char **why_stays;        /* static */
};

void relations_find(struct verification *v, const struct impact_index *index, struct relations *r);
void relations_free(struct relations *r);

/* Where the index has a place of a shipped object. */
struct place index_place(const struct impact_index *index, const struct image *image, uint64_t place);

/* How a function's code can get from a call of the one to the next call of the other. */
enum between {
	NOTHING_BETWEEN, /* nowhere, or past nothing that sleeps */
	MAYBE_BETWEEN,   /* past a call that may sleep, or that nothing is known of */
	SLEEP_BETWEEN,   /* past a call of a function that sleeps */
};
/* *how is the caller's: offsets and names of the three calls, or NULL. */
enum between between_calls(const struct impact_index *index, const struct image *image,
			   const struct image_symbol *caller, uint64_t first, uint64_t second, char **how);

/* Is the function's address anywhere in the data or code of the linked kernel? */
bool address_is_taken(const struct image *vmlinux, struct place f, uint64_t place);

/* sleepers.c: does a function of this name sleep wherever it is called; surely not; or leads it anywhere? */
bool name_sleeps(const char *name);
bool name_never_sleeps(const char *name);
bool name_is_pointer_call(const char *name);
/* May what begins there sleep, calls through pointers included? */
bool may_sleep(const struct impact_index *index, struct place start);

#endif
