// SPDX-License-Identifier: GPL-2.0-or-later
/* One unit under accounting: its objects, and what became of its functions. Internal to
 * src/account. */
#ifndef SUTURE_ACCOUNT_VIEW_H
#define SUTURE_ACCOUNT_VIEW_H

#include "account/attribute.h"
#include "account/code.h"
#include "object/object.h"

enum side { OLD, NEW };

struct view {
	const struct account_unit *unit;
	const struct source_file **sources; /* those that the unit reads, as in files */
	size_t nsources;
	struct facts_vec *facts;
	struct finding_vec *findings;
	struct code_file_vec files[2];
	struct code code[2];
	struct object *objects[2]; /* read when first asked for */
	struct map entities[2];	   /* name in the original, patched object → account_entity */
	struct str_vec livepatch;  /* functions and data of the livepatch object */
	struct map in_livepatch;
	const struct account_entity **of_symbol[2]; /* by index of the symbol, NULL: none */
	struct map explained;			    /* names of changed functions */
	bool refused;				    /* by an earlier stage */
};

/* Reads what there is to read of the unit; view_free() in either case. */
struct error *view_open(struct view *v, const struct source_file *sources, size_t nsources);
void view_free(struct view *v);

struct facts *find_facts(struct view *v, const struct source_file *source, size_t hunk);

/* Is the function or data object in the livepatch? After refusals no livepatch object is written:
 * what would have been in it counts. */
bool is_delivered(const struct view *v, const char *name);

/* What the comparison knows of the function that the symbol is, or NULL. */
const struct account_entity *entity_of(struct view *v, enum side side, uint32_t symbol);

/* The hunk has to do with this function. direct: with the function itself, not something inlined.
 */
void credit(struct view *v, struct facts *f, const struct account_entity *e, bool direct);
/* The same for a symbol; returns whether the function changed. */
bool credit_symbol(struct view *v, struct facts *f, enum side side, uint32_t symbol, bool direct);

/* The text of a file (by its index in files) on one side, and what stands where in it. */
const struct source_text *text_of(const struct view *v, enum side side, uint32_t file);
size_t hunk_of(const struct view *v, enum side side, uint32_t file, size_t line); /* + 1; 0: none */
uint32_t block_at(const struct view *v, enum side side, uint32_t file, size_t line);
/* First line of the text with the compiler's number; the others follow with next_line(). */
size_t first_line(const struct view *v, enum side side, uint32_t file, size_t number);
size_t next_line(const struct view *v, enum side side, uint32_t file, size_t line);

/* Credits changed functions that no line of a hunk explains, or notes them (A2). */
void blame_others(struct view *v);

#endif
