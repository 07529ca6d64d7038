// SPDX-License-Identifier: GPL-2.0-or-later
#include "kit.h"

#include <dirent.h>
#include <stdio.h>

#include "base/process.h"
#include "guest-root.h"

static const char scripts_below[] = "tools/testing/selftests/livepatch";

/* ---- the target's source ---- */

static char *source_path(const char *below)
{
	return path_join(road_target->srctree, below);
}

/* Since 6.9 beside the scripts, before in lib/livepatch. */
static char *module_source(void)
{
	scoped_free char *beside = source_path("tools/testing/selftests/livepatch/test_modules");

	return path_is_dir(beside) ? take(beside) : source_path("lib/livepatch");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in a directory that begin and end so, sorted; the caller's. */
static void list_files(const char *dir, const char *prefix, const char *suffix,
		       struct str_vec *names)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	assert_non_null(d);
	while ((entry = readdir(d)))
		if (starts_with(entry->d_name, prefix) && ends_with(entry->d_name, suffix))
			str_vec_push(names, xstrdup(entry->d_name));
	closedir(d);
	assert_true(names->n > 0);
	qsort(names->at, names->n, sizeof(char *), by_name);
}

bool selftests_have(const char *script)
{
	scoped_free char *dir = source_path(scripts_below);
	scoped_free char *path = path_join(dir, script);

	return path_exists(path);
}

void selftests_add(const char *set, const char *script, struct selftest_run_vec *runs)
{
	selftest_run_vec_push(runs, (struct selftest_run){
		.set = set, .script = xstrdup(script), .status = -1 });
}

void selftests_list(struct str_vec *scripts)
{
	scoped_free char *dir = source_path(scripts_below);

	list_files(dir, "test-", ".sh", scripts);
}

/* ---- sets of modules ---- */

char *selftests_build_dir(const char *set)
{
	return xasprintf("%s/build-%s", road_dir, set);
}

/* The tree that depmod wants. */
static char *set_modules(const char *set)
{
	return xasprintf("%s/sets/%s/lib/modules/%s", road_dir, set, road_target->release);
}

static void run_program(const char *const *argv)
{
	scoped_process_result struct process_result result = { 0 };

	assert_null(process_run(&(struct process){ .argv = argv }, &result));
	if (result.status)
		print_error("%s: %s\n", argv[0], result.output);
	assert_int_equal(result.status, 0);
}

static void edit_source(const char *path, const struct selftest_edit *edit)
{
	scoped_free char *text = NULL;
	scoped_str struct str out = { 0 };

	assert_null(read_file(path, &text, NULL));
	const char *at = strstr(text, edit->find);

	assert_non_null(at);
	str_add(&out, "%.*s%s%s", (int)(at - text), text, edit->replace, at + strlen(edit->find));
	assert_null(write_file(path, out.s, out.n));
}

/* Only the edited module is built. */
static void edit_module(const char *dir, const struct selftest_edit *edit)
{
	scoped_free char *path = path_join(dir, edit->file);
	scoped_free char *makefile = path_join(dir, "Makefile");
	scoped_free char *text = xasprintf("obj-m := %.*so\n", (int)strlen(edit->file) - 1, edit->file);

	edit_source(path, edit);
	assert_null(write_file(makefile, text, strlen(text)));
}

static void copy_sources(const char *to, const struct selftest_edit *edit)
{
	scoped_free char *from = module_source();
	struct str_vec names = { 0 };

	list_files(from, "test_klp", ".c", &names);
	str_vec_push(&names, xstrdup("Makefile"));
	for (size_t i = 0; i < names.n; i++) {
		scoped_free char *source = path_join(from, names.at[i]);
		scoped_free char *copy = path_join(to, names.at[i]);

		assert_null(copy_file(source, copy));
	}
	if (edit)
		edit_module(to, edit);
	str_vec_free_all(&names);
}

/* No BTF: it needs pahole. CONFIG_TEST_LIVEPATCH: before 6.9 the modules were a part of the kernel. */
static void make_modules(const char *dir)
{
	scoped_free char *place = xasprintf("M=%s", dir);
	scoped_free char *cc = xasprintf("CC=%s", road_target->cc);
	const char *const argv[] = { "make", "-s", "-C", road_target->kbuild, place, cc,
				     "CONFIG_TEST_LIVEPATCH=m", "CONFIG_DEBUG_INFO_BTF_MODULES=",
				     "modules", NULL };

	run_program(argv);
}

static void collect_modules(const char *set, const char *dir)
{
	scoped_free char *to = set_modules(set);
	scoped_free char *base = xasprintf("%s/sets/%s", road_dir, set);
	const char *const argv[] = { "depmod", "-b", base, road_target->release, NULL };
	struct str_vec names = { 0 };

	assert_null(make_dirs(to));
	list_files(dir, "test_klp", ".ko", &names);
	for (size_t i = 0; i < names.n; i++) {
		scoped_free char *from = path_join(dir, names.at[i]);
		scoped_free char *copy = path_join(to, names.at[i]);

		assert_null(copy_file(from, copy));
	}
	str_vec_free_all(&names);
	run_program(argv);
}

void selftests_build(const char *set, const struct selftest_edit *edit)
{
	scoped_free char *dir = selftests_build_dir(set);

	assert_null(make_dirs(dir));
	copy_sources(dir, edit);
	make_modules(dir);
	collect_modules(set, dir);
}

void selftests_copy_set(const char *from, const char *to)
{
	scoped_free char *dir = set_modules(from);

	collect_modules(to, dir);
}

void selftests_exchange(const char *set, const char *module, const char *ko)
{
	scoped_free char *modules = set_modules(set);
	scoped_free char *path = xasprintf("%s/%s.ko", modules, module);

	assert_true(path_exists(path));
	assert_null(copy_file(ko, path));
}

/* ---- the guest ---- */

/* The program of test-syscall.sh, for the guest. */
static void add_getpid(struct guest_root *root)
{
	scoped_free char *dir = source_path(scripts_below);
	scoped_free char *source = path_join(dir, "test_klp-call_getpid.c");
	scoped_free char *program = path_join(road_dir, "test_klp-call_getpid");
	const char *const argv[] = { "gcc", "-O1", "-static", "-o", program, source, NULL };

	if (!path_exists(source))
		return;
	run_program(argv);
	assert_null(guest_root_file(root, "livepatch/test_klp-call_getpid", program));
}

static void add_scripts(struct guest_root *root)
{
	scoped_free char *dir = source_path(scripts_below);
	struct str_vec names = { 0 };

	list_files(dir, "", ".sh", &names);
	for (size_t i = 0; i < names.n; i++) {
		scoped_free char *from = path_join(dir, names.at[i]);
		scoped_free char *to = path_join("livepatch", names.at[i]);

		assert_null(guest_root_file(root, to, from));
	}
	str_vec_free_all(&names);
}

/* The set of a run, unless an earlier run added it. */
static void add_set(struct guest_root *root, const char *set)
{
	scoped_free char *modules = set_modules(set);
	struct str_vec names = { 0 };

	list_files(modules, "", "", &names);
	for (size_t i = 0; i < names.n; i++) {
		scoped_free char *from = path_join(modules, names.at[i]);
		scoped_free char *to = xasprintf("sets/%s/lib/modules/%s/%s", set,
						 road_target->release, names.at[i]);

		if (!path_is_dir(from))
			assert_null(guest_root_file(root, to, from));
	}
	str_vec_free_all(&names);
}

static void write_root(const char *path, const struct selftest_run_vec *runs)
{
	struct guest_root root = { 0 };
	struct error *err = guest_root_programs(&root);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	add_scripts(&root);
	add_getpid(&root);
	for (size_t i = 0; i < runs->n; i++)
		add_set(&root, runs->at[i].set);
	cpio_end(&root.cpio);
	assert_null(write_file(path, root.cpio.bytes.s, root.cpio.bytes.n));
	guest_root_free(&root);
}

static void write_plan(const char *path, const struct selftest_run_vec *runs)
{
	scoped_str struct str plan = { 0 };

	for (size_t i = 0; i < runs->n; i++)
		str_add(&plan, "%s %s\n", runs->at[i].set, runs->at[i].script);
	assert_null(write_file(path, plan.s, plan.n));
}

/* What came between "@@ begin" and "@@ end" of each run; the guest has them in the plan's order. */
static void take_results(const char *text, struct selftest_run_vec *runs)
{
	static const char end[] = "\n@@ end ";

	for (size_t i = 0; i < runs->n; i++) {
		struct selftest_run *run = &runs->at[i];
		scoped_free char *begin = xasprintf("@@ begin %s %s\n", run->set, run->script);
		const char *from = text ? strstr(text, begin) : NULL;
		const char *to = from ? strstr(from, end) : NULL;

		if (!from)
			continue;
		from += strlen(begin);
		run->output = to ? xstrndup(from, to < from ? 0 : to - from) : xstrdup(from);
		if (to)
			sscanf(to + strlen(end), "%d %d", &run->status, &run->seconds);
		text = to ? to : from;
	}
}

static bool is_expected(const struct finding *f)
{
	return f->severity != SEVERITY_REFUSAL || streq(f->id, "Q8");
}

static void check_kernel(const struct boot_result *result)
{
	bool well = true;

	for (size_t i = 0; i < result->findings.n; i++) {
		const struct finding *f = &result->findings.at[i];

		if (!is_expected(f))
			print_error("%s: %s\n", f->id, f->message);
		well = well && is_expected(f);
	}
	assert_true(well);
}

static void show(const struct selftest_run_vec *runs)
{
	for (size_t i = 0; i < runs->n; i++)
		print_message("%s with the set '%s': status %d\n%s\n", runs->at[i].script,
			      runs->at[i].set, runs->at[i].status,
			      runs->at[i].output ? runs->at[i].output : "(did not run)");
}

void selftests_boot(struct selftest_run_vec *runs)
{
	static const char *const names[] = { "root.cpio", "plan" };
	scoped_free char *source = xasprintf("%s/run-selftests.sh", SELFTESTS_DIR);
	struct boot_result result = { 0 };
	struct str_vec extra = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		str_vec_push(&extra, path_join(road_dir, names[i]));
	write_root(extra.at[0], runs);
	write_plan(extra.at[1], runs);
	struct boot_request request = { .script = source, .extra = &extra, .timeout = 2400 };
	struct error *err = boot_test(road_target, &request, &result);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	take_results(result.before, runs);
	print_message("%s: %.1f s in the guest\n", road_target->name, result.total_seconds);
	if (!result.before)
		show(runs);
	for (size_t i = 0; i < runs->n; i++)
		print_message("%s, %s: %d s\n", runs->at[i].set, runs->at[i].script,
			      runs->at[i].seconds);
	check_kernel(&result);
	boot_result_free(&result);
	str_vec_free_all(&extra);
}

/* ---- results ---- */

void selftests_assert_passed(const struct selftest_run *run)
{
	assert_non_null(run);
	if (run->status)
		print_error("%s with the set '%s': status %d\n%s\n", run->script, run->set,
			    run->status, run->output ? run->output : "(did not run)");
	assert_int_equal(run->status, 0);
	assert_non_null(strstr(run->output, "... ok"));
}

void selftests_free(struct selftest_run_vec *runs)
{
	for (size_t i = 0; i < runs->n; i++) {
		free(runs->at[i].script);
		free(runs->at[i].output);
	}
	selftest_run_vec_free(runs);
}
