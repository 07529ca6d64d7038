// SPDX-License-Identifier: GPL-2.0-or-later
/* C3: replaces state.c, and does not take over its state. */
#define PATCH .replace = true
#include "danger.h"

static int new_show(struct seq_file *m, void *v)
{
	return 0;
}

LIVEPATCH("loadavg_proc_show", new_show);
