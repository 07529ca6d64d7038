// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A static key and a static call that vmlinux has and does not export. The key is switched by
 * /proc/sys/kernel/sched_schedstats. The call's instruction must have become a direct call.
 */
#include "lp.h"

#include <linux/jump_label.h>
#include <linux/sched/clock.h>
#include <linux/static_call.h>

extern struct static_key_false sched_schedstats;
DECLARE_STATIC_CALL(pv_sched_clock, sched_clock);

static noinline u64 clock(void)
{
	u64 t = static_call(pv_sched_clock)();

	barrier();
	return t;
}

/* Where the first call in the function leads, behind that of ftrace (5 bytes, and perhaps ENDBR). */
static void *callee(const unsigned char *code)
{
	for (unsigned int i = 5; i < 64; i++) {
		s32 distance;

		if (code[i] != 0xe8)
			continue;
		memcpy(&distance, code + i + 1, sizeof(distance));
		return (void *)(code + i + 5 + distance);
	}
	return NULL;
}

static noinline unsigned int branch(void)
{
	return static_branch_unlikely(&sched_schedstats) ? 1 : 0;
}

static int new_version_show(struct seq_file *m, void *v)
{
	u64 before = sched_clock(), now = clock(), after = sched_clock();

	seq_printf(m, "key %u\n", branch());
	seq_printf(m, "between %d\n", before <= now && now <= after && now);
	show_address(m, "callee", callee((void *)clock));
	return 0;
}

LIVEPATCH_ONE(NULL, "version_proc_show", new_version_show);
