// SPDX-License-Identifier: GPL-2.0-or-later
/* State 1 is the console's log level from before the livepatches; its data is one int. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/slab.h>

#define LOGLEVEL_STATE 1

static struct klp_patch *patch;

int remember(struct klp_patch *own)
{
	patch = own;
	return 0;
}

static struct klp_state *own_state(void)
{
	return klp_get_state(patch, LOGLEVEL_STATE);
}

static int allocate(void)
{
	if (klp_get_prev_state(LOGLEVEL_STATE)) {
		pr_info("allocate_loglevel_state: space to store console_loglevel already allocated\n");
		return 0;
	}
	own_state()->data = kzalloc(sizeof(int), GFP_KERNEL);
	if (!own_state()->data)
		return -ENOMEM;
	pr_info("allocate_loglevel_state: allocating space to store console_loglevel\n");
	return 0;
}

static void fix(void)
{
	struct klp_state *before = klp_get_prev_state(LOGLEVEL_STATE);

	if (before) {
		pr_info("fix_console_loglevel: taking over the console_loglevel change\n");
		own_state()->data = before->data;
		return;
	}
	pr_info("fix_console_loglevel: fixing console_loglevel\n");
	*(int *)own_state()->data = console_loglevel;
	console_loglevel = CONSOLE_LOGLEVEL_MOTORMOUTH;
}

int pre_patch_callback(struct klp_object *object)
{
	pr_info("pre_patch_callback: vmlinux\n");
	return allocate();
}

void post_patch_callback(struct klp_object *object)
{
	pr_info("post_patch_callback: vmlinux\n");
	fix();
}

void pre_unpatch_callback(struct klp_object *object)
{
	pr_info("pre_unpatch_callback: vmlinux\n");
	pr_info("restore_console_loglevel: restoring console_loglevel\n");
	console_loglevel = *(int *)own_state()->data;
}

void post_unpatch_callback(struct klp_object *object)
{
	pr_info("post_unpatch_callback: vmlinux\n");
	pr_info("free_loglevel_state: freeing space for the stored console_loglevel\n");
	kfree(own_state()->data);
}
