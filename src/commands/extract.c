// SPDX-License-Identifier: GPL-2.0-or-later
/* suture extract FIX... | --function F */
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "commands/commands.h"
#include "driver/build.h"

static const char help[] =
	"usage: suture extract FIX... -o DIR [-t TARGET] [-n NAME] [--no-fix] [--no-replace]\n"
	"                      [-d FILE] [--why NAME] [--json]\n"
	"       suture extract --function F [--unit FILE] -o DIR [...]\n\n"
	"Writes the source of a livepatch that people can read: DIR/livepatch_NAME.c, for each further\n"
	"unit one file more, livepatch_NAME_main.c with the tables of the livepatch, Kbuild, and\n"
	"livepatch_NAME.json, the list of replaced functions. The text is\n"
	"compiled, and each function held against that of the whole unit.\n"
	"Exit code 0: written, 1: refused (the reasons are printed), 2: could not be done.\n\n"
	"  -o, --output DIR      where the files go\n"
	"  -t, --target TARGET   a target of `suture target list`; default: the only one\n"
	"  -n, --name NAME       default: from the file name of the first fix, or the function\n"
	"  -d, --description FILE\n"
	"                        name, callbacks, states, code, waivers (docs/description.md)\n"
	"  -f, --function F      this function as it is, for a fix that is written by hand\n"
	"      --unit FILE       where it is defined, as net/ipv4/tcp.c; default: found by its symbol\n"
	"      --no-fix          the functions that the fix changes, as they are without it\n"
	"      --why NAME        tell how the function, variable, type or macro was decided\n"
	"      --replace         atomic replace of older livepatches (default)\n"
	"      --no-replace      stack upon older livepatches\n";

struct options {
	struct common_options common;
	const char *target, *out_dir, *name, *function, *unit, *why, *description;
	int replace; /* -1: not given */
	bool no_fix;
};

static void print(const struct options *o, const struct build_report *report)
{
	if (!o->common.json) {
		build_report_print(report, stdout);
		return;
	}
	json_t *json = build_report_json(report);

	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
}

static struct error *extract(const struct options *o, char **fixes, size_t n,
			     const struct description *d, int *code)
{
	scoped_target struct target *target = NULL;
	struct build_report report = { 0 };
	struct fix fix = { 0 };

	TRY(target_open(o->target, &target));
	struct error *err = n ? fix_read(fixes, n, &fix) : NULL;
	scoped_free char *name = d && d->name && !o->name ? xstrdup(d->name) :
				 livepatch_name(o->name, n ? fixes[0] : o->function);
	struct build_request rq = { .target = target, .fix = n ? &fix : NULL, .name = name,
				    .out_dir = o->out_dir, .description = d,
				    .replace = o->replace >= 0 ? o->replace :
					       d && d->replace >= 0 ? d->replace : true,
				    .from_source = true, .source_only = true, .no_fix = o->no_fix,
				    .function = o->function, .unit = o->unit, .why = o->why };

	if (!err)
		err = build_livepatch(&rq, &report);
	if (!err)
		print(o, &report);
	*code = report.source_files.n && !findings_refuse(&report.findings) ? EXIT_FINE : EXIT_REFUSED;
	build_report_free(&report);
	fix_free(&fix);
	return err;
}

static struct error *run(const struct options *o, char **fixes, size_t n, int *code)
{
	struct description d = { 0 };
	struct error *err = o->description ? description_read(o->description, &d) : NULL;

	if (!err)
		err = extract(o, fixes, n, o->description ? &d : NULL, code);
	description_free(&d);
	return err;
}

/* Either fixes or a function, and a place for the result. */
static bool is_complete(const struct options *o, size_t fixes)
{
	return o->out_dir && (fixes > 0) == !o->function && (o->function || !o->unit);
}

int command_extract(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "output", required_argument, NULL, 'o' },
		{ "name", required_argument, NULL, 'n' },   { "function", required_argument, NULL, 'f' },
		{ "unit", required_argument, NULL, 'U' },   { "why", required_argument, NULL, 'W' },
		{ "no-fix", no_argument, NULL, 'F' },	    { "replace", no_argument, NULL, 'R' },
		{ "no-replace", no_argument, NULL, 'N' },
		{ "description", required_argument, NULL, 'd' }, COMMON_LONG_OPTIONS,
		{ 0 },
	};
	struct options o = { .replace = -1 };
	int c, code = EXIT_ERROR;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "t:o:n:f:d:", options, NULL)) != -1) {
		const char **text = c == 't' ? &o.target : c == 'o' ? &o.out_dir :
				    c == 'n' ? &o.name : c == 'f' ? &o.function :
				    c == 'U' ? &o.unit : c == 'W' ? &o.why :
				    c == 'd' ? &o.description : NULL;

		if (text)
			*text = optarg;
		else if (c == 'F')
			o.no_fix = true;
		else if (c == 'R' || c == 'N')
			o.replace = c == 'R';
		else if (!common_option(c, &o.common))
			return EXIT_USAGE;
	}
	if (o.common.help || !is_complete(&o, argc - optind)) {
		fputs(help, o.common.help ? stdout : stderr);
		return o.common.help ? EXIT_FINE : EXIT_USAGE;
	}
	struct error *err = run(&o, argv + optind, argc - optind, &code);

	return err ? report_error(err) : code;
}
