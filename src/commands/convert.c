// SPDX-License-Identifier: GPL-2.0-or-later
/* suture convert IN.ko -o OUT.ko */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "commands/commands.h"
#include "commands/symbol_options.h"
#include "convert/convert.h"
#include "impact/whereabouts.h"

static const char help[] =
	"usage: suture convert IN.ko -o OUT.ko [--target NAME | --symbols FILE] [--module "
	"FILE.ko]...\n\n"
	"Takes a livepatch module that was written by hand and linked by Kbuild, and makes "
	"livepatch\n"
	"symbols and relocations of its references to what the kernel does not export. Names that\n"
	"occur once need nothing; others need an annotation (include/suture/livepatch.h, or those "
	"of\n"
	"klp-convert), which is suggested. Exit code 0: written, 1: refused, 2: could not be "
	"done.\n\n"
	"  -o, --output OUT.ko  the converted module; may be IN.ko\n"
	"  -t, --target NAME    the kernel to be patched (default: $SUTURE_TARGET, or the only "
	"one)\n"
	"      --symbols FILE   instead of a target: what 'suture target symbols' wrote, a "
	"System.map,\n"
	"                       or klp-convert's symbols.klp\n"
	SYMBOL_MODULE_HELP
	"      --json           the result for programs\n";

struct options {
	struct common_options common;
	struct symbol_options kernel;
	const char *output;
};

static json_t *symbols_json(const struct convert_result *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->nsymbols; i++) {
		const struct klp_decision *d = &r->decisions[i];

		if (d->patched)
			json_array_append_new(list,
					      json_pack("{ss ss ss si}", "patched", d->patched,
							"object", d->object, "name", d->name,
							"position", (int)d->position));
	}
	return list;
}

static void report(const struct options *o, const struct convert_result *r,
		   const struct finding_vec *findings)
{
	if (o->common.json) {
		json_t *top = json_pack("{so* so so}", "output",
					r->module ? json_string(o->output) : NULL, "symbols",
					symbols_json(r), "findings", findings_json(findings));

		json_dumpf(top, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(top);
		return;
	}
	findings_print(findings, stdout);
	if (!r->module)
		return;
	for (size_t i = 0; i < r->nsymbols; i++) {
		const struct klp_decision *d = &r->decisions[i];

		if (d->patched)
			printf("%s:%s,%u when %s is patched\n", d->object, d->name, d->position,
			       d->patched);
	}
	printf("written %s: %zu livepatch symbols, %zu others\n", o->output, r->converted,
	       r->exported);
}

static struct error *convert_file(const struct options *o, const char *path,
				  const struct symlist *list, struct target *target, int *code)
{
	struct convert_result result = { 0 };
	struct finding_vec findings = { 0 };
	struct whereabouts where = {.target = target};
	scoped_free char *data = NULL;
	struct convert_request rq = {.name = path, .symbols = list, .findings = &findings};

	TRY(read_file(path, &data, &rq.size));
	rq.data = data;
	if (target) {
		rq.whereabouts = whereabouts_of;
		rq.context = &where;
	}
	struct error *err = convert_module(&rq, &result);

	whereabouts_close(&where);
	if (!err && result.module)
		err = write_file(o->output, result.module, result.size);
	if (!err)
		report(o, &result, &findings);
	*code = result.module ? EXIT_FINE : EXIT_REFUSED;
	convert_result_free(&result);
	findings_free(&findings);
	return err;
}

static int run(const struct options *o, const char *path)
{
	scoped_target struct target *target = NULL;
	struct symlist list = { 0 };
	int code = EXIT_ERROR;
	struct error *err = symbol_options_open(&o->kernel, &list, &target);

	if (!err)
		err = convert_file(o, path, &list, target, &code);
	symlist_free(&list);
	return err ? report_error(err) : code;
}

static bool read_options(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{"output", required_argument, NULL, 'o'},
		SYMBOL_LONG_OPTIONS,
		COMMON_LONG_OPTIONS,
		{0},
	};

	for (int c;
	     (c = getopt_long(argc, argv, COMMON_OPTIONS SYMBOL_OPTIONS "o:", options, NULL)) != -1;) {
		if (c == 'o')
			o->output = optarg;
		else if (!symbol_option(c, &o->kernel) && !common_option(c, &o->common))
			return false;
	}
	return o->common.help ||
	       (argc - optind == 1 && o->output && !symbol_options_name_two(&o->kernel));
}

int command_convert(int argc, char **argv)
{
	struct options o = { 0 };
	int code = EXIT_USAGE;

	if (!read_options(argc, argv, &o)) {
		fputs(help, stderr);
	} else if (o.common.help) {
		fputs(help, stdout);
		code = EXIT_FINE;
	} else {
		code = run(&o, argv[optind]);
	}
	symbol_options_free(&o.kernel);
	return code;
}
