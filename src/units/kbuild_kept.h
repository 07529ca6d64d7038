// SPDX-License-Identifier: GPL-2.0-or-later
/* Answers of dry runs, kept in the target's cache: one file a goal; for kbuild.c alone. */
#ifndef SUTURE_UNITS_KBUILD_KEPT_H
#define SUTURE_UNITS_KBUILD_KEPT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "target/target.h"
#include "units/kbuild_run.h"

/*
 * Stands for all that decides about the answer for a goal; asked for before make is, so that what changes
 * meanwhile makes the answer stale.
 */
uint64_t kept_key(const struct target *t, const struct kbuild *k, const char *goal);

/* Adds what is kept for a goal to `out`; false when there is nothing, or it is stale or damaged. */
bool kept_answer(const struct kbuild *k, const char *goal, uint64_t key, struct str *out);

/* Keeps the lines that make printed for a goal. What cannot be kept is asked for again: no error. */
void kept_store(const struct kbuild *k, const char *goal, uint64_t key, const char *lines);

#endif
