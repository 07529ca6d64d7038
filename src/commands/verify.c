// SPDX-License-Identifier: GPL-2.0-or-later
/* suture verify FILE.ko --fix FIX */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "commands/commands.h"
#include "verify/verify.h"

static const char help[] =
	"usage: suture verify FILE.ko --fix FIX... [-d DESCRIPTION] [-t TARGET] [-o CERTIFICATE] [--json]\n"
	"       suture verify --replay CERTIFICATE [--json]\n\n"
	"Is the livepatch module, whoever made it, the difference between the running kernel and the\n"
	"kernel that the fix gives? Applies it to an emulated kernel, compiles the fixed one, compares,\n"
	"and says of each of twelve obligations whether it is proved, refuted (with a witness) or open\n"
	"(with what a person must decide). Exit code 0: nothing is refuted, 1: something is, 2: could\n"
	"not be done, or the certificate does not hold any more.\n\n"
	"  -f, --fix FIX             a unified diff; may be given several times\n"
	"  -d, --description FILE    what the fix's description says belongs together (docs/description.md)\n"
	"  -t, --target TARGET       a target of `suture target list`; default: the only one\n"
	"  -o, --output CERTIFICATE  write the certificate (JSON) to this file\n"
	"  -r, --replay CERTIFICATE  verify again what a certificate says, and compare\n";

struct options {
	struct common_options common;
	const char *target, *output, *replay, *description;
	struct str_vec fixes;
};

static struct error *show(const struct options *o, const struct certificate *c, int *code)
{
	json_t *json = certificate_json(c);
	scoped_free char *text = json_dumps(json, JSON_INDENT(2));

	json_decref(json);
	if (o->common.json)
		puts(text);
	else
		certificate_print(c, stdout);
	*code = certificate_verdict(c) == REFUTED ? EXIT_REFUSED : EXIT_FINE;
	return o->output ? write_file(o->output, text, strlen(text)) : NULL;
}

static struct error *run(const struct options *o, const char *module, int *code)
{
	SCOPED(certificate_free) struct certificate c = { 0 };
	scoped_target struct target *target = NULL;

	if (o->replay) {
		TRY(certificate_replay(o->replay, &c));
		return show(o, &c, code);
	}
	TRY(target_open(o->target, &target));
	struct verify_request rq = { .target = target, .module = module, .fixes = o->fixes.at,
				     .nfixes = o->fixes.n, .description = o->description };

	TRY(verify(&rq, &c));
	return show(o, &c, code);
}

int command_verify(int argc, char **argv)
{
	static const struct option options[] = {
		{ "fix", required_argument, NULL, 'f' },    { "target", required_argument, NULL, 't' },
		{ "description", required_argument, NULL, 'd' },
		{ "output", required_argument, NULL, 'o' }, { "replay", required_argument, NULL, 'r' },
		COMMON_LONG_OPTIONS,			    { 0 },
	};
	struct options o = { 0 };
	int c, code = EXIT_ERROR;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "d:f:t:o:r:", options, NULL)) != -1) {
		if (c == 'f')
			str_vec_push(&o.fixes, optarg);
		else if (c == 't' || c == 'o' || c == 'r')
			*(c == 't' ? &o.target : c == 'o' ? &o.output : &o.replay) = optarg;
		else if (c == 'd')
			o.description = optarg;
		else if (!common_option(c, &o.common))
			return EXIT_USAGE;
	}
	bool complete = o.replay ? optind == argc && !o.fixes.n : optind == argc - 1 && o.fixes.n;
	struct error *err = NULL;

	if (o.common.help || !complete) {
		fputs(help, o.common.help ? stdout : stderr);
		code = o.common.help ? EXIT_FINE : EXIT_USAGE;
	} else {
		err = run(&o, argv[optind], &code);
	}
	str_vec_free(&o.fixes);
	return err ? report_error(err) : code;
}
