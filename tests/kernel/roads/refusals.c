// SPDX-License-Identifier: GPL-2.0-or-later
/* Fixes that must not become a livepatch, or only with a warning: each with its id and symbol. */
#include "road.h"

#include <stdio.h>

/* One fix, and what is to be said about it. */
struct trap {
	const char *name;
	struct road_edit edits[3];
	const char *id;
	enum severity severity;
	const char *symbol; /* NULL: any */
};

static const struct trap traps[] = {
	{ "write-once-only",
	  { { "net/ipv4/tcp_output.c", "tp->lsndtime = now;", "WRITE_ONCE(tp->lsndtime, now);", 0 } },
	  "D8", SEVERITY_REFUSAL, NULL },
	{ "comment-only",
	  { { "fs/proc/loadavg.c", "\tunsigned long avnrun[3];\n",
	      "\t/* Three\n\t   averages. */\n\tunsigned long avnrun[3];\n", 0 } },
	  "D8", SEVERITY_REFUSAL, NULL },
	{ "vdso",
	  { { "arch/x86/entry/vdso/vclock_gettime.c", "return __cvdso_time(t);",
	      "return t ? __cvdso_time(t) : 0;", 0 } },
	  "F2", SEVERITY_REFUSAL, NULL },
	{ "init-function",
	  { { "fs/proc/loadavg.c", "\"loadavg\", 0,", "\"loadavg\", 0400,", 0 } },
	  "S1", SEVERITY_REFUSAL, "proc_loadavg_init" },
	{ "initialised-data",
	  { { "kernel/hung_task.c", "sysctl_hung_task_warnings = 10;",
	      "sysctl_hung_task_warnings = 11;", 0 } },
	  "S2", SEVERITY_REFUSAL, "sysctl_hung_task_warnings" },
	{ "struct-layout",
	  { { "fs/eventpoll.c", "\t/* used to optimize loop detection check */",
	      "\tint suture_new;\n\n\t/* used to optimize loop detection check */", 1 } },
	  "S3", SEVERITY_REFUSAL, "struct eventpoll" },
	{ "per-cpu-variable",
	  { { "fs/proc/loadavg.c", "static int loadavg_proc_show",
	      "static DEFINE_PER_CPU(int, suture_count);\n\nstatic int loadavg_proc_show", 0 },
	    { "fs/proc/loadavg.c", "\tget_avenrun(", "\tthis_cpu_inc(suture_count);\n\tget_avenrun(",
	      0 } },
	  "S10", SEVERITY_REFUSAL, "loadavg_proc_show" },
	{ "notrace-function",
	  { { "kernel/time/timekeeping.c", "\treturn __ktime_get_fast_ns(&tk_fast_mono);",
	      "\treturn __ktime_get_fast_ns(&tk_fast_mono) + 1;", 0 } },
	  "F1", SEVERITY_REFUSAL, "ktime_get_mono_fast_ns" },
	/* lib/Makefile compiles all of lib/ itself without ftrace entries. */
	{ "untraced-directory",
	  { { "lib/kobject_uevent.c", "\tenv->envp[env->envp_idx++] = ",
	      "\tif (!len)\n\t\treturn -EINVAL;\n\tenv->envp[env->envp_idx++] = ", 0 } },
	  "F1", SEVERITY_REFUSAL, "add_uevent_var" },
	/* arch/x86/boot/compressed includes the C file. */
	{ "shared-with-boot-code",
	  { { "lib/cmdline.c", "\tcase 'K':\n\tcase 'k':\n", "\tcase 'J':\n\tcase 'K':\n\tcase 'k':\n",
	      0 } },
	  "F2", SEVERITY_REFUSAL, NULL },
	{ "module-static-key",
	  { { "net/openvswitch/conntrack.c",
	      "\tif (static_branch_unlikely(&ovs_ct_limit_enabled)) {\n",
	      "\tif (static_branch_unlikely(&ovs_ct_limit_enabled)) {\n\t\tif (!skb)\n"
	      "\t\t\treturn -EINVAL;\n", 0 } },
	  "X1", SEVERITY_REFUSAL, NULL },
	{ "module-tracepoint",
	  { { "net/openvswitch/datapath.c", "\tif (upcall_info->portid == 0) {\n",
	      "\tif (upcall_info->portid == 0xfffffffe)\n\t\treturn -EINVAL;\n\n"
	      "\tif (upcall_info->portid == 0) {\n", 0 } },
	  "X2", SEVERITY_WARNING, "ovs_dp_upcall" },
	{ "weak-function",
	  { { "fs/proc/meminfo.c",
	      "void __attribute__((weak)) arch_report_meminfo(struct seq_file *m)\n{\n",
	      "void __attribute__((weak)) arch_report_meminfo(struct seq_file *m)\n{\n"
	      "\tseq_puts(m, \"weak\\n\");\n", 0 } },
	  "F9", SEVERITY_REFUSAL, "arch_report_meminfo" },
	{ "unknown-symbol",
	  { { "fs/proc/loadavg.c", "\tget_avenrun(",
	      "\textern void suture_unknown(void);\n\n\tsuture_unknown();\n\tget_avenrun(", 0 } },
	  "N4", SEVERITY_REFUSAL, "loadavg_proc_show" },
	{ "kconfig",
	  { { "fs/proc/Kconfig", "\tbool \"/proc file system support\" if EXPERT",
	      "\tbool \"/proc file system\" if EXPERT", 0 } },
	  "U8", SEVERITY_REFUSAL, NULL },
	{ "makefile",
	  { { "fs/proc/Makefile", "loadavg.o", "loadavg.o suture.o", 0 } },
	  "U8", SEVERITY_REFUSAL, NULL },
	/* What can be built does not hide what cannot. */
	{ "part-refused",
	  { { "fs/proc/loadavg.c", "nr_running(), nr_threads,", "nr_running(), 0,", 0 },
	    { "arch/x86/entry/vdso/vclock_gettime.c", "return __cvdso_time(t);",
	      "return t ? __cvdso_time(t) : 0;", 0 } },
	  "F2", SEVERITY_REFUSAL, NULL },
};

static size_t count_edits(const struct trap *t)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(t->edits) && t->edits[n].path)
		n++;
	return n;
}

static void test_trap(void **state)
{
	const struct trap *t = *state;
	struct build_report report;

	road_build_edits(t->edits, count_edits(t), t->name, &report);
	road_assert_finding(&report, t->id, t->severity, t->symbol);
	if (t->severity == SEVERITY_REFUSAL)
		assert_null(report.module);
	else
		road_assert_built(&report);
	build_report_free(&report);
}

static const struct road_edit small_edit = { "fs/proc/loadavg.c", "nr_running(), nr_threads,",
					     "nr_running(), 0,", 0 };

static void assert_error(const char *patch, const char *id, const char *words)
{
	struct build_report report;
	scoped_error struct error *err = road_build(patch, "wrong", &report);

	assert_non_null(err);
	if (!streq(err->id, id) || !strstr(err->message, words))
		print_error("%s: %s\n", err->id, err->message);
	assert_string_equal(err->id, id);
	assert_non_null(strstr(err->message, words));
	assert_null(report.module);
	build_report_free(&report);
}

static void test_already_applied(void **state)
{
	scoped_free char *patch = road_patch(&small_edit, 1, true);

	assert_error(patch, "P4", "already");
}

static void test_does_not_apply(void **state)
{
	scoped_free char *patch = road_patch(&small_edit, 1, false);
	char *at = strstr(patch, "\n-");

	assert_non_null(at);
	at[3] = '#'; /* in the removed line */
	assert_error(patch, "P4", "fs/proc/loadavg.c");
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(traps) + 2] = { 0 };
	size_t n = 0;

	for (; n < ARRAY_SIZE(traps); n++)
		tests[n] = (struct CMUnitTest){ .name = traps[n].name, .test_func = test_trap,
						.initial_state = (void *)&traps[n] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_already_applied);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_does_not_apply);
	return road_run("refusals", tests, n);
}
