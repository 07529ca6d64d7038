// SPDX-License-Identifier: GPL-2.0-or-later
/* suture build FIX... */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "commands/commands.h"
#include "driver/build.h"

static const char help[] =
	"usage: suture build FIX... [-t TARGET] [-o DIR] [-n NAME] [--no-replace] [-d FILE]\n"
	"                       [--module-tree DIR] [--from-source] [--json]\n\n"
	"Makes DIR/livepatch-NAME.ko for the target from one or more unified diffs (-p1), a report\n"
	"livepatch-NAME.json, and livepatch-NAME.d/ with the objects and sources made on the way.\n"
	"Exit code 0: made, 1: refused (the reasons are printed), 2: could not be done.\n\n"
	"  -t, --target TARGET   a target of `suture target list`; default: the only one\n"
	"  -o, --output DIR      default: the current directory\n"
	"  -n, --name NAME       default: from the file name of the first fix\n"
	"      --replace         atomic replace of older livepatches (default)\n"
	"      --no-replace      stack upon older livepatches\n"
	"  -d, --description FILE\n"
	"                        name, callbacks, states, code (docs/description.md); the options\n"
	"                        above go before it\n"
	"      --module-tree DIR the fix is for modules that are not part of the kernel: DIR is where\n"
	"                        they were built for the target, and names in the fix start there\n"
	"      --from-source     by way of the source that `suture extract` writes\n";

struct options {
	struct common_options common;
	const char *target, *out_dir, *name, *description, *module_tree;
	int replace; /* -1: not given */
	bool from_source;
};

/*
 * "livepatch-NAME": a module name may have 55 characters (MODULE_NAME_LEN, include/linux/module.h);
 * anything but letters, digits and _ becomes a dash.
 */
char *livepatch_name(const char *name, const char *first_fix)
{
	const char *base = path_basename(first_fix);
	size_t n = strcspn(base, ".");
	scoped_free char *from_fix = xstrndup(base, n ? n : strlen(base));
	char *full = xasprintf("livepatch-%.40s", name ? name : from_fix);

	for (char *p = full; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_')
			*p = '-';
	return full;
}

static struct error *write_report(const struct build_report *report, const char *dir,
				  const char *name)
{
	scoped_free char *file = xasprintf("%s.json", name);
	scoped_free char *path = path_join(dir, file);
	json_t *json = build_report_json(report);
	scoped_free char *text = json_dumps(json, JSON_INDENT(2));

	json_decref(json);
	return write_file(path, text, strlen(text));
}

/* All results, or none. */
static void withdraw(const struct build_report *report)
{
	scoped_free char *dir = xasprintf("%.*s.d", (int)strlen(report->module) - 3, report->module);

	unlink(report->module);
	error_free(remove_tree(dir));
}

static struct error *open_target(const struct options *o, struct target **target)
{
	TRY(target_open(o->target, target));
	if (!o->module_tree)
		return NULL;
	struct target *kernel = take(*target);

	return target_open_module_tree(o->module_tree, kernel, target);
}

/* The report goes to standard output, and, with the module, into the directory. */
static struct error *report(const struct options *o, struct build_report *report, const char *name)
{
	struct error *err = report->module ? write_report(report, o->out_dir, name) : NULL;

	if (err) {
		withdraw(report);
		return err;
	}
	if (!o->common.json) {
		build_report_print(report, stdout);
		return NULL;
	}
	json_t *json = build_report_json(report);

	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return NULL;
}

static struct error *build(const struct options *o, char **fixes, size_t n,
			   const struct description *d, int *code)
{
	scoped_target struct target *target = NULL;
	struct build_report result = { 0 };
	struct fix fix = { 0 };
	scoped_free char *name = d && d->name && !o->name ? xstrdup(d->name) :
							    livepatch_name(o->name, fixes[0]);

	TRY(open_target(o, &target));
	TRY(make_dirs(o->out_dir));
	struct error *err = fix_read(fixes, n, &fix);
	struct build_request rq = { .target = target, .fix = &fix, .name = name,
				    .out_dir = o->out_dir, .replace = true, .description = d,
				    .from_source = o->from_source };

	if (o->replace >= 0)
		rq.replace = o->replace;
	else if (d && d->replace >= 0)
		rq.replace = d->replace;
	if (!err)
		err = build_livepatch(&rq, &result);
	if (!err)
		err = report(o, &result, name);
	*code = result.module ? EXIT_FINE : EXIT_REFUSED;
	build_report_free(&result);
	fix_free(&fix);
	return err;
}

static struct error *run(const struct options *o, char **fixes, size_t n, int *code)
{
	struct description d = { 0 };

	struct error *err = o->description ? description_read(o->description, &d) : NULL;

	if (!err)
		err = build(o, fixes, n, o->description ? &d : NULL, code);
	description_free(&d);
	return err;
}

int command_build(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "output", required_argument, NULL, 'o' },
		{ "name", required_argument, NULL, 'n' },   { "replace", no_argument, NULL, 'R' },
		{ "no-replace", no_argument, NULL, 'N' },
		{ "description", required_argument, NULL, 'd' },
		{ "module-tree", required_argument, NULL, 'M' },
		{ "from-source", no_argument, NULL, 'S' }, COMMON_LONG_OPTIONS, { 0 },
	};
	struct options o = { .out_dir = ".", .replace = -1 };
	int c, code = EXIT_ERROR;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "t:o:n:d:", options, NULL)) != -1) {
		if (c == 't')
			o.target = optarg;
		else if (c == 'o')
			o.out_dir = optarg;
		else if (c == 'n')
			o.name = optarg;
		else if (c == 'd')
			o.description = optarg;
		else if (c == 'M')
			o.module_tree = optarg;
		else if (c == 'R' || c == 'N')
			o.replace = c == 'R';
		else if (c == 'S')
			o.from_source = true;
		else if (!common_option(c, &o.common))
			return EXIT_USAGE;
	}
	if (o.common.help || optind >= argc) {
		fputs(help, o.common.help ? stdout : stderr);
		return o.common.help ? EXIT_FINE : EXIT_USAGE;
	}
	struct error *err = run(&o, argv + optind, argc - optind, &code);

	return err ? report_error(err) : code;
}
