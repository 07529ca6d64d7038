// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/variants.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"

/* "gcc (Debian 12.2.0-14) 12.2.0", "Debian clang version 14.0.6" */
struct error *compiler_version(const char *cc, bool *clang, unsigned int *version)
{
	const char *const argv[] = { cc, "--version", NULL };
	scoped_process_result struct process_result r = { 0 };
	const char *p;

	TRY(process_run(&(struct process){ .argv = argv }, &r));
	r.output[strcspn(r.output, "\n")] = 0;
	p = strstr(r.output, "clang version ");
	*clang = p != NULL;
	if (p) {
		p += strlen("clang version ");
	} else {
		p = strrchr(r.output, ')');
		p = p ? p + 1 : r.output;
	}
	while (*p && !isdigit((unsigned char)*p))
		p++;
	*version = strtoul(p, NULL, 10);
	return r.status || !*version ? error_new("U10", "%s: says nothing of its version: %s", cc,
						 r.output) : NULL;
}

struct error *variant_source_open(struct target *target, const char *unit, const char *workdir,
				  struct variant_source *source, char **object)
{
	scoped_free char *path = path_join(target->srctree, unit);
	struct unit original;

	*source = (struct variant_source){ .workdir = workdir, .target = target, .unit = unit };
	TRY(compiler_version(target->cc, &source->clang, &source->version));
	TRY(unit_compile_original(target, unit, &original));
	*object = take(original.original);
	source->kobject = take(original.kobject);
	source->original = *object;
	unit_free(&original);
	return read_file(path, &source->text, NULL);
}

void variant_source_free(struct variant_source *source)
{
	free(source->text);
	free(source->kobject);
	source->text = source->kobject = NULL;
}

static void add_word(struct str_vec *argv, const char *word)
{
	str_vec_push(argv, xstrdup(word));
}

/* One compile of a plain command: source and object in a directory of their own. */
static struct error *compile_plain(const struct variant_source *s, const char *text,
				   struct variant *v)
{
	static unsigned int counter;
	scoped_free char *dir = xasprintf("%s/plain%u", s->workdir, counter++);
	scoped_free char *c = path_join(dir, "unit.c"), *o = path_join(dir, "unit.o");
	SCOPED(str_vec_free_all) struct str_vec argv = { 0 };
	scoped_process_result struct process_result r = { 0 };

	TRY(make_dirs(dir));
	TRY(write_file(c, text, strlen(text)));
	for (size_t i = 0; i < s->argv->n; i++)
		add_word(&argv, s->argv->at[i]);
	for (size_t i = 0; i < v->flags.n; i++)
		add_word(&argv, v->flags.at[i]);
	add_word(&argv, "-ffunction-sections");
	add_word(&argv, "-fdata-sections");
	add_word(&argv, "-c");
	add_word(&argv, c);
	add_word(&argv, "-o");
	add_word(&argv, o);
	str_vec_push(&argv, NULL);
	struct error *err = process_run(&(struct process){ .argv = (const char *const *)argv.at }, &r);

	argv.n--;
	TRY(err);
	if (r.status)
		v->failed = xasprintf("%.500s", r.output);
	else
		v->object = xstrdup(o);
	return NULL;
}

struct error *variants_compile(const struct variant_source *source, const char *text,
			       struct variant_vec *list)
{
	if (source->target)
		return unit_compile_variants(source->target, source->unit, NULL, text,
					     source->workdir, list);
	for (size_t i = 0; i < list->n; i++)
		TRY(compile_plain(source, text ? text : source->text, &list->at[i]));
	return NULL;
}
