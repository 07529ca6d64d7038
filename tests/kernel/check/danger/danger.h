/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A livepatch of one function of vmlinux, with a mistake; loaded in a guest only. */
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/timer.h>

#ifndef PATCH
#define PATCH
#endif
#ifndef AT_EXIT
#define AT_EXIT
#endif

/* Rows of functions; PATCH: more members of struct klp_patch; AT_EXIT: when the module goes. */
#define LIVEPATCH_ROWS(...)                                              \
	static struct klp_func functions[] = { __VA_ARGS__, { } };       \
	static struct klp_object objects[] = { { .funcs = functions }, { } }; \
	static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects, PATCH }; \
	static int __init danger_init(void)                              \
	{                                                                \
		return klp_enable_patch(&patch);                         \
	}                                                                \
	static void __exit danger_exit(void)                             \
	{                                                                \
		AT_EXIT;                                                 \
	}                                                                \
	module_init(danger_init);                                        \
	module_exit(danger_exit);                                        \
	MODULE_LICENSE("GPL");                                           \
	MODULE_DESCRIPTION("a livepatch that must not be loaded");       \
	MODULE_INFO(livepatch, "Y")

#define LIVEPATCH(function, replacement) \
	LIVEPATCH_ROWS({ .old_name = function, .new_func = replacement })
