// SPDX-License-Identifier: GPL-2.0-or-later
/* C7: a timer is still running when the module is gone. */
/* In the last moment: however slow the machine is, the timer is due later. */
#define AT_EXIT mod_timer(&timer, jiffies + HZ)
#include "danger.h"

static void fire(struct timer_list *unused)
{
	pr_info("late: fired\n");
}

static DEFINE_TIMER(timer, fire);

static int new_show(struct seq_file *m, void *v)
{
	timer_setup(&timer, fire, 0);
	mod_timer(&timer, jiffies + 4 * HZ);
	seq_puts(m, "a timer was started\n");
	return 0;
}

LIVEPATCH("cmdline_proc_show", new_show);
