// SPDX-License-Identifier: GPL-2.0-or-later
#include "units/kbuild_run.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/process.h"
#include "base/str.h"
#include "units/command.h"
#include "units/kbuild.h"

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

/*
 * A goal in a directory that prints (make -n) which objects Kbuild would make there; those of an
 * image beside the kernel are only in $(targets).
 */
const char kbuild_list_rule[] =
	"%/.suture-units:\n"
	"\t: suture-units $* = $(obj) : "
	"$(sort $(real-obj-y) $(real-obj-m) $(lib-y) $(extra-y) $(always-y) "
	"$(targets))\n";

/* Exported by the outer make for itself; the rest is for scripts/Makefile.build. */
static const char *const not_inherited[] = {
	"MAKEFLAGS=",	 "MAKEFILES=",	  "MAKEOVERRIDES=", "MAKELEVEL=", "MFLAGS=",
	"MAKE_TERMOUT=", "MAKE_TERMERR=", "SUTURE_",	    "_=",	  "PWD=",
	"OLDPWD=",	 "SHLVL=",	  "quiet=",	    "Q=",
};

struct error *kbuild_lock(const char *dir, int *fd)
{
	scoped_free char *path = path_join(dir, "lock");

	return lock_file(path, fd);
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

void kbuild_clean_environment(struct str_vec *argv)
{
	const char *path = getenv("PATH");

	str_vec_push(argv, xstrdup("env"));
	str_vec_push(argv, xstrdup("-i"));
	str_vec_push(argv, xasprintf("PATH=%s", path ? path : "/usr/bin:/bin"));
	str_vec_push(argv, xstrdup("LC_ALL=C"));
}

void kbuild_top_make(const struct target *t, struct str_vec *argv)
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

struct error *kbuild_run(struct str_vec *argv, const char *cwd, struct process_result *result)
{
	str_vec_push(argv, NULL);
	struct process p = {.argv = (const char *const *)argv->at, .cwd = cwd};

	return no_make(process_run(&p, result));
}

static struct error *capture(const struct target *t, const char *dir, const char *environment,
			     const char *dirs)
{
	scoped_free char *mk = path_join(dir, "capture.mk");
	scoped_free char *env_tmp = xasprintf("%s.tmp", environment);
	scoped_free char *dirs_tmp = xasprintf("%s.tmp", dirs);
	scoped_argv struct str_vec argv = {0};
	scoped_process_result struct process_result r = {0};

	TRY(write_file(mk, capture_mk, sizeof(capture_mk) - 1));
	kbuild_clean_environment(&argv);
	str_vec_push(&argv, xasprintf("MAKEFILES=%s", mk));
	str_vec_push(&argv, xasprintf("SUTURE_ENVIRONMENT=%s", env_tmp));
	str_vec_push(&argv, xasprintf("SUTURE_DIRS=%s", dirs_tmp));
	kbuild_top_make(t, &argv);
	str_vec_push(&argv, xstrdup("suture-environment"));
	TRY(kbuild_run(&argv, NULL, &r));
	if (r.status || !path_exists(env_tmp) || !path_exists(dirs_tmp))
		return error_new("U11", "make in %s fails: %.400s", t->objtree, r.output);
	if (rename(dirs_tmp, dirs) || rename(env_tmp, environment))
		return error_errno("%s", environment);
	return NULL;
}

void kbuild_close(struct kbuild *k)
{
	free(k->cache);
	free(k->environment);
	str_vec_free_all(&k->dirs);
}
static struct error *find_style(const struct target *t, struct kbuild *k)
{
	scoped_free char *path = path_join(t->srctree, "scripts/Makefile.build");
	scoped_free char *text = NULL;

	TRY(read_file(path, &text, NULL));
	k->by_goal = !strstr(text, "KBUILD_SINGLE_TARGETS");
	return NULL;
}

struct error *kbuild_open(const struct target *t, struct kbuild *k)
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

		TRY(kbuild_lock(k->cache, &fd));
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
			     const struct str_vec *goals, char **output, bool *whole)
{
	scoped_free char *mk = path_join(k->cache, "list.mk");
	scoped_free char *out = xasprintf("%s/dry-run.%d", k->cache, (int)getpid());
	scoped_argv struct str_vec argv = {0};
	scoped_process_result struct process_result r = {0};
	scoped_str struct str singles = {0};

	TRY(write_file_unsynced(mk, kbuild_list_rule, strlen(kbuild_list_rule)));
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
	*whole &= !err && r.status == 0;
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

/*
 * Images that are linked by themselves and then go into the kernel, or beside it, as data: their
 * objects have the flags of a Makefile that Kbuild reads by a rule of its own. Sources:
 * arch/x86/Makefile (boot, purgatory), arch/x86/{entry/vdso,boot,boot/compressed,realmode/rm,
 * purgatory}/Makefile, drivers/firmware/efi/libstub/Makefile. The flags of the 32-bit vDSO belong to
 * the rule that links it and cannot be had for one object; its C files include those of the 64-bit
 * one.
 */
static const struct start {
	const char *below, *start; /* NULL: cannot be asked about */
} starts[] = {
	{"arch/x86/entry/vdso/vdso32", NULL},
	{"arch/x86/entry/vdso", "arch/x86/entry/vdso"},
	{"arch/x86/boot/compressed", "arch/x86/boot/compressed"},
	{"arch/x86/boot", "arch/x86/boot"},
	{"arch/x86/realmode/rm", "arch/x86/realmode/rm"},
	{"arch/x86/purgatory", "arch/x86/purgatory"},
};

/*
 * Where Kbuild starts for a goal; NULL: nowhere. New Kbuild descends from the top; old Kbuild starts
 * in each top directory, and drivers-y of arch/x86 are top directories too.
 */
static const char *start_of(const struct kbuild *k, const char *goal)
{
	const char *best = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(starts); i++)
		if (below_dir(goal, starts[i].below))
			return starts[i].start;
	if (k->by_goal || !k->dirs.n)
		return ".";
	for (size_t i = 0; i < k->dirs.n; i++)
		if (below_dir(goal, k->dirs.at[i]) &&
		    (!best || strlen(k->dirs.at[i]) > strlen(best)))
			best = k->dirs.at[i];
	return best;
}

struct error *kbuild_dry_run(const struct target *t, const struct kbuild *k,
			     const struct str_vec *goals, struct str *output, bool *whole)
{
	SCOPED(map_free) struct map done = {0};

	*whole = true;
	for (size_t i = 0; i < goals->n; i++) {
		const char *start = start_of(k, goals->at[i]);
		SCOPED(str_vec_free) struct str_vec part = {0};
		scoped_free char *out = NULL;

		if (!start || map_has(&done, start))
			continue;
		map_put(&done, start, (void *)start);
		for (size_t j = i; j < goals->n; j++) {
			const char *other = start_of(k, goals->at[j]);

			if (other && streq(other, start))
				str_vec_push(&part, goals->at[j]);
		}
		scoped_free char *dir = path_normalize(start);

		TRY(dry_run(t, k, dir, &part, &out, whole));
		str_add(output, "%s", out);
	}
	return NULL;
}
