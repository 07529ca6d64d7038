// SPDX-License-Identifier: GPL-2.0-or-later
/* suture diff ORIGINAL.o PATCHED.o */
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "commands/commands.h"
#include "diff/compare.h"

static const char help[] =
	"usage: suture diff [-a] [--json] ORIGINAL.o PATCHED.o\n\n"
	"Compares two relocatable x86_64 objects function by function and variable by variable.\n"
	"Says for each that changed, is new or was removed, why. Exit code 0: no change,\n"
	"1: changes, 2: could not compare.\n\n"
	"  -a, --all   also list what did not change\n";

static const char *const change_names[] = { "unchanged", "changed", "new", "removed" };

static bool is_listed(const struct entity *e)
{
	return e->kind != ENTITY_ANON || e->change == CHANGED;
}

static json_t *entity_json(const struct entity *e)
{
	return json_pack("{ss ss ss ss*}", "name", e->name, "kind",
			 e->kind == ENTITY_FUNCTION ? "function" : "data", "change",
			 change_names[e->change], "why", e->why);
}

static void show(const struct entity *e, json_t *list)
{
	if (list)
		json_array_append_new(list, entity_json(e));
	else
		printf("%-9s %s %s%s%s\n", change_names[e->change],
		       e->kind == ENTITY_FUNCTION ? "function" : "data", e->name,
		       e->why ? ": " : "", e->why ? e->why : "");
}

struct totals {
	size_t by_change[4];
};

static void report(const struct model *a, const struct model *b, bool all, json_t *list,
		   struct totals *t)
{
	for (size_t i = 0; i < a->entities.n; i++) {
		const struct entity *e = a->entities.at[i];

		if (e->change != REMOVED || !is_listed(e) || entity_is_init(e))
			continue;
		t->by_change[REMOVED]++;
		show(e, list);
	}
	for (size_t i = 0; i < b->entities.n; i++) {
		const struct entity *e = b->entities.at[i];

		if (!is_listed(e))
			continue;
		t->by_change[e->change]++;
		if (all || e->change != UNCHANGED)
			show(e, list);
	}
}

static struct error *run(const char *original, const char *patched, bool all, bool json,
			 struct totals *totals)
{
	struct finding_vec findings = { 0 };
	scoped_object struct object *o = NULL, *p = NULL;
	struct model *a = NULL, *b = NULL;

	TRY(object_read(original, &o));
	TRY(object_read(patched, &p));
	struct error *err = model_new(o, &findings, &a);

	if (!err)
		err = model_new(p, &findings, &b);
	if (!err) {
		json_t *list = json ? json_array() : NULL;

		correlate(a, b);
		compare(a, b);
		report(a, b, all, list, totals);
		if (json) {
			json_t *top = json_pack("{so so}", "entities", list, "findings",
						findings_json(&findings));

			json_dumpf(top, stdout, JSON_INDENT(2));
			putchar('\n');
			json_decref(top);
		} else {
			printf("%zu changed, %zu new, %zu removed, %zu unchanged\n",
			       totals->by_change[CHANGED], totals->by_change[NEW],
			       totals->by_change[REMOVED], totals->by_change[UNCHANGED]);
			findings_print(&findings, stdout);
		}
	}
	model_free(a);
	model_free(b);
	findings_free(&findings);
	return err;
}

int command_diff(int argc, char **argv)
{
	static const struct option options[] = { { "all", no_argument, NULL, 'a' },
						 COMMON_LONG_OPTIONS,
						 { 0 } };
	struct common_options common = { 0 };
	struct totals totals = { 0 };
	bool all = false;
	int c;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "a", options, NULL)) != -1) {
		if (c == 'a')
			all = true;
		else if (!common_option(c, &common))
			return EXIT_USAGE;
	}
	if (common.help || argc - optind != 2) {
		fputs(help, common.help ? stdout : stderr);
		return common.help ? EXIT_FINE : EXIT_USAGE;
	}
	struct error *err = run(argv[optind], argv[optind + 1], all, common.json, &totals);

	if (err)
		return report_error(err);
	return totals.by_change[CHANGED] + totals.by_change[NEW] + totals.by_change[REMOVED] ?
		       EXIT_REFUSED : EXIT_FINE;
}
