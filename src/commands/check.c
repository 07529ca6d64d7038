// SPDX-License-Identifier: GPL-2.0-or-later
/* suture check FILE.ko|FIX */
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "commands/commands.h"
#include "driver/build.h"
#include "rules/check.h"

static const char help[] =
	"usage: suture check FILE.ko|FIX [-t TARGET] [-p OLD.ko] [-d FILE] [--running] [--strict]\n"
	"                    [--json|--sarif]\n\n"
	"Says what can go wrong with a livepatch module, whoever made it, before it is loaded. A fix is\n"
	"built first, and the stages' findings belong to the report. `suture explain ID` has the page\n"
	"of each finding. Exit code 0: nothing refused, 1: refused, 2: could not be done.\n\n"
	"  -t, --target TARGET   the kernel it is for; default: the one of the module's vermagic\n"
	"  -p, --previous OLD.ko the livepatch that it comes after\n"
	"  -d, --description FILE\n"
	"                        waivers and declarations (docs/check.md)\n"
	"      --running         look at what is loaded on this machine, too (reads only)\n"
	"      --sysroot DIR     the same for the system whose root directory is DIR\n"
	"      --strict          refuse for warnings, too\n"
	"      --sarif           the report as SARIF 2.1.0\n";

struct options {
	struct common_options common;
	const char *target, *previous, *description, *sysroot;
	bool strict, sarif;
};

/* The target of that release, or NULL. */
static struct error *target_of_release(const char *release, struct target **target)
{
	struct target_vec list = { 0 };
	struct error *err = target_list(&list);

	for (size_t i = 0; i < list.n; i++) {
		if (!*target && release && streq(list.at[i]->release, release))
			*target = list.at[i];
		else
			target_free(list.at[i]);
	}
	target_vec_free(&list);
	return err;
}

static struct error *find_target(const struct options *o, const char *file, struct target **target)
{
	struct inspection *in = NULL;

	if (o->target)
		return target_open(o->target, target);
	TRY(inspect_file(file, &in));
	scoped_free char *release = check_release(in);

	inspection_free(in);
	return target_of_release(release, target);
}

static bool refused(const struct check_report *r, bool strict)
{
	for (size_t i = 0; i < r->findings.n; i++)
		if (r->findings.at[i].severity >= (strict ? SEVERITY_WARNING : SEVERITY_REFUSAL))
			return true;
	return false;
}

static int show(const struct options *o, const struct check_report *r)
{
	if (o->sarif || o->common.json) {
		json_t *json = o->sarif ? check_report_sarif(r) : check_report_json(r);

		json_dumpf(json, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(json);
	} else {
		check_report_print(r, stdout);
	}
	return refused(r, o->strict) ? EXIT_REFUSED : EXIT_FINE;
}

/* The build's findings, then those about what came out of it. */
static struct error *check_fix(const struct options *o, const struct description *d, char *file,
			       struct check_report *report)
{
	scoped_target struct target *target = NULL;
	scoped_temp_dir char *dir = NULL;
	struct build_report built = { 0 };
	struct fix fix = { 0 };

	TRY(target_open(o->target, &target));
	TRY(temp_dir_new("check", &dir));
	struct error *err = fix_read(&file, 1, &fix);
	struct build_request rq = { .target = target, .fix = &fix, .name = "livepatch-checked",
				    .out_dir = dir, .replace = true, .description = d };

	if (!err)
		err = build_livepatch(&rq, &built);
	report->findings = built.findings;
	built.findings = (struct finding_vec){ 0 };
	if (!err && built.module)
		err = check_module(&(struct check_request){
			.file = built.module, .previous = o->previous, .target = target,
			.sysroot = o->sysroot, .description = d }, report);
	else if (!err && d)
		check_waive(d, report);
	free(report->file);
	report->file = xstrdup(file);
	build_report_free(&built);
	fix_free(&fix);
	return err;
}

static struct error *check_file(const struct options *o, const struct description *d, char *file,
				struct check_report *report)
{
	scoped_target struct target *target = NULL;

	if (!ends_with(file, ".ko"))
		return check_fix(o, d, file, report);
	TRY(find_target(o, file, &target));
	return check_module(&(struct check_request){ .file = file, .previous = o->previous,
						     .target = target, .sysroot = o->sysroot,
						     .description = d }, report);
}

static struct error *run(const struct options *o, char *file, int *code)
{
	struct description d = { 0 };
	struct check_report report = { 0 };
	struct error *err = o->description ? description_read(o->description, &d) : NULL;

	if (!err)
		err = check_file(o, o->description ? &d : NULL, file, &report);
	if (!err)
		*code = show(o, &report);
	check_report_free(&report);
	description_free(&d);
	return err;
}

static bool option(struct options *o, int c)
{
	switch (c) {
	case 't':
		o->target = optarg;
		return true;
	case 'p':
		o->previous = optarg;
		return true;
	case 'd':
		o->description = optarg;
		return true;
	case 'r':
		o->sysroot = optarg ? optarg : "/";
		return true;
	case 'S':
		o->strict = true;
		return true;
	case 'F':
		o->sarif = true;
		return true;
	default:
		return common_option(c, &o->common);
	}
}

int command_check(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "previous", required_argument, NULL, 'p' },
		{ "description", required_argument, NULL, 'd' },
		{ "running", no_argument, NULL, 'r' }, { "sysroot", required_argument, NULL, 'r' },
		{ "strict", no_argument, NULL, 'S' },  { "sarif", no_argument, NULL, 'F' },
		COMMON_LONG_OPTIONS, { 0 },
	};
	struct options o = { 0 };
	int c, code = EXIT_ERROR;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "t:p:d:", options, NULL)) != -1)
		if (!option(&o, c))
			return EXIT_USAGE;
	if (o.common.help || argc - optind != 1) {
		fputs(help, o.common.help ? stdout : stderr);
		return o.common.help ? EXIT_FINE : EXIT_USAGE;
	}
	struct error *err = run(&o, argv[optind], &code);

	return err ? report_error(err) : code;
}
