// SPDX-License-Identifier: GPL-2.0-or-later
#include "road.h"

#include <fcntl.h>
#include <ftw.h>
#include <gelf.h>
#include <stdio.h>

#include "base/map.h"
#include "base/process.h"
#include "base/progress.h"

struct target *road_target;
char *road_dir;

/* ---- targets ---- */

static bool is_wanted(const struct target *t, const char *names)
{
	scoped_free char *padded = names && *names ? xasprintf(" %s ", names) : NULL;
	scoped_free char *name = xasprintf(" %s ", t->name);

	return padded ? strstr(padded, name) != NULL : starts_with(t->name, "debian:");
}

static uint64_t tree_hash;

static int hash_file(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	uint64_t facts[] = { st->st_size, st->st_mtim.tv_sec, st->st_mtim.tv_nsec, st->st_mode, type };

	/* A sum: the order in which a directory lists its files does not matter. */
	tree_hash += hash_bytes(facts, sizeof(facts), hash_bytes(path, strlen(path), 0));
	return 0;
}

/* Names, sizes and times of all files of the source tree. */
static uint64_t hash_tree(const char *path)
{
	tree_hash = 0;
	assert_int_equal(nftw(path, hash_file, 64, FTW_PHYS), 0);
	return tree_hash;
}

/* Runs for road_target, in a scratch directory of its own. */
static int run_here(const char *name, int (*run)(void *arg), void *arg)
{
	scoped_temp_dir char *dir = NULL;
	uint64_t before = hash_tree(road_target->srctree);
	struct error *err = temp_dir_new("roads", &dir);

	assert_null(err);
	road_dir = dir;
	print_message("%s: %s\n", road_target->name, name);
	int failed = run(arg);

	if (hash_tree(road_target->srctree) != before) {
		print_error("%s has been written to\n", road_target->srctree);
		failed++;
	}
	return failed;
}

int road_for_each_target(const char *name, int (*run)(void *arg), void *arg)
{
	struct target_vec targets = { 0 };
	size_t ran = 0;
	int failed = 0;

	quiet = true;
	process_setup_signals();
	if (getenv("SUTURE_TEST_FILTER"))
		cmocka_set_test_filter(getenv("SUTURE_TEST_FILTER"));
	struct error *err = target_list(&targets);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	error_free(err);
	for (size_t i = 0; i < targets.n; i++) {
		road_target = targets.at[i];
		if (is_wanted(road_target, getenv("SUTURE_TEST_TARGETS"))) {
			failed += run_here(name, run, arg);
			ran++;
		}
		target_free(targets.at[i]);
	}
	target_vec_free(&targets);
	if (!ran)
		print_message("skipped: no target in the cache (suture target add)\n");
	return failed ? 1 : ran ? 0 : ROAD_SKIP;
}

struct group {
	const char *name;
	const struct CMUnitTest *tests;
	size_t n;
};

static int run_group(void *arg)
{
	const struct group *g = arg;

	return _cmocka_run_group_tests(g->name, g->tests, g->n, NULL, NULL);
}

int road_run(const char *name, const struct CMUnitTest *tests, size_t n)
{
	return road_for_each_target(name, run_group, &(struct group){ name, tests, n });
}

/* ---- fixes ---- */

static void replace_text(char **text, const struct road_edit *e)
{
	const char *at = strstr(*text, e->find);

	if (!at || (!e->first && strstr(at + 1, e->find)))
		print_error("%s: '%s' is %s\n", e->path, e->find, at ? "not unique" : "not there");
	assert_non_null(at);
	assert_true(e->first || !strstr(at + 1, e->find));
	char *new = xasprintf("%.*s%s%s", (int)(at - *text), *text, e->replace,
			      at + strlen(e->find));

	free(*text);
	*text = new;
}

static void write_text(const char *path, const char *text)
{
	assert_null(write_file(path, text, strlen(text)));
}

static void add_diff(struct str *patch, const char *path, const char *from, const char *to)
{
	scoped_free char *from_label = xasprintf("--label=a/%s", path);
	scoped_free char *to_label = xasprintf("--label=b/%s", path);
	scoped_process_result struct process_result result = { 0 };
	const char *const argv[] = { "diff", "-u", from_label, to_label, from, to, NULL };

	assert_null(process_run(&(struct process){ .argv = argv }, &result));
	assert_int_equal(result.status, 1);
	str_add_bytes(patch, result.output, strlen(result.output));
}

char *road_patch(const struct road_edit *edits, size_t n, bool reverse)
{
	scoped_free char *edited = path_join(road_dir, "edited");
	scoped_str struct str patch = { 0 };

	for (size_t i = 0; i < n;) {
		scoped_free char *source = path_join(road_target->srctree, edits[i].path);
		const char *path = edits[i].path;
		scoped_free char *text = NULL;

		assert_null(read_file(source, &text, NULL));
		for (; i < n && streq(edits[i].path, path); i++)
			replace_text(&text, &edits[i]);
		write_text(edited, text);
		add_diff(&patch, path, reverse ? edited : source, reverse ? source : edited);
	}
	return take(patch.s);
}

struct error *road_build(const char *patch, const char *name, struct build_report *report)
{
	scoped_free char *module = xasprintf("livepatch-%s", name);
	struct fix fix = { 0 };
	struct build_request request = { road_target, &fix, module, road_dir, true, NULL };

	*report = (struct build_report){ 0 };
	struct error *err = fix_parse(&fix, name, patch, strlen(patch));

	if (!err)
		err = build_livepatch(&request, report);
	fix_free(&fix);
	return err;
}

void road_build_edits(const struct road_edit *edits, size_t n, const char *name,
		      struct build_report *report)
{
	scoped_free char *patch = road_patch(edits, n, false);
	struct error *err = road_build(patch, name, report);

	if (err)
		print_error("%s: %s: %s\n", name, err->id, err->message);
	assert_null(err);
}

/* ---- what came out ---- */

const struct finding *road_find(const struct finding_vec *list, const char *id, const char *symbol)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->at[i];

		if (streq(f->id, id) && (!symbol || (f->symbol && streq(f->symbol, symbol))))
			return f;
	}
	return NULL;
}

void road_assert_finding(const struct build_report *report, const char *id, enum severity severity,
			 const char *symbol)
{
	const struct finding *f = road_find(&report->findings, id, symbol);

	if (!f || f->severity != severity) {
		print_error("expected %s %s %s, and there is:\n", severity_name(severity), id,
			    symbol ? symbol : "");
		findings_print(&report->findings, stderr);
	}
	assert_non_null(f);
	assert_int_equal(f->severity, severity);
}

void road_assert_built(const struct build_report *report)
{
	if (!report->module)
		findings_print(&report->findings, stderr);
	assert_non_null(report->module);
	assert_true(path_exists(report->module));
}

bool road_replaces(const struct build_report *report, const char *kobject, const char *function)
{
	for (size_t i = 0; i < report->replaced.n; i++)
		if (streq(report->replaced.at[i].kobject, kobject) &&
		    streq(report->replaced.at[i].name, function))
			return true;
	return false;
}

static void boot(struct boot_request *request, const char *script, struct boot_result *result)
{
	scoped_free char *path = path_join(road_dir, "script.sh");

	*result = (struct boot_result){ 0 };
	if (script) {
		write_text(path, script);
		request->script = path;
	}
	struct error *err = boot_test(road_target, request, result);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	if (!result->ok)
		findings_print(&result->findings, stderr);
	assert_true(result->ok);
}

void road_boot(const char *livepatch, const char *script, const struct str_vec *modules,
	       const char *cmdline, struct boot_result *result)
{
	boot(&(struct boot_request){ .livepatch = livepatch, .modules = modules, .cmdline = cmdline },
	     script, result);
}

void road_boot_with(const char *livepatch, const char *script, const struct str_vec *extra,
		    struct boot_result *result)
{
	boot(&(struct boot_request){ .livepatch = livepatch, .extra = extra }, script, result);
}

static bool scan_symbols(Elf *elf, const char *name)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	GElf_Sym sym;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data = elf_getdata(scn, NULL);

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_SYMTAB)
			continue;
		for (int i = 0; gelf_getsym(data, i, &sym); i++)
			if (streq(elf_strptr(elf, shdr.sh_link, sym.st_name), name))
				return true;
	}
	return false;
}

bool road_module_has_symbol(const char *path, const char *name)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	bool found = elf && scan_symbols(elf, name);

	elf_end(elf);
	return found;
}
