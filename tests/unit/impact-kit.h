// SPDX-License-Identifier: GPL-2.0-or-later
/* What the tests of optimisations share: the compilers, and small units for the probe. */
#ifndef SUTURE_TESTS_IMPACT_KIT_H
#define SUTURE_TESTS_IMPACT_KIT_H

#include "diff-kit.h"
#include "impact/variants.h"

enum compilers { GCC11 = 1, GCC12 = 2, GCC = GCC11 | GCC12, CLANG = 4, ALL = GCC | CLANG };

struct compiler {
	const char *program;
	enum compilers bit;
};
extern const struct compiler compilers[3];

/* The text as a unit for the probe, compiled as it is. */
struct variant_source make_source(const char *cc, const char *text, struct str_vec *argv);
void source_done(struct variant_source *s, struct str_vec *argv);

#endif
