// SPDX-License-Identifier: GPL-2.0-or-later
/* A second module to be patched; it depends on suture_a and has a name in common with it. */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "a.h"

int a_exported(void);

static reachable int common(void)
{
	return 200;
}

static reachable int b_show(struct seq_file *m, void *v)
{
	seq_printf(m, "common %d\nexported %d\n", common(), a_exported());
	return 0;
}

static int __init b_init(void)
{
	proc_create_single("suture_b", 0, NULL, b_show);
	return 0;
}

static void __exit b_exit(void)
{
	remove_proc_entry("suture_b", NULL);
}

module_init(b_init);
module_exit(b_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a second module to be patched by tests");
