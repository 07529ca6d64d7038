// SPDX-License-Identifier: GPL-2.0-or-later
/* Two objects of one unit side by side: read, correlated, compared. */
#ifndef SUTURE_DIFF_OBJECTS_H
#define SUTURE_DIFF_OBJECTS_H

#include "diff/compare.h"

struct objects {
	struct object *o, *p;
	struct model *a, *b; /* of the original, of the other one */
	struct finding_vec findings;
};

/* Close it also after an error. */
struct error *objects_open(const char *original, const char *other, struct objects *x);
void objects_close(struct objects *x);
#define scoped_objects SCOPED(objects_close)

#endif
