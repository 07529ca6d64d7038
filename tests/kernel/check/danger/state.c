// SPDX-License-Identifier: GPL-2.0-or-later
/* C3: the livepatch before; it has a state. */
#define PATCH .replace = true, .states = states
#include "danger.h"

static struct klp_state states[] = { { .id = 7, .version = 1 }, { } };

static int new_show(struct seq_file *m, void *v)
{
	return 0;
}

LIVEPATCH("loadavg_proc_show", new_show);
