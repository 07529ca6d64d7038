// SPDX-License-Identifier: GPL-2.0-or-later
/* Works, and warns at each use. */
#include <linux/seq_file.h>

#include "patch-common.h"

static noinline int warning_show(struct seq_file *m, void *v)
{
	WARN(1, "the patched function is not happy");
	return 0;
}

LIVEPATCH(NULL, "cmdline_proc_show", warning_show);
