// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Findings: what a stage has to say about the fix, the target or the livepatch, as data. A finding
 * of severity REFUSAL means that no livepatch may be made; stages go on as far as they can, so that
 * the user sees all of them at once.
 */
#ifndef SUTURE_BASE_FINDING_H
#define SUTURE_BASE_FINDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/vec.h"

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_REFUSAL };

struct finding {
	const char *id;   /* static; a page docs/rules/ID.md exists */
	enum severity severity;
	char *object;     /* kernel object ("vmlinux", "nf_tables") or NULL */
	char *symbol;     /* function or variable, or NULL */
	char *location;   /* "file:line" or "section+0xoffset", or NULL */
	char *message;    /* the evidence, one sentence */
	char *way_out;    /* what to do, or NULL: see the page */
};

DEFINE_VEC(finding_vec, struct finding)

/* Appends. Strings are copied; object, symbol and location may be NULL. Returns the new finding
 * (valid until the next one is added), so that a way out can be set with finding_way_out(). */
struct finding *finding_add(struct finding_vec *list, const char *id, enum severity severity,
			    const char *object, const char *symbol, const char *location,
			    const char *fmt, ...) __attribute__((format(printf, 7, 8)));
void finding_way_out(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void findings_free(struct finding_vec *list);
bool findings_refuse(const struct finding_vec *list); /* is there a REFUSAL? */
void findings_print(const struct finding_vec *list, FILE *out);
json_t *findings_json(const struct finding_vec *list); /* a new reference to an array */
/* A string for text that may be damaged (names of a module): what is not UTF-8 becomes '?'. NULL: null. */
json_t *json_from_text(const char *s);

const char *severity_name(enum severity severity);

#endif
