// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "units/command.h"
#include "units/compile.h"
#include "units/kbuild.h"
#include "units/units.h"

struct error *unit_commands(const struct target *target, const struct str_vec *objects,
			    struct command_vec *commands)
{
	struct error_vec problems = {0};
	struct error *err = kbuild_commands(target, objects, commands, &problems);

	for (size_t i = 0; i < problems.n; i++)
		error_free(problems.at[i]);
	error_vec_free(&problems);
	if (!err && commands->n != objects->n)
		err = error_new("U11", "%s: its compile command cannot be found", objects->at[0]);
	return err;
}

/* The view that the unit was compiled in: the plain one, if line neutrality had to be given up. */
static struct error *find_view(const struct unit *unit, const char *workdir, char **view)
{
	scoped_free char *real = realpath(workdir, NULL);

	if (!real)
		return error_errno("%s", workdir);
	scoped_free char *plain = path_join(real, "plain");

	*view = path_join(real, starts_with(unit->patched, plain) ? "plain-tree" : "tree");
	return NULL;
}

static struct error *recompile(struct target *target, const struct unit *unit, const char *view,
			       const char *dir, const char *const *flags, char **object)
{
	SCOPED(str_vec_free_all) struct str_vec objects = {0};
	SCOPED(commands_free) struct command_vec commands = {0};
	SCOPED(compiles_free) struct compile_vec list = {0};

	str_vec_push(&objects, xstrdup(unit->object_name));
	TRY(unit_commands(target, &objects, &commands));
	for (size_t i = 0; flags[i]; i++)
		str_vec_push(&commands.at[0].argv, xstrdup(flags[i]));
	TRY(make_dirs(dir));
	compile_add(&list, &commands.at[0], view, dir);
	TRY(compile_run(target, &list));
	if (list.at[0].result.status) {
		scoped_free char *text = compile_errors(&list.at[0]);

		return error_new("U4", "%s: does not compile with %s and further flags: %s",
				 unit->source, flags[0], text);
	}
	*object = xstrdup(list.at[0].object);
	return NULL;
}

struct error *unit_recompile_patched(struct target *target, const struct unit *unit,
				     const char *workdir, const char *const *flags, char **object)
{
	scoped_free char *view = NULL, *dir = path_join(workdir, "recompiled");

	TRY(find_view(unit, workdir, &view));
	return recompile(target, unit, view, dir, flags, object);
}

struct error *unit_recompile_original(struct target *target, const struct unit *unit,
				      const char *workdir, const char *const *flags, char **object)
{
	scoped_free char *dir = path_join(workdir, "recompiled-original");

	return recompile(target, unit, NULL, dir, flags, object);
}
