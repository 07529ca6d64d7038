// SPDX-License-Identifier: GPL-2.0-or-later
/* Finished livepatch modules, damaged on purpose: one row of a table for each way, a table for each kind. */
#ifndef SUTURE_TESTS_VERIFY_DAMAGE_H
#define SUTURE_TESTS_VERIFY_DAMAGE_H

#include "ko.h"

struct damage {
	const char *name;
	const char *expected; /* obligation that must be refuted */
	/* Damages the module, at a place that `random` chooses; false: it has nothing of that kind.
	 * *what, the caller's, says what was done. */
	bool (*apply)(struct ko *ko, const struct damage *row, uint32_t random, char **what);
	const char *section, *other; /* what apply() needs to know */
	long number;
};

/* Each ends with a row without name. */
extern const struct damage damages_of_relocs[], damages_of_symbols[], damages_of_code[],
	damages_of_entries[], damages_of_loader[];

#endif
