// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instances of the model that were searched before: CACHE/models/HASH. Most livepatches have one of a few shapes, and
 * two searches cost more than the comparison of one function. Only searches of the whole state space in which no
 * property was violated are kept: a counterexample is wanted with its story.
 */
#ifndef SUTURE_VERIFY_SEARCHED_H
#define SUTURE_VERIFY_SEARCHED_H

#include "model/search.h"

/* `key`: text that the answer depends on. False: not known, or the file is damaged. */
bool searched_before(const char *key, struct search_result *result);
/* What cannot be written is searched again the next time. */
void searched_now(const char *key, const struct search_result *result);

#endif
