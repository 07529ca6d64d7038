// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/objects.h"

struct error *objects_open(const char *original, const char *other, struct objects *x)
{
	*x = (struct objects){ 0 };
	TRY(object_read(original, &x->o));
	TRY(object_read(other, &x->p));
	TRY(model_new(x->o, &x->findings, &x->a));
	TRY(model_new(x->p, &x->findings, &x->b));
	correlate(x->a, x->b);
	compare(x->a, x->b);
	return NULL;
}

void objects_close(struct objects *x)
{
	model_free(x->a);
	model_free(x->b);
	object_free(x->o);
	object_free(x->p);
	findings_free(&x->findings);
}
