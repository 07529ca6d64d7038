// SPDX-License-Identifier: GPL-2.0-or-later
/* S6: a variable of the kernel for a second time. */
#include "danger.h"

char *saved_command_line;

static int new_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", READ_ONCE(saved_command_line));
	return 0;
}

LIVEPATCH("cmdline_proc_show", new_show);
