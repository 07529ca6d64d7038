// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From one translation unit to the readable source of a livepatch: the functions that are replaced,
 * and of everything else only what they need. The compiler preprocesses (`gcc -E -dD` with the unit's
 * recorded command), this code reads declarations; bodies of functions are bags of tokens.
 */
#ifndef SUTURE_EXTRACT_EXTRACT_H
#define SUTURE_EXTRACT_EXTRACT_H

#include <stdbool.h>

#include "base/error.h"
#include "base/finding.h"
#include "base/vec.h"
#include "extract/fate.h"
#include "target/target.h"
#include "units/command.h"

struct extract_request {
	struct target *target;
	const struct command *command; /* the unit's recorded command */
	const char *farm;              /* root of a view with the fix (plain text, without #line),
					* NULL: the tree itself */
	const char *workdir;           /* scratch */
	const struct str_vec *functions; /* to start from: names in the source */
	const char *prologue;          /* for the top, before the first #include, or NULL */
	const char *after_includes;    /* directly behind the #includes of the head, or NULL */
	bool global;                   /* replaced functions lose static and inline, and get a
					* prototype in front: another file refers to them */
	fate_of fate_of;
	void *fate_arg;
	struct finding_vec *findings;
};

/* One decision of the closure: what, why, because of whom. For --why and the report. */
struct extract_decision {
	char *what;   /* "function tcp_ack", "macro pr_fmt", "type struct foo", "variable bar" */
	char *how;    /* "replaced", "copied", "declared, klp vmlinux:bar,0", "by #include <net/tcp.h>" */
	char *reason;
	char *needed_by; /* name of what mentions it, NULL for what was asked for */
};
DEFINE_VEC(extract_decision_vec, struct extract_decision)

struct extract_result {
	char *text;   /* the source of this unit: includes, declarations, functions; no glue */
	struct extract_decision_vec decisions;
	struct str_vec near; /* when a function does not exist: names that are near */
};

/* Extracts. Ids M1... (docs/rules). The result is the caller's in any case. */
struct error *extract_unit(const struct extract_request *request, struct extract_result *result);
void extract_result_free(struct extract_result *result);

#endif
