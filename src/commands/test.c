// SPDX-License-Identifier: GPL-2.0-or-later
/* suture test: boots the target's kernel in QEMU and tries a livepatch there. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "boot/boot.h"
#include "commands/commands.h"

struct test_options {
	struct common_options common;
	struct boot_request request;
	const char *target;
	const char *output;
	struct str_vec modules, extra;
};

static void usage(FILE *out)
{
	fputs("usage: suture test FILE.ko [OPTION...]\n"
	      "Boots the target's kernel in QEMU, loads the livepatch, observes, unloads, repeats.\n\n"
	      "  -t, --target T       the kernel (default: the only target, or $SUTURE_TARGET)\n"
	      "  --script S           run 'sh S before', 'sh S with', 'sh S after' in the guest\n"
	      "  --modules M1,M2      load these modules of the target first\n"
	      "  --extra FILE         put FILE into the guest's /test (may be repeated)\n"
	      "  --rounds N           load and unload N more times under load (default 3)\n"
	      "  --cmdline ARGS       add to the kernel's command line (implies --cold)\n"
	      "  --timeout SEC        end the test after that time (default 180)\n"
	      "  --transition SEC     time for one transition (default 60)\n"
	      "  --console LOG        write the guest's console to LOG\n"
	      "  --cold               boot, do not restore a snapshot\n"
	      "  --json               print the result as JSON\n"
	      "  -o RESULT.json       write the result as JSON\n\n"
	      "Exit status: 0 passed, 1 failed, 2 could not be made.\n",
	      out);
}

static void add_names(struct str_vec *names, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, ",");

		if (n)
			str_vec_push(names, xstrndup(list, n));
		list += n + (list[n] == ',');
	}
}

static bool parse_number(const char *text, double *number)
{
	char *end;

	*number = strtod(text, &end);
	if (end != text && !*end && *number >= 0 && *number <= 86400)
		return true;
	fprintf(stderr, "suture test: '%s' is not a number from 0 to 86400\n", text);
	return false;
}

enum { TARGET = 256, SCRIPT, MODULES, EXTRA, ROUNDS, CMDLINE, TIMEOUT, TRANSITION, CONSOLE, COLD };

static bool take_number(int c, struct boot_request *request)
{
	double number;

	if (!parse_number(optarg, &number))
		return false;
	if (c == ROUNDS)
		request->rounds = number;
	else if (c == TIMEOUT)
		request->timeout = number;
	else
		request->transition_limit = number;
	return true;
}

static bool take_option(int c, struct test_options *o)
{
	switch (c) {
	case 't':
		o->target = optarg;
		return true;
	case SCRIPT:
		o->request.script = optarg;
		return true;
	case MODULES:
		add_names(&o->modules, optarg);
		return true;
	case EXTRA:
		str_vec_push(&o->extra, xstrdup(optarg));
		return true;
	case CMDLINE:
		o->request.cmdline = optarg;
		return true;
	case CONSOLE:
		o->request.console_log = optarg;
		return true;
	case COLD:
		o->request.cold = true;
		return true;
	case 'o':
		o->output = optarg;
		return true;
	case ROUNDS:
	case TIMEOUT:
	case TRANSITION:
		return take_number(c, &o->request);
	default:
		return common_option(c, &o->common);
	}
}

static bool parse(int argc, char **argv, struct test_options *o)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },
		{ "script", required_argument, NULL, SCRIPT },
		{ "modules", required_argument, NULL, MODULES },
		{ "extra", required_argument, NULL, EXTRA },
		{ "rounds", required_argument, NULL, ROUNDS },
		{ "cmdline", required_argument, NULL, CMDLINE },
		{ "timeout", required_argument, NULL, TIMEOUT },
		{ "transition", required_argument, NULL, TRANSITION },
		{ "console", required_argument, NULL, CONSOLE },
		{ "cold", no_argument, NULL, COLD },
		{ "output", required_argument, NULL, 'o' },
		COMMON_LONG_OPTIONS,
		{ 0 },
	};
	int c;

	*o = (struct test_options){ .request.rounds = 3 };
	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "o:t:", options, NULL)) != -1)
		if (!take_option(c, o))
			return false;
	o->request.modules = &o->modules;
	o->request.extra = &o->extra;
	o->request.livepatch = argv[optind];
	return o->common.help || optind + 1 == argc;
}

static void print_seconds(const char *what, double seconds)
{
	if (seconds >= 0)
		printf(", %s %.2f s", what, seconds);
}

static void print_output(const char *run, const char *output)
{
	if (output)
		printf("--- %s\n%s%s", run, output, *output && !ends_with(output, "\n") ? "\n" : "");
}

static void print_result(const char *livepatch, const struct boot_result *r)
{
	print_output("before", r->before);
	print_output("with", r->with);
	print_output("after", r->after);
	findings_print(&r->findings, stdout);
	printf("%s: %s (%.1f s: %s %.1f s", path_basename(livepatch), r->ok ? "passed" : "FAILED",
	       r->total_seconds, r->restored ? "restored in" : "booted in", r->boot_seconds);
	print_seconds("transition", r->transition_seconds);
	print_seconds("back", r->untransition_seconds);
	printf(", %u more rounds)\n", r->rounds_done);
}

static struct error *write_json(const struct boot_result *r, const struct test_options *o)
{
	json_t *json = boot_result_json(r);
	scoped_free char *text = json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	struct error *err = NULL;

	json_decref(json);
	if (!text)
		return error_new("Y1", "the result cannot be written as JSON");
	scoped_free char *lines = xasprintf("%s\n", text);

	if (o->common.json)
		fputs(lines, stdout);
	if (o->output)
		err = write_file(o->output, lines, strlen(lines));
	return err;
}

static struct error *run(const struct test_options *o, struct boot_result *r)
{
	scoped_target struct target *target = NULL;

	TRY(target_open(o->target, &target));
	TRY(boot_test(target, &o->request, r));
	if (!o->common.json)
		print_result(o->request.livepatch, r);
	return o->common.json || o->output ? write_json(r, o) : NULL;
}

int command_test(int argc, char **argv)
{
	struct boot_result result = { 0 };
	struct test_options o;
	int status;

	if (!parse(argc, argv, &o)) {
		usage(stderr);
		status = EXIT_USAGE;
	} else if (o.common.help) {
		usage(stdout);
		status = EXIT_FINE;
	} else {
		struct error *err = run(&o, &result);

		status = err ? report_error(err) : result.ok ? EXIT_FINE : EXIT_REFUSED;
	}
	boot_result_free(&result);
	str_vec_free_all(&o.modules);
	str_vec_free_all(&o.extra);
	return status;
}
