// SPDX-License-Identifier: GPL-2.0-or-later
/* Unpacking the packages of a Debian kernel: only what is needed, streaming. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/debian.h"
#include "target/tools.h"

/*
 * A package's files arrive through a pipe, because a whole -dbg package would need gigabytes.
 * Arguments: the package, the directory, then tar's own arguments. pipefail: the status of every
 * program of the pipe counts.
 */
static const char unpack_script[] = "dpkg-deb --fsys-tarfile \"$1\" | tar -x -C \"${@:2}\"";
static const char source_script[] = "dpkg-deb --fsys-tarfile \"$1\" | tar -xO \"$3\" | xz -dc -T2 |"
				    " tar -x -C \"$2\" --strip-components=1 \"${@:4}\"";

char *debian_path(const char *dir, const char *fmt, ...)
{
	scoped_free char *below = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&below, fmt, ap) < 0)
		below = xstrdup("");
	va_end(ap);
	return path_join(dir, below);
}

enum { WORDS = 16 };

/* One run of a script above. */
struct unpacking {
	const char *what;
	char *package, *dir, *words[8]; /* owned */
	const char *argv[WORDS];
};

static void unpacking_free(struct unpacking *u)
{
	free(u->package);
	free(u->dir);
	for (size_t i = 0; i < ARRAY_SIZE(u->words); i++)
		free(u->words[i]);
}

/* Fills argv after u's other members have been set. */
static void unpacking_ready(struct unpacking *u, const char *script)
{
	size_t k = 0;

	u->argv[k++] = "bash";
	u->argv[k++] = "-o";
	u->argv[k++] = "pipefail";
	u->argv[k++] = "-c";
	u->argv[k++] = script;
	u->argv[k++] = "unpack";
	u->argv[k++] = u->package;
	u->argv[k++] = u->dir;
	for (size_t i = 0; i < ARRAY_SIZE(u->words) && u->words[i]; i++)
		u->argv[k++] = u->words[i];
	u->argv[k] = NULL;
}

/* Runs them side by side; the first failure in order is reported. */
static struct error *run_unpackings(struct unpacking *list, size_t n)
{
	struct process processes[n];
	struct process_result results[n];
	struct error *err = NULL;

	memset(processes, 0, sizeof(processes));
	memset(results, 0, sizeof(results));
	for (size_t i = 0; i < n && !err; i++) {
		processes[i].argv = list[i].argv;
		err = make_dirs(list[i].dir);
	}
	if (!err)
		err = process_run_all(processes, n, 0, results);
	for (size_t i = 0; i < n; i++) {
		if (!err) {
			scoped_free char *what = xasprintf("unpacking %s from %s", list[i].what,
							   path_basename(list[i].package));

			err = tool_check("T9", what, &results[i]);
		}
		process_result_free(&results[i]);
	}
	return err;
}

static struct error *package_file(const struct debian_plan *plan, enum debian_part part,
				  const char *downloads, char **path)
{
	return apt_file(&plan->packages.at[part], downloads, path);
}

/* The headers' Makefile names its common part by the absolute path of the installed package. */
static struct error *point_makefile(const char *headers, const char *release)
{
	scoped_free char *path = debian_path(headers, "usr/src/linux-headers-%s/Makefile", release);
	scoped_free char *text = NULL;
	scoped_str struct str out = { 0 };

	TRY(read_file(path, &text, NULL));
	const char *start = strstr(text, "/usr/src/");

	if (!start)
		return error_new("T9", "%s: no include of the common headers", path);
	str_add(&out, "%.*s%s%s", (int)(start - text), text, headers, start);
	return write_file(path, out.s, out.n);
}

struct error *debian_unpack_headers(const struct debian_plan *plan, const char *downloads,
				    const char *dir)
{
	static const enum debian_part parts[] = { PART_HEADERS, PART_COMMON, PART_KBUILD };
	struct unpacking list[ARRAY_SIZE(parts)] = { 0 };
	struct error *err = NULL;

	progress_step("unpacking headers");
	for (size_t i = 0; i < ARRAY_SIZE(parts) && !err; i++) {
		list[i].what = "headers";
		list[i].dir = path_join(dir, "headers");
		list[i].words[0] = xstrdup("./usr");
		err = package_file(plan, parts[i], downloads, &list[i].package);
		unpacking_ready(&list[i], unpack_script);
	}
	if (!err)
		err = run_unpackings(list, ARRAY_SIZE(parts));
	if (!err)
		err = point_makefile(list[0].dir, plan->release);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		unpacking_free(&list[i]);
	TRY(err);
	progress_end(NULL);
	return NULL;
}

/*
 * All of the source but the other architectures and perf: no x86_64 unit includes a file of theirs,
 * and a change of theirs reaches no object of the target.
 */
static struct error *source_unpacking(const struct debian_plan *plan, const char *downloads,
				      const char *dir, struct unpacking *u)
{
	const char *series = plan->parsed.series;

	u->what = "the kernel source";
	u->dir = path_join(dir, "source");
	u->words[0] = xasprintf("./usr/src/linux-source-%s.tar.xz", series);
	u->words[1] = xstrdup("--anchored");
	u->words[2] = xstrdup("--no-wildcards-match-slash");
	u->words[3] = xasprintf("--exclude=linux-source-%s/arch/[!Kx]*", series);
	u->words[4] = xasprintf("--exclude=linux-source-%s/arch/xtensa", series);
	u->words[5] = xasprintf("--exclude=linux-source-%s/tools/perf", series);
	TRY(package_file(plan, PART_SOURCE, downloads, &u->package));
	unpacking_ready(u, source_script);
	return NULL;
}

static struct error *debug_unpacking(const struct debian_plan *plan, const char *downloads,
				     const char *dir, struct unpacking *u)
{
	u->what = "vmlinux";
	u->dir = path_join(dir, "debug");
	u->words[0] = xstrdup("--strip-components=5");
	u->words[1] = xasprintf("./usr/lib/debug/boot/vmlinux-%s", plan->release);
	TRY(package_file(plan, PART_DEBUG, downloads, &u->package));
	unpacking_ready(u, unpack_script);
	return NULL;
}

static struct error *image_unpacking(const struct debian_plan *plan, const char *downloads,
				     const char *dir, struct unpacking *u)
{
	u->what = "the image";
	u->dir = path_join(dir, "image");
	u->words[0] = xstrdup("./boot");
	u->words[1] = xstrdup("./lib/modules");
	TRY(package_file(plan, PART_IMAGE, downloads, &u->package));
	unpacking_ready(u, unpack_script);
	return NULL;
}

/* The -dbg package stays: debug files of modules are taken out of it when they are asked for. */
static struct error *keep_debug_package(const struct unpacking *debug, const char *dir)
{
	scoped_free char *to = path_join(dir, "debug.deb");

	/* A link, so that a run that fails later need not fetch it again. */
	if (link(debug->package, to) == 0 || rename(debug->package, to) == 0)
		return NULL;
	return error_errno("%s", to);
}

struct error *debian_unpack_rest(const struct debian_plan *plan, const char *downloads,
				 const char *dir)
{
	struct unpacking list[3] = { 0 };
	struct error *err;

	progress_step("unpacking source, vmlinux, modules");
	err = source_unpacking(plan, downloads, dir, &list[0]);
	if (!err)
		err = debug_unpacking(plan, downloads, dir, &list[1]);
	if (!err)
		err = image_unpacking(plan, downloads, dir, &list[2]);
	if (!err)
		err = run_unpackings(list, ARRAY_SIZE(list));
	if (!err)
		err = keep_debug_package(&list[1], dir);
	for (size_t i = 0; i < ARRAY_SIZE(list); i++)
		unpacking_free(&list[i]);
	TRY(err);
	progress_end(NULL);
	return NULL;
}
