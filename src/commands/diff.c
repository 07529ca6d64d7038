// SPDX-License-Identifier: GPL-2.0-or-later
/* suture diff ORIGINAL.o PATCHED.o */
#include <getopt.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "commands/commands.h"
#include "diff/closure.h"
#include "diff/compare.h"
#include "diff/policy.h"
#include "target/exports.h"

static const char help[] =
	"usage: suture diff [-a] [--json] [-o OUT.o [--object NAME] [--symvers FILE]]\n"
	"                   ORIGINAL.o PATCHED.o\n\n"
	"Compares two relocatable x86_64 objects function by function and variable by variable.\n"
	"Says for each that changed, is new or was removed, why. Exit code 0: no change,\n"
	"1: changes, 2: could not compare.\n\n"
	"  -a, --all            also list what did not change\n"
	"  -o, --output OUT.o   write the livepatch object: what changed, and what that needs and the\n"
	"                       running kernel does not have. Everything else is referred to by name\n"
	"                       (.klp.ref.OBJECT/OBJECT.SYMBOL,0). Exit code 0: written, 1: refused\n"
	"      --object NAME    the kernel object that the unit is part of; default: vmlinux\n"
	"      --symvers FILE   a Module.symvers: what it exports is referred to as usual\n";

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

struct options {
	struct common_options common;
	bool all;
	const char *output, *object, *symvers;
};

/* The two objects side by side, and what there is to say about them. */
struct session {
	struct object *o, *p;
	struct model *a, *b;
	struct exports exports;
	struct finding_vec findings;
	struct replaced_vec replaced;
	struct totals totals;
	bool written;
};

static void session_free(struct session *s)
{
	model_free(s->a);
	model_free(s->b);
	object_free(s->o);
	object_free(s->p);
	exports_free(&s->exports);
	findings_free(&s->findings);
	replaced_free(&s->replaced);
}

static struct error *open_session(struct session *s, const char *original, const char *patched)
{
	TRY(object_read(original, &s->o));
	TRY(object_read(patched, &s->p));
	TRY(model_new(s->o, &s->findings, &s->a));
	TRY(model_new(s->p, &s->findings, &s->b));
	correlate(s->a, s->b);
	compare(s->a, s->b);
	return NULL;
}

static struct error *write_object(struct session *s, const struct options *o, const char *source)
{
	struct map names = { 0 };
	struct closure_stats stats = { 0 };

	if (o->symvers)
		TRY(exports_read(o->symvers, &s->exports));
	struct resolver resolver = { .kobject = o->object,
				     .exports = o->symvers ? &s->exports : NULL,
				     .findings = &s->findings };
	struct closure_request rq = { .original = s->a, .patched = s->b, .resolver = &resolver,
				      .source = source, .names = &names, .replaced = &s->replaced,
				      .findings = &s->findings };

	policy_for_gone(s->b, &resolver, NULL, NULL, &s->findings);
	struct error *err = closure_write(&rq, o->output, &stats, &s->written);

	map_free(&names);
	if (!err && !s->written && !findings_refuse(&s->findings))
		finding_add(&s->findings, "D8", SEVERITY_REFUSAL, NULL, NULL, NULL,
			    "no function changed: there is nothing to write");
	return err;
}

static json_t *replaced_json(const struct session *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->replaced.n; i++)
		json_array_append_new(list, json_pack("{ss ss ss}", "object",
						      s->replaced.at[i].kobject, "name",
						      s->replaced.at[i].name, "symbol",
						      s->replaced.at[i].symbol));
	return list;
}

static void report_json(struct session *s, const struct options *o)
{
	json_t *list = json_array();

	report(s->a, s->b, o->all, list, &s->totals);
	json_t *top = json_pack("{so so}", "entities", list, "findings", findings_json(&s->findings));

	if (o->output) {
		json_object_set_new(top, "output", s->written ? json_string(o->output) : json_null());
		json_object_set_new(top, "replaced", replaced_json(s));
	}
	json_dumpf(top, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(top);
}

static void report_text(struct session *s, const struct options *o)
{
	struct totals *t = &s->totals;

	report(s->a, s->b, o->all, NULL, t);
	printf("%zu changed, %zu new, %zu removed, %zu unchanged\n", t->by_change[CHANGED],
	       t->by_change[NEW], t->by_change[REMOVED], t->by_change[UNCHANGED]);
	findings_print(&s->findings, stdout);
	if (!s->written)
		return;
	printf("written %s: replaces\n", o->output);
	for (size_t i = 0; i < s->replaced.n; i++)
		printf("  %s:%s by %s\n", s->replaced.at[i].kobject, s->replaced.at[i].name,
		       s->replaced.at[i].symbol);
}

static struct error *run(const struct options *o, const char *original, const char *patched,
			 int *code)
{
	struct session s = { 0 };
	struct error *err = open_session(&s, original, patched);

	if (!err && o->output)
		err = write_object(&s, o, patched);
	if (!err) {
		(o->common.json ? report_json : report_text)(&s, o);
		bool same = !s.totals.by_change[CHANGED] && !s.totals.by_change[NEW] &&
			    !s.totals.by_change[REMOVED];

		*code = (o->output ? s.written : same) ? EXIT_FINE : EXIT_REFUSED;
	}
	session_free(&s);
	return err;
}

int command_diff(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all", no_argument, NULL, 'a' },	    { "output", required_argument, NULL, 'o' },
		{ "object", required_argument, NULL, 'O' }, { "symvers", required_argument, NULL, 'S' },
		COMMON_LONG_OPTIONS,			    { 0 },
	};
	struct options o = { .object = "vmlinux" };
	int c, code = EXIT_ERROR;

	while ((c = getopt_long(argc, argv, COMMON_OPTIONS "ao:", options, NULL)) != -1) {
		if (c == 'a')
			o.all = true;
		else if (c == 'o')
			o.output = optarg;
		else if (c == 'O')
			o.object = optarg;
		else if (c == 'S')
			o.symvers = optarg;
		else if (!common_option(c, &o.common))
			return EXIT_USAGE;
	}
	if (o.common.help || argc - optind != 2) {
		fputs(help, o.common.help ? stdout : stderr);
		return o.common.help ? EXIT_FINE : EXIT_USAGE;
	}
	struct error *err = run(&o, argv[optind], argv[optind + 1], &code);

	return err ? report_error(err) : code;
}
