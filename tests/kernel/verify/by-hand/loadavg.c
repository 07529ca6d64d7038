// SPDX-License-Identifier: GPL-2.0-or-later
/* loadavg-last-pid.patch as somebody would write it by hand, with LAST_PID 0; any other is wrong. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/loadavg.h>
#include <linux/sched/stat.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

SUTURE_KLP_SYM(vmlinux, get_avenrun, 0);

static int livepatch_loadavg_proc_show(struct seq_file *m, void *v)
{
	unsigned long load[3];

	get_avenrun(load, FIXED_1 / 200, 0);
	seq_printf(m, "%lu.%02lu %lu.%02lu %lu.%02lu %u/%d %d\n", LOAD_INT(load[0]), LOAD_FRAC(load[0]),
		   LOAD_INT(load[1]), LOAD_FRAC(load[1]), LOAD_INT(load[2]), LOAD_FRAC(load[2]), nr_running(),
		   nr_threads, LAST_PID);
	return 0;
}

#ifdef KPATCH
/* The form of kpatch's modules, whose own code makes a struct klp_patch of it (kmod/patch/kpatch-patch.h). */
static const struct {
	int (*new_function)(struct seq_file *m, void *v);
	unsigned long new_size, old_address, old_size, position;
	const char *name, *object;
} functions[] __used __section(".kpatch.funcs") = {
	{ .new_function = livepatch_loadavg_proc_show, .name = "loadavg_proc_show", .object = "vmlinux" },
};

static int __init loadavg_init(void)
{
	return 0;
}
#else
static struct klp_func functions[] = {
	{ .old_name = "loadavg_proc_show", .new_func = livepatch_loadavg_proc_show },
	{ }
};

static struct klp_object objects[] = { { .funcs = functions }, { } };

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init loadavg_init(void)
{
	return klp_enable_patch(&patch);
}
#endif

static void __exit loadavg_exit(void)
{
}

module_init(loadavg_init);
module_exit(loadavg_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
