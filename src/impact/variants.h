// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the probe gets objects from: a unit of a target, or any compile command. */
#ifndef SUTURE_IMPACT_VARIANTS_H
#define SUTURE_IMPACT_VARIANTS_H

#include "target/target.h"
#include "units/units.h"
#include "units/variant.h"

struct variant_source {
	const char *original; /* object of the unchanged unit */
	const char *workdir;  /* scratch directory */
	char *text;           /* of the C file */
	bool clang;
	unsigned int version; /* major version of the compiler */
	struct target *target;    /* a unit of it: */
	const char *unit;         /* "net/ipv4/tcp_input.c" */
	char *kobject;            /* that it is part of */
	const struct str_vec *argv; /* target NULL: compiler and flags, without source and output */
};

/* Family and version of a compiler, from what it says about itself. Ids U10, Y3. */
struct error *compiler_version(const char *cc, bool *clang, unsigned int *version);

/* Opens a unit of a target: its original is compiled or taken from the cache. *object is the path
 * that source->original points to. All is the caller's: variant_source_free(). */
struct error *variant_source_open(struct target *target, const char *unit, const char *workdir,
				  struct variant_source *source, char **object);
void variant_source_free(struct variant_source *source);

/* Compiles variants with this text (NULL: unchanged). */
struct error *variants_compile(const struct variant_source *source, const char *text,
			       struct variant_vec *list);

#endif
