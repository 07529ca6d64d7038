// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch as kpatch-build leaves it: no struct klp_patch in the data, but a section of records, which
 * the module's own code turns into one when it is loaded. (That code is left out here.)
 */
#include <linux/kernel.h>
#include <linux/module.h>

static noinline int new_function(void)
{
	return 0;
}

struct record {
	void *new_addr;
	unsigned long new_size, old_addr, old_size, position;
	const char *name, *object;
};

static struct record records[] __used __section(".kpatch.funcs") = {
	{ .new_addr = new_function, .name = "klp_try_switch_task", .object = "vmlinux" },
	{ .new_addr = new_function, .name = "m_start", .object = "vmlinux" },
};

static int __init kpatch_init(void)
{
	return new_function();
}

module_init(kpatch_init);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("livepatch of another tool, for the tests of the rules");
MODULE_INFO(livepatch, "Y");
