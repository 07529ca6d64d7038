// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/kbuild.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "units/kbuild_kept.h"
#include "units/kbuild_run.h"

struct error *units_cache_dir(const struct target *target, char **dir)
{
	scoped_free char *path = path_join(target->dir, "units");

	TRY(make_dirs(path));
	*dir = take(path);
	return NULL;
}

/* "DIR/.suture-units" for the directory of each object, each once. */
static void list_goals(const struct str_vec *objects, struct str_vec *goals)
{
	struct map seen = {0};

	for (size_t i = 0; i < objects->n; i++) {
		scoped_free char *dir = path_dirname(objects->at[i]);
		char *goal = path_join(dir, ".suture-units");

		if (map_has(&seen, goal)) {
			free(goal);
			continue;
		}
		str_vec_push(goals, goal);
		map_put(&seen, goal, goal);
	}
	map_free(&seen);
}

/* --- what make prints: lines with what a directory has, and commands --- */

static const char list_mark[] = ": suture-units ", fixdep_mark[] = "scripts/basic/fixdep ";

/*
 * The goal that a line answers, the caller's; NULL: none. ": suture-units DIR = OBJ : a.o b.o …", or
 * "… fixdep DEPFILE OBJECT 'COMMAND' > CMDFILE" (cmd_and_fixdep, scripts/Kbuild.include).
 */
static char *goal_of(const char *line)
{
	const char *p = strstr(line, fixdep_mark);

	if (starts_with(line, list_mark)) {
		p = line + strlen(list_mark);
		return xasprintf("%.*s/.suture-units", (int)strcspn(p, " "), p);
	}
	p = p ? strchr(p + strlen(fixdep_mark), ' ') : NULL;
	return p ? xstrndup(p + 1, strcspn(p + 1, " ")) : NULL;
}

/* Marks the objects that a directory's line names. */
static void read_list_line(char *line, const struct map *wanted, struct map *built)
{
	char *save, *p = strstr(line, " : ");

	if (!starts_with(line, list_mark) || !p)
		return;
	for (p = strtok_r(p + 3, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		const char *key = map_get(wanted, starts_with(p, "./") ? p + 2 : p);

		if (key)
			map_put(built, key, (void *)key);
	}
}

static struct error *read_command_line(const struct target *t, const char *line,
				       const struct map *wanted, struct command_vec *list,
				       struct error_vec *problems)
{
	const char *fixdep = strstr(line, fixdep_mark);
	SCOPED(str_vec_free_all) struct str_vec words = {0};

	if (!fixdep || !str_split_shell(fixdep, &words) || words.n < 4)
		return NULL;
	const char *object = map_get(wanted, words.at[2]);
	struct command command;

	for (size_t i = 0; object && i < list->n; i++)
		if (streq(list->at[i].object_name, object)) /* a directory may be visited twice */
			return NULL;
	if (!object)
		return NULL;
	struct error *err = command_parse(t, object, words.at[3], &command);

	if (!err) {
		command_vec_push(list, command);
		return NULL;
	}
	command_free(&command);
	error_vec_push(problems, err);
	return NULL;
}

struct answer {
	const char *goal;
	uint64_t key;
	struct str lines;
};
DEFINE_VEC(answer_vec, struct answer)

static void answers_free(struct answer_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		str_free(&list->at[i].lines);
	answer_vec_free(list);
}

/* Keeps each line with the goal that it answers. */
static void keep_lines(const struct kbuild *k, const char *text, struct answer_vec *list)
{
	SCOPED(map_free) struct map by_goal = {0};

	for (size_t i = 0; i < list->n; i++)
		map_put(&by_goal, list->at[i].goal, &list->at[i]);
	for (size_t n; *text; text += n) {
		n = strcspn(text, "\n") + 1;
		if (!text[n - 1]) /* cut off */
			break;
		scoped_free char *line = xstrndup(text, n), *goal = goal_of(line);
		struct answer *a = goal ? map_get(&by_goal, goal) : NULL;

		if (a)
			str_add(&a->lines, "%s", line);
	}
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].lines.n)
			kept_store(k, list->at[i].goal, list->at[i].key, list->at[i].lines.s);
}

/* What Kbuild prints for these goals: kept by an earlier run, or printed now. */
static struct error *ask(const struct target *t, const struct kbuild *k, const struct str_vec *goals,
			 struct str *out)
{
	SCOPED(answers_free) struct answer_vec unknown = {0};
	SCOPED(str_vec_free) struct str_vec left = {0};
	scoped_str struct str fresh = {0};
	bool whole;

	for (size_t i = 0; i < goals->n; i++) {
		uint64_t key = kept_key(t, k, goals->at[i]);

		if (kept_answer(k, goals->at[i], key, out))
			continue;
		answer_vec_push(&unknown, (struct answer) {.goal = goals->at[i], .key = key});
		str_vec_push(&left, goals->at[i]);
	}
	if (!left.n)
		return NULL;
	TRY(kbuild_dry_run(t, k, &left, &fresh, &whole));
	if (fresh.s && whole)
		keep_lines(k, fresh.s, &unknown);
	str_add(out, "%s", fresh.s ? fresh.s : "");
	return NULL;
}

static void want(const struct str_vec *objects, struct map *wanted)
{
	for (size_t i = 0; i < objects->n; i++)
		map_put(wanted, objects->at[i], objects->at[i]);
}

/* Old Kbuild makes only what the configuration has; new Kbuild makes what has a C file: ask first.
 */
static struct error *built_of_ours(const struct target *t, const struct kbuild *k,
				   const struct str_vec *objects, struct map *built)
{
	SCOPED(map_free) struct map wanted = {0};
	SCOPED(str_vec_free_all) struct str_vec goals = {0};
	scoped_str struct str out = {0};
	char *save;

	want(objects, &wanted);
	if (!k->by_goal) {
		for (size_t i = 0; i < objects->n; i++)
			map_put(built, objects->at[i], objects->at[i]);
		return NULL;
	}
	list_goals(objects, &goals);
	TRY(ask(t, k, &goals, &out));
	for (char *l = strtok_r(out.s, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		read_list_line(l, &wanted, built);
	return NULL;
}

static struct error *commands_of_ours(const struct target *t, const struct str_vec *objects,
				      struct command_vec *list, struct error_vec *problems)
{
	scoped_kbuild struct kbuild k = {0};
	SCOPED(map_free) struct map built = {0};
	SCOPED(str_vec_free) struct str_vec goals = {0};
	scoped_str struct str out = {0};
	char *save;

	TRY(kbuild_open(t, &k));
	TRY(built_of_ours(t, &k, objects, &built));
	for (size_t i = 0; i < built.n; i++)
		str_vec_push(&goals, built.entries[i].value);
	if (!goals.n)
		return NULL;
	TRY(ask(t, &k, &goals, &out));
	for (char *l = out.s ? strtok_r(out.s, "\n", &save) : NULL; l;
	     l = strtok_r(NULL, "\n", &save))
		TRY(read_command_line(t, l, &built, list, problems));
	return NULL;
}

/* Path of .NAME.o.cmd in the build tree. */
static char *cmd_path(const struct target *t, const char *object)
{
	scoped_free char *dir = path_dirname(object);

	return xasprintf("%s/%s/.%s.cmd", t->objtree, dir, path_basename(object));
}

/* "savedcmd_X := …" (6.2 and later) or "cmd_X := …". */
static char *recorded_command(char *text)
{
	if (!starts_with(text, "savedcmd_") && !starts_with(text, "cmd_"))
		return NULL;
	char *nl = strchr(text, '\n'), *is;

	if (nl)
		*nl = 0;
	is = strstr(text, " := ");
	return is ? is + 4 : NULL;
}

/* What the tree already has: a user's build, or objects that we let Kbuild make. */
static struct error *recorded(const struct target *t, const struct str_vec *objects,
			      struct command_vec *list, struct error_vec *problems,
			      struct str_vec *missing)
{
	for (size_t i = 0; i < objects->n; i++) {
		scoped_free char *path = cmd_path(t, objects->at[i]);
		scoped_free char *text = NULL;
		struct command command;

		if (!path_exists(path)) {
			str_vec_push(missing, objects->at[i]);
			continue;
		}
		TRY(read_file(path, &text, NULL));
		char *line = recorded_command(text);
		struct error *err = line ? command_parse(t, objects->at[i], line, &command)
					 : error_new("U11", "%s: no command in it", path);

		if (!err) {
			command_vec_push(list, command);
			continue;
		}
		if (line)
			command_free(&command);
		error_vec_push(problems, err);
	}
	return NULL;
}

struct error *kbuild_commands(const struct target *t, const struct str_vec *objects,
			      struct command_vec *list, struct error_vec *problems)
{
	SCOPED(str_vec_free) struct str_vec missing = {0};

	TRY(recorded(t, objects, list, problems, &missing));
	if (!missing.n || t->user_build)
		return NULL;
	return commands_of_ours(t, &missing, list, problems);
}

struct error *kbuild_built(const struct target *t, const struct str_vec *objects, struct map *built)
{
	scoped_kbuild struct kbuild k = {0};

	if (!t->user_build) {
		TRY(kbuild_open(t, &k));
		return built_of_ours(t, &k, objects, built);
	}
	for (size_t i = 0; i < objects->n; i++) {
		scoped_free char *path = cmd_path(t, objects->at[i]);

		if (path_exists(path))
			map_put(built, objects->at[i], objects->at[i]);
	}
	return NULL;
}

struct error *kbuild_make(const struct target *t, const struct str_vec *objects)
{
	scoped_free char *cache = NULL;
	scoped_fd int fd = -1;
	scoped_argv struct str_vec argv = {0};
	scoped_process_result struct process_result r = {0};

	TRY(units_cache_dir(t, &cache));
	TRY(kbuild_lock(cache, &fd));
	kbuild_clean_environment(&argv);
	kbuild_top_make(t, &argv);
	for (size_t i = 0; i < objects->n; i++)
		str_vec_push(&argv, xstrdup(objects->at[i]));
	return kbuild_run(&argv, NULL, &r);
}
