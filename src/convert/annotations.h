// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the author of a livepatch says about an undefined symbol: which object, which of several of
 * that name, at whose coming the relocation is to be applied. Four ways of writing it down
 * (docs/convert.md): include/suture/livepatch.h, klp-convert's .klp.module_relocs sections, its
 * .klp.sym.rela names, and the names that the build stage uses.
 */
#ifndef SUTURE_CONVERT_ANNOTATIONS_H
#define SUTURE_CONVERT_ANNOTATIONS_H

#include <stdbool.h>

#include "base/finding.h"
#include "base/vec.h"
#include "object/object.h"

#define SUTURE_KLP_SECTION ".suture.klp"
#define KLP_MODULE_RELOCS ".klp.module_relocs."
#define KLP_SYM_RELA ".klp.sym.rela."

struct annotation {
	char *object;	       /* of the symbol; NULL: there is no annotation */
	char *name;	       /* the symbol's name there */
	char *patched;	       /* object at whose coming it is relocated; NULL: the symbol's own */
	unsigned int position; /* 0: the name is unique there */
};

struct annotations {
	struct annotation *at; /* one for each symbol of the module */
	size_t n;
	bool *drop; /* one for each section: it holds annotations and nothing else */
};

/* Reads them all. What is malformed or contradictory becomes a refusal K4. */
void annotations_read(const struct object *object, struct annotations *annotations,
		      struct finding_vec *findings);
void annotations_free(struct annotations *annotations);

#endif
