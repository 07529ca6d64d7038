// SPDX-License-Identifier: GPL-2.0-or-later
/* suture target: add, list, show, symbols, remove. */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "commands/commands.h"
#include "convert/symbols.h"
#include "impact/index.h"
#include "target/cache.h"
#include "target/target.h"
#include "units/units.h"

struct target_options {
	struct common_options common;
	const char *build, *name, *output;
};

static void usage(FILE *out)
{
	fputs("usage: suture target add debian:RELEASE\n"
	      "       suture target add debian:latest[-SERIES][-cloud]\n"
	      "       suture target add --build DIR [--name LABEL]\n"
	      "       suture target list [--json]\n"
	      "       suture target show [--json] [NAME]\n"
	      "       suture target symbols [-o FILE] [NAME]\n"
	      "       suture target remove NAME\n"
	      "\n"
	      "A target is the kernel that is to be patched. `add` makes it ready once: for a stock\n"
	      "Debian kernel it fetches the image, its debug package, headers and exactly matching\n"
	      "source with apt-get and prepares them; a kernel of your own is used where it was built\n"
	      "(it is never written to) and only noted down.\n"
	      "\n"
	      "  debian:6.12.117+deb12-cloud-amd64   what `uname -r` prints\n"
	      "  debian:latest-cloud                 newest kernel for clouds of any series\n"
	      "  debian:latest-6.1                   newest 6.1 kernel\n"
	      "  debian:previous-6.12-cloud          newest but one\n"
	      "  --build DIR                         in-tree or O= build with vmlinux, Module.symvers\n"
	      "  --name LABEL                        call it build:LABEL (default: its release)\n"
	      "  -o, --output FILE                   symbols: where the list goes (docs/convert.md)\n"
	      "  --json                              list, show: for programs\n"
	      "  -v, -q                              show programs run; say nothing\n"
	      "\n"
	      "Targets live in $SUTURE_CACHE (default ~/.cache/suture). $SUTURE_TARGET names the one\n"
	      "to use where there are several.\n",
	      out);
}

static int wrong_usage(const char *message)
{
	fprintf(stderr, "suture target: %s\n", message);
	usage(stderr);
	return EXIT_USAGE;
}

/* The first build need not pay for what is the same for all of them. */
static struct error *prepare(const char *name)
{
	scoped_target struct target *target = NULL;
	scoped_index struct impact_index index = { 0 };
	SCOPED(symlist_free) struct symlist symbols = { 0 };

	TRY(target_open(name, &target));
	TRY(units_prepare(target));
	if (target->user_build)
		return NULL; /* it may be built again at any time */
	TRY(symlist_of_target(target, &symbols));
	return index_open(target, &index);
}

static int command_add(const struct target_options *o, int n, char **args)
{
	scoped_free char *name = NULL;
	struct error *err;

	if (o->build ? n != 0 : n != 1)
		return wrong_usage("add takes one debian:RELEASE, or --build DIR");
	if (o->name && !o->build)
		return wrong_usage("--name goes with --build");
	if (o->build)
		err = target_add_build(o->build, o->name, &name);
	else if (starts_with(args[0], "debian:"))
		err = target_add_debian(args[0] + strlen("debian:"), &name);
	else
		return wrong_usage("add: kernels are debian:RELEASE or --build DIR");
	if (!err)
		err = prepare(name);
	if (err)
		return report_error(err);
	printf("%s\n", name);
	return EXIT_FINE;
}

static int print_json(json_t *json)
{
	json_dumpf(json, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(json);
	return EXIT_FINE;
}

static void free_list(struct target_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		target_free(list->at[i]);
	target_vec_free(list);
}

static int list_json(const struct target_vec *list)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->n; i++) {
		json_t *one;
		struct error *err = cache_read_json(list->at[i]->dir, &one);

		if (err) {
			json_decref(all);
			return report_error(err);
		}
		json_array_append_new(all, one);
	}
	return print_json(all);
}

static int command_list(const struct target_options *o, int n)
{
	struct target_vec list = { 0 };
	int status = EXIT_FINE;

	if (n)
		return wrong_usage("list takes no argument");
	struct error *err = target_list(&list);

	if (err)
		status = report_error(err);
	else if (o->common.json)
		status = list_json(&list);
	for (size_t i = 0; !err && !o->common.json && i < list.n; i++)
		printf("%s\n", list.at[i]->name);
	free_list(&list);
	return status;
}

static void show_line(const char *what, const char *value)
{
	printf("%-16s%s\n", what, value ? value : "none");
}

static int command_show(const struct target_options *o, int n, char **args)
{
	scoped_target struct target *t = NULL;
	json_t *json = NULL;

	if (n > 1)
		return wrong_usage("show takes at most one name");
	struct error *err = target_open(n ? args[0] : NULL, &t);

	if (!err)
		err = cache_read_json(t->dir, &json);
	if (err)
		return report_error(err);
	if (o->common.json)
		return print_json(json);
	show_line("name", t->name);
	show_line("release", t->release);
	if (!t->user_build)
		show_line("version", json_string_value(json_object_get(json, "version")));
	show_line("compiler", t->cc);
	show_line("source", t->srctree);
	show_line("build tree", t->objtree);
	show_line("headers", t->kbuild);
	show_line("vmlinux", t->vmlinux);
	show_line("boot image", t->bzimage);
	show_line("configuration", t->config);
	json_decref(json);
	return EXIT_FINE;
}

/* The list that suture convert --symbols reads: for machines without the target. */
static struct error *write_symbols(const struct target_options *o, const char *name)
{
	scoped_target struct target *t = NULL;
	scoped_str struct str text = { 0 };
	struct symlist list = { 0 };

	TRY(target_open(name, &t));
	TRY(symlist_of_target(t, &list));
	symlist_print(&list, &text);
	symlist_free(&list);
	if (o->output)
		return write_file(o->output, text.s, text.n);
	fwrite(text.s, 1, text.n, stdout);
	return NULL;
}

static int command_symbols(const struct target_options *o, int n, char **args)
{
	if (n > 1)
		return wrong_usage("symbols takes at most one name");
	struct error *err = write_symbols(o, n ? args[0] : NULL);

	return err ? report_error(err) : EXIT_FINE;
}

static int command_remove(int n, char **args)
{
	if (n != 1)
		return wrong_usage("remove takes one name");
	struct error *err = target_remove(args[0]);

	return err ? report_error(err) : EXIT_FINE;
}

static int run(const struct target_options *o, int n, char **args)
{
	if (n < 1)
		return wrong_usage("add, list, show, symbols or remove?");
	if (streq(args[0], "add"))
		return command_add(o, n - 1, args + 1);
	if (streq(args[0], "list"))
		return command_list(o, n - 1);
	if (streq(args[0], "show"))
		return command_show(o, n - 1, args + 1);
	if (streq(args[0], "symbols"))
		return command_symbols(o, n - 1, args + 1);
	if (streq(args[0], "remove"))
		return command_remove(n - 1, args + 1);
	return wrong_usage("add, list, show, symbols or remove?");
}

int command_target(int argc, char **argv)
{
	static const struct option options[] = {
		{ "build", required_argument, NULL, 'b' },
		{ "name", required_argument, NULL, 'n' },
		{ "output", required_argument, NULL, 'o' },
		COMMON_LONG_OPTIONS,
		{ 0 },
	};
	struct target_options o = { 0 };

	for (int c; (c = getopt_long(argc, argv, COMMON_OPTIONS "b:n:o:", options, NULL)) != -1;) {
		if (c == 'b')
			o.build = optarg;
		else if (c == 'n')
			o.name = optarg;
		else if (c == 'o')
			o.output = optarg;
		else if (!common_option(c, &o.common))
			return wrong_usage("bad option");
	}
	if (o.common.help) {
		usage(stdout);
		return EXIT_FINE;
	}
	return run(&o, argc - optind, argv + optind);
}
