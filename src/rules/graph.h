// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who calls the replaced functions: the call graph of the shipped kernel object (impact/index.h), asked
 * upwards, from a function to those that call it. Seen are direct calls, jumps to other functions,
 * functions whose address the code hands to a registrar, and pointers of which a table knows who calls
 * them (known.h). A function that is exported, that other data points to, or whose address the code takes
 * for anything else may be called by others: the answer says so. Callers in init code have run and do not
 * count; addresses that init code has taken do.
 */
#ifndef SUTURE_RULES_GRAPH_H
#define SUTURE_RULES_GRAPH_H

#include "rules/check.h"
#include "rules/known.h"

/* A function of a shipped object, in all ways that it can be asked for. */
struct graph_node {
	struct image *image;
	const struct index_part *part;
	uint32_t object, symbol; /* numbers in the part */
};

/* *found is false when the object has no such function with code. */
struct error *graph_find(struct check *c, const struct replaced_symbol *r, struct graph_node *node,
			 bool *found);
void graph_close(struct check *c);

const char *graph_name(const struct graph_node *node);
/* The function's symbol in the image; NULL if there is none. */
const struct image_symbol *graph_image_symbol(const struct graph_node *node);

/* A place where a function's address is handed to a registrar. */
struct registration {
	const char *in;    /* the function that does it; belongs to the index */
	uint64_t offset;   /* of the instruction with the address, in it */
	const char *callee;
	const struct registrar *registrar;
	char name[32];     /* that the thread gets, "kcompactd%d"; "" if that is not a constant */
};
/* The first registrar of this kind that gets the function's address, in the argument that it calls. */
bool graph_registration(const struct graph_node *node, enum known_kind kind, struct registration *where);

/* How others call a function by pointer. */
enum pointer_use {
	POINTER_NONE, /* nobody has its address */
	POINTER_KIND, /* only as the table says: *row */
	POINTER_OTHER,
};
/* registered: it is handed to a registrar of this kind. *why: POINTER_OTHER: what has the address. */
enum pointer_use graph_pointer_use(const struct graph_node *node, enum known_kind kind, bool registered,
				   const struct known_pointer **row, const char **why);
/* Where the address is, "struct timer_list.function of console_timer", or code; the caller's. */
char *graph_pointer_place(const struct graph_node *node);
/* The same as a sentence, and by what prototype it is called. */
char *graph_pointer_text(const struct graph_node *node, const struct known_pointer *row);

/* Where a chain of calls begins: a function known by name, registered, or called by pointer. */
struct graph_root {
	const char *what; /* "an interrupt's handler"; NULL: it is none */
	struct registration where; /* registrar NULL: not registered */
	char *pointer;    /* graph_pointer_text(), NULL: not called by pointer */
};
/* Is the function itself such a beginning, by its registration or by pointer? root->pointer is the caller's. */
bool graph_called_by_pointer(const struct graph_node *node, enum known_kind kind, struct graph_root *root);

struct graph_answer {
	char *chain;         /* "root > a > function": a shortest one; NULL: no root */
	struct graph_root root;
	const char *other;   /* a function above it, or itself, that somebody else may call; NULL: none */
	const char *why;     /* what makes it so: "exported", "data points to it" ... */
};
/* From the function up to the beginnings of this kind. only: the question is whether nobody else calls it;
 * the search ends when it meets somebody. */
void graph_search(struct check *c, const struct graph_node *node, enum known_kind kind, bool only,
		  struct graph_answer *answer);
void graph_answer_free(struct graph_answer *answer);

/* Calls visit() for each function that this one calls or jumps to, in the same object. */
typedef void graph_visit(struct check *c, const struct graph_node *callee, void *arg);
void graph_each_callee(struct check *c, const struct graph_node *node, graph_visit *visit, void *arg);

#endif
