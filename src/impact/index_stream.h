// SPDX-License-Identifier: GPL-2.0-or-later
/* All modules of a target, one pass; for index_make.c alone. */
#ifndef SUTURE_IMPACT_INDEX_STREAM_H
#define SUTURE_IMPACT_INDEX_STREAM_H

#include "impact/index_build.h"
#include "target/target.h"

/* Adds every module with its DWARF. Ids T9 (damaged package), D1, D2. */
struct error *index_stream_modules(struct target *target, struct index_builder *b);

#endif
