// SPDX-License-Identifier: GPL-2.0-or-later
/* suture inspect FILE.ko */
#include <getopt.h>
#include <stdio.h>

#include "commands/commands.h"
#include "module/inspect.h"

static const char help[] =
	"usage: suture inspect [--json] FILE.ko\n\n"
	"Says what a livepatch module (made by Suture, kpatch-build, klp-build or by hand) replaces,\n"
	"which relocations wait for the patched objects, which exported symbols it needs, and what\n"
	"is wrong with it. Exit code 0: nothing wrong, 1: warnings, 2: could not be read.\n";

static bool has_warnings(const struct inspection *in)
{
	for (size_t i = 0; i < in->findings.n; i++)
		if (in->findings.at[i].severity != SEVERITY_NOTE)
			return true;
	return false;
}

static int show(const struct inspection *in, bool json)
{
	if (json) {
		json_t *top = inspection_json(in);

		json_dumpf(top, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(top);
	} else {
		inspection_print(in, stdout);
	}
	return has_warnings(in) ? EXIT_REFUSED : EXIT_FINE;
}

int command_inspect(int argc, char **argv)
{
	static const struct option options[] = { COMMON_LONG_OPTIONS, { 0 } };
	struct common_options common = { 0 };
	struct inspection *in = NULL;
	int c;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS, options, NULL)) != -1)
		if (!common_option(c, &common))
			return EXIT_USAGE;
	if (common.help || argc - optind != 1) {
		fputs(help, common.help ? stdout : stderr);
		return common.help ? EXIT_FINE : EXIT_USAGE;
	}
	struct error *err = inspect_file(argv[optind], &in);

	if (err)
		return report_error(err);
	c = show(in, common.json);
	inspection_free(in);
	return c;
}
