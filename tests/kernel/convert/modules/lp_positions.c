// SPDX-License-Identifier: GPL-2.0-or-later
/* Positions 0, 1 and 2 in vmlinux, in all ways of writing an annotation. */
#include "lp.h"

extern char *saved_command_line;
SUTURE_KLP_SYM(vmlinux, saved_command_line, 0);

extern void *m_start(struct seq_file *m, loff_t *pos);
SUTURE_KLP_SYM(vmlinux, m_start, 1);

extern void *second_start(struct seq_file *m, loff_t *pos);
SUTURE_KLP_ALIAS(second_start, vmlinux, m_start, 2);

/* klp-convert's two forms */
extern int sched_schedstats;
static struct {
	void *symbol;
	unsigned int position;
} __packed packed[] __attribute__((used, aligned(4), section(".klp.module_relocs.vmlinux"))) = {
	{ &sched_schedstats, 0 },
};

extern void *third_start(struct seq_file *m, loff_t *pos)
	__asm__("\".klp.sym.rela.vmlinux.vmlinux.m_start.3\"");

static int new_version_show(struct seq_file *m, void *v)
{
	show_address(m, "saved_command_line,0", &saved_command_line);
	show_address(m, "m_start,1", m_start);
	show_address(m, "m_start,2", second_start);
	show_address(m, "m_start,3", third_start);
	show_address(m, "sched_schedstats,0", &sched_schedstats);
	return 0;
}

LIVEPATCH_ONE(NULL, "version_proc_show", new_version_show);
