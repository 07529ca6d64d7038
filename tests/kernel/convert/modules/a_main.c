// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A module to be patched. Reading /proc/suture_a tells what its functions return; /proc/suture_sleep
 * sleeps until "awake" is written; /proc/suture_items describes three objects.
 */
#include <linux/jump_label.h>
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/static_call.h>
#include <linux/wait.h>

#include "a.h"

int a_second_twin(void);
int a_exported(void);

int a_secret = 4711;
int a_table[4] = { 10, 20, 30, 40 };
static int pair __attribute__((used)) = 111;

DEFINE_STATIC_KEY_FALSE(a_key);

reachable int a_called(void)
{
	return 6;
}
DEFINE_STATIC_CALL(a_call, a_called);

static reachable int twin(void)
{
	return 11 + pair - 111;
}

static reachable int common(void)
{
	return 100;
}

static reachable int a_answer(void)
{
	return 1;
}

static reachable int a_helper(int x)
{
	return x + a_secret;
}

int a_exported(void)
{
	return a_helper(1);
}
EXPORT_SYMBOL_GPL(a_exported);

/* ---- /proc/suture_a ---- */

static reachable int a_show(struct seq_file *m, void *v)
{
	seq_printf(m, "answer %d\ntwins %d %d\ncommon %d\nkey %d\ncall %d\n", a_answer(), twin(),
		   a_second_twin(), common(), static_branch_unlikely(&a_key) ? 1 : 0,
		   static_call(a_call)());
	return 0;
}

static int set_key(const char *text, const struct kernel_param *kp)
{
	if (*text == '1')
		static_branch_enable(&a_key);
	else
		static_branch_disable(&a_key);
	return 0;
}
static const struct kernel_param_ops key_ops = { .set = set_key };
module_param_cb(key, &key_ops, NULL, 0200);

/* ---- /proc/suture_sleep ---- */

static DECLARE_WAIT_QUEUE_HEAD(queue);
static int awake, sleepers;
module_param(sleepers, int, 0444);

static int set_awake(const char *text, const struct kernel_param *kp)
{
	awake = *text == '1';
	wake_up(&queue);
	return 0;
}
static const struct kernel_param_ops awake_ops = { .set = set_awake };
module_param_cb(awake, &awake_ops, NULL, 0200);

static reachable int a_sleep(void)
{
	sleepers++;
	wait_event(queue, awake);
	sleepers--;
	return 1;
}

static int sleep_show(struct seq_file *m, void *v)
{
	int got = a_sleep();

	seq_printf(m, "slept %d\n", got);
	return 0;
}

/* ---- /proc/suture_items ---- */

static struct a_item items[] = { { 1 }, { 2 }, { 3 } };

static reachable void a_describe(struct seq_file *m, struct a_item *item)
{
	seq_printf(m, "item %d\n", item->id);
}

static int items_show(struct seq_file *m, void *v)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(items); i++)
		a_describe(m, &items[i]);
	return 0;
}

static int __init a_init(void)
{
	proc_create_single("suture_a", 0, NULL, a_show);
	proc_create_single("suture_sleep", 0, NULL, sleep_show);
	proc_create_single("suture_items", 0, NULL, items_show);
	return 0;
}

static void __exit a_exit(void)
{
	remove_proc_entry("suture_a", NULL);
	remove_proc_entry("suture_sleep", NULL);
	remove_proc_entry("suture_items", NULL);
}

module_init(a_init);
module_exit(a_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("a module to be patched by tests");
