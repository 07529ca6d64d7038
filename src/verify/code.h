// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two pieces of machine code, or of data, from different objects: are they the same but for where they
 * stand? What references lead to is for the caller to judge.
 */
#ifndef SUTURE_VERIFY_CODE_H
#define SUTURE_VERIFY_CODE_H

#include "object/model.h"

/* A reference of the one beside that of the other, and where. */
struct ref_pair {
	const struct ref_site *x, *y;
	uint64_t x_at, y_at;       /* offset of the instruction, or field, in its entity */
	bool branch;
};

struct comparison {
	struct model *mx, *my;
	struct entity *x, *y;
	/* Do both lead to the same? */
	bool (*same)(struct comparison *c, const struct ref_pair *pair);
	void *arg;
	char *why;                 /* the first difference, the caller's */
	bool lost_entry;           /* it is one of a special section */
	bool elsewhere;            /* same, but what a message or WARN() says of its file and line */
	bool landing;              /* x may begin with an endbr64 that y has not */
};

/* Code, special section entries included; or data. False: c->why says what differs first. */
bool same_function(struct comparison *c);
bool same_data(struct comparison *c);
/* entries.c: descriptors of pr_debug() but for modname, filename and lineno. */
bool same_descriptor(struct comparison *c);
/* entries.c, part of same_function(). at: corresponding places, see below. */
bool same_entries(struct comparison *c);

/*
 * Instructions of a function that count: NOPs that only pad do not. Places in two functions correspond
 * when they have the same number.
 */
struct items {
	struct entity *e;
	const struct insn_vec *insns;
	struct u32_vec index;      /* in insns */
};
void items_make(struct entity *e, struct items *items);
void items_free(struct items *items);
/* Of both functions of a comparison. */
void items_pair(const struct comparison *c, struct items *p, struct items *q);
/*
 * A number for an offset: that of the item there, or next behind padding; in the middle of an instruction
 * another one than at its start. -1: not inside the code.
 */
long items_number(const struct items *items, int64_t offset);

/* Out-of-line code that a function jumps to (.altinstr_aux): does a reference lead there, and is what two
 * lead to the same? */
bool to_slice(const struct ref *ref);
bool same_slices(struct comparison *c, const struct ref *r, const struct ref *s);

/* Is this entry one that has to be the same? Not those that objtool makes afresh. */
bool entry_counts(const struct special_entry *entry);
/* Offset in the function that the entry is about; -1 if none. */
int64_t entry_place(const struct entity *e, const struct special_entry *entry);
/* Replacement code, and stretches of entries: references in the order of their places. */
bool same_stretch(struct comparison *c, struct ref_site_vec *p, struct ref_site_vec *q, uint64_t at);

#endif
