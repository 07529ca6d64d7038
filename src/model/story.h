// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Counterexamples of the model (docs/model.md) as stories: which task ran which version of what, and what
 * the kernel did meanwhile.
 */
#ifndef SUTURE_MODEL_STORY_H
#define SUTURE_MODEL_STORY_H

#include <stdbool.h>

#include "base/str.h"

enum { STORY_FUNCTIONS = 4, STORY_TASKS = 8 };

/* What the functions of an instance are called; NULL: "function N". */
struct story_names {
	char *of[STORY_FUNCTIONS];
};

/* Reads the comments "name N NAME" of an instance's text (model/instance.h). Others are ignored. */
void story_names_read(const char *instance, struct story_names *names);
void story_names_free(struct story_names *names);
#define scoped_story_names __attribute__((cleanup(story_names_free)))

/*
 * Tells the story of a trail that spin replayed (`spin -k`): its lines "story: ..." become sentences, the
 * last one says what each task has on its stack. Lines that are not understood are skipped. Returns false,
 * and adds nothing, when there is no event in it.
 */
bool story_tell(const char *replay, const struct story_names *names, struct str *story);

#endif
