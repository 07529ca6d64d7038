// SPDX-License-Identifier: GPL-2.0-or-later
/* Progress of long steps, on stderr: one line that is rewritten on a terminal, plain lines otherwise. */
#ifndef SUTURE_BASE_PROGRESS_H
#define SUTURE_BASE_PROGRESS_H

#include <stdbool.h>

extern bool quiet; /* -q: say nothing */

/* A step begins: "what ...". A step that was still open ends as done. */
void progress_step(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* The open step ends: "what ... done (1.2 s)"; result NULL means "done". */
void progress_end(const char *result);

#endif
