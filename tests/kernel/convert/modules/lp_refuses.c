// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Refuses a module that is coming, and has relocations against its symbols: these are written before the
 * callback is asked, and no kernel up to 6.12 clears them again (klp_module_coming()).
 */
#include "lp.h"

static int refuse = 1;
module_param(refuse, int, 0644);

extern int a_secret;

static int before_patch(struct klp_object *object)
{
	return refuse ? -ENODEV : 0;
}

static int new_answer(void)
{
	return a_secret;
}

static struct klp_func module_a[] = { { .old_name = "a_answer", .new_func = new_answer }, { } };
static struct klp_object objects[] = {
	{ .name = "suture_a", .funcs = module_a, .callbacks = { .pre_patch = before_patch } },
	{ }
};

LIVEPATCH(objects);
