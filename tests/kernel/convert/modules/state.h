/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cumulative livepatch with a state. VERSION 1 begins with the secret of suture_a; a later one takes
 * the value over and adds its version. The function of vmlinux shows it.
 */
#include "lp.h"

#include <linux/slab.h>

enum { STATE = 7 };

extern int a_secret;

static struct klp_patch patch;
static int *value;

static int take_over(struct klp_object *object)
{
	struct klp_state *now = klp_get_state(&patch, STATE);
	struct klp_state *before = klp_get_prev_state(STATE);

	if (before) {
		now->data = before->data;
		return 0;
	}
	now->data = kzalloc(sizeof(*value), GFP_KERNEL);
	return now->data ? 0 : -ENOMEM;
}

static void set_value(struct klp_object *object)
{
	struct klp_state *before = klp_get_prev_state(STATE);

	value = klp_get_state(&patch, STATE)->data;
	*value = before ? *value + VERSION : a_secret;
}

static void drop(struct klp_object *object)
{
	struct klp_state *now = klp_get_state(&patch, STATE);

	pr_info("state dropped at %d\n", *value);
	kfree(now->data);
	now->data = NULL;
}

static int new_answer(void)
{
	return *value;
}

static struct klp_func module_a[] = { { .old_name = "a_answer", .new_func = new_answer }, { } };
static struct klp_object objects[] = {
	{ .name = "suture_a", .funcs = module_a,
	  .callbacks = { .pre_patch = take_over, .post_patch = set_value, .post_unpatch = drop } },
	{ }
};
static struct klp_state states[] = { { .id = STATE, .version = VERSION }, { } };

LIVEPATCH(objects, .states = states, .replace = true);
