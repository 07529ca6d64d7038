// SPDX-License-Identifier: GPL-2.0-or-later
/* A shadow variable counts for each object how often it was shown. */
#include "lp.h"

#include <linux/slab.h>

enum { SHOWN = 1 };

extern int a_secret;
static int freed;

static int start(void *object, void *shadow, void *unused)
{
	*(int *)shadow = a_secret;
	return 0;
}

static void count_free(void *object, void *shadow)
{
	freed++;
}

static void new_describe(struct seq_file *m, struct a_item *item)
{
	int *shown = klp_shadow_get_or_alloc(item, SHOWN, sizeof(*shown), GFP_KERNEL, start, NULL);

	seq_printf(m, "item %d shown %d\n", item->id, shown ? (*shown)++ : -1);
}

static void free_all(struct klp_object *object)
{
	klp_shadow_free_all(SHOWN, count_free);
	pr_info("freed %d\n", freed);
}

static struct klp_func module_a[] = { { .old_name = "a_describe", .new_func = new_describe }, { } };
static struct klp_object objects[] = {
	{ .name = "suture_a", .funcs = module_a, .callbacks = { .post_unpatch = free_all } },
	{ }
};

LIVEPATCH(objects);
