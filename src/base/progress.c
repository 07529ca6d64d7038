// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/process.h"

bool quiet;
static char *step;
static double step_start;

void progress_step(const char *fmt, ...)
{
	va_list ap;

	progress_end(NULL);
	va_start(ap, fmt);
	step = xvasprintf(fmt, ap);
	va_end(ap);
	step_start = monotonic_seconds();
	if (!quiet && isatty(2)) {
		fprintf(stderr, "  %s ...", step);
		fflush(stderr);
	}
}

void progress_end(const char *result)
{
	if (!step)
		return;
	if (!quiet)
		fprintf(stderr, "%s  %s: %s (%.1f s)\n", isatty(2) ? "\r\033[K" : "", step,
			result ? result : "done", monotonic_seconds() - step_start);
	free(step);
	step = NULL;
}
