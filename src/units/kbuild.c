// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/kbuild.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"

/*
 * GNU make reads the files named in $MAKEFILES before any other makefile, in every sub-make (GNU
 * make manual, "The Variable MAKEFILES"). In the sub-make that runs in the build tree the top
 * Makefile has exported all that scripts/Makefile.build needs: this goal writes it down.
 */
static const char capture_mk[] = "ifdef sub_make_done\n"
				 "suture-environment:\n"
				 "\t@env -0 > \"$$SUTURE_ENVIRONMENT\"\n"
				 "\t@echo '$(build-dirs)' > \"$$SUTURE_DIRS\"\n"
				 ".PHONY: suture-environment\n"
				 "endif\n";

/* A goal in a directory that prints (make -n) which objects Kbuild would make there. */
static const char list_mk[] =
	"%/.suture-units:\n"
	"\t: suture-units $* = $(obj) : "
	"$(sort $(real-obj-y) $(real-obj-m) $(lib-y) $(extra-y) $(always-y))\n";

/* Exported by the outer make for itself; the rest is for scripts/Makefile.build. */
static const char *const not_inherited[] = {
	"MAKEFLAGS=",	 "MAKEFILES=",	  "MAKEOVERRIDES=", "MAKELEVEL=", "MFLAGS=",
	"MAKE_TERMOUT=", "MAKE_TERMERR=", "SUTURE_",	    "_=",	  "PWD=",
	"OLDPWD=",	 "SHLVL=",	  "quiet=",	    "Q=",
};

struct error *units_cache_dir(const struct target *target, char **dir)
{
	scoped_free char *path = path_join(target->dir, "units");

	TRY(make_dirs(path));
	*dir = take(path);
	return NULL;
}

/* Held as long as the descriptor is open; a lock of a killed process is gone with it. */
static struct error *lock(const char *dir, int *fd)
{
	scoped_free char *path = path_join(dir, "lock");

	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (*fd < 0)
		return error_errno("%s", path);
	while (flock(*fd, LOCK_EX)) {
		if (errno != EINTR)
			return error_errno("%s", path);
		TRY(check_interrupted());
	}
	return NULL;
}

static struct error *no_make(struct error *err)
{
	if (!err || !streq(err->id, "Y3"))
		return err;
	struct error *better = error_new("U10", "%s", err->message);

	error_free(err);
	return error_hint(better, "install make and the compiler of the kernel "
				  "(apt-get install make gcc-12)");
}

/* An environment with nothing of the caller's but where programs are. */
static void clean_environment(struct str_vec *argv)
{
	const char *path = getenv("PATH");

	str_vec_push(argv, xstrdup("env"));
	str_vec_push(argv, xstrdup("-i"));
	str_vec_push(argv, xasprintf("PATH=%s", path ? path : "/usr/bin:/bin"));
	str_vec_push(argv, xstrdup("LC_ALL=C"));
}

/* make of the top Makefile for the build tree, in a clean environment. */
static void top_make(const struct target *t, struct str_vec *argv)
{
	str_vec_push(argv, xstrdup("make"));
	str_vec_push(argv, xstrdup("-s"));
	str_vec_push(argv, xstrdup("-k"));
	str_vec_push(argv, xstrdup("-C"));
	str_vec_push(argv, xstrdup(t->srctree));
	str_vec_push(argv, xasprintf("O=%s", t->objtree));
	str_vec_push(argv, xstrdup("ARCH=x86"));
	/* The same as when the tree was prepared: Kconfig runs again when these differ. */
	str_vec_push(argv, xstrdup("CROSS_COMPILE=x86_64-linux-gnu-"));
	str_vec_push(argv, xasprintf("CC=%s", t->cc));
}

static struct error *run(struct str_vec *argv, const char *cwd, struct process_result *result)
{
	str_vec_push(argv, NULL);
	struct process p = {.argv = (const char *const *)argv->at, .cwd = cwd};

	return no_make(process_run(&p, result));
}

#define scoped_argv SCOPED(str_vec_free_all)

static struct error *capture(const struct target *t, const char *dir, const char *environment,
			     const char *dirs)
{
	scoped_free char *mk = path_join(dir, "capture.mk");
	scoped_free char *env_tmp = xasprintf("%s.tmp", environment);
	scoped_free char *dirs_tmp = xasprintf("%s.tmp", dirs);
	scoped_argv struct str_vec argv = {0};
	scoped_process_result struct process_result r = {0};

	TRY(write_file(mk, capture_mk, sizeof(capture_mk) - 1));
	clean_environment(&argv);
	str_vec_push(&argv, xasprintf("MAKEFILES=%s", mk));
	str_vec_push(&argv, xasprintf("SUTURE_ENVIRONMENT=%s", env_tmp));
	str_vec_push(&argv, xasprintf("SUTURE_DIRS=%s", dirs_tmp));
	top_make(t, &argv);
	str_vec_push(&argv, xstrdup("suture-environment"));
	TRY(run(&argv, NULL, &r));
	if (r.status || !path_exists(env_tmp) || !path_exists(dirs_tmp))
		return error_new("U11", "make in %s fails: %.400s", t->objtree, r.output);
	if (rename(dirs_tmp, dirs) || rename(env_tmp, environment))
		return error_errno("%s", environment);
	return NULL;
}

/* What scripts/Makefile.build needs, and from where it has to start. */
struct kbuild {
	char *cache;	   /* our directory in the target's cache */
	char *environment; /* NUL-separated */
	size_t environment_size;
	struct str_vec dirs; /* old Kbuild (before 6.2): top directories; else empty */
	bool by_goal;	     /* goals are handed down as arguments, not in KBUILD_SINGLE_TARGETS */
};

static void kbuild_close(struct kbuild *k)
{
	free(k->cache);
	free(k->environment);
	str_vec_free_all(&k->dirs);
}
#define scoped_kbuild SCOPED(kbuild_close)

static struct error *find_style(const struct target *t, struct kbuild *k)
{
	scoped_free char *path = path_join(t->srctree, "scripts/Makefile.build");
	scoped_free char *text = NULL;

	TRY(read_file(path, &text, NULL));
	k->by_goal = !strstr(text, "KBUILD_SINGLE_TARGETS");
	return NULL;
}

static struct error *kbuild_open(const struct target *t, struct kbuild *k)
{
	TRY(units_cache_dir(t, &k->cache));
	uint64_t key = hash_bytes(t->cc, strlen(t->cc) + 1, 1);

	key = hash_bytes(t->srctree, strlen(t->srctree) + 1, key);
	key = hash_bytes(t->objtree, strlen(t->objtree) + 1, key);
	scoped_free char *environment = xasprintf("%s/kbuild-%016lx.env", k->cache, (long)key);
	scoped_free char *dirs = xasprintf("%s/kbuild-%016lx.dirs", k->cache, (long)key);
	scoped_free char *text = NULL;

	if (!path_exists(environment)) {
		scoped_fd int fd = -1;

		TRY(lock(k->cache, &fd));
		if (!path_exists(environment))
			TRY(capture(t, k->cache, environment, dirs));
	}
	TRY(read_file(environment, &k->environment, &k->environment_size));
	TRY(read_file(dirs, &text, NULL));
	if (!str_split_shell(text, &k->dirs))
		return error_new("U11", "%s: damaged", dirs);
	return find_style(t, k);
}

static bool inherited(const char *variable)
{
	for (size_t i = 0; i < ARRAY_SIZE(not_inherited); i++)
		if (starts_with(variable, not_inherited[i]))
			return false;
	return true;
}

/* One run of make -n from directory `obj` with these goals; output as printed. */
static struct error *dry_run(const struct target *t, const struct kbuild *k, const char *obj,
			     const struct str_vec *goals, char **output)
{
	scoped_free char *mk = path_join(k->cache, "list.mk");
	scoped_free char *out = xasprintf("%s/dry-run.%d", k->cache, (int)getpid());
	scoped_argv struct str_vec argv = {0};
	scoped_process_result struct process_result r = {0};
	scoped_str struct str singles = {0};

	TRY(write_file(mk, list_mk, sizeof(list_mk) - 1));
	str_vec_push(&argv, xstrdup("env"));
	str_vec_push(&argv, xstrdup("-i"));
	for (const char *p = k->environment; p < k->environment + k->environment_size;
	     p += strlen(p) + 1)
		if (inherited(p))
			str_vec_push(&argv, xstrdup(p));
	str_vec_push(&argv, xasprintf("MAKEFILES=%s", mk));
	for (size_t i = 0; !k->by_goal && i < goals->n; i++)
		str_add(&singles, "%s ", goals->at[i]);
	str_vec_push(&argv, xasprintf("KBUILD_SINGLE_TARGETS=%s", singles.n ? singles.s : ""));
	str_vec_push(&argv, xstrdup("KBUILD_MODULES=1"));
	str_vec_push(&argv, xstrdup("make"));
	str_vec_push(&argv, xstrdup("-rRnk"));
	str_vec_push(&argv, xstrdup("--no-print-directory"));
	str_vec_push(&argv, xstrdup("-f"));
	str_vec_push(&argv, xasprintf("%s/scripts/Makefile.build", t->srctree));
	str_vec_push(&argv, xasprintf("obj=%s", obj));
	str_vec_push(&argv, xstrdup("single-build=1"));
	str_vec_push(&argv, xstrdup("need-builtin=1"));
	str_vec_push(&argv, xstrdup("need-modorder=1"));
	str_vec_push(&argv, xasprintf("CC=%s", t->cc));
	for (size_t i = 0; k->by_goal && i < goals->n; i++)
		str_vec_push(&argv, xasprintf("./%s", goals->at[i]));
	str_vec_push(&argv, NULL);
	struct process p = {
		.argv = (const char *const *)argv.at, .cwd = t->objtree, .stdout_path = out};
	struct error *err = no_make(process_run(&p, &r));

	if (!err)
		err = read_file(out, output, NULL);
	unlink(out);
	return err;
}

static bool below_dir(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && path[n] == '/';
}

/* Old Kbuild starts in each top directory; drivers-y of arch/x86 are top directories too. */
static const char *top_dir(const struct kbuild *k, const char *goal)
{
	const char *best = NULL;

	for (size_t i = 0; i < k->dirs.n; i++)
		if (below_dir(goal, k->dirs.at[i]) &&
		    (!best || strlen(k->dirs.at[i]) > strlen(best)))
			best = k->dirs.at[i];
	return best;
}

static struct error *dry_run_all(const struct target *t, const struct kbuild *k,
				 const struct str_vec *goals, struct str *output)
{
	if (k->by_goal || !k->dirs.n) {
		scoped_free char *out = NULL;

		TRY(dry_run(t, k, ".", goals, &out));
		str_add(output, "%s", out);
		return NULL;
	}
	for (size_t d = 0; d < k->dirs.n; d++) {
		SCOPED(str_vec_free) struct str_vec part = {0};
		scoped_free char *out = NULL;

		for (size_t i = 0; i < goals->n; i++) {
			const char *top = top_dir(k, goals->at[i]);

			if (top && streq(top, k->dirs.at[d]))
				str_vec_push(&part, goals->at[i]);
		}
		if (!part.n)
			continue;
		scoped_free char *dir = path_normalize(k->dirs.at[d]);

		TRY(dry_run(t, k, dir, &part, &out));
		str_add(output, "%s", out);
	}
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

/* Marks the objects that a line ": suture-units DIR = OBJ : a.o b.o …" names. */
static void read_list_line(char *line, const struct map *wanted, struct map *built)
{
	char *save, *p = strstr(line, " : ");

	if (!starts_with(line, ": suture-units ") || !p)
		return;
	for (p = strtok_r(p + 3, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		const char *key = map_get(wanted, starts_with(p, "./") ? p + 2 : p);

		if (key)
			map_put(built, key, (void *)key);
	}
}

/* "… fixdep DEPFILE OBJECT 'COMMAND' > CMDFILE" (cmd_and_fixdep, scripts/Kbuild.include). */
static struct error *read_command_line(const struct target *t, const char *line,
				       const struct map *wanted, struct command_vec *list,
				       struct error_vec *problems)
{
	const char *fixdep = strstr(line, "scripts/basic/fixdep ");
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
	TRY(dry_run_all(t, k, &goals, &out));
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
	TRY(dry_run_all(t, &k, &goals, &out));
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
	TRY(lock(cache, &fd));
	clean_environment(&argv);
	top_make(t, &argv);
	for (size_t i = 0; i < objects->n; i++)
		str_vec_push(&argv, xstrdup(objects->at[i]));
	return run(&argv, NULL, &r);
}
