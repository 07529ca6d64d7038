// SPDX-License-Identifier: GPL-2.0-or-later
/* The whole road from a fix to a livepatch module, stage by stage, and the report of it. */
#ifndef SUTURE_DRIVER_BUILD_H
#define SUTURE_DRIVER_BUILD_H

#include <jansson.h>
#include <stdio.h>

#include "account/account.h"
#include "base/finding.h"
#include "description/description.h"
#include "diff/closure.h"
#include "target/target.h"
#include "units/units.h"

struct build_request {
	struct target *target;
	const struct fix *fix; /* NULL: function */
	const char *name;    /* of the module: "livepatch-NAME" */
	const char *out_dir; /* where the results go; must exist */
	bool replace;
	const struct description *description; /* NULL: none */
	bool from_source;     /* by way of a source that people can read, instead of objects */
	/* What follows is for from_source. */
	bool source_only;     /* no module: the source goes into out_dir */
	bool no_fix;          /* the functions that the fix changes, as they are without it */
	const char *function; /* with fix NULL: replaced as it is */
	const char *unit;     /* that it is defined in, "net/ipv4/tcp.c", or NULL: to be found */
	const char *why;      /* tell how this name was decided, or NULL */
};

/* Below out_dir: a source that differs from the unit and must not be used as it is (M30). */
#define UNPROVED_DIR "not-proved"

/* What became of one unit. */
struct unit_report {
	char *source, *kobject;
	bool identical;
	size_t functions, reproduced;
	struct closure_stats stats;
};
DEFINE_VEC(unit_report_vec, struct unit_report)

struct build_report {
	char *module; /* path of the finished .ko, NULL if refused */
	char *name, *subject, *target;
	struct unit_report_vec units;
	struct replaced_vec replaced;
	struct hunk_account_vec hunks; /* refers to the fix */
	struct finding_vec findings;
	/* from_source: what was written (names in out_dir), how it compares with the unit, as text and as
	 * JSON, and the answer to request.why. NULL otherwise. */
	struct str_vec source_files;
	char *proof, *why;
	json_t *source;
	double seconds, cpu_own, cpu_tools; /* tools: compiler, Kbuild, objtool, ... */
};

/* An error means that the build stopped; refusals are in report->findings. The report is to be freed
 * in either case. Nothing is left in out_dir unless everything went well. */
struct error *build_livepatch(const struct build_request *request, struct build_report *report);
void build_report_free(struct build_report *report);
void build_report_print(const struct build_report *report, FILE *out);
json_t *build_report_json(const struct build_report *report);

#endif
