// SPDX-License-Identifier: GPL-2.0-or-later
/* One unit of the unchanged tree, by itself. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/command.h"
#include "units/compile.h"
#include "units/includes.h"
#include "units/kbuild.h"
#include "units/units.h"
#include "units/variant.h"

/* The command of a source file's unit. */
struct error *unit_command(struct target *t, const char *source, struct command_vec *list)
{
	SCOPED(str_vec_free_all) struct str_vec objects = {0};
	struct error_vec problems = {0};

	if (!ends_with(source, ".c"))
		return error_new("U1", "%s: not a C file", source);
	str_vec_push(&objects, xasprintf("%.*so", (int)strlen(source) - 1, source));
	struct error *err = kbuild_commands(t, &objects, list, &problems);

	for (size_t i = 0; i < problems.n; i++) {
		if (err)
			error_free(problems.at[i]);
		else
			err = problems.at[i];
	}
	error_vec_free(&problems);
	if (!err && !list->n)
		err = error_new("U1", "%s: not part of the target's configuration", source);
	return err;
}

/* Compiles into a scratch directory and keeps the object; generated files are made when it fails.
 */
static struct error *compile_one(struct target *t, const struct command *command,
				 const char *object, const char *deps, double *cpu)
{
	scoped_temp_dir char *dir = NULL;
	SCOPED(str_vec_free) struct str_vec objects = {0};
	SCOPED(compiles_free) struct compile_vec list = {0};

	TRY(temp_dir_new("original", &dir));
	str_vec_push(&objects, command->object_name);
	compile_add(&list, command, NULL, dir);
	TRY(compile_run(t, &list));
	*cpu += list.at[0].result.cpu;
	if (list.at[0].result.status && !t->user_build) {
		TRY(kbuild_make(t, &objects));
		TRY(compile_run(t, &list));
		*cpu += list.at[0].result.cpu;
	}
	if (list.at[0].result.status) {
		scoped_free char *why = compile_errors(&list.at[0]);

		return error_new("U3", "%s: the unchanged unit does not compile: %s",
				 command->source, why);
	}
	return original_keep(t, &list.at[0], object, deps);
}

struct error *unit_compile_original(struct target *target, const char *source, struct unit *unit)
{
	SCOPED(commands_free) struct command_vec list = {0};
	scoped_free char *object = NULL;
	scoped_free char *deps = NULL;
	double cpu = 0;

	*unit = (struct unit) {0};
	TRY(unit_command(target, source, &list));
	TRY(original_paths(target, &list.at[0], &object, &deps));
	if (!original_is_cached(target, object, deps))
		TRY(compile_one(target, &list.at[0], object, deps, &cpu));
	*unit = (struct unit) {.source = xstrdup(list.at[0].source),
			       .object_name = xstrdup(list.at[0].object_name),
			       .kobject = xstrdup(list.at[0].kobject),
			       .original = take(object),
			       .compile_cpu = cpu};
	return NULL;
}

struct error *units_prepare(struct target *target)
{
	SCOPED(str_vec_free) struct str_vec objects = {0};
	SCOPED(map_free) struct map built = {0};
	char any[] = "init/main.o"; /* asking about a unit captures the environment */

	if (target->user_build)
		return NULL;
	str_vec_push(&objects, any);
	TRY(kbuild_built(target, &objects, &built));
	if (!map_has(&built, any))
		return error_new("U11", "Kbuild in %s does not know %s", target->objtree, any);
	return includes_prepare(target);
}
