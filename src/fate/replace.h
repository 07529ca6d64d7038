// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Which functions of the source does a livepatch replace? Those whose code the fix changes, as the
 * two compiled objects say; and where the code that changed is a clone (.isra, .constprop, .part),
 * which a source cannot name, the functions that call it, up to such as have a symbol of their own.
 */
#ifndef SUTURE_FATE_REPLACE_H
#define SUTURE_FATE_REPLACE_H

#include "diff/resolve.h"
#include "object/model.h"

struct replacement {
	char *name;              /* in the source; the shipped symbol has the same */
	char *new_name;          /* of the copy in the livepatch */
	struct entity *original; /* of the original object */
	unsigned int sympos;
	char *why;
	bool itself;             /* its own code differs; else that of a clone it calls */
};
DEFINE_VEC(replacement_vec, struct replacement)

struct replacements {
	struct replacement_vec list; /* in the order of the object */
	struct map by_name;          /* name → index + 1 */
};

/*
 * original: compared with the patched one. Functions that are added on behalf of a clone are held against the same
 * rules as those that differ themselves (policy_for_root()); what cannot be replaced is a finding:
 * M20 (a changed clone is reached by a pointer), R1, F1, ...
 */
void replacements_of_fix(struct model *original, const struct resolver *r,
			 struct finding_vec *findings, struct replacements *set);

/*
 * One function that the user named, replaced as it is. original: compared with itself. Id M24 when the unit's object has no function
 * of that name: the message says what became of it.
 */
struct error *replacements_of_function(struct model *original, const struct resolver *r,
				       const char *name, struct finding_vec *findings,
				       struct replacements *set);

void replacements_free(struct replacements *set);
const struct replacement *replacements_find(const struct replacements *set, const char *name);

/* Length of a symbol's name without what the compiler puts behind it: "f.isra.0" is "f". */
size_t source_name_length(const char *symbol);
/* Is it a clone: a function that the source has no name for? (A .cold part is none.) */
bool is_clone(const struct entity *e);
/* __do_sys_x, __se_sys_x: replaced at the entries that call it. */
bool is_inside_system_call(const struct entity *e);

#endif
