// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/units.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/progress.h"
#include "base/str.h"
#include "units/command.h"
#include "units/compare.h"
#include "units/compile.h"
#include "units/farm.h"
#include "units/headers.h"
#include "units/kbuild.h"
#include "units/patched.h"

/* One unit under way. */
struct item {
	struct command *command;
	bool via_header;
	bool need_original, need_patched; /* to be compiled in the next round */
	char *original, *original_deps;	  /* in the target's cache */
	char *patched, *patched_deps;	  /* in the work directory */
	char *original_errors;		  /* NULL: compiles */
	char *patched_errors;
	bool dropped;
	bool plain; /* compiled without line neutrality */
	double cpu;
};
DEFINE_VEC(item_vec, struct item)

struct build {
	struct target *target;
	const char *workdir;
	struct unit_vec *units;
	struct finding_vec *findings;
	struct patched_vec files;
	struct command_vec commands;
	struct item_vec items;
	struct farm farm, plain_farm;
	char *original_dir, *patched_dir, *plain_dir;
};

static void build_free(struct build *b)
{
	for (size_t i = 0; i < b->items.n; i++) {
		struct item *it = &b->items.at[i];

		free(it->original);
		free(it->original_deps);
		free(it->patched);
		free(it->patched_deps);
		free(it->original_errors);
		free(it->patched_errors);
	}
	item_vec_free(&b->items);
	commands_free(&b->commands);
	patched_free(&b->files);
	farm_free(&b->farm);
	farm_free(&b->plain_farm);
	free(b->original_dir);
	free(b->patched_dir);
	free(b->plain_dir);
}

/* --- which units --- */

static char *object_of(const char *source)
{
	return xasprintf("%.*so", (int)strlen(source) - 1, source);
}

/* A unit that can have no pair: refused when the fix changes it, or when it may depend on the
 * change. */
static void unusable(struct build *b, struct error *err)
{
	struct finding *f = finding_add(b->findings, err->id, SEVERITY_REFUSAL, NULL, NULL, NULL,
					"%s", err->message);

	if (err->hint)
		finding_way_out(f, "%s", err->hint);
	error_free(err);
}

static struct error *add_commands(struct build *b, const struct str_vec *objects)
{
	struct error_vec problems = {0};
	struct error *err = kbuild_commands(b->target, objects, &b->commands, &problems);

	for (size_t i = 0; i < problems.n; i++)
		unusable(b, problems.at[i]);
	error_vec_free(&problems);
	return err;
}

static bool has_command(const struct build *b, const char *object)
{
	for (size_t i = 0; i < b->commands.n; i++)
		if (streq(b->commands.at[i].object_name, object))
			return true;
	return false;
}

/* The C files of the fix. Those without a command of their own may be included by others. */
static struct error *own_units(struct build *b)
{
	SCOPED(str_vec_free_all) struct str_vec objects = {0};
	size_t refused = b->findings->n;

	for (size_t i = 0; i < b->files.n; i++)
		if (b->files.at[i].kind == FILE_UNIT)
			str_vec_push(&objects, object_of(b->files.at[i].file->path));
	if (objects.n)
		TRY(add_commands(b, &objects));
	for (size_t i = 0; i < b->files.n; i++) {
		struct patched_file *file = &b->files.at[i];
		scoped_free char *object = object_of(file->file->path);

		if (file->kind == FILE_UNIT && b->findings->n == refused)
			file->unbuilt = !has_command(b, object);
	}
	return NULL;
}

static struct error *find_items(struct build *b)
{
	SCOPED(str_vec_free_all) struct str_vec objects = {0};

	TRY(own_units(b));
	size_t own = b->commands.n;

	TRY(header_candidates(b->target, &b->files, &objects, b->findings));
	if (objects.n)
		TRY(add_commands(b, &objects));
	for (size_t i = 0; i < b->commands.n; i++)
		item_vec_push(&b->items, (struct item) {.command = &b->commands.at[i],
							.via_header = i >= own,
							.need_patched = true});
	return NULL;
}

/* --- compiling --- */

static struct error *put_files(struct build *b, struct farm *farm, const char *name, bool plain)
{
	scoped_free char *root = path_join(b->workdir, name);

	TRY(farm_new(b->target->srctree, root, farm));
	for (size_t i = 0; i < b->files.n; i++) {
		const struct patched_file *f = &b->files.at[i];

		TRY(farm_put(farm, f->file->path, plain ? f->plain : f->neutral,
			     plain ? f->plain_size : f->neutral_size));
	}
	/* An in-tree or nested build runs in the view: its directory must not be a link. */
	scoped_free char *objtree = path_below(b->target->srctree, "/", b->target->objtree);

	return objtree ? farm_make_dir(farm, objtree) : NULL;
}

static struct error *prepare_dirs(struct build *b)
{
	scoped_free char *real = realpath(b->workdir, NULL);

	if (!real)
		return error_errno("%s", b->workdir);
	b->original_dir = path_join(real, "original");
	b->patched_dir = path_join(real, "patched");
	b->plain_dir = path_join(real, "plain");
	TRY(make_dirs(b->original_dir));
	TRY(make_dirs(b->patched_dir));
	return put_files(b, &b->farm, "tree", false);
}

static struct error *find_originals(struct build *b)
{
	for (size_t i = 0; i < b->items.n; i++) {
		struct item *it = &b->items.at[i];

		TRY(original_paths(b->target, it->command, &it->original, &it->original_deps));
		it->need_original = !original_is_cached(b->target, it->original, it->original_deps);
	}
	return NULL;
}

static void set(char **slot, char *value)
{
	free(*slot);
	*slot = value;
}

static struct error *take_original(struct build *b, struct item *it, struct compile *c)
{
	it->cpu += c->result.cpu;
	it->need_original = false;
	set(&it->original_errors, c->result.status ? compile_errors(c) : NULL);
	return c->result.status ? NULL
				: original_keep(b->target, c, it->original, it->original_deps);
}

static void take_patched(struct item *it, struct compile *c)
{
	it->cpu += c->result.cpu;
	it->need_patched = false;
	set(&it->patched_errors, c->result.status ? compile_errors(c) : NULL);
	set(&it->patched, xstrdup(c->object));
	set(&it->patched_deps, xstrdup(c->deps));
}

/* Compiles what items need, in parallel; the patched side in the given view. */
static struct error *compile_round(struct build *b, const struct farm *farm, const char *dir)
{
	SCOPED(compiles_free) struct compile_vec list = {0};
	size_t k = 0;

	for (size_t i = 0; i < b->items.n; i++) {
		const struct item *it = &b->items.at[i];

		if (it->need_original)
			compile_add(&list, it->command, NULL, b->original_dir);
		if (it->need_patched)
			compile_add(&list, it->command, farm->root, dir);
	}
	TRY(compile_run(b->target, &list));
	for (size_t i = 0; i < b->items.n; i++) {
		struct item *it = &b->items.at[i];

		if (it->need_original)
			TRY(take_original(b, it, &list.at[k++]));
		if (it->need_patched)
			take_patched(it, &list.at[k++]);
	}
	return NULL;
}

/* Not so: code that is no part of the kernel proper, here because it may read a changed header. */
static bool is_unit(const struct item *it)
{
	return file_classify(it->command->source)->kind == FILE_UNIT;
}

/* An original that does not compile may lack generated files: Kbuild knows how to make them. */
static struct error *let_kbuild_generate(struct build *b)
{
	SCOPED(str_vec_free) struct str_vec objects = {0};

	for (size_t i = 0; i < b->items.n; i++) {
		struct item *it = &b->items.at[i];

		/* A single object of an image beside the kernel would get the kernel's flags. */
		if (!it->original_errors || !is_unit(it))
			continue;
		str_vec_push(&objects, it->command->object_name);
		it->need_original = it->need_patched = true;
	}
	if (!objects.n || b->target->user_build)
		return NULL;
	TRY(kbuild_make(b->target, &objects));
	return compile_round(b, &b->farm, b->patched_dir);
}

/* Boot code needs files that only the build of a whole kernel makes (voffset.h, zoffset.h). */
static void drop_failing_original(struct build *b, struct item *it)
{
	bool refused = is_unit(it) || starts_with(it->command->source, "arch/x86/entry/vdso/");

	it->dropped = true;
	it->need_original = it->need_patched = false;
	finding_add(b->findings, "U3", refused ? SEVERITY_REFUSAL : SEVERITY_NOTE,
		    it->command->kobject, NULL, it->command->source,
		    refused ? "the unchanged unit does not compile: %s"
			    : "not looked at, because the unchanged file does not compile: %s",
		    it->original_errors);
}

static void drop_failing_originals(struct build *b)
{
	for (size_t i = 0; i < b->items.n; i++)
		if (b->items.at[i].original_errors)
			drop_failing_original(b, &b->items.at[i]);
}

/* Marks items that read a changed file past the view, after making its way real. */
static struct error *look_for_escapes(struct build *b, struct farm *farm, bool *again)
{
	*again = false;
	for (size_t i = 0; i < b->items.n; i++) {
		struct item *it = &b->items.at[i];
		SCOPED(str_vec_free_all) struct str_vec deps = {0};
		scoped_free char *cwd = command_cwd(b->target, it->command, farm->root);

		if (it->dropped)
			continue;
		TRY(deps_read(it->patched_errors ? it->original_deps : it->patched_deps, &deps));
		if (it->patched_errors)
			TRY(farm_foresee(farm, it->command->tree, &deps, &it->need_patched));
		else
			TRY(farm_repair(farm, cwd, &deps, &it->need_patched));
		*again |= it->need_patched;
	}
	return NULL;
}

static struct error *repair_escapes(struct build *b)
{
	bool again = true;

	for (unsigned int round = 0; again && round < 8; round++) {
		TRY(look_for_escapes(b, &b->farm, &again));
		if (again)
			TRY(compile_round(b, &b->farm, b->patched_dir));
	}
	return again ? error_new("U15", "the view of the source tree cannot be closed") : NULL;
}

/* A #line may stand where it hurts, or two lines of one number clash (names made of __LINE__). */
static struct error *try_plain(struct build *b)
{
	bool any = false;

	for (size_t i = 0; i < b->items.n; i++) {
		struct item *it = &b->items.at[i];

		it->need_patched = it->plain = !it->dropped && it->patched_errors;
		any |= it->plain;
	}
	if (!any)
		return NULL;
	TRY(make_dirs(b->plain_dir));
	TRY(put_files(b, &b->plain_farm, "plain-tree", true));
	for (size_t i = 0; i < b->farm.dirs.n; i++)
		TRY(farm_make_dir(&b->plain_farm, b->farm.dirs.at[i]));
	return compile_round(b, &b->plain_farm, b->plain_dir);
}

static void judge_plain(struct build *b)
{
	for (size_t i = 0; i < b->items.n; i++) {
		struct item *it = &b->items.at[i];

		if (!it->plain)
			continue;
		if (!it->patched_errors) {
			finding_add(
				b->findings, "U9", SEVERITY_NOTE, it->command->kobject, NULL,
				it->command->source,
				"compiled without line neutrality: functions that use __LINE__ may "
				"look changed");
			continue;
		}
		it->dropped = true;
		finding_add(b->findings, "U4", SEVERITY_REFUSAL, it->command->kobject, NULL,
			    it->command->source, "the unit does not compile with the fix: %s",
			    it->patched_errors);
	}
}

/* --- results --- */

/* Which files of the fix does the unit read, before or after? */
static struct error *unit_files(struct build *b, const struct item *it, struct str_vec *files,
				bool identical)
{
	const char *root = it->plain ? b->plain_farm.root : b->farm.root;
	SCOPED(str_vec_free_all) struct str_vec deps = {0};
	scoped_free char *cwd = command_cwd(b->target, it->command, root);

	TRY(deps_read(it->patched_deps, &deps));
	for (size_t i = 0; i < deps.n; i++) {
		scoped_free char *rel = path_below(root, cwd, deps.at[i]);
		struct patched_file *file = rel ? patched_find(&b->files, rel) : NULL;

		if (!file)
			continue;
		file->compiled++;
		file->changed += !identical;
		str_vec_push(files, xstrdup(rel));
	}
	return NULL;
}

static struct error *finish_item(struct build *b, struct item *it)
{
	struct unit unit = {0};
	const struct file_class *class = file_classify(it->command->source);

	TRY(objects_identical(it->original, it->patched, &unit.identical));
	struct error *err = unit_files(b, it, &unit.files, unit.identical);

	if (!unit.identical && class->kind == FILE_REFUSED)
		finding_add(b->findings, class->id, SEVERITY_REFUSAL, it->command->kobject, NULL,
			    it->command->source, "a changed header changes it: %s", class->what);
	if (err || (it->via_header && unit.identical)) {
		str_vec_free_all(&unit.files);
		return err;
	}
	unit.source = xstrdup(it->command->source);
	unit.object_name = xstrdup(it->command->object_name);
	unit.kobject = xstrdup(it->command->kobject);
	unit.original = xstrdup(it->original);
	unit.patched = xstrdup(it->patched);
	unit.via_header = it->via_header;
	unit.plain = it->plain;
	unit.compile_cpu = it->cpu;
	unit_vec_push(b->units, unit);
	return NULL;
}

/* Every file of the fix must have come to something, or be explained. */
static void account(struct build *b)
{
	size_t effect = 0;

	for (size_t i = 0; i < b->files.n; i++) {
		const struct patched_file *f = &b->files.at[i];
		const char *path = f->file->path;
		scoped_free char *location = patched_location(f->file);

		effect += f->compiled > 0;
		if (f->compiled && f->changed)
			continue;
		if (f->compiled)
			finding_add(b->findings, "U14", SEVERITY_NOTE, NULL, NULL, location,
				    "%s: no code changes: %zu unit%s compiled with it, the same "
				    "objects",
				    path, f->compiled, f->compiled == 1 ? "" : "s");
		else if (f->kind == FILE_UNIT)
			finding_add(b->findings, "U1", SEVERITY_NOTE, NULL, NULL, location,
				    "%s: not part of the target's configuration: its hunks have no "
				    "effect",
				    path);
		else
			finding_add(b->findings, "U14", SEVERITY_NOTE, NULL, NULL, location,
				    "%s: no unit of the target reads it: its hunks have no effect",
				    path);
	}
	if (!effect)
		finding_add(b->findings, "U2", SEVERITY_REFUSAL, NULL, NULL, NULL,
			    "the fix reaches no unit of this target: there is nothing to do");
}

static struct error *compile_items(struct build *b)
{
	TRY(prepare_dirs(b));
	TRY(find_originals(b));
	progress_step("compiling %zu unit%s", b->items.n, b->items.n == 1 ? "" : "s");
	TRY(compile_round(b, &b->farm, b->patched_dir));
	TRY(let_kbuild_generate(b));
	drop_failing_originals(b);
	TRY(repair_escapes(b));
	TRY(try_plain(b));
	judge_plain(b);
	progress_end(NULL);
	return NULL;
}

struct error *units_build(struct target *target, const struct fix *fix, const char *workdir,
			  struct unit_vec *units, struct finding_vec *findings)
{
	SCOPED(build_free)
	struct build b = {
		.target = target, .workdir = workdir, .units = units, .findings = findings};

	TRY(patched_read(target, fix, &b.files, findings));
	TRY(find_items(&b));
	if (findings_refuse(findings))
		return NULL;
	if (b.items.n)
		TRY(compile_items(&b));
	for (size_t i = 0; i < b.items.n; i++)
		if (!b.items.at[i].dropped)
			TRY(finish_item(&b, &b.items.at[i]));
	if (!findings_refuse(findings))
		account(&b);
	return NULL;
}

void unit_free(struct unit *u)
{
	free(u->source);
	free(u->object_name);
	free(u->kobject);
	free(u->original);
	free(u->patched);
	str_vec_free_all(&u->files);
}

void units_free(struct unit_vec *units)
{
	for (size_t i = 0; i < units->n; i++)
		unit_free(&units->at[i]);
	unit_vec_free(units);
}
