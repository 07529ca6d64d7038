// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * context-table TARGET [ID [MODULE...]]: what the rules about the place where a function runs (F3, F4, F5, F6,
 * C12) say of every function of the target's vmlinux, or of these modules, were it replaced. Prints how many
 * each finds; with an ID the findings too. By hand: to see false alarms, which no fixture shows.
 */
#include <stdio.h>

#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "rules/detectors.h"
#include "rules/graph.h"
#include "rules/shipped.h"

static const char *const ids[] = { "F3", "F4", "F5", "F6", "C12" };

static void add_functions(struct check *c, struct inspection *in, struct image *im)
{
	for (size_t i = 1; i < im->nsymbols; i++) {
		struct image_symbol *s = &im->symbols[i];

		if (s->type != STT_FUNC || !s->size || strstr(s->name, ".cold") ||
		    starts_with(image_section_of(im, s), ".init"))
			continue;
		inspect_func_vec_push(&in->functions, (struct inspect_func){
			.kobject = im->kobject, .name = (char *)s->name });
		replaced_symbol_vec_push(&c->replaced, (struct replaced_symbol){ NULL, im, s, 1 });
	}
}

static struct error *add_objects(struct check *c, struct inspection *in, char **modules)
{
	static char *const vmlinux[] = { (char *)"vmlinux", NULL };

	for (char *const *name = *modules ? modules : vmlinux; *name; name++) {
		struct image *im;

		TRY(images_get(&c->images, c->target, *name, &im));
		if (im)
			add_functions(c, in, im);
	}
	/* The list has come to rest. */
	for (size_t i = 0; i < in->functions.n; i++)
		c->replaced.at[i].func = &in->functions.at[i];
	return NULL;
}

static bool is_id(const char *id, const char *only)
{
	if (only)
		return streq(id, only);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (streq(id, ids[i]))
			return true;
	return false;
}

static struct error *run(const char *target, const char *only, char **modules)
{
	struct finding_vec findings = { 0 };
	struct inspection in = { 0 };
	struct check c = { .in = &in, .findings = &findings };

	TRY(target_open(target, &c.target));
	TRY(images_get(&c.images, c.target, "vmlinux", &c.vmlinux));
	TRY(exports_read(c.target->symvers, &c.exports));
	TRY(add_objects(&c, &in, modules));
	for (size_t i = 0; i < rule_count; i++) {
		size_t before = findings.n;
		double start = own_cpu_seconds();

		if (!is_id(rules[i].id, only))
			continue;
		TRY(rules[i].detect(&c, &rules[i]));
		for (size_t k = before; only && k < findings.n; k++)
			printf("%s %s [%s]: %s\n", findings.at[k].id, findings.at[k].symbol,
			       findings.at[k].location ? findings.at[k].location : "", findings.at[k].message);
		printf("%-4s finds %zu of %zu functions (%.1f CPU s)\n", rules[i].id, findings.n - before,
		       in.functions.n, own_cpu_seconds() - start);
	}
	findings_free(&findings);
	graph_close(&c);
	replaced_symbol_vec_free(&c.replaced);
	inspect_func_vec_free(&in.functions);
	images_free(&c.images);
	exports_free(&c.exports);
	target_free(c.target);
	return NULL;
}

int main(int argc, char **argv)
{
	quiet = true;
	if (argc < 2) {
		fprintf(stderr, "usage: context-table TARGET [ID [MODULE...]]\n");
		return 64;
	}
	struct error *err = run(argv[1], argc > 2 ? argv[2] : NULL, argv + (argc > 3 ? 3 : argc));

	if (err)
		fprintf(stderr, "context-table: %s: %s\n", err->id, err->message);
	error_free(err);
	return err ? 2 : 0;
}
