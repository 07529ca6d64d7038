// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * State that macros declare inside functions: whether a copy of it, which begins anew, does harm. A
 * table, since the macros that a kernel has are a list of facts.
 */
#ifndef SUTURE_FATE_STATE_H
#define SUTURE_FATE_STATE_H

#include <stdbool.h>

#include "base/finding.h"
#include "extract/fate.h"
#include "object/model.h"

struct state_rule {
	const char *name;    /* of the variable: fnmatch(3); NULL: any */
	const char *section; /* its section in the object: fnmatch(3); NULL: any */
	bool empty_only;     /* holds only for variables without size */
	enum fate fate;      /* COPY or REFUSE */
	const char *id;      /* of the finding, NULL: none is due */
	enum severity severity;
	const char *what;    /* completes "NAME in FUNCTION ..." */
	const char *source;  /* where the kernel declares it */
};

/*
 * e: the variable in the object, or NULL when it is not known which. empty: whatever the unit's object has
 * of that name has no size. The first row that fits; never NULL.
 */
const struct state_rule *state_rule_find(const char *name, const struct entity *e, bool empty);

#endif
