// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading the guest's console: what the kernel complained about, and in which step. */
#ifndef SUTURE_BOOT_CONSOLE_H
#define SUTURE_BOOT_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/finding.h"

/* A refusal of the module loader or of the livepatch core; not yet a finding, because it explains
 * another one (Q7) when insmod failed in the same step. */
struct console_refusal {
	char *step;
	char *line;
};
DEFINE_VEC(console_refusal_vec, struct console_refusal)

struct console_report {
	bool panicked;      /* a finding Q1 or a fatal Q2 was added */
	struct console_refusal_vec refusals;
};

/*
 * Adds one finding for each complaint of the kernel: Q1 panic, Q2 oops, Q3 warning, Q4 locking, Q5
 * stall, Q6 memory checker. Complaints from before the guest's first step (the kernel's own boot)
 * become notes. The location of a finding is the step, its symbol the function named in the report.
 */
void console_scan(const char *text, struct finding_vec *findings, struct console_report *report);
void console_report_free(struct console_report *report);

/* All refusals of one step, joined with "; ", or NULL. The caller frees it. */
char *console_refusals_of(const struct console_report *report, const char *step);
/* The last n lines of the text, without time stamps, joined with " | "; the caller frees it. */
char *console_tail(const char *text, size_t n);

#endif
