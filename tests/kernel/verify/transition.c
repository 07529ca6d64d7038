// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * O8 on real livepatches: two functions of which the one undoes what the other did, with a caller that sleeps in
 * between. Without the caller the model refutes the livepatch, with it the same fix is proved.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/process.h"
#include "base/str.h"
#include "driver/build.h"
#include "verify/verify.h"

enum { SKIP = 77, O8 = 7 };

static struct target *target;
static const char *fixes; /* directory with the fixes */
static char *dir;         /* scratch */

static void must(struct error *err)
{
	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
}

/* Builds the livepatch of a fix; the path is the caller's. */
static char *build(const char *fix_path, const char *name)
{
	SCOPED(fix_free) struct fix fix = { 0 };
	SCOPED(build_report_free) struct build_report report = { 0 };
	char *paths[] = { (char *)fix_path };

	must(fix_read(paths, 1, &fix));
	struct build_request rq = { .target = target, .fix = &fix, .name = name, .out_dir = dir,
				    .replace = true };

	must(build_livepatch(&rq, &report));
	assert_non_null(report.module);
	return xstrdup(report.module);
}

static void verify_fix(const char *fix, const char *description, const char *name, struct certificate *c)
{
	scoped_free char *path = path_join(fixes, fix);
	scoped_free char *text = description ? path_join(fixes, description) : NULL;
	scoped_free char *copy = path_join(dir, "description.livepatch");
	scoped_free char *ko = build(path, name);

	if (text)
		must(copy_file(text, copy));
	must(verify(&(struct verify_request){ .target = target, .module = ko, .fixes = &path, .nfixes = 1,
					      .description = text ? copy : NULL }, c));
}

static const struct finding *statement(const struct certificate *c, const char *symbol, enum severity severity)
{
	const struct finding_vec *list = &c->obligations[O8].statements;

	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].severity == severity && list->at[i].symbol &&
		    streq(list->at[i].symbol, symbol) && strstr(list->at[i].message, "waits ("))
			return &list->at[i];
	return NULL;
}

/* Writes the certificate and checks it again; true when it holds. */
static bool replays(const struct certificate *c)
{
	SCOPED(certificate_free) struct certificate now = { 0 };
	scoped_free char *path = path_join(dir, "certificate.json");
	json_t *json = certificate_json(c);
	scoped_free char *text = json_dumps(json, 0);

	json_decref(json);
	must(write_file(path, text, strlen(text)));
	scoped_error struct error *err = certificate_replay(path, &now);

	if (err)
		print_message("%s: %s\n", err->id, err->message);
	assert_true(!err || streq(err->id, "V13"));
	return !err;
}

static void caller_stays(void **state)
{
	static const char *const story[] = {
		"it calls fsnotify_prepare_user_wait", "P_AGREE", "patch 1 is being enabled",
		"returns from old fsnotify_prepare_user_wait()", "is switched: patched",
		"runs new (patch 1) fsnotify_finish_user_wait() < old fanotify_handle_event()",
	};
	SCOPED(certificate_free) struct certificate c = { 0 };
	scoped_free char *copy = path_join(dir, "description.livepatch");

	verify_fix("user-wait.patch", "user-wait.livepatch", "livepatch-stays", &c);
	assert_int_equal(c.obligations[O8].verdict, REFUTED);
	const struct finding *f = statement(&c, "fanotify_handle_event", SEVERITY_REFUSAL);

	assert_non_null(f);
	print_message("%s\n", f->message);
	const char *at = f->message;

	for (size_t i = 0; i < ARRAY_SIZE(story); i++) {
		at = strstr(at, story[i]);
		if (!at)
			print_error("not told, or not in this order: %s\n", story[i]);
		assert_non_null(at);
	}
	assert_true(replays(&c));
	must(write_file(copy, "# nothing\n", 10));
	assert_false(replays(&c));
}

static void caller_goes_with_them(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	verify_fix("user-wait-whole.patch", "user-wait.livepatch", "livepatch-whole", &c);
	if (c.obligations[O8].verdict != PROVED)
		certificate_print(&c, stdout);
	assert_int_equal(c.obligations[O8].verdict, PROVED);
	assert_non_null(statement(&c, "fanotify_handle_event", SEVERITY_NOTE));
}

/* One function: proved, and cheap. */
static void one_function(void **state)
{
	SCOPED(certificate_free) struct certificate c = { 0 };

	verify_fix("oom-victim.patch", NULL, "livepatch-one", &c);
	assert_int_equal(c.replaced.n, 1);
	assert_int_equal(c.obligations[O8].verdict, PROVED);
	print_message("one function: %.1f s CPU, %.1f s of it compilers and spin\n", c.cpu_own + c.cpu_tools,
		      c.cpu_tools);
	assert_true(c.cpu_own + c.cpu_tools < 5);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caller_stays),
		cmocka_unit_test(caller_goes_with_them),
		cmocka_unit_test(one_function),
	};
	const char *name = getenv("SUTURE_TEST_TARGET");
	struct error *err = NULL;
	int status = 1;

	quiet = true;
	if (argc < 2 || !name || !*name) {
		fputs("skipped: SUTURE_TEST_TARGET names no target\n", stderr);
		return SKIP;
	}
	fixes = argv[1];
	if (argc > 2)
		cmocka_set_test_filter(argv[2]);
	process_setup_signals();
	err = target_open(name, &target);
	if (!err)
		err = temp_dir_new("transition", &dir);
	if (err)
		fprintf(stderr, "%s: %s: %s\n", name, err->id, err->message);
	else
		status = cmocka_run_group_tests(tests, NULL, NULL);
	error_free(err);
	temp_dir_remove(&dir);
	target_free(target);
	return status;
}
