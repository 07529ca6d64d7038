// SPDX-License-Identifier: GPL-2.0-or-later
/* Needs a symbol that no kernel has. */
#include "patch-common.h"

extern int suture_no_such_symbol(void);

static int patched_show(struct seq_file *m, void *v)
{
	return suture_no_such_symbol();
}

LIVEPATCH(NULL, "cmdline_proc_show", patched_show);
