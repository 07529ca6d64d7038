// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/compile.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "units/kbuild.h"

/* "net/ipv4/tcp.o" → "net_ipv4_tcp", unique together with the command's hash. */
static char *flat_name(const struct command *c)
{
	char *name = xstrndup(c->object_name, strlen(c->object_name) - 2);

	for (char *p = name; *p; p++)
		if (*p == '/')
			*p = '_';
	return name;
}

void compile_add(struct compile_vec *list, const struct command *command, const char *farm,
		 const char *dir)
{
	scoped_free char *name = flat_name(command);

	compile_vec_push(list, (struct compile) {.command = command,
						 .farm = farm,
						 .object = xasprintf("%s/%s.o", dir, name),
						 .deps = xasprintf("%s/%s.d", dir, name)});
}

void compiles_free(struct compile_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->at[i].object);
		free(list->at[i].deps);
		process_result_free(&list->at[i].result);
	}
	compile_vec_free(list);
}

static struct error *no_compiler(const struct target *t, struct error *err)
{
	if (!err || !streq(err->id, "Y3"))
		return err;
	struct error *better = error_new("U10", "%s", err->message);

	error_free(err);
	return error_hint(better, "install the compiler that built the kernel (%s)", t->cc);
}

struct error *compile_run(const struct target *target, struct compile_vec *list)
{
	/* In the C locale messages are what compile_errors() looks for. */
	static const char *const env[] = {"LC_ALL=C", NULL};
	scoped_free struct process *processes = xcalloc(list->n + 1, sizeof(*processes));
	scoped_free struct process_result *results = xcalloc(list->n + 1, sizeof(*results));
	scoped_free struct str_vec *argv = xcalloc(list->n + 1, sizeof(*argv));
	SCOPED(str_vec_free_all) struct str_vec cwd = {0};

	for (size_t i = 0; i < list->n; i++) {
		struct compile *c = &list->at[i];

		command_argv(c->command, c->farm, c->object, c->deps, &argv[i]);
		str_vec_push(&cwd, command_cwd(target, c->command, c->farm));
		processes[i] = (struct process) {
			.argv = (const char *const *)argv[i].at, .cwd = cwd.at[i], .env = env};
		unlink(c->deps);
	}
	struct error *err = process_run_all(processes, list->n, 0, results);

	for (size_t i = 0; i < list->n; i++) {
		process_result_free(&list->at[i].result);
		list->at[i].result = results[i];
		str_vec_free_all(&argv[i]);
	}
	return no_compiler(target, err);
}

/* Appends a line without the path of the view. */
static void add_error_line(struct str *out, const char *line, size_t n, const char *farm)
{
	scoped_free char *text = xstrndup(line, n);
	const char *p = text;

	if (farm && starts_with(p, farm) && p[strlen(farm)] == '/')
		p += strlen(farm) + 1;
	str_add(out, "%s%.240s", out->n ? "; " : "", p);
}

char *compile_errors(const struct compile *c)
{
	scoped_str struct str out = {0};
	unsigned int lines = 0;

	for (const char *p = c->result.output; *p && lines < 3;) {
		size_t n = strcspn(p, "\n");
		const char *hit = memmem(p, n, "error:", 6);

		if (hit) {
			add_error_line(&out, p, n, c->farm);
			lines++;
		}
		p += n + (p[n] != 0);
	}
	if (!out.n)
		str_add(&out, "exit status %d: %.300s", c->result.status, c->result.output);
	return take(out.s);
}

struct error *deps_read(const char *path, struct str_vec *deps)
{
	scoped_free char *text = NULL;

	TRY(read_file(path, &text, NULL));
	deps_parse(text, deps);
	return NULL;
}

struct error *original_paths(const struct target *target, const struct command *command,
			     char **object, char **deps)
{
	scoped_free char *cache = NULL;
	scoped_free char *name = flat_name(command);

	TRY(units_cache_dir(target, &cache));
	scoped_free char *dir = path_join(cache, "original");

	TRY(make_dirs(dir));
	unsigned long long hash = command_hash(target, command);

	*object = xasprintf("%s/%s-%016llx.o", dir, name, hash);
	*deps = xasprintf("%s/%s-%016llx.d", dir, name, hash);
	return NULL;
}

/* Names, sizes and times of all files that the object was made from; 0 when one is gone. */
static uint64_t stamp(const struct target *t, const char *deps)
{
	SCOPED(str_vec_free_all) struct str_vec files = {0};
	scoped_error struct error *err = deps_read(deps, &files);
	uint64_t h = 0;

	for (size_t i = 0; !err && i < files.n; i++) {
		scoped_free char *path = files.at[i][0] == '/' ? xstrdup(files.at[i])
							       : path_join(target_command_dir(t), files.at[i]);
		struct stat st;

		if (stat(path, &st))
			return 0;
		int64_t facts[] = {st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec};

		h = hash_bytes(path, strlen(path) + 1, h);
		h = hash_bytes(facts, sizeof(facts), h);
	}
	return err ? 0 : h | 1;
}

bool original_is_cached(const struct target *target, const char *object, const char *deps)
{
	scoped_free char *path = xasprintf("%s.stamp", deps);
	scoped_free char *text = NULL;

	if (!path_exists(object) || !path_exists(deps))
		return false;
	if (!target->user_build)
		return true;
	scoped_error struct error *err = read_file(path, &text, NULL);

	return !err && strtoull(text, NULL, 16) == stamp(target, deps);
}

struct error *original_keep(const struct target *target, const struct compile *c,
			    const char *object, const char *deps)
{
	scoped_free char *path = xasprintf("%s.stamp", deps);

	if (target->user_build) {
		scoped_free char *text =
			xasprintf("%016llx\n", (unsigned long long)stamp(target, c->deps));

		TRY(write_file(path, text, strlen(text)));
	}
	TRY(copy_file(c->deps, deps));
	return copy_file(c->object, object);
}
