// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rules that look at a finished livepatch module, whoever made it, against the kernel that it is
 * for. One row of the table (table.c) a rule: id, severity, what it needs to be decided, detector;
 * what the id means stands on its page. Nothing is loaded, nothing is written.
 */
#ifndef SUTURE_RULES_CHECK_H
#define SUTURE_RULES_CHECK_H

#include <jansson.h>
#include <stdio.h>

#include "base/finding.h"
#include "description/description.h"
#include "driver/pair.h"
#include "module/inspect.h"
#include "target/target.h"

/* What a rule must have to decide; without it the rule is not run, and the report says so. */
enum { NEEDS_TARGET = 1, NEEDS_PREVIOUS = 2, NEEDS_RUNNING = 4 };

/* A running system as its virtual files show it. */
struct running;

struct check_request {
	const char *file;        /* the livepatch module */
	const char *previous;    /* the livepatch before it, NULL: none */
	struct target *target;   /* NULL: none */
	const char *sysroot;     /* root directory of the system to look at, NULL: none */
	const struct description *description; /* with waivers; NULL: none */
	const char *without;     /* id of a rule that is not run, NULL: all are */
};

struct waived {
	struct finding finding;
	const struct described_waiver *waiver;
};
DEFINE_VEC(waived_vec, struct waived)

struct check_report {
	char *file;
	char *target; /* name, or NULL */
	struct finding_vec findings;
	struct waived_vec waived;
	const struct description *description; /* the request's */
	size_t rules;             /* that were run */
	struct str_vec not_run;   /* ids; static */
};

/*
 * Runs all rules. Ids of errors: those of inspect_file(), image_open(), exports_read(). The report is
 * to be freed in either case. Findings that are in the report already (of the build) stay there and
 * can be waived as well.
 */
struct error *check_module(const struct check_request *request, struct check_report *report);
/* The rules that need nothing but the module, which stays the caller's. */
struct error *check_inspection(const struct inspection *in, struct check_report *report);
/* Takes what the description waives out of the findings; says which waivers fit nothing (L3). */
void check_waive(const struct description *description, struct check_report *report);
void check_report_free(struct check_report *report);

void check_report_print(const struct check_report *report, FILE *out);
json_t *check_report_json(const struct check_report *report); /* a new reference */
/* SARIF 2.1.0 (OASIS), one run; a new reference. */
json_t *check_report_sarif(const struct check_report *report);

/* The kernel release that a module was built for (its vermagic); the caller's, NULL if none. */
char *check_release(const struct inspection *in);

/* ---- for the rules ---- */

struct rule;

/* A replaced function, found in the shipped object. */
struct replaced_symbol {
	const struct inspect_func *func;
	struct image *image;          /* NULL: the target ships no such object */
	struct image_symbol *symbol;  /* NULL: see why_not */
	size_t same_name;             /* number of symbols of that name */
};
DEFINE_VEC(replaced_symbol_vec, struct replaced_symbol)

struct check {
	const struct inspection *in, *previous; /* previous may be NULL */
	struct target *target;                  /* may be NULL */
	const char *sysroot;                    /* may be NULL */
	const struct description *description;  /* may be NULL */
	struct images images;
	struct image *vmlinux;                  /* with a target: not NULL */
	struct exports exports;
	struct replaced_symbol_vec replaced;    /* with a target: one for each function */
	struct graph *graph;                    /* rules/graph.h; NULL until it is asked */
	struct finding_vec *findings;
};

typedef struct error *rule_detector(struct check *c, const struct rule *rule);

struct rule {
	const char *id;
	enum severity severity;
	unsigned int needs; /* NEEDS_* */
	rule_detector *detect;
};
extern const struct rule rules[];
extern const size_t rule_count;

/* Appends a finding of the rule. */
struct finding *rule_finding(struct check *c, const struct rule *rule, const char *object,
			     const char *symbol, const char *location, const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

/* The shipped object; *image is NULL when the target has no such module. */
struct error *check_image(struct check *c, const char *kobject, struct image **image);
/* The symbol that the kernel finds for a name and a position (0 and a number), or NULL. count: how
 * many symbols of that name there are. */
struct image_symbol *check_symbol(const struct image *image, const char *name, uint64_t sympos,
				  size_t *count);
/* Text after "key=" in .modinfo, or NULL. */
const char *check_modinfo(const struct inspection *in, const char *key);

/* Calls visit() for each late relocation. */
struct late {
	const struct obj_section *section; /* that it changes; NULL: damaged */
	const char *patched;               /* from the section's name, up to the next dot */
	const struct obj_symbol *symbol;
	const struct inspect_reloc *parts; /* of the symbol's name; NULL if it has none */
	uint64_t offset;
	uint32_t type;
	int64_t addend;
};
typedef struct error *late_visit(struct check *c, const struct rule *rule, const struct late *late,
				 void *arg);
struct error *check_each_late(struct check *c, const struct rule *rule, late_visit *visit, void *arg);

#endif
