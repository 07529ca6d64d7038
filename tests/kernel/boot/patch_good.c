// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes what /proc/cmdline says. */
#include <linux/seq_file.h>

#include "patch-common.h"

static int patched_show(struct seq_file *m, void *v)
{
	seq_puts(m, "this has been live patched\n");
	return 0;
}

LIVEPATCH(NULL, "cmdline_proc_show", patched_show);
