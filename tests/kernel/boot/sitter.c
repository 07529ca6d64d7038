// SPDX-License-Identifier: GPL-2.0-or-later
/* A kernel thread that stays in suture_sit() for ever. */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>

static struct task_struct *thread;

static noinline int suture_sit(void *data)
{
	while (!kthread_should_stop())
		schedule_timeout_interruptible(HZ);
	return 0;
}

static int __init sitter_init(void)
{
	thread = kthread_run(suture_sit, NULL, "suture_sitter");
	return PTR_ERR_OR_ZERO(thread);
}

static void __exit sitter_exit(void)
{
	kthread_stop(thread);
}

module_init(sitter_init);
module_exit(sitter_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a thread that never returns, for a boot test");
