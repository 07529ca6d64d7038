// SPDX-License-Identifier: GPL-2.0-or-later
/* Calls through pointers: to functions of vmlinux, of a module, of the livepatch. */
#include "lp.h"

extern int cmdline_proc_show(struct seq_file *m, void *v);
extern int a_called(void);

static reachable int own(struct seq_file *m, void *v)
{
	seq_puts(m, "own function\n");
	return 0;
}

static int (*const shows[])(struct seq_file *m, void *v) = { own, cmdline_proc_show };
static int (*called)(void) = a_called;

static void show_begin(struct seq_file *m, const char *name, const void *function)
{
	seq_printf(m, "%s %*ph\n", name, 4, function);
}

static int new_a_show(struct seq_file *m, void *v)
{
	show_begin(m, "own_begins", shows[0]);
	show_begin(m, "core_begins", shows[1]);
	show_begin(m, "module_begins", READ_ONCE(called));
	for (unsigned int i = 0; i < ARRAY_SIZE(shows); i++)
		READ_ONCE(shows[i])(m, v);
	seq_printf(m, "called %d\n", READ_ONCE(called)());
	return 0;
}

LIVEPATCH_ONE("suture_a", "a_show", new_a_show);
