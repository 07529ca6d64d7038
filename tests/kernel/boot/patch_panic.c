// SPDX-License-Identifier: GPL-2.0-or-later
/* Panics outright at its first use. */
#include <linux/panic.h>
#include <linux/seq_file.h>

#include "patch-common.h"

static int panicking_show(struct seq_file *m, void *v)
{
	panic("the livepatch gives up");
	return 0;
}

LIVEPATCH(NULL, "cmdline_proc_show", panicking_show);
