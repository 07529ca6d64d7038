// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A livepatch written by hand (docs/handwritten.md walks through it): /proc/cmdline tells how often it was
 * read. It uses all of the kernel's livepatch API: a replaced function that needs what the kernel does
 * not export, callbacks, a shadow variable, a state, atomic replace.
 */
#include <linux/atomic.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/utsname.h>
#include <suture/livepatch.h>

/* Not exported. The name occurs once in the kernel: nothing else would be needed. The annotation says what is
 * meant, so that the build ends if another kernel has two of them. */
extern char *saved_command_line;
SUTURE_KLP_SYM(vmlinux, saved_command_line, 0);

/*
 * A shadow variable belongs to an object and an id. This object lives as long as the kernel. With one that
 * can be freed, the function that frees it is to be replaced as well, to call klp_shadow_free().
 */
#define COUNTED (&init_uts_ns)

enum { READS = 1 };       /* id of the shadow variable: the same in all later livepatches */
enum { READS_STATE = 1 }; /* id of the state "the shadow variable is there" */

static int counting_show(struct seq_file *m, void *v)
{
	atomic_t *reads = klp_shadow_get(COUNTED, READS);

	seq_printf(m, "%s\n", saved_command_line);
	if (reads)
		seq_printf(m, "# read %d times\n", atomic_inc_return(reads));
	return 0;
}

/* Before anything is patched; an error ends the loading. A livepatch with the same state that this one
 * replaces has made the variable already, and the count goes on. */
static int make_counter(struct klp_object *object)
{
	if (klp_get_prev_state(READS_STATE))
		return 0;
	if (klp_shadow_get_or_alloc(COUNTED, READS, sizeof(atomic_t), GFP_KERNEL, NULL, NULL))
		return 0;
	return -ENOMEM;
}

/* When no task is in the new code any more. Callbacks of a livepatch that was replaced do not run: the
 * variable stays for the one that came. */
static void drop_counter(struct klp_object *object)
{
	klp_shadow_free_all(READS, NULL);
}

static struct klp_func functions[] = {
	{ .old_name = "cmdline_proc_show", .new_func = counting_show },
	{ }
};

static struct klp_object objects[] = {
	{
		/* no name: vmlinux */
		.funcs = functions,
		.callbacks = { .pre_patch = make_counter, .post_unpatch = drop_counter },
	},
	{ }
};

/* A livepatch that replaces this one must know the state, in this version or a later one: otherwise
 * the kernel refuses it. */
static struct klp_state states[] = { { .id = READS_STATE, .version = 1 }, { } };

static struct klp_patch patch = {
	.mod = THIS_MODULE,
	.objs = objects,
	.states = states,
	.replace = true,
};

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

/* The kernel removes the module only after the livepatch was disabled. */
static void __exit livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("tells how often /proc/cmdline was read");
MODULE_INFO(livepatch, "Y");
