// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The description that may accompany a fix: what a livepatch needs and no diff can say. The name of the
 * module, callbacks, states, code of its own (docs/description.md has the format, which is strict:
 * everything that is not understood is an error with file and line).
 */
#ifndef SUTURE_DESCRIPTION_DESCRIPTION_H
#define SUTURE_DESCRIPTION_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/vec.h"

/* include/linux/livepatch.h, struct klp_callbacks */
enum callback { PRE_PATCH, POST_PATCH, PRE_UNPATCH, POST_UNPATCH, NR_CALLBACKS };
/* "pre_patch", ... */
extern const char *const callback_names[NR_CALLBACKS];

/* [object NAME] */
struct described_object {
	char *name; /* "vmlinux", or a module as in /proc/modules */
	char *callbacks[NR_CALLBACKS]; /* functions of the code; NULL: none */
	size_t line;
};
DEFINE_VEC(described_object_vec, struct described_object)

/* [state ID] */
struct described_state {
	unsigned long id;
	unsigned int version;
	size_t line;
};
DEFINE_VEC(described_state_vec, struct described_state)

/*
 * [waive ID]: a finding that the author has looked at. [declare ID]: what no tool can see and the
 * author vouches for.
 */
struct described_waiver {
	char *id;     /* of a finding, "S9" */
	char *symbol; /* the finding's; NULL: a declaration for the whole fix */
	char *reason;
	bool declaration;
	size_t line;
};
DEFINE_VEC(described_waiver_vec, struct described_waiver)

/*
 * [together NAME]: functions that belong together, in this order. Whoever calls the first and then another
 * must meet versions of the same side of the fix.
 */
struct described_group {
	char *name;
	struct str_vec functions; /* at least two */
	size_t line;
};
DEFINE_VEC(described_group_vec, struct described_group)

struct description {
	char *path;
	char *name;  /* of the module, exactly; NULL: not given */
	int replace; /* 0, 1; -1: not given */
	char *code;  /* C file with the functions; NULL: none */
	char *init, *exit; /* functions around the module's life; NULL: none */
	struct described_object_vec objects;
	struct described_state_vec states;
	struct described_waiver_vec waivers; /* and declarations */
	struct described_group_vec groups;
};

/* Id L1: what is wrong in which line; Y1: the file cannot be read. The result is the caller's, also
 * after an error: description_free(). */
struct error *description_read(const char *path, struct description *description);
/* The same for text in memory; path: for messages, and where the name of the code file starts. */
struct error *description_parse(const char *path, const char *text, struct description *description);
void description_free(struct description *description);

#endif
