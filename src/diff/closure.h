// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Closure by need: the livepatch object of one unit holds the changed and new functions, and what
 * they refer to that the running kernel does not have. Everything else is reached (resolve.h).
 */
#ifndef SUTURE_DIFF_CLOSURE_H
#define SUTURE_DIFF_CLOSURE_H

#include "diff/resolve.h"
#include "object/model.h"

/* A function of the running kernel that the livepatch replaces. */
struct replaced {
	char *kobject;
	char *name;          /* in the running kernel */
	unsigned int sympos;
	char *symbol;        /* of the new function, in the livepatch object */
	char *source;        /* unit: "net/ipv4/tcp_input.c" */
	char *why;           /* what changed first */
};
DEFINE_VEC(replaced_vec, struct replaced)

struct closure_stats {
	size_t functions_changed, functions_new, data_new, klp_symbols;
};

struct closure_request {
	struct model *original, *patched; /* correlated and compared */
	const struct resolver *resolver;
	const char *source;
	struct map *names;                /* names taken in the livepatch module; grows */
	struct replaced_vec *replaced;    /* grows */
	struct finding_vec *findings;
};

/*
 * Decides what goes in, applies the rules that can only be judged here (initialised data changed,
 * init code, per-cpu data, static keys of modules, special sections), and writes the object.
 * Refusals go to findings; the object is written only when there are none. *written tells whether
 * there was anything to write.
 */
struct error *closure_write(const struct closure_request *request, const char *path,
			    struct closure_stats *stats, bool *written);

void replaced_free(struct replaced_vec *list);

#endif
