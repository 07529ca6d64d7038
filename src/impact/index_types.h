// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types of an index that is being made, as texts that are equal when the types are: typedefs are
 * resolved; struct, union and enum are known by their tag, and one without a tag by its typedef. Qualifiers
 * count in what a pointer points to, not in a parameter itself (C 2011, 6.7.6.3 p15); restrict never.
 */
#ifndef SUTURE_IMPACT_INDEX_TYPES_H
#define SUTURE_IMPACT_INDEX_TYPES_H

#include <elfutils/libdw.h>

#include "impact/index_build.h"

/* "void (struct timer_list *)": of a function, by the entry that has its parameters. A string. */
uint32_t types_prototype(struct index_builder *b, Dwarf_Die *function);

/* Type and size of a variable; false when they are not known. */
bool types_of_variable(Dwarf_Die *variable, Dwarf_Die *type, uint64_t *size);

/*
 * The member of a type that lies at an offset: the innermost struct or union that has a name, and the
 * path to the member from there: "struct irqaction", "handler". Strings; both "" when there is none.
 * memo: what is known of the types of this unit.
 */
void types_member(struct index_builder *b, struct map *memo, Dwarf_Die *type, uint64_t offset,
		  uint32_t *name, uint32_t *member);

#endif
