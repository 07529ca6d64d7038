// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/variant.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "units/compile.h"
#include "units/farm.h"

void variants_free(struct variant_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		str_vec_free_all(&list->at[i].flags);
		free(list->at[i].object);
		free(list->at[i].failed);
	}
	variant_vec_free(list);
}

static struct command with_flags(const struct command *c, const struct str_vec *flags)
{
	struct command copy = *c;

	copy.argv = (struct str_vec) {0};
	for (size_t i = 0; i < c->argv.n; i++)
		str_vec_push(&copy.argv, xstrdup(c->argv.at[i]));
	for (size_t i = 0; i < flags->n; i++)
		str_vec_push(&copy.argv, xstrdup(flags->at[i]));
	return copy; /* only argv is of its own */
}

/* A view of the tree in which a file (NULL: the unit's C file) has this text; a tree that the compiler runs in
 * must have its build directory there, too. */
static struct error *make_view(const struct target *t, const struct command *c, const char *path,
			       const char *text, const char *workdir, struct farm *farm)
{
	static unsigned int counter;
	scoped_free char *root = xasprintf("%s/view%u", workdir, counter++);
	scoped_free char *objtree = path_below(t->srctree, "/", t->objtree);

	TRY(farm_new(t->srctree, root, farm));
	TRY(farm_put(farm, path ? path : c->source, text, strlen(text)));
	return objtree && *objtree ? farm_make_dir(farm, objtree) : NULL;
}

static struct error *compile_all(const struct target *t, const struct command *command,
				 const char *farm, const char *workdir, struct variant_vec *list)
{
	SCOPED(compiles_free) struct compile_vec compiles = {0};
	scoped_free struct command *commands = xcalloc(list->n + 1, sizeof(*commands));
	struct error *err = NULL;

	for (size_t i = 0; !err && i < list->n; i++) {
		scoped_free char *dir = NULL;
		static unsigned int counter;

		dir = xasprintf("%s/variant%u", workdir, counter++);
		commands[i] = with_flags(command, &list->at[i].flags);
		err = make_dirs(dir);
		compile_add(&compiles, &commands[i], farm, dir);
	}
	if (!err)
		err = compile_run(t, &compiles);
	for (size_t i = 0; i < list->n; i++) {
		if (!err && compiles.at[i].result.status)
			list->at[i].failed = compile_errors(&compiles.at[i]);
		else if (!err)
			list->at[i].object = xstrdup(compiles.at[i].object);
		str_vec_free_all(&commands[i].argv);
	}
	return err;
}

struct error *unit_compile_variants(struct target *target, const char *source, const char *path,
				    const char *text, const char *workdir, struct variant_vec *list)
{
	SCOPED(commands_free) struct command_vec commands = {0};
	SCOPED(farm_free) struct farm farm = {0};

	TRY(unit_command(target, source, &commands));
	if (text)
		TRY(make_view(target, &commands.at[0], path, text, workdir, &farm));
	return compile_all(target, &commands.at[0], farm.root, workdir, list);
}
