// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing is annotated: each name occurs once. */
#include "lp.h"

#include <linux/utsname.h>

extern char *saved_command_line;
extern const char linux_proc_banner[];
extern int cmdline_proc_show(struct seq_file *m, void *v);
extern int a_secret, a_helper(int x);

static int new_version_show(struct seq_file *m, void *v)
{
	show_address(m, "saved_command_line", &saved_command_line);
	show_address(m, "linux_proc_banner", linux_proc_banner);
	show_address(m, "cmdline_proc_show", cmdline_proc_show);
	seq_printf(m, "banner %.10s\n", linux_proc_banner);
	seq_printf(m, "line %s\n", saved_command_line);
	seq_puts(m, "called ");
	return cmdline_proc_show(m, v);
}

static int new_answer(void)
{
	return a_helper(1000) + a_secret;
}

static struct klp_func core[] = {
	{ .old_name = "version_proc_show", .new_func = new_version_show },
	{ }
};
static struct klp_func module_a[] = {
	{ .old_name = "a_answer", .new_func = new_answer },
	{ }
};
static struct klp_object objects[] = {
	{ .funcs = core },
	{ .name = "suture_a", .funcs = module_a },
	{ }
};

LIVEPATCH(objects);
