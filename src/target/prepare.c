// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The Kbuild output tree of a Debian kernel.
 *
 * The headers package holds what Kconfig made when the kernel was built: .config, auto.conf,
 * autoconf.h, the stamps of all options, and Debian's .kernelvariables (architecture, compiler,
 * release). The tree starts with these, auto.conf newer than .config, so Kbuild sees a
 * configuration that is up to date and never runs Kconfig, whose answers would depend on what this
 * machine has (pahole, rustc, plugin headers). What `prepare` then generates is compared with the
 * generated headers of the package: a difference means wrong source or compiler.
 */
#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "target/config.h"
#include "target/debian.h"
#include "target/tools.h"

/* Copied from the headers package before anything runs. */
static const char *const seeds[] = { ".config", ".kernelvariables", "Module.symvers", "include" };

/* Files that must be in the tree after `prepare` as the headers package has them. */
static const struct reference {
	const char *file;
	bool generated; /* removed before, so that Kbuild makes it anew and the comparison counts */
} references[] = {
	{ ".config", false },
	{ "include/config/auto.conf", false },
	{ "include/generated/autoconf.h", false },
	{ "include/config/kernel.release", true },
	{ "include/generated/utsrelease.h", true },
	{ "include/generated/bounds.h", true },
	{ "include/generated/timeconst.h", true },
	{ "include/generated/asm-offsets.h", true },
	{ "include/generated/package.h", true },
};

static struct error *run(const char *id, const char *what, const char *const *argv)
{
	scoped_process_result struct process_result result = { 0 };

	TRY(process_run(&(struct process){ .argv = argv }, &result));
	return tool_check(id, what, &result);
}

static struct error *seed(const struct target *t)
{
	TRY(make_dirs(t->objtree));
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		scoped_free char *from = path_join(t->kbuild, seeds[i]);
		const char *const argv[] = { "cp", "-a", from, t->objtree, NULL };

		TRY(run("T9", "copying the shipped configuration", argv));
	}
	for (size_t i = 0; i < ARRAY_SIZE(references); i++) {
		scoped_free char *path = path_join(t->objtree, references[i].file);

		if (references[i].generated)
			TRY(remove_tree(path));
	}
	return NULL;
}

/*
 * Debian's kernels print the version of their package in reports (LINUX_PACKAGE_ID: dump_stack(), the watchdog for
 * hung tasks). It comes from variables that only the package's build sets (debian/rules.real; in the top
 * Makefile filechk_package.h). The headers package has the text; the variables go to where each run of make finds them.
 */
static struct error *name_package(const struct target *t)
{
	scoped_free char *shipped = path_join(t->kbuild, "include/generated/package.h");
	scoped_free char *path = path_join(t->objtree, ".kernelvariables");
	scoped_free char *header = NULL, *variables = NULL;
	char distributor[64], version[128];

	if (!path_exists(shipped) || !path_exists(path))
		return NULL;
	TRY(read_file(shipped, &header, NULL));
	if (sscanf(header, "#define LINUX_PACKAGE_ID \" %63[A-Za-z] %127[A-Za-z0-9.+~:-]\"", distributor,
		   version) != 2)
		return NULL;
	TRY(read_file(path, &variables, NULL));
	scoped_free char *text = xasprintf("%sDISTRIBUTION_OFFICIAL_BUILD = 1\nDISTRIBUTOR = %s\n"
					   "DISTRIBUTION_VERSION = %s\n", variables, distributor, version);

	return write_file(path, text, strlen(text));
}

static struct error *set_time(const char *path, time_t when)
{
	const struct timespec times[2] = { { .tv_sec = when }, { .tv_sec = when } };

	if (utimensat(AT_FDCWD, path, times, 0))
		return error_errno("%s", path);
	return NULL;
}

/* Everything that Kconfig makes from .config must look younger than .config. */
static struct error *order_times(const struct target *t)
{
	static const char *const made[] = { "include/config/auto.conf",
					    "include/config/auto.conf.cmd",
					    "include/generated/autoconf.h",
					    "include/generated/rustc_cfg" };
	scoped_free char *config = path_join(t->objtree, ".config");
	struct stat st;

	if (stat(config, &st))
		return error_errno("%s", config);
	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		scoped_free char *path = path_join(t->objtree, made[i]);

		if (!path_exists(path))
			TRY(write_file(path, "", 0));
		TRY(set_time(path, st.st_mtime + 2));
	}
	return NULL;
}

static struct error *make_prepare(const struct target *t)
{
	scoped_free char *output = xasprintf("O=%s", t->objtree);
	scoped_free char *compiler = xasprintf("CC=%s", t->cc);
	scoped_free char *jobs = xasprintf("-j%ld", sysconf(_SC_NPROCESSORS_ONLN));
	const char *const argv[] = { "make", "-s", jobs, "-C", t->srctree, output,
				     "ARCH=x86", "CROSS_COMPILE=x86_64-linux-gnu-", compiler,
				     "prepare", NULL };

	return run("T8", "make prepare of the kernel source", argv);
}

static struct error *differs(const struct target *t, const char *file, const char *want,
			     const char *have)
{
	scoped_free char *options = config_difference(want, have, 12);

	if (options && strstr(file, "conf"))
		return error_new("T8", "%s: %s is not what %s was built with: %s", t->name, file,
				 t->release, options);
	return error_new("T8", "%s: %s comes out differently from the shipped one: source or compiler "
			       "(%s) are not those of the kernel", t->name, file, t->cc);
}

static struct error *check_reference(const struct target *t, const char *file)
{
	scoped_free char *want_path = path_join(t->kbuild, file);
	scoped_free char *have_path = path_join(t->objtree, file);
	scoped_free char *want = NULL, *have = NULL;

	if (!path_exists(want_path))
		return NULL;
	TRY(read_file(want_path, &want, NULL));
	TRY(read_file(have_path, &have, NULL));
	return streq(want, have) ? NULL : differs(t, file, want, have);
}

struct error *debian_prepare(const struct target *t)
{
	progress_step("preparing the build tree");
	TRY(seed(t));
	TRY(name_package(t));
	TRY(order_times(t));
	TRY(make_prepare(t));
	for (size_t i = 0; i < ARRAY_SIZE(references); i++)
		TRY(check_reference(t, references[i].file));
	progress_end(NULL);
	return NULL;
}
