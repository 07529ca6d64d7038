// SPDX-License-Identifier: GPL-2.0-or-later
/* Callbacks as test-callbacks.sh expects them; what pre_patch returns can be set. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/livepatch.h>
#include <linux/module.h>

static int pre_patch_ret;
module_param(pre_patch_ret, int, 0644);

static void tell(const char *callback, const struct klp_object *object)
{
	const char *state = "";

	if (!object->mod) {
		pr_info("%s: vmlinux\n", callback);
		return;
	}
	if (object->mod->state == MODULE_STATE_LIVE)
		state = "[MODULE_STATE_LIVE] Normal state";
	else if (object->mod->state == MODULE_STATE_COMING)
		state = "[MODULE_STATE_COMING] Full formed, running module_init";
	else if (object->mod->state == MODULE_STATE_GOING)
		state = "[MODULE_STATE_GOING] Going away";
	pr_info("%s: %s -> %s\n", callback, object->mod->name, state);
}

int pre_patch_callback(struct klp_object *object)
{
	tell(__func__, object);
	return pre_patch_ret;
}

void post_patch_callback(struct klp_object *object)
{
	tell(__func__, object);
}

void pre_unpatch_callback(struct klp_object *object)
{
	tell(__func__, object);
}

void post_unpatch_callback(struct klp_object *object)
{
	tell(__func__, object);
}
