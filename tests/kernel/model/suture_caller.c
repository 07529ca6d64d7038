// SPDX-License-Identifier: GPL-2.0-or-later
/* Kernel threads that do little else than call one function, so that ticks hit them on the way into it. */
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>

enum { THREADS = 3, CALLS_IN_A_ROUND = 200000 };

static struct task_struct *threads[THREADS];

noinline void suture_step(unsigned long *count)
{
	*count += 1;
	barrier();
}

static int call_for_ever(void *unused)
{
	unsigned long count = 0;

	while (!kthread_should_stop()) {
		for (int i = 0; i < CALLS_IN_A_ROUND; i++)
			suture_step(&count);
		schedule_timeout_interruptible(1); /* RCU tasks waits for a voluntary switch */
	}
	return 0;
}

static int __init caller_init(void)
{
	for (int i = 0; i < THREADS; i++) {
		threads[i] = kthread_run(call_for_ever, NULL, "suture_caller/%d", i);
		if (IS_ERR(threads[i]))
			return PTR_ERR(threads[i]); /* the test fails */
		set_user_nice(threads[i], 10);
	}
	return 0;
}

module_init(caller_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("calls a function all the time, for a test of full preemption");
