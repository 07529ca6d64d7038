// SPDX-License-Identifier: GPL-2.0-or-later
/* What all commands share: their errors and their common options. */
#include <stdio.h>

#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "commands/commands.h"

int report_error(struct error *err)
{
	progress_end("failed");
	fprintf(stderr, "suture: error %s: %s\n", err->id, err->message);
	if (err->hint)
		fprintf(stderr, "    %s\n", err->hint);
	fprintf(stderr, "    more: suture explain %s\n", err->id);
	error_free(err);
	return EXIT_ERROR;
}

int common_option(int c, struct common_options *o)
{
	switch (c) {
	case 'v':
		verbose = true;
		return 1;
	case 'q':
		quiet = true;
		return 1;
	case 'k':
		keep_temp_dirs = true;
		return 1;
	case 'h':
		o->help = 1;
		return 1;
	case 'J':
		o->json = 1;
		return 1;
	default:
		return 0;
	}
}
