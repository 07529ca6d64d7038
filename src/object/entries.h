// SPDX-License-Identifier: GPL-2.0-or-later
/* Special section entries: cut apart by the table (special.h) and given to their functions. */
#ifndef SUTURE_OBJECT_ENTRIES_H
#define SUTURE_OBJECT_ENTRIES_H

#include "object/model.h"

/* Offsets in one section. */
DEFINE_VEC(places, uint64_t)
void places_sort(struct places *p);

/* Fills entity.entries of the whole model; id D5 for a section whose entries cannot be told apart. */
void entries_read(struct model *model);

#endif
