/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A livepatch of one function of vmlinux (or of a module), with the least possible text. */
#ifndef TEST_PATCH_COMMON_H
#define TEST_PATCH_COMMON_H

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>

#define LIVEPATCH(object, function, replacement)                        \
	static struct klp_func patched_functions[] = {                  \
		{ .old_name = function, .new_func = replacement }, { }, \
	};                                                              \
	static struct klp_object patched_objects[] = {                  \
		{ .name = object, .funcs = patched_functions }, { },    \
	};                                                              \
	static struct klp_patch patch = {                               \
		.mod = THIS_MODULE, .objs = patched_objects,            \
	};                                                              \
	static int __init patch_init(void)                              \
	{                                                               \
		return klp_enable_patch(&patch);                        \
	}                                                               \
	static void __exit patch_exit(void)                             \
	{                                                               \
	}                                                               \
	module_init(patch_init);                                        \
	module_exit(patch_exit);                                        \
	MODULE_LICENSE("GPL");                                          \
	MODULE_DESCRIPTION("livepatch for a boot test");                \
	MODULE_INFO(livepatch, "Y")

#endif
