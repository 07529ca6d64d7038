// SPDX-License-Identifier: GPL-2.0-or-later
/* suture inspect FILE.ko */
#include <getopt.h>
#include <stdio.h>

#include "commands/commands.h"
#include "commands/symbol_options.h"
#include "module/inspect.h"
#include "module/inspect_resolve.h"

static const char help[] =
	"usage: suture inspect [--json] [--target NAME | --symbols FILE] [--module FILE.ko]... FILE.ko\n\n"
	"Says what a livepatch module (made by Suture, kpatch-build, klp-build or by hand) replaces,\n"
	"which relocations wait for the patched objects, which exported symbols it needs, and what\n"
	"is wrong with it. Exit code 0: nothing wrong, 1: warnings, 2: could not be read.\n\n"
	"  -t, --target NAME    also look up every function and symbol in this kernel, as its loader\n"
	"                       would: the address, or why it is not found\n"
	"      --symbols FILE   the same with a symbol list (docs/convert.md)\n"
	SYMBOL_MODULE_HELP
	"      --json           the result for programs\n";

struct options {
	struct common_options common;
	struct symbol_options kernel;
};

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

/* The symbol list must live as long as what was resolved with it. */
static int inspect(const struct options *o, const char *path)
{
	scoped_target struct target *target = NULL;
	struct inspection *in = NULL;
	struct symlist list = { 0 };
	struct error *err = inspect_file(path, &in);
	int code = EXIT_ERROR;

	if (!err && symbol_options_name_one(&o->kernel)) {
		err = symbol_options_open(&o->kernel, &list, &target);
		if (!err)
			inspect_resolve(in, &list);
	}
	if (!err)
		code = show(in, o->common.json);
	inspection_free(in);
	symlist_free(&list);
	return err ? report_error(err) : code;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		SYMBOL_LONG_OPTIONS,
		COMMON_LONG_OPTIONS,
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, COMMON_OPTIONS SYMBOL_OPTIONS, options, NULL)) != -1;)
		if (!symbol_option(c, &o->kernel) && !common_option(c, &o->common))
			return false;
	if (o->kernel.modules.n && !symbol_options_name_one(&o->kernel))
		return o->common.help;
	return o->common.help || (argc - optind == 1 && !symbol_options_name_two(&o->kernel));
}

int command_inspect(int argc, char **argv)
{
	struct options o = { 0 };
	int code = EXIT_USAGE;

	if (!read_options(argc, argv, &o)) {
		fputs(help, stderr);
	} else if (o.common.help) {
		fputs(help, stdout);
		code = EXIT_FINE;
	} else {
		code = inspect(&o, argv[optind]);
	}
	symbol_options_free(&o.kernel);
	return code;
}
