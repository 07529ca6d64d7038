// SPDX-License-Identifier: GPL-2.0-or-later
/* Follows a wild pointer at its first use. */
#include <linux/seq_file.h>

#include "patch-common.h"

static noinline int oopsing_show(struct seq_file *m, void *v)
{
	volatile int *wild = (volatile int *)0x40;

	*wild = 1;
	return 0;
}

LIVEPATCH(NULL, "cmdline_proc_show", oopsing_show);
