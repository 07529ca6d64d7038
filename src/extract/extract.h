// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From one translation unit to the readable source of a livepatch: the functions that are replaced,
 * and of everything else only what they need. The compiler preprocesses (`gcc -E -dD` with the
 * unit's recorded command), this code reads declarations; bodies of functions are bags of tokens.
 */
#ifndef SUTURE_EXTRACT_EXTRACT_H
#define SUTURE_EXTRACT_EXTRACT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/finding.h"
#include "base/vec.h"
#include "extract/fate.h"
#include "target/target.h"
#include "units/command.h"

struct extract_request {
	struct target *target;
	const struct command *command; /* the unit's recorded command */
	const char *farm;    /* root of the view with the fix, NULL: the tree itself. A plain view:
			      * text is copied by line number, so no #line directives in it */
	const char *workdir; /* scratch, must exist */
	const struct str_vec *functions; /* to start from: names in the source */
	fate_of fate_of;
	void *fate_arg;
	struct finding_vec *findings;
	/*
	 * For a second run, after the first result was compiled. undefined: names that its object
	 * really refers to (as nm shows them); of what only inline functions of headers mention,
	 * only these are annotated. NULL: not known, all are. generous: do not leave out the
	 * definitions of structures that seem to be used through pointers only, headers of which
	 * nothing seems to be used, and branches of conditionals that the compiler seems not to see.
	 */
	const struct str_vec *undefined;
	bool generous;
};

/* One decision of the closure: what, why, because of whom. For --why and the report. */
struct extract_decision {
	char *what; /* "function tcp_ack", "macro pr_fmt", "type struct foo", "variable bar" */
	char *how; /* "replaced", "copied", "declared, klp vmlinux:bar,0", "by #include <net/tcp.h>"
		    */
	char *reason;
	char *needed_by; /* name of what mentions it, NULL for what was asked for */
};
DEFINE_VEC(extract_decision_vec, struct extract_decision)

/*
 * A function that was copied under another name. The new name is the one that was wished for,
 * except where a macro makes the name: SYSCALL_DEFINE1(livepatch_foo, ...) makes
 * __x64_sys_livepatch_foo.
 */
struct extract_replaced {
	char *name, *new_name;
};
DEFINE_VEC(extract_replaced_vec, struct extract_replaced)

/* From this place in the text on, lines are those of a file: for __LINE__ and __FILE__. */
struct text_place {
	size_t at;
	uint32_t line;
	char *file;
};
DEFINE_VEC(text_place_vec, struct text_place)

struct extract_result {
	char *text; /* the source of this unit: includes, declarations, functions; no glue */
	struct text_place_vec places; /* of the text, in order */
	struct extract_decision_vec decisions;
	struct extract_replaced_vec replaced;
	struct str_vec near; /* when a function does not exist: names that are near */
	double cpp_cpu;	     /* CPU seconds of the preprocessor run */
};

/*
 * Extracts. The result is the caller's in any case. Ids M1 (no such function in the unit: near has
 * names that are near), M2 (the unit does not preprocess), M3 (only a macro), M4 (declared, and
 * defined elsewhere).
 */
struct error *extract_unit(const struct extract_request *request, struct extract_result *result);
void extract_result_free(struct extract_result *result);

#endif
