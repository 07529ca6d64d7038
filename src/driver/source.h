// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The source-based road: from compared units to the source of a livepatch, checked against what the
 * whole units compile to.
 */
#ifndef SUTURE_DRIVER_SOURCE_H
#define SUTURE_DRIVER_SOURCE_H

#include <jansson.h>

#include "description/description.h"
#include "driver/pair.h"
#include "extract/extract.h"
#include "fate/binary.h"
#include "fate/replace.h"
#include "prove/prove.h"

/* One unit of the livepatch's source. */
struct source_unit {
	const struct pair *pair;
	const struct command *command; /* points into the source */
	struct replacements set;
	struct extract_result result;  /* of the patched unit, or of the original */
	char *file;                    /* "livepatch_NAME.c" */
	char *text;                    /* of that file, complete */
	char *build_flags;             /* lines for Kbuild */
	struct proof original, patched;
	bool has_original, has_patched;
	bool refer; /* helpers that serve any caller are reached, although the kernel has copies in line */
	double cpu; /* of the compiles that the proof needed */
};
DEFINE_VEC(source_unit_vec, struct source_unit)

struct patch_source_request {
	struct target *target;
	const char *name;      /* of the module: "livepatch-NAME" */
	const char *subject;
	bool replace;
	const struct fix *fix; /* NULL: functions as they are */
	const char *function;  /* the one that was asked for, or NULL: what the fix changes */
	bool no_fix;           /* with a fix: the functions that it changes, as they are */
	const struct description *description; /* or NULL */
	const char *workdir;
	struct finding_vec *findings;
};

struct patch_source {
	struct source_unit_vec units;
	struct command_vec commands;
	struct str_vec namespaces;
	char *stem;                /* "livepatch_NAME": of file names */
	char *kbuild, *main, *code; /* texts; code: of the description, or NULL */
	char *list;                /* JSON */
};

/*
 * pairs: those with p.a NULL are left out. Refusals go to findings. patch_source_free() in any case. Ids
 * M1..., U10, U11; a unit whose source does not compile is a refusal M32.
 */
struct error *patch_source_make(const struct patch_source_request *rq, const struct pair_vec *pairs,
			  struct patch_source *source);
void patch_source_free(struct patch_source *source);

/* Differences (M30) that the author has looked at, [waive M30] of the description, are notes with the reason. */
void patch_source_waive(const struct description *description, struct finding_vec *findings);
/* Puts a warning into each file: a function differs, and it is not explained (M30). */
void patch_source_mark_unproved(struct patch_source *source);
/* Writes all files into the directory, which is made; files of other names stay. */
struct error *patch_source_write(const struct patch_source *source, const char *dir);
/* Names of the files, for the report; the caller's (str_vec_free_all). */
void patch_source_files(const struct patch_source *source, struct str_vec *names);

/* The replaced functions, as build reports them. */
void patch_source_replaced(const struct patch_source *source, struct replaced_vec *replaced);
void patch_source_print_proof(const struct patch_source *source, FILE *out);
json_t *patch_source_json(const struct patch_source *source);
/* The decisions about a name, as `--why NAME` prints them; false: there is none. */
bool patch_source_print_why(const struct patch_source *source, const char *name, FILE *out);

/* ---- private to source*.c ---- */

/*
 * The unit's text with the fix (farm: the view that has it) or without, and its proof. keep: it is the result, and its
 * findings count.
 */
struct error *patch_source_attempt(const struct patch_source_request *rq, const struct patch_source *source,
				   struct source_unit *u, bool patched, const char *farm, bool keep);
/* Text that stands before what was extracted, and what is put behind the #includes. */
char *patch_source_head(const struct patch_source_request *rq, const struct source_unit *u,
			const char *text);
char *patch_source_after_includes(const struct fate_unit *fates);
/* The same for what is put in front of the first replaced function. */
char *patch_source_before_functions(const struct fate_unit *fates);
/* Head and extracted text. */
char *patch_source_unit_text(const struct patch_source_request *rq, const struct patch_source *source, size_t index);
/* The tables of the livepatch, and the module's functions. */
char *patch_source_main(const struct patch_source_request *rq, const struct patch_source *source);
char *patch_source_kbuild(const struct patch_source_request *rq, const struct patch_source *source);
char *patch_source_list(const struct patch_source_request *rq, const struct patch_source *source);
/*
 * What the unit's command has, or lacks, beside that of an ordinary unit, as lines for Kbuild: flags
 * that its Makefile gives to it. The caller's.
 */
char *patch_source_flags(const struct command *unit, const struct command *ordinary, const char *object);

#endif
