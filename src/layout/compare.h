// SPDX-License-Identifier: GPL-2.0-or-later
/* Comparison of types of the original with types of the patched object. */
#ifndef SUTURE_LAYOUT_COMPARE_H
#define SUTURE_LAYOUT_COMPARE_H

#include "base/str.h"
#include "layout/dwarf.h"

struct compare {
	const struct dwarf_unit *old, *new;
	struct map pairs; /* (old index, new index) → SAME_* of compare.c */
};
void compare_free(struct compare *c);
#define scoped_compare __attribute__((cleanup(compare_free)))

/*
 * Have both types the same representation and meaning, as far as the compiler is concerned?
 * Qualifiers and typedef names do not matter. Structs, unions and enums of the same name count as
 * the same: they are compared by themselves.
 */
bool same_type(struct compare *c, uint32_t old, uint32_t new);

/* What differs between two structs, unions or enums. */
struct difference {
	struct str text;    /* the first few, "member 'x' ..., member 'y' ..." */
	unsigned int n;	    /* all */
	unsigned int added; /* members or enumerators that are new and disturb no old one */
	unsigned int moved; /* members whose offset is another, nothing else */
	bool resized;	    /* only the size (or alignment) is another */
};
void difference_free(struct difference *d);

/* Fills d (zeroed by the callee); d->n is 0 when there is no difference that matters. */
void compare_aggregate(struct compare *c, uint32_t old, uint32_t new, struct difference *d);
void compare_enum(struct compare *c, uint32_t old, uint32_t new, struct difference *d);

#endif
