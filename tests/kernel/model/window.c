// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch whose new function looks at the state of the task that runs it. The kernel promises that a task
 * in the state "unpatched" (0) runs old functions only; each call that finds otherwise is counted, and the
 * sum printed when the module goes. With NAP, the first such call of the module sleeps.
 */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>

static atomic_t broken_promises = ATOMIC_INIT(0);

static void new_step(unsigned long *count)
{
	if (READ_ONCE(current->patch_state) == 0) {
		atomic_inc(&broken_promises);
#ifdef NAP
		msleep(6000);
#endif
	}
	*count += 2;
}

static struct klp_func functions[] = {
	{ .old_name = "suture_step", .new_func = new_step }, { },
};
static struct klp_object objects[] = {
	{ .name = "suture_caller", .funcs = functions }, { },
};
static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init window_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit window_exit(void)
{
	pr_notice("suture: broken promises: %d\n", atomic_read(&broken_promises));
}

module_init(window_init);
module_exit(window_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("counts new functions in unpatched tasks");
MODULE_INFO(livepatch, "Y");
