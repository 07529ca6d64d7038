// SPDX-License-Identifier: GPL-2.0-or-later
/* Spins with interrupts off at its first use: the guest falls silent. */
#include <linux/irqflags.h>
#include <linux/processor.h>
#include <linux/seq_file.h>

#include "patch-common.h"

static int hanging_show(struct seq_file *m, void *v)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
	return 0;
}

LIVEPATCH(NULL, "cmdline_proc_show", hanging_show);
