// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols of modules that are there before, come afterwards, go and come again, never come. */
#include "lp.h"

extern int a_secret, a_table[4], a_helper(int x), c_secret;

static int new_answer(void)
{
	return a_helper(a_table[3]) + 1;
}

static int new_value(void)
{
	return c_secret + 1;
}

static struct klp_func module_a[] = { { .old_name = "a_answer", .new_func = new_answer }, { } };
static struct klp_func module_c[] = { { .old_name = "c_value", .new_func = new_value }, { } };
static struct klp_object objects[] = {
	{ .name = "suture_a", .funcs = module_a },
	{ .name = "suture_c", .funcs = module_c },
	{ }
};

LIVEPATCH(objects);
