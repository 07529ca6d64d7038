// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch in the form that kpatch-build's tools (create-diff-object, the link with its patch-hook.c,
 * create-klp-module) leave behind, as seen in modules made with them: no struct klp_patch in the data, but
 * a section of records with the old function's address and size, a position that is 1 also for names that
 * are unique, names by way of a section of strings, a section for each kind of callback (there also when
 * it is empty, then with eight bytes of zero), and the padding before a function as a function of its own.
 * The module's own code, which turns this into a struct klp_patch when it is loaded, is left out.
 */
#include <linux/kernel.h>
#include <linux/module.h>

static noinline int new_function(void)
{
	return 0;
}

static int prepare(void *object)
{
	return new_function();
}

/* struct kpatch_patch_func, struct kpatch_pre_patch_callback */
struct record {
	void *new_addr;
	unsigned long new_size, old_addr, old_size, position;
	const char *name, *object;
};
struct callback {
	int (*callback)(void *object);
	const char *object;
};

#define STRINGS __section(".kpatch.strings")
static const char vmlinux[] STRINGS = "vmlinux", core[] STRINGS = "klp_try_switch_task",
		  start[] STRINGS = "m_start";

static struct record records[] __used __section(".kpatch.funcs") = {
	{ .new_addr = new_function, .new_size = 8, .old_addr = 0xffffffff81000000, .old_size = 16,
	  .position = 1, .name = core, .object = vmlinux },
	{ .new_addr = new_function, .new_size = 8, .old_addr = 0xffffffff81000100, .old_size = 16,
	  .name = start, .object = vmlinux },
};
static struct callback callbacks[] __used __section(".kpatch.callbacks.pre_patch") = {
	{ prepare, vmlinux },
};
static unsigned long none __used __section(".kpatch.callbacks.post_unpatch");

static int __init kpatch_init(void)
{
	return new_function();
}

module_init(kpatch_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("livepatch of another tool, for the tests of the rules");
MODULE_INFO(livepatch, "Y");
