// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef SUTURE_UNITS_COMPARE_H
#define SUTURE_UNITS_COMPARE_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Do two relocatable objects put the same into memory? Compares all SHF_ALLOC sections in order
 * (name, type, flags, size, bytes), their relocations (by name of the symbol) and the symbols that
 * are defined in them or undefined. Debug information does not count. Id U16 when one cannot be
 * read.
 */
struct error *objects_identical(const char *a, const char *b, bool *identical);

#endif
