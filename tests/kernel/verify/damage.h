// SPDX-License-Identifier: GPL-2.0-or-later
/* Finished livepatch modules, damaged on purpose: one row of a table for each way. */
#ifndef SUTURE_TESTS_VERIFY_DAMAGE_H
#define SUTURE_TESTS_VERIFY_DAMAGE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A module in memory. The section headers point into data. */
struct ko {
	unsigned char *data;
	size_t size;
	Elf64_Shdr *sections;
	size_t nsections;
};

struct damage {
	const char *name;
	const char *expected; /* obligation that must be refuted */
	/* Damages the module, at a place that `random` chooses; false: it has nothing of that kind.
	 * *what, the caller's, says what was done. */
	bool (*apply)(struct ko *ko, const struct damage *row, uint32_t random, char **what);
	const char *section, *other; /* what apply() needs to know */
	long number;
};

extern const struct damage damages[];
extern const size_t damage_count;

/* Takes a copy of the file's bytes; room is left behind for longer strings. */
void ko_copy(const void *data, size_t size, struct ko *ko);
void ko_free(struct ko *ko);

#endif
