// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The dangers are real: livepatches that the rules complain of, loaded all the same into the target's
 * own kernel, in a guest. Each must be found before, and do there what the rule's page says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "boot/boot.h"
#include "check-kit.h"
#include "rules/check.h"

static const char *const sources[] = {
	"Kbuild", "danger.h", "stuck.c", "ambiguous.c", "untraceable.c", "copy.c", "late.c", "missing.c",
	"init.c", "traced.c", "idle.c", "state.c", "stateless.c", NULL
};

/*
 * Loaded one after the other by the script of one guest, in the last call (`after`). What the kernel
 * refuses leaves nothing behind; what it takes is watched until it is gone, or is the last one.
 */
enum outcome { REFUSED, WARNS, NO_EFFECT, NEVER_ENDS };

static const struct danger {
	const char *id, *module;
	const char *evidence;     /* in the kernel's log, or what the script prints */
	enum outcome outcome;
	struct alteration edit;   /* of ambiguous.ko or copy.ko, under the name `module` */
	const char *of;           /* the module that is changed */
	const char *previous;     /* livepatch before, NULL: none */
} dangers[] = {
	{ "N1", "ambiguous", .evidence = "unresolvable ambiguity for symbol 'm_start'" },
	{ "N4", "missing", .evidence = "symbol 'cmdline_proc_shaw' not found" },
	{ "B6", "unmarked", .evidence = "is not marked as a livepatch module", .of = "copy",
	  .edit = { ".modinfo", "livepatch=Y", "livepatcX" } },
	{ "B6", "licence", .evidence = "Unknown symbol klp_enable_patch",
	  .of = "copy", .edit = { ".modinfo", "license=GPL", "license=XPL" } },
	{ "E5", "magic", .evidence = "version magic", .of = "copy",
	  .edit = { ".modinfo", "preempt mod", "preempX" } },
	{ "E2", "version", .evidence = "no symbol version for klp_enable_patch", .of = "copy",
	  .edit = { "__versions", "klp_enable_patch", "klp_enable_patcX" } },
	{ "F1", "untraceable", .evidence = "failed to find location for function 'exc_page_fault'" },
	{ "S1", "init", .evidence = "for function 'start_kernel'" },
	{ "X9", "traced", .evidence = "Unknown symbol __sanitizer_cov_trace_pc" },
	{ "X3", "cut", .evidence = "unwind_module_init", WARNS, .of = "state",
	  .edit = { "shrink", ".orc_unwind", "2" } },
	{ "C3", "stateless", .evidence = "is not compatible with the already installed livepatches",
	  .previous = "state" },
	{ "C12", "idle", .evidence = "patched", NO_EFFECT },
	{ "F4", "stuck", .evidence = "kcompactd0", NEVER_ENDS },
	{ "F4", "stuck", .evidence = "kdevtmpfs", NEVER_ENDS },
};

static char *module_file(const char *name)
{
	scoped_free char *file = xasprintf("%s.ko", name);

	return kit_file(file);
}

/* The changed ones get a file of their own. */
static void make_edited(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(dangers); i++) {
		if (!dangers[i].of)
			continue;
		scoped_free char *edited = kit_edited(dangers[i].of, &dangers[i].edit);
		scoped_free char *file = module_file(dangers[i].module);

		assert_null(copy_file(edited, file));
	}
}

static void assert_found(const char *module, const char *id, const char *previous)
{
	scoped_free char *file = module_file(module), *before = previous ? module_file(previous) : NULL;
	struct check_report r = { 0 };
	bool found = false;
	struct error *err = check_module(&(struct check_request){ .file = file, .previous = before,
								   .target = kit_target }, &r);

	assert_null(err);
	for (size_t i = 0; i < r.findings.n; i++)
		found |= streq(r.findings.at[i].id, id);
	check_report_free(&r);
	if (!found)
		fail_msg("%s: %s not found", module, id);
}

static void load(const char *module, const char *script, const struct str_vec *extra,
		 struct boot_result *result)
{
	scoped_free char *file = module_file(module), *path = kit_file("script.sh");

	assert_null(write_file(path, script, strlen(script)));
	struct error *err = boot_test(kit_target, &(struct boot_request){
		.livepatch = file, .script = path, .extra = extra, .transition_limit = 12 }, result);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
	for (size_t i = 0; i < result->findings.n; i++)
		print_message("%s: %s %s\n", module, result->findings.at[i].id,
			      result->findings.at[i].message);
}

static bool saw(const struct boot_result *r, const char *id)
{
	for (size_t i = 0; i < r->findings.n; i++)
		if (streq(r->findings.at[i].id, id))
			return true;
	return false;
}

/*
 * `after`: the kernel's log of each attempt is between two lines of its name. stuck is the last: it
 * prints the tasks that have not switched after six seconds.
 */
static const char script_of_all[] =
	"cat /proc/cmdline\n"
	"[ $1 = after ] || exit 0\n"
	"sys=/sys/kernel/livepatch\n"
	"settled() { n=0; while [ \"$(cat $sys/$1/transition)\" = 1 ] && [ $n -lt 10 ]; do sleep 1; n=$((n+1)); done; }\n"
	"try() { dmesg -c >/dev/null; echo \"begin $1\"; insmod /test/$1.ko && echo taken; dmesg; echo \"end $1\"; }\n"
	"leave() { settled $1; echo 0 >$sys/$1/enabled; n=0\n"
	"  while [ -e $sys/$1 ] && [ $n -lt 10 ]; do sleep 1; n=$((n+1)); done; rmmod $1; }\n"
	"for m in ambiguous missing unmarked licence magic version untraceable init traced; do try $m; done\n"
	"try cut; leave state\n"
	"insmod /test/state.ko; settled state; try stateless; leave state\n"
	"dmesg -c >/dev/null; echo begin idle; insmod /test/idle.ko && echo taken; settled idle\n"
	"echo transition $(cat $sys/idle/transition); sleep 2; cat /proc/loadavg; dmesg; echo end idle; leave idle\n"
	"echo begin stuck; insmod /test/stuck.ko && echo taken; sleep 6\n"
	"echo transition $(cat $sys/stuck/transition)\n"
	"for t in /proc/[0-9]*; do [ \"$(cat $t/patch_state)\" = 0 ] && cat $t/comm; done; echo end stuck\n"
	"exit 0\n";

/* Text between the lines "begin MODULE" and "end MODULE". */
static char *attempt(const char *output, const char *module)
{
	scoped_free char *first = xasprintf("begin %s\n", module), *last = xasprintf("end %s\n", module);
	const char *from = strstr(output, first), *to = from ? strstr(from, last) : NULL;

	if (!to)
		fail_msg("%s was not tried", module);
	return xstrndup(from, to - from);
}

static void judge(const struct danger *d, const char *output)
{
	scoped_free char *text = attempt(output, d->module);
	bool taken = strstr(text, "\ntaken\n");
	const char *transition = strstr(text, "transition ");

	if (!strstr(text, d->evidence))
		fail_msg("%s %s: no '%s'", d->id, d->module, d->evidence);
	assert_int_equal(taken, d->outcome != REFUSED);
	if (d->outcome == WARNS)
		assert_non_null(strstr(text, "WARNING: "));
	if (d->outcome == NEVER_ENDS)
		assert_true(transition && starts_with(transition, "transition 1\n"));
	if (d->outcome == NO_EFFECT) {
		assert_true(transition && starts_with(transition, "transition 0\n"));
		assert_null(strstr(text, "the new code runs"));
	}
}

/* In one guest: a copied variable has another value (S6), then all of the table. */
static void each_danger_is_real(void **state)
{
	struct str_vec extra = { 0 };
	struct boot_result r;

	make_edited();
	assert_found("copy", "S6", NULL);
	for (size_t i = 0; i < ARRAY_SIZE(dangers); i++) {
		assert_found(dangers[i].module, dangers[i].id, dangers[i].previous);
		if (i + 1 == ARRAY_SIZE(dangers) || !streq(dangers[i].module, dangers[i + 1].module))
			str_vec_push(&extra, module_file(dangers[i].module));
	}
	str_vec_push(&extra, module_file("state"));
	load("copy", script_of_all, &extra, &r);
	assert_non_null(strstr(r.before, "console="));
	assert_string_equal(r.with, "(null)\n");
	assert_non_null(r.after);
	print_message("%s\n", r.after);
	for (size_t i = 0; i < ARRAY_SIZE(dangers); i++)
		judge(&dangers[i], r.after);
	boot_result_free(&r);
	str_vec_free_all(&extra);
}

/* The script of the third call runs when the module is gone, and waits for the timer. */
static void timer_fires_into_a_module_that_is_gone(void **state)
{
	static const char script[] = "cat /proc/cmdline\n"
				     "case $1 in\n"
				     "after) sleep 5 ;;\n"
				     "esac\n";
	struct boot_result r;

	assert_found("late", "C7", NULL);
	load("late", script, NULL, &r);
	assert_false(r.ok);
	assert_true(saw(&r, "Q2") || saw(&r, "Q1"));
	boot_result_free(&r);
}

static int setup(void **state)
{
	return kit_build(sources);
}

/* The guest that panics is booted for the first target only. */
static int run(bool first)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_danger_is_real),
		cmocka_unit_test(timer_fires_into_a_module_that_is_gone),
	};

	return _cmocka_run_group_tests("check-danger", tests, first ? 2 : 1, setup, kit_teardown);
}

int main(int argc, char **argv)
{
	quiet = true;
	kit_sources = argc > 1 ? argv[1] : "danger";
	return kit_each_target(run);
}
