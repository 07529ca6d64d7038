// SPDX-License-Identifier: GPL-2.0-or-later
#include "live.h"

#include <dirent.h>
#include <stdio.h>

#include "base/progress.h"

enum { SKIP = 77 };

struct target *live_target;
char *live_dir;
struct live_paths live_paths;

bool live_set_paths(int argc, char **argv)
{
	if (argc != 4)
		return false;
	live_paths = (struct live_paths){ realpath(argv[1], NULL), realpath(argv[2], NULL),
					  realpath(argv[3], NULL) };
	return live_paths.suture && live_paths.makefile && live_paths.directory;
}

/* ---- targets ---- */

static bool is_wanted(const struct target *t, const char *names)
{
	scoped_free char *padded = names && *names ? xasprintf(" %s ", names) : NULL;
	scoped_free char *name = xasprintf(" %s ", t->name);

	return padded ? strstr(padded, name) != NULL : starts_with(t->name, "debian:");
}

static int run_for(const char *name, const struct CMUnitTest *tests, size_t n,
		   CMFixtureFunction setup)
{
	scoped_temp_dir char *dir = NULL;
	struct error *err = temp_dir_new("convert", &dir);

	assert_null(err);
	live_dir = dir;
	print_message("%s: %s\n", live_target->name, name);
	int failed = _cmocka_run_group_tests(name, tests, n, setup, NULL);

	nm_forget();
	return failed;
}

int live_run(const char *name, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup)
{
	struct target_vec targets = { 0 };
	size_t ran = 0;
	int failed = 0;

	quiet = true;
	process_setup_signals();
	if (getenv("SUTURE_TEST_FILTER"))
		cmocka_set_test_filter(getenv("SUTURE_TEST_FILTER"));
	error_free(target_list(&targets));
	for (size_t i = 0; i < targets.n; i++) {
		live_target = targets.at[i];
		if (is_wanted(live_target, getenv("SUTURE_TEST_TARGETS"))) {
			failed += run_for(name, tests, n, setup);
			ran++;
		}
		target_free(targets.at[i]);
	}
	target_vec_free(&targets);
	if (!ran)
		print_message("skipped: no target in the cache (suture target add)\n");
	return failed ? 1 : ran ? 0 : SKIP;
}

/* ---- programs ---- */

char *live_call(const char *const *argv, int *status)
{
	struct process_result result = { 0 };
	struct error *err = process_run(&(struct process){ .argv = argv, .cwd = live_dir }, &result);

	if (err)
		fail_msg("%s: %s", err->id, err->message);
	*status = result.status;
	char *output = xstrdup(result.output);

	process_result_free(&result);
	return output;
}

void live_copy_modules(void)
{
	scoped_free char *from = path_join(live_paths.directory, "modules");
	DIR *d = opendir(from);
	struct dirent *e;

	assert_non_null(d);
	while ((e = readdir(d))) {
		scoped_free char *source = path_join(from, e->d_name);
		scoped_free char *copy = path_join(live_dir, e->d_name);

		if (e->d_name[0] != '.')
			assert_null(copy_file(source, copy));
	}
	closedir(d);
}

char *live_make(const char *goal, const char *const *more, int *status)
{
	scoped_free char *suture = xasprintf("SUTURE=%s", live_paths.suture);
	scoped_free char *makefile = xasprintf("SUTURE_MK=%s", live_paths.makefile);
	scoped_free char *target = xasprintf("SUTURE_TARGET=%s", live_target->name);
	const char *argv[16] = { "make", "-s", "-j2", suture, makefile, target, goal };

	for (size_t i = 7; more && *more; i++)
		argv[i] = *more++;
	return live_call(argv, status);
}

/* ---- nm ---- */

static char *nm_text;

static const char *nm_lines(void)
{
	scoped_free char *path = path_join(live_dir, "nm.out");
	const char *const argv[] = { "nm", "-n", live_target->vmlinux, NULL };
	scoped_process_result struct process_result result = { 0 };

	if (nm_text)
		return nm_text;
	assert_null(process_run(&(struct process){ .argv = argv, .stdout_path = path }, &result));
	assert_int_equal(result.status, 0);
	assert_null(read_file(path, &nm_text, NULL));
	return nm_text;
}

void nm_forget(void)
{
	free(nm_text);
	nm_text = NULL;
}

/* nm -n: by address. "ADDRESS TYPE NAME". */
static unsigned int nm_search(const char *name, unsigned int n, uint64_t *address)
{
	scoped_free char *end = xasprintf(" %s\n", name);
	unsigned int count = 0;

	*address = 0;
	for (const char *p = nm_lines(); (p = strstr(p, end)); p++) {
		const char *line = p - 18; /* 16 digits, a blank, the type */

		if (++count == n)
			*address = strtoull(line, NULL, 16);
	}
	return count;
}

uint64_t nm_address(const char *name, unsigned int n)
{
	uint64_t address;

	nm_search(name, n, &address);
	return address;
}

unsigned int nm_count(const char *name)
{
	uint64_t address;

	return nm_search(name, 0, &address);
}

/* ---- what the guest read ---- */

static const char *output;

void guest_output(const char *text)
{
	output = text;
}

/* The lines of a case: from *at to the returned end. */
static const char *find_case(const char *name, const char **at)
{
	scoped_free char *head = xasprintf("== %s\n", name);

	*at = output ? strstr(output, head) : NULL;
	if (!*at)
		fail_msg("the guest did not come to the case '%s'", name);
	*at += strlen(head);
	const char *end = strstr(*at, "\n== ");

	return end ? end + 1 : *at + strlen(*at);
}

char *guest_find(const char *name, const char *key, unsigned int n)
{
	const char *at, *end = find_case(name, &at);
	size_t length = strlen(key);

	for (; at < end; at += strcspn(at, "\n") + 1)
		if (!strncmp(at, key, length) && (at[length] == ' ' || at[length] == '\n') && !n--)
			return xstrndup(at + length + (at[length] == ' '),
					strcspn(at + length + (at[length] == ' '), "\n"));
	return NULL;
}

void guest_expect_nth(const char *name, const char *key, unsigned int n, const char *value)
{
	scoped_free char *got = guest_find(name, key, n);

	if (!got || !streq(got, value))
		fail_msg("%s: '%s' (%u) is '%s', not '%s'", name, key, n, got ? got : "missing",
			 value);
}

void guest_expect(const char *name, const char *key, const char *value)
{
	guest_expect_nth(name, key, 0, value);
}

void guest_expect_none(const char *name, const char *key)
{
	scoped_free char *got = guest_find(name, key, 0);

	if (got)
		fail_msg("%s: there is '%s %s'", name, key, got);
}

uint64_t guest_address(const char *name, const char *key, unsigned int n)
{
	scoped_free char *got = guest_find(name, key, n);
	char *end = NULL;
	uint64_t address = got ? strtoull(got, &end, 16) : 0;

	if (!got || !address || *end)
		fail_msg("%s: '%s' (%u) is '%s', not an address", name, key, n,
			 got ? got : "missing");
	return address;
}

void guest_expect_address(const char *name, const char *key, uint64_t address)
{
	uint64_t got = guest_address(name, key, 0);

	if (got != address)
		fail_msg("%s: '%s' is %lx, not %lx", name, key, (unsigned long)got,
			 (unsigned long)address);
}
