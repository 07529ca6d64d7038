// SPDX-License-Identifier: GPL-2.0-or-later
/* One symbol, referred to from three sections of code and from data. */
#include "lp.h"

extern const char linux_proc_banner[];

static const char *from_data = linux_proc_banner;

static noinline __section(".text.lp_one") const char *from_one(void)
{
	return linux_proc_banner;
}

static noinline __section(".text.lp_two") const char *from_two(void)
{
	return linux_proc_banner;
}

static int new_version_show(struct seq_file *m, void *v)
{
	show_address(m, "text", linux_proc_banner);
	show_address(m, "one", from_one());
	show_address(m, "two", from_two());
	show_address(m, "data", READ_ONCE(from_data));
	return 0;
}

LIVEPATCH_ONE(NULL, "version_proc_show", new_version_show);
