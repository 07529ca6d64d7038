// SPDX-License-Identifier: GPL-2.0-or-later
/* A module that livepatches know and that nobody ever loads. */
#include <linux/module.h>

#include "a.h"

int c_secret = 3;

static reachable int c_value(void)
{
	return c_secret;
}

static int __init c_init(void)
{
	return c_value() > 100 ? -EINVAL : 0;
}

static void __exit c_exit(void)
{
}

module_init(c_init);
module_exit(c_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a module that is never loaded");
