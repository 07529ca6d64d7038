/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frame of the livepatches of this directory. Most replace version_proc_show() of vmlinux and
 * print what they see: reading /proc/version shows it.
 */
#ifndef TEST_LP_H
#define TEST_LP_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

#include "a.h"

/* The rest of the module for `objects`, an array of struct klp_object. */
#define LIVEPATCH(objects, ...)                                                                    \
	static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects, ##__VA_ARGS__ };    \
	static int __init patch_init(void)                                                         \
	{                                                                                          \
		return klp_enable_patch(&patch);                                                   \
	}                                                                                          \
	static void __exit patch_exit(void)                                                        \
	{                                                                                          \
	}                                                                                          \
	module_init(patch_init);                                                                   \
	module_exit(patch_exit);                                                                   \
	MODULE_LICENSE("GPL");                                                                     \
	MODULE_DESCRIPTION("a livepatch written by hand, for tests");                              \
	MODULE_INFO(livepatch, "Y")

/* One function of one object. */
#define LIVEPATCH_ONE(object, function, replacement, ...)                                          \
	static struct klp_func functions[] = {                                                     \
		{ .old_name = function, .new_func = replacement },                                 \
		{ }                                                                                \
	};                                                                                         \
	static struct klp_object objects[] = { { .name = object, .funcs = functions }, { } };      \
	LIVEPATCH(objects, ##__VA_ARGS__)

/* "NAME ADDRESS", for the test to compare with the symbol table. */
static inline void show_address(struct seq_file *m, const char *name, const void *p)
{
	seq_printf(m, "%s %px\n", name, p);
}

#endif
