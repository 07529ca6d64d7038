// SPDX-License-Identifier: GPL-2.0-or-later
/* suture impact FUNCTION|FIX... */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "commands/commands.h"
#include "impact/fix.h"

static const char help[] =
	"usage: suture impact FUNCTION|FIX... [-t TARGET] [--json|--dot|--svg] [--no-probe]\n"
	"                     [--no-names] [--no-modules] [--units N]\n"
	"       suture impact --make-index [-t TARGET]\n\n"
	"What did the compiler do to a function, or to all that a fix changes, in the whole shipped\n"
	"kernel: where it was inlined, its clones, other names, contracts with its callers; and so,\n"
	"which functions have to be replaced. FUNCTION is a name, or FILE:NAME; FIX a unified diff.\n"
	"Exit code 0: answered, 1: the fix changes functions in a way that a livepatch of it would\n"
	"miss, 2: could not be done.\n\n"
	"  -t, --target TARGET   a target of `suture target list`; default: the only one\n"
	"      --dot, --svg      a graph instead of text\n"
	"      --no-probe        ask the index only: nothing is compiled\n"
	"      --no-names        do not find out which optimisation made a contract, and which static\n"
	"                        variables have no storage because nothing writes or reads them\n"
	"      --no-modules      do not make the index of all modules when the question needs it\n"
	"      --units N         probe at most N of the units that have the body (default 4)\n"
	"      --make-index      make the index of vmlinux and of all modules now\n";

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_DOT, FORMAT_SVG };

struct options {
	struct common_options common;
	const char *target;
	bool no_probe, no_names, no_modules, make_index;
	unsigned int units;
	enum format format;
};

static void show(const struct impact_result *r, const struct finding_vec *findings,
		 enum format format)
{
	json_t *json;

	progress_end(NULL);
	switch (format) {
	case FORMAT_TEXT:
		impact_print(r, stdout);
		findings_print(findings, stdout);
		break;
	case FORMAT_DOT:
		impact_dot(r, stdout);
		break;
	case FORMAT_SVG:
		impact_svg(r, stdout);
		break;
	case FORMAT_JSON:
		json = impact_json(r);
		json_object_set_new(json, "findings", findings_json(findings));
		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
		break;
	}
}

static struct error *about_function(const struct options *o, struct target *target,
				    struct impact_index *index, const char *function)
{
	SCOPED(impact_result_free) struct impact_result result = { 0 };
	struct impact_request rq = { .target = target, .index = index, .function = function,
				     .probe = !o->no_probe, .name_contracts = !o->no_names, .statics = !o->no_names,
				     .modules = !o->no_modules, .units = o->units };
	struct finding_vec none = { 0 };

	TRY(impact_query(&rq, &result));
	show(&result, &none, o->format);
	return NULL;
}

/* A name has no dot but that of a clone, and no file has it. */
static bool is_fix(const char *what)
{
	return path_exists(what) || strchr(what, '/') ? !strchr(what, ':') || path_exists(what) : false;
}

static struct error *about_fix(const struct options *o, struct target *target,
			       struct impact_index *index, char **paths, size_t n, int *code)
{
	SCOPED(impact_result_free) struct impact_result result = { 0 };
	SCOPED(findings_free) struct finding_vec findings = { 0 };
	SCOPED(fix_free) struct fix fix = { 0 };

	TRY(fix_read(paths, n, &fix));
	TRY(impact_fix(target, index, &fix, &result, &findings));
	show(&result, &findings, o->format);
	*code = findings_refuse(&findings) ? EXIT_REFUSED : EXIT_FINE;
	return NULL;
}

static struct error *make_index(struct target *target)
{
	scoped_index struct impact_index index = { 0 };

	TRY(index_open(target, &index));
	return index_make_modules(target);
}

static struct error *run(const struct options *o, char **what, size_t n, int *code)
{
	scoped_target struct target *target = NULL;
	scoped_index struct impact_index index = { 0 };

	TRY(target_open(o->target, &target));
	*code = EXIT_FINE;
	if (o->make_index)
		return make_index(target);
	TRY(index_open(target, &index));
	if (is_fix(what[0]))
		return about_fix(o, target, &index, what, n, code);
	if (n > 1)
		return error_new("I3", "%s: one function at a time", what[1]);
	return about_function(o, target, &index, what[0]);
}

int command_impact(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "dot", no_argument, NULL, 'D' },
		{ "svg", no_argument, NULL, 'S' },	    { "no-probe", no_argument, NULL, 'P' },
		{ "no-names", no_argument, NULL, 'N' },	    { "no-modules", no_argument, NULL, 'M' },
		{ "units", required_argument, NULL, 'u' },  { "make-index", no_argument, NULL, 'I' },
		COMMON_LONG_OPTIONS,			    { 0 },
	};
	struct options o = { .units = 4 };
	int c, code = EXIT_ERROR;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "t:", options, NULL)) != -1) {
		if (c == 't')
			o.target = optarg;
		else if (c == 'D' || c == 'S')
			o.format = c == 'D' ? FORMAT_DOT : FORMAT_SVG;
		else if (c == 'P' || c == 'N' || c == 'M' || c == 'I')
			*(c == 'P' ? &o.no_probe : c == 'N' ? &o.no_names : c == 'M' ?
			  &o.no_modules : &o.make_index) = true;
		else if (c == 'u')
			o.units = strtoul(optarg, NULL, 10);
		else if (!common_option(c, &o.common))
			return EXIT_USAGE;
	}
	if (o.common.json)
		o.format = FORMAT_JSON;
	if (o.common.help || (optind >= argc) != o.make_index) {
		fputs(help, o.common.help ? stdout : stderr);
		return o.common.help ? EXIT_FINE : EXIT_USAGE;
	}
	struct error *err = run(&o, argv + optind, argc - optind, &code);

	return err ? report_error(err) : code;
}
