// SPDX-License-Identifier: GPL-2.0-or-later
/* suture explain [ID...]: the pages of the catalogue. */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "base/mem.h"
#include "commands/commands.h"
#include "rules/catalogue.h"

static const char help[] =
	"usage: suture explain [--json] [ID...]\n\n"
	"Prints the page of each ID: what the problem is, why it is dangerous, what to do.\n"
	"Without an ID: all ids with severity and title.\n";

static void print_page(const struct rule_page *p)
{
	printf("%s: %s (%s)\n\n%s", p->id, p->title, p->severity, p->text);
}

static void print_line(const struct rule_page *p, FILE *out)
{
	fprintf(out, "%-4s %-8s %s\n", p->id, p->severity, p->title);
}

static json_t *page_json(const struct rule_page *p, bool text)
{
	json_t *o =
		json_pack("{ss ss ss}", "id", p->id, "severity", p->severity, "title", p->title);

	if (text)
		json_object_set_new(o, "text", json_string(p->text));
	return o;
}

static int list_all(bool json)
{
	json_t *array = json_array();

	for (size_t i = 0; i < rule_page_count; i++) {
		if (json)
			json_array_append_new(array, page_json(&rule_pages[i], false));
		else
			print_line(&rule_pages[i], stdout);
	}
	if (json) {
		json_dumpf(array, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(array);
	return EXIT_FINE;
}

static int unknown(const char *id)
{
	struct rule_page_vec near = {0};

	fprintf(stderr, "suture: there is no page for '%s'", id);
	rule_near(id, &near);
	fputs(near.n ? "; did you mean:\n" : "; suture explain lists all ids\n", stderr);
	for (size_t i = 0; i < near.n; i++)
		print_line(near.at[i], stderr);
	rule_page_vec_free(&near);
	return EXIT_ERROR;
}

static int explain(char *const *ids, int n, bool json)
{
	json_t *array = json_array();
	int code = EXIT_FINE;

	for (int i = 0; i < n; i++) {
		const struct rule_page *p = rule_find(ids[i]);

		if (!p) {
			code = unknown(ids[i]);
		} else if (json) {
			json_array_append_new(array, page_json(p, true));
		} else {
			if (i)
				putchar('\n');
			print_page(p);
		}
	}
	if (json) {
		json_dumpf(n == 1 && json_array_size(array) ? json_array_get(array, 0) : array,
			   stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(array);
	return code;
}

int command_explain(int argc, char **argv)
{
	static const struct option options[] = {COMMON_LONG_OPTIONS, {0}};
	struct common_options common = {0};
	int c;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS, options, NULL)) != -1) {
		if (!common_option(c, &common)) {
			fputs(help, stderr);
			return EXIT_USAGE;
		}
	}
	if (common.help) {
		fputs(help, stdout);
		return EXIT_FINE;
	}
	if (optind == argc)
		return list_all(common.json);
	return explain(argv + optind, argc - optind, common.json);
}
