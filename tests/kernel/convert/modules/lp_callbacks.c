// SPDX-License-Identifier: GPL-2.0-or-later
/* Callbacks of vmlinux and of a module; each pre_patch refuses when its parameter says so. */
#include "lp.h"

static int refuse_core, refuse_module;
module_param(refuse_core, int, 0644);
module_param(refuse_module, int, 0644);

static const char *name_of(struct klp_object *object)
{
	return object->name ? object->name : "vmlinux";
}

static int before_patch(struct klp_object *object)
{
	int refuse = object->name ? refuse_module : refuse_core;

	pr_info("pre_patch %s %d\n", name_of(object), refuse);
	return refuse ? -ENODEV : 0;
}

static void after_patch(struct klp_object *object)
{
	pr_info("post_patch %s\n", name_of(object));
}

static void before_unpatch(struct klp_object *object)
{
	pr_info("pre_unpatch %s\n", name_of(object));
}

static void after_unpatch(struct klp_object *object)
{
	pr_info("post_unpatch %s\n", name_of(object));
}

static int new_version_show(struct seq_file *m, void *v)
{
	seq_puts(m, "version of lp_callbacks\n");
	return 0;
}

static int new_answer(void)
{
	return 8;
}

#define CALLBACKS                                                                                  \
	{ .pre_patch = before_patch, .post_patch = after_patch, .pre_unpatch = before_unpatch,     \
	  .post_unpatch = after_unpatch }

static struct klp_func core[] = {
	{ .old_name = "version_proc_show", .new_func = new_version_show },
	{ }
};
static struct klp_func module_a[] = { { .old_name = "a_answer", .new_func = new_answer }, { } };
static struct klp_object objects[] = {
	{ .funcs = core, .callbacks = CALLBACKS },
	{ .name = "suture_a", .funcs = module_a, .callbacks = CALLBACKS },
	{ }
};

LIVEPATCH(objects);
