// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each rule finds what a livepatch that breaks it has, and nothing in the same one repaired; and it is
 * this rule's detector that finds it: without its row the finding is not there. The livepatches are
 * compiled against the target's headers; what no compiler makes is made by changing bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "check-kit.h"
#include "rules/check.h"

/* How a rule is broken, and by what name its finding knows it. */
static const struct broken {
	const char *id, *module;
	const char *where; /* the finding's symbol, object or location contains it */
	struct alteration edit;
	const char *only_with; /* option that the target must have, or NULL */
	const char *config;    /* line of the configuration that is taken out, or NULL */
	const char *symbol;    /* that the target's vmlinux must have, or NULL */
	bool running;          /* on a system where things are loaded */
} table[] = {
	{ "B5", "repaired", .where = "show", .edit = { "strings", ".klp.sym.vmlinux.cmd", ".klp.syn" } },
	{ "B6", "repaired", .where = ".modinfo", .edit = { ".modinfo", "livepatch=Y", "livepatcX" } },
	{ "X10", "repaired", .where = "calc_load_tasks", .edit = { "sections", ".klp.rela.vmlinux..text", ".klp.rela.rtc_xyz" } },
	{ "E6", "repaired", .where = ".BTF", .edit = { "sections", ".comment", ".BTF$" } },
	{ "E7", "repaired", .where = "", .edit = { "end", "~Module signature appended~\n", "" } },

	{ "N1", "namespace", .where = "m_start" },
	{ "N2", "namespace", .where = "m_start" },
	{ "N3", "namespace", .where = "m_start" },
	{ "N4", "namespace", .where = "no_such_function" },
	{ "N4", "namespace", .where = "no_such_import" },
	{ "N4", "repaired", .where = "calc_load_tusks", .edit = { "strings", "calc_load_tasks,0", "calc_load_tusks" } },
	{ "N5", "namespace", .where = "compact_store" },

	{ "E1", "namespace", .where = "crc_itu_t" },
	{ "E2", "repaired", .where = "dma_buf_put", .edit = { "__versions", "dma_buf_put", "dma_buf_pit" } },
	{ "E3", "repaired", .where = "dma_buf_put", .edit = { ".modinfo", "import_ns=DMA_BUF", "import_ns=DMA_BUX" } },
	{ "E4", "namespace", .where = "zs_get_total_pages" },
	{ "E5", "repaired", .where = ".modinfo", .edit = { ".modinfo", "vermagic=6", "vermagic=5" } },

	{ "F1", "functions", .where = "exc_page_fault" },
	{ "F3", "functions", .where = "klp_try_switch_task" },
	{ "F4", "functions", .where = "kthreadd" },
	{ "F4", "functions", .where = "kcompactd" },
	{ "F3", "functions", .where = "stack_access_ok" },
	{ "F3", "functions", .where = "do_sync_core" },
	{ "F3", "functions", .where = "> ftrace_startup" },
	{ "F4", "functions", .where = "devtmpfsd > devtmpfs_work_loop" },
	{ "F4", "functions", .where = "> kthread_create_on_node" },
	{ "F3", "kpatch", .where = "klp_try_switch_task" },
	{ "N1", "kpatch", .where = "m_start" },
	{ "N1", "klp-build", .where = "m_start" },
	{ "F5", "functions", .where = "do_exit" },
	{ "F5", "functions", .where = "sysrq_handle_crash" },
	{ "F6", "functions", .where = "exc_page_fault" },
	{ "F6", "functions", .where = "default_do_nmi > run_crash_ipi_callback" },
	{ "F6", "functions", .where = "i8042_interrupt" },
	{ "F6", "functions", .where = "ena_intr_msix_mgmnt" },
	{ "F6", "functions", .where = "struct timer_list.function of console_timer" },
	{ "F6", "functions", .where = "alarm_init" },
	{ "F6", "functions", .where = "struct tasklet_struct.func of keyboard_tasklet" },
	{ "F6", "functions", .where = "sched_cfs_slack_timer > distribute_cfs_runtime" },
	{ "F7", "functions", .where = "signal_fault", .symbol = "signal_fault.cold" },
	{ "F10", "functions", .where = "arch_ftrace_ops_list_func" },
	{ "C12", "functions", .where = "do_idle" },
	{ "C12", "functions", .where = "tick_nohz_idle_restart_tick > tick_nohz_account_idle_time" },
	{ "C12", "functions", .where = "acpi_idle_enter" },
	{ "C12", "functions", .where = "menu_select > tick_nohz_get_sleep_length" },

	{ "S1", "functions", .where = "start_kernel" },
	{ "S1", "repaired", .where = "start_kernel", .edit = { "strings", "calc_load_tasks,0", "start_kernel,0$" } },
	{ "S6", "data", .where = "calc_load_tasks" },
	{ "S8", "data", .where = "settings" },
	{ "S9", "data", .where = "__already_done" },
	{ "S10", "data", .where = "fixture_counter" },
	{ "S11", "data", .where = "kmsg_fops" },
	{ "S12", "data", .where = "__mutex_init" },

	{ "X1", "repaired", .where = "__jump_table",
	  .edit = { "sections", ".klp.rela.vmlinux..text.livepatch_fixture", ".klp.rela.zram.__jump_table$" } },
	{ "X2", "tracepoint", .where = "__tracepoint_xy" },
	{ "X3", "repaired", .where = ".orc_unwind", .edit = { "shrink", ".orc_unwind", "2" } },
	{ "X3", "repaired", .where = ".return_sites", .edit = { "shrink", ".rela.return_sites", "24" } },
	{ "X4", "repaired", .where = ".altinstructions",
	  .edit = { "sections", ".klp.rela.vmlinux..text.livepatch_fixture", ".klp.rela.zram..altinstructions$" } },
	{ "X5", "code", .where = "cmdline_proc_show" },
	{ "X5", "repaired", .where = ".return_sites", .edit = { "shrink", ".rela.return_sites", "24" } },
	{ "X6", "code", .where = "proc_clear_tty", .only_with = "X86_KERNEL_IBT" },
	{ "X7", "code", .where = "bare" },
	{ "X8", "code", .where = "cmdline_proc_show" },
	{ "X9", "data", .where = "__sanitizer_cov_trace_pc" },
	{ "X9", "repaired", .where = ".comment", .edit = { ".comment", "12.2.0", "12.1.0" } },

	{ "C2", "data", .where = "m_start" },
	{ "C3", "life", .where = "state 7" },
	{ "C4", "life", .where = "pre_patch" },
	{ "C4", "kpatch", .where = "pre_patch" },
	{ "C5", "life", .where = "klp_shadow_alloc" },
	{ "C6", "life", .where = "zram" },
	{ "C7", "life", .where = "later" },
	{ "C7", "life", .where = "work_later" },
	{ "C9", "repaired", .where = "HAVE_RELIABLE_STACKTRACE", .config = "CONFIG_HAVE_RELIABLE_STACKTRACE=y" },
	{ "C14", "repaired", .where = "PREEMPT_DYNAMIC", .only_with = "PREEMPT_DYNAMIC" },
	{ "C2", "data", .where = "m_start", .running = true },
	{ "C10", "repaired", .where = "cmdline_proc_show", .running = true },
	{ "C10", "repaired", .where = "compact_store", .running = true },
	{ "C14", "repaired", .where = "preempt=full", .running = true },
	{ "C15", "life", .where = "" },
};

static bool says(const char *text, const char *where)
{
	return text && strstr(text, where);
}

static bool has_finding(const struct check_report *r, const char *id, const char *where)
{
	for (size_t i = 0; i < r->findings.n; i++) {
		const struct finding *f = &r->findings.at[i];

		if (streq(f->id, id) && (!*where || says(f->symbol, where) || says(f->object, where) ||
					 says(f->location, where)))
			return true;
	}
	return false;
}

static void check(const char *file, struct target *target, bool running, const char *without,
		  struct check_report *report)
{
	scoped_free char *sysroot = kit_file(running ? "busy" : "quiet");
	scoped_free char *before = kit_file("before.ko");
	struct error *err = check_module(&(struct check_request){
		.file = file, .previous = before, .target = target, .without = without,
		.sysroot = target ? sysroot : NULL }, report);

	if (err)
		print_error("%s: %s\n", err->id, err->message);
	assert_null(err);
}

/* Rows about the same module, unchanged, share a check; there is one of these with all rules, and one for
 * each rule that is left out. */
struct shared {
	const char *module, *without;
	bool running;
	struct check_report report;
};
DEFINE_VEC(shared_vec, struct shared)

static const struct check_report *shared_check(struct shared_vec *all, const struct broken *row,
					       const char *without)
{
	bool alone = row->edit.place || row->config;
	struct target *target = row->config ? kit_without_option(row->config) : kit_target;
	struct shared one = { row->module, without, row->running, { 0 } };

	for (size_t i = 0; !alone && i < all->n; i++) {
		const struct shared *s = &all->at[i];

		if (s->module && streq(s->module, row->module) && s->running == row->running &&
		    (without ? s->without && streq(s->without, without) : !s->without))
			return &s->report;
	}
	scoped_free char *file = kit_edited(row->module, &row->edit);

	check(file, target, row->running, without, &one.report);
	if (target != kit_target)
		target_free(target);
	one.module = alone ? NULL : row->module;
	return &shared_vec_push(all, one)->report;
}

static void check_row(struct shared_vec *all, const struct broken *row)
{
	bool found = has_finding(shared_check(all, row, NULL), row->id, row->where);
	bool found_by_others = has_finding(shared_check(all, row, row->id), row->id, "");

	if (!found)
		fail_msg("%s: '%s' not found in %s", row->id, row->where, row->module);
	if (found_by_others)
		fail_msg("%s: found without its detector", row->id);
}

/* What the target must have for the row, and has not; NULL: it has all. */
static const char *missing(const struct broken *row)
{
	if (row->only_with && !target_config_is(kit_target, row->only_with, 'y'))
		return row->only_with;
	return row->symbol && !kit_has_symbol(row->symbol) ? row->symbol : NULL;
}

static void every_broken_livepatch_is_found(void **state)
{
	struct shared_vec all = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const char *what = missing(&table[i]);

		if (what)
			print_message("%s: skipped, this target has no %s\n", table[i].id, what);
		else
			check_row(&all, &table[i]);
	}
	for (size_t i = 0; i < all.n; i++)
		check_report_free(&all.at[i].report);
	shared_vec_free(&all);
}

/* No rule without a livepatch that breaks it. */
static void every_rule_is_broken_once(void **state)
{
	for (size_t i = 0; i < rule_count; i++) {
		bool there = false;

		for (size_t k = 0; k < ARRAY_SIZE(table); k++)
			there |= streq(table[k].id, rules[i].id);
		if (!there)
			fail_msg("no livepatch breaks %s", rules[i].id);
	}
}

/* C14 is about the target, N3's note about the one before, which is odd on purpose. */
static void repaired_is_clean(void **state)
{
	scoped_free char *file = kit_file("repaired.ko");
	struct check_report r = { 0 };

	check(file, kit_target, false, NULL, &r);
	assert_int_equal(r.not_run.n, 0);
	assert_int_equal(r.rules, rule_count);
	for (size_t i = 0; i < r.findings.n; i++) {
		const struct finding *f = &r.findings.at[i];

		if (!streq(f->id, "C14") && !(streq(f->id, "N3") && f->severity == SEVERITY_NOTE))
			fail_msg("%s %s: %s", f->id, f->symbol ? f->symbol : "", f->message);
	}
	check_report_free(&r);
}

/* What is merely called by a thread, an interrupt, the idle loop or a tracer is none of theirs. */
static void what_lies_near_is_not_found(void **state)
{
	static const char *const ids[] = { "F3", "F4", "F5", "F6", "C12", "N4" };
	scoped_free char *file = kit_file("near.ko");
	struct check_report r = { 0 };

	check(file, kit_target, false, NULL, &r);
	for (size_t i = 0; i < r.findings.n; i++) {
		const struct finding *f = &r.findings.at[i];

		for (size_t k = 0; k < ARRAY_SIZE(ids); k++)
			if (streq(f->id, ids[k]))
				fail_msg("%s %s: %s", f->id, f->symbol, f->message);
	}
	check_report_free(&r);
}

/* But for the name that is there more than once, the two functions have nothing to be found. */
static void form_of_klp_build_is_no_finding(void **state)
{
	scoped_free char *file = kit_file("klp-build.ko");
	struct check_report r = { 0 };
	struct inspection *in = NULL;

	assert_null(inspect_file(file, &in));
	assert_int_equal(in->functions.n, 2);
	assert_string_equal(in->functions.at[0].kobject, "vmlinux");
	assert_string_equal(in->functions.at[0].name, "m_start");
	assert_string_equal(in->functions.at[1].kobject, "zram");
	assert_string_equal(in->functions.at[1].name, "compact_store");
	assert_int_equal(in->relocs.n, 1);
	inspection_free(in);
	check(file, kit_target, false, NULL, &r);
	for (size_t i = 0; i < r.findings.n; i++) {
		const struct finding *f = &r.findings.at[i];

		if (f->severity != SEVERITY_NOTE && !says(f->symbol, "m_start"))
			fail_msg("%s %s %s: %s", f->id, f->symbol ? f->symbol : "", f->location ? f->location : "",
				 f->message);
	}
	check_report_free(&r);
}

/* The target with one option more. */
static struct target *with_option(const char *option)
{
	struct target *t = kit_without_option("CONFIG_MODVERSIONS=y");
	scoped_str struct str config = { 0 };
	scoped_free char *text = NULL;

	assert_null(read_file(kit_target->config, &text, NULL));
	str_add(&config, "%s\nCONFIG_%s=y\n", text, option);
	assert_null(write_file(t->config, config.s, config.n));
	return t;
}

/* What kernels after 6.12 may have set together: PREEMPT_DYNAMIC with lazy preemption, with PREEMPT_RT. */
static void newer_ways_to_preempt_are_known(void **state)
{
	static const struct {
		const char *option, *id, *where;
	} rows[] = { { "PREEMPT_LAZY", "C14", "PREEMPT_LAZY" }, { "PREEMPT_RT", "C14", "PREEMPT_RT" },
		     { "PREEMPT_RT", "E5", ".modinfo" } };
	scoped_free char *file = kit_file("repaired.ko");

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		scoped_target struct target *t = with_option(rows[i].option);
		struct check_report r = { 0 };

		check(file, t, false, NULL, &r);
		if (!has_finding(&r, rows[i].id, rows[i].where))
			fail_msg("%s: %s is not found", rows[i].option, rows[i].id);
		check_report_free(&r);
	}
}

/* E5 where structures are laid out at random: the seed's hash is part of what is compared. */
static void seed_of_layout_is_compared(void **state)
{
	static const struct {
		const char *header;
		bool differs;
	} seeds[] = { { "#define RANDSTRUCT_HASHED_SEED \"s\"\n", false },
		      { "#define RANDSTRUCT_HASHED_SEED \"t\"\n", true } };
	scoped_free char *file = kit_edited("repaired", &(struct alteration){
		".modinfo", "modversions ", "RANDSTRUCT_s" });
	scoped_free char *header = kit_file("include/generated/randstruct_hash.h"), *text = NULL;
	scoped_free char *parent = path_dirname(header);
	scoped_target struct target *t = kit_without_option("CONFIG_MODVERSIONS=y");
	scoped_str struct str config = { 0 };

	assert_null(read_file(t->config, &text, NULL));
	str_add(&config, "%s\nCONFIG_RANDSTRUCT=y\n", text);
	assert_null(write_file(t->config, config.s, config.n));
	assert_null(make_dirs(parent));
	free(t->kbuild);
	t->kbuild = kit_file("");
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++) {
		struct check_report r = { 0 };

		assert_null(write_file(header, seeds[i].header, strlen(seeds[i].header)));
		check(file, t, false, NULL, &r);
		assert_int_equal(has_finding(&r, "E5", ""), seeds[i].differs);
		check_report_free(&r);
	}
}

/* A module that Kbuild made without any help, in a kernel of which nothing is known. */
static void without_target_the_report_says_so(void **state)
{
	scoped_free char *file = kit_file("functions.ko");
	struct check_report r = { 0 };

	check(file, NULL, false, NULL, &r);
	assert_true(r.not_run.n > 10);
	assert_int_equal(r.not_run.n + r.rules, rule_count);
	assert_true(has_finding(&r, "F3", "klp_try_switch_task"));
	assert_false(has_finding(&r, "F1", ""));
	check_report_free(&r);
}

/* Below 2 s of CPU, the target being ready. */
static void one_check_is_fast(void **state)
{
	scoped_free char *file = kit_file("functions.ko"); /* most to look up */
	struct check_report r = { 0 };
	double start = own_cpu_seconds();

	check(file, kit_target, false, NULL, &r);
	double used = own_cpu_seconds() - start;

	print_message("one check: %.2f CPU s\n", used);
	check_report_free(&r);
	assert_true(used < 2);
}

static int setup(void **state)
{
	static const char *const names[] = {
		"Kbuild", "fixture.h", "good/namespace.c", "before.c", "namespace.c", "functions.c",
		"data.c", "code.c", "life.c", "kpatch.c", "klp-build.c", "near.c", NULL,
	};

	return kit_build(names) ? -1 : kit_finish();
}

static int run(bool first)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_rule_is_broken_once),
		cmocka_unit_test(repaired_is_clean),
		cmocka_unit_test(what_lies_near_is_not_found),
		cmocka_unit_test(form_of_klp_build_is_no_finding),
		cmocka_unit_test(newer_ways_to_preempt_are_known),
		cmocka_unit_test(seed_of_layout_is_compared),
		cmocka_unit_test(every_broken_livepatch_is_found),
		cmocka_unit_test(without_target_the_report_says_so),
		cmocka_unit_test(one_check_is_fast),
	};

	return cmocka_run_group_tests_name("check-rules", tests, setup, kit_teardown);
}

int main(int argc, char **argv)
{
	quiet = true;
	kit_sources = argc > 1 ? argv[1] : ".";
	return kit_each_target(run);
}
