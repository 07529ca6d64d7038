// SPDX-License-Identifier: GPL-2.0-or-later
/* Fixes that other tools get wrong: each is built, booted, and seen to work (or to do no harm). */
#include "road.h"

#include <stdio.h>

#include "diff/compare.h"
#include "object/model.h"

/* A fix whose effect a script can see. */
struct seen {
	const char *name;
	struct road_edit edits[2];
	const char *kobject, *function;
	const char *module; /* of the target, to be loaded before */
	const char *script, *before, *with;
};

static const struct seen fixes[] = {
	/* access_ok() has a runtime constant since 6.12, and everybody reads. */
	{ "vfs-read",
	  { { "fs/read_write.c", "ssize_t vfs_read(struct file *file, char __user *buf, size_t count, "
				 "loff_t *pos)\n{\n\tssize_t ret;\n",
	      "ssize_t vfs_read(struct file *file, char __user *buf, size_t count, "
	      "loff_t *pos)\n{\n\tssize_t ret;\n\n\tif (count == 54321)\n\t\treturn -EXDEV;\n", 0 } },
	  "vmlinux", "vfs_read", NULL,
	  "cat /proc/version > /dev/null && ls -R /proc/self > /dev/null\n"
	  "dd if=/dev/zero of=/dev/null bs=54321 count=1 2>/dev/null && echo read || echo refused\n",
	  "read\n", "refused\n" },
	/* Bucket address and shift of the dentry hash are runtime constants since 6.12. */
	{ "dentry-lookup",
	  { { "fs/dcache.c", "\tstruct hlist_bl_head *b = d_hash(hash);\n"
			     "\tstruct hlist_bl_node *node;\n\tstruct dentry *found = NULL;\n",
	      "\tstruct hlist_bl_head *b = d_hash(hash);\n"
	      "\tstruct hlist_bl_node *node;\n\tstruct dentry *found = NULL;\n"
	      "\tstatic bool suture_told;\n\n\tif (!suture_told) {\n\t\tsuture_told = true;\n"
	      "\t\tprintk(KERN_INFO \"suture: first lookup\\n\");\n\t}\n", 0 } },
	  "vmlinux", "__d_lookup", NULL,
	  "mkdir -p tree/a/b && touch tree/a/b/c && ls -R tree /proc/self /sys/kernel > /dev/null 2>&1\n"
	  "mv tree/a/b/c tree/a/d && cat tree/a/d && rm -r tree\n"
	  "for i in 1 2 3 4 5; do ls /proc /proc/1 > /dev/null; done\n"
	  "dmesg | grep -q 'suture: first lookup' && echo told || echo silent\n",
	  "silent\n", "told\n" },
	{ "small-constant",
	  { { "fs/proc/proc_tty.c", "TTYAUX_MAJOR, 1);", "TTYAUX_MAJOR, 7);", 0 } },
	  "vmlinux", "show_tty_driver", NULL,
	  "grep -o '5 *[0-9] system:console' /proc/tty/drivers | tr -s ' '\n",
	  "5 1 system:console\n", "5 7 system:console\n" },
	/* task_state_array is read by functions that stay, too: there must be one. */
	{ "shared-table",
	  { { "fs/proc/array.c", "\"State:\\t\"", "\"Condition:\\t\"", 0 } },
	  "vmlinux", "proc_pid_status", NULL,
	  "grep -E '^(State|Condition):' /proc/self/status | tr '\\t' ' '\n",
	  "State: R (running)\n", "Condition: R (running)\n" },
	/* A member of arch/x86/lib/lib.a, which nothing calls after the boot. */
	{ "library-member",
	  { { "arch/x86/lib/misc.c", "\tif (val < 0) {\n", "\tif (val < -1) {\n", 0 } },
	  "vmlinux", "num_digits", NULL, "echo fine\n", "fine\n", "fine\n" },
};

static size_t count_edits(const struct seen *t)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(t->edits) && t->edits[n].path)
		n++;
	return n;
}

static void test_seen(void **state)
{
	const struct seen *t = *state;
	char *module = (char *)t->module;
	struct str_vec modules = { .at = &module, .n = module ? 1 : 0 };
	struct build_report report;
	struct boot_result result;

	road_build_edits(t->edits, count_edits(t), t->name, &report);
	road_assert_built(&report);
	assert_true(road_replaces(&report, t->kobject, t->function));
	road_boot(report.module, t->script, &modules, NULL, &result);
	assert_string_equal(result.before, t->before);
	assert_string_equal(result.with, t->with);
	boot_result_free(&result);
	build_report_free(&report);
}

/* The table is reached in the running kernel, and the livepatch has none of its own. */
static void test_shared_table_is_live(void **state)
{
	const struct road_edit edit = { "fs/proc/array.c", "\"State:\\t\"", "\"Condition:\\t\"", 0 };
	struct build_report report;

	road_build_edits(&edit, 1, "table", &report);
	road_assert_built(&report);
	assert_true(road_module_has_symbol(report.module, ".klp.sym.vmlinux.task_state_array,0") ||
		    road_module_has_symbol(report.module, ".klp.sym.vmlinux.task_state_array,1"));
	assert_false(road_module_has_symbol(report.module, "task_state_array"));
	build_report_free(&report);
}

/* The unit's patched object, with printk("suture %d", number) in one function. */
static char *compile_with_number(int number)
{
	scoped_free char *code = xasprintf("\tprintk(KERN_INFO \"suture %%d\\n\", %d);\n"
					   "\tget_avenrun(", number);
	scoped_free char *workdir = xasprintf("%s/number%d", road_dir, number);
	const struct road_edit edit = { "fs/proc/loadavg.c", "\tget_avenrun(", code, 0 };
	scoped_free char *patch = road_patch(&edit, 1, false);
	struct finding_vec findings = { 0 };
	struct unit_vec units = { 0 };
	struct fix fix = { 0 };

	assert_null(make_dirs(workdir));
	assert_null(fix_parse(&fix, "number", patch, strlen(patch)));
	assert_null(units_build(road_target, &fix, workdir, &units, &findings));
	assert_int_equal(units.n, 1);
	char *object = xstrdup(units.at[0].patched);

	units_free(&units);
	fix_free(&fix);
	findings_free(&findings);
	return object;
}

/* Another tool takes small constants of printk for line numbers, and sees no change here. */
static void test_printk_constant(void **state)
{
	scoped_free char *five = compile_with_number(5);
	scoped_free char *six = compile_with_number(6);
	struct finding_vec findings = { 0 };
	struct object *x, *y;
	struct model *a, *b;
	size_t changed = 0;

	assert_null(object_read(five, &x));
	assert_null(object_read(six, &y));
	assert_null(model_new(x, &findings, &a));
	assert_null(model_new(y, &findings, &b));
	correlate(a, b);
	compare(a, b);
	for (size_t i = 0; i < a->entities.n; i++)
		if (a->entities.at[i]->change != UNCHANGED) {
			assert_string_equal(a->entities.at[i]->name, "loadavg_proc_show");
			changed++;
		}
	assert_int_equal(changed, 1);
	model_free(a);
	model_free(b);
	object_free(x);
	object_free(y);
	findings_free(&findings);
}

int main(void)
{
	struct CMUnitTest tests[ARRAY_SIZE(fixes) + 2] = { 0 };
	size_t n = 0;

	for (; n < ARRAY_SIZE(fixes); n++)
		tests[n] = (struct CMUnitTest){ .name = fixes[n].name, .test_func = test_seen,
						.initial_state = (void *)&fixes[n] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_shared_table_is_live);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_printk_constant);
	return road_run("loads", tests, n);
}
