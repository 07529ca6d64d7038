// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/livepatch.h>
#include <linux/module.h>

static int replace;
module_param(replace, int, 0644);

/* Nobody exports it: it is found as a livepatch symbol, or else this fails. */
extern int nr_threads;

int choose(struct klp_patch *patch)
{
	patch->replace = replace;
	return nr_threads > 0 ? 0 : -EINVAL;
}
