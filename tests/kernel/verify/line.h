// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The stages of a build, one by one, with a hand in between: modules that are well formed, load, and have
 * a fault that no damage of bytes would give. No rule that would refuse such a fix is asked.
 */
#ifndef SUTURE_TESTS_VERIFY_LINE_H
#define SUTURE_TESTS_VERIFY_LINE_H

#include "driver/pair.h"

struct line {
	struct target *target;
	struct fix fix;
	struct unit_vec units;
	struct exports exports;
	struct images images;
	struct pair_vec pairs;
	struct map provided, names;
	struct replaced_vec replaced;
	struct str_vec objects;
	struct finding_vec findings;
	char *workdir;
	size_t touched; /* how many things a hand has changed */
};

/* Where a hand may come in; either may be NULL. */
struct hand {
	void (*compared)(struct line *line, const char *what);  /* changes are known */
	void (*collected)(struct line *line, const char *what); /* the list of what is replaced, too */
};

/* Builds the patch's text into `to`. hand: NULL for a livepatch that is right. *touched: see above. */
struct error *line_build(struct target *target, const char *patch, const struct hand *hand,
			 const char *what, const char *to, size_t *touched);

/* Things that are done to a livepatch. */
extern const struct hand forget_function, forget_unit, reuse_cold, fresh_variable, drop_replaced,
	other_object;

#endif
