// SPDX-License-Identifier: GPL-2.0-or-later
/* suture inspect FILE.ko */
#include <getopt.h>
#include <stdio.h>

#include "commands/commands.h"
#include "convert/symbols.h"
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
	"      --module FILE.ko a further module to be patched, one that the target does not ship\n"
	"      --json           the result for programs\n";

struct options {
	struct common_options common;
	const char *target, *symbols;
	struct str_vec modules;
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
	struct inspection *in = NULL;
	struct symlist list = { 0 };
	struct error *err = inspect_file(path, &in);
	int code = EXIT_ERROR;

	if (!err && (o->target || o->symbols)) {
		err = symlist_open(o->symbols, o->target, &o->modules, &list);
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
		{ "target", required_argument, NULL, 't' },
		{ "symbols", required_argument, NULL, 'S' },
		{ "module", required_argument, NULL, 'M' },
		COMMON_LONG_OPTIONS,
		{ 0 },
	};

	for (int c; (c = getopt_long(argc, argv, COMMON_OPTIONS "t:", options, NULL)) != -1;) {
		if (c == 't')
			o->target = optarg;
		else if (c == 'S')
			o->symbols = optarg;
		else if (c == 'M')
			str_vec_push(&o->modules, optarg);
		else if (!common_option(c, &o->common))
			return false;
	}
	if (o->modules.n && !o->target && !o->symbols)
		return o->common.help;
	return o->common.help || (argc - optind == 1 && !(o->target && o->symbols));
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
	str_vec_free(&o.modules);
	return code;
}
