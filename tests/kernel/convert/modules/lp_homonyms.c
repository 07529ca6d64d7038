// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that occur twice in one module, and once in each of two modules. */
#include "lp.h"

extern int twin1(void), twin2(void), pair1, pair2;
SUTURE_KLP_ALIAS(twin1, suture_a, twin, 1);
SUTURE_KLP_ALIAS(twin2, suture_a, twin, 2);
SUTURE_KLP_ALIAS(pair1, suture_a, pair, 1);
SUTURE_KLP_ALIAS(pair2, suture_a, pair, 2);

extern int common_in_a(void), common_in_b(void), a_common_for_b(void);
SUTURE_KLP_ALIAS(common_in_a, suture_a, common, 0);
SUTURE_KLP_ALIAS(common_in_b, suture_b, common, 0);
SUTURE_KLP_FOR(suture_b, a_common_for_b, suture_a, common, 0);

static int new_a_show(struct seq_file *m, void *v)
{
	show_address(m, "twin,1", twin1);
	show_address(m, "twin,2", twin2);
	show_address(m, "pair,1", &pair1);
	show_address(m, "pair,2", &pair2);
	seq_printf(m, "twins %d %d\npairs %d %d\ncommon %d\n", twin1(), twin2(), pair1, pair2,
		   common_in_a());
	return 0;
}

static int new_b_show(struct seq_file *m, void *v)
{
	seq_printf(m, "common %d\ncommon_of_a %d\n", common_in_b(), a_common_for_b());
	return 0;
}

static struct klp_func module_a[] = { { .old_name = "a_show", .new_func = new_a_show }, { } };
static struct klp_func module_b[] = { { .old_name = "b_show", .new_func = new_b_show }, { } };
static struct klp_object objects[] = {
	{ .name = "suture_a", .funcs = module_a },
	{ .name = "suture_b", .funcs = module_b },
	{ }
};

LIVEPATCH(objects);
