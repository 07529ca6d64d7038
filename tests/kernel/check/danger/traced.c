// SPDX-License-Identifier: GPL-2.0-or-later
/* X9: compiled for a coverage that the kernel does not have (Kbuild). */
#include "danger.h"

static int new_show(struct seq_file *m, void *v)
{
	return 0;
}

LIVEPATCH("loadavg_proc_show", new_show);
