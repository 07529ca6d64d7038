// SPDX-License-Identifier: GPL-2.0-or-later
/* C12: the idle task never comes back to the start of this one. */
#include <linux/cpuhotplug.h>

#include "danger.h"

static void new_entry(enum cpuhp_state state)
{
	pr_info("idle: the new code runs\n");
}

static int new_show(struct seq_file *m, void *v)
{
	seq_puts(m, "patched\n");
	return 0;
}

LIVEPATCH_ROWS({ .old_name = "cpu_startup_entry", .new_func = new_entry },
	       { .old_name = "loadavg_proc_show", .new_func = new_show });
