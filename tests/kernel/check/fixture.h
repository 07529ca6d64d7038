/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One livepatch, and what can be wrong with it: each file defines the group that it breaks, all
 * others are as they should be. Never loaded.
 */
#include <linux/fs.h>
#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/sysctl.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* ---- data: S6, S8 ... S12 ---- */

static struct ctl_table settings[] = {
	{ .procname = "fixture", .mode = 0444, .proc_handler = proc_dointvec },
	{ .procname = "other", .mode = 0444, .proc_handler = proc_dointvec },
};
static struct ctl_table_header *registered;

static void register_settings(void)
{
	registered = register_sysctl("kernel", settings);
}

#ifdef BREAK_DATA

long calc_load_tasks; /* S6: the kernel has one */
static DEFINE_PER_CPU(int, fixture_counter);
static struct mutex fixture_lock;

static int fixture_open(struct inode *inode, struct file *file)
{
	return 0;
}
const struct file_operations kmsg_fops = { .open = fixture_open };

static void use_data(struct seq_file *m)
{
	mutex_init(&fixture_lock);
	mutex_lock(&fixture_lock);
	this_cpu_inc(fixture_counter);
	mutex_unlock(&fixture_lock);
	pr_warn_once("fixture\n");
	seq_printf(m, "%ld\n", calc_load_tasks);
}

static void unregister_settings(void)
{
}

#else

static int fixture_counter;
static DEFINE_MUTEX(fixture_lock);
#ifdef LATE
extern long calc_load_tasks;
DECLARE_STATIC_KEY_FALSE(sched_schedstats); /* X3: an entry with a late relocation is whole */
#endif

static void use_data(struct seq_file *m)
{
	mutex_lock(&fixture_lock);
	fixture_counter++;
	mutex_unlock(&fixture_lock);
	pr_warn("fixture\n");
#ifdef LATE
	seq_printf(m, "%ld\n", calc_load_tasks);
	if (static_branch_unlikely(&sched_schedstats))
		seq_puts(m, "statistics\n");
#endif
}

static void unregister_settings(void)
{
	unregister_sysctl_table(registered);
}

#endif

/* ---- life: C4 ... C7 ---- */

static struct rcu_head head;

static void later(struct rcu_head *unused)
{
	pr_info("later\n");
}

static struct work_struct *work;

static void work_later(struct work_struct *unused)
{
	pr_info("later\n");
}

static void set_up(void)
{
	work = kmalloc(sizeof(*work), GFP_KERNEL);
	if (work) {
		INIT_WORK(work, work_later); /* the address goes through memory */
		schedule_work(work);
	}
	call_rcu(&head, later);
	klp_shadow_alloc(&head, 1, 8, GFP_KERNEL, NULL, NULL);
}

static int prepare(struct klp_object *object)
{
	return 0;
}

#ifdef BREAK_LIFE
static void take_down(void)
{
}
#else
static void take_down(void)
{
	rcu_barrier();
	cancel_work_sync(work);
	klp_shadow_free_all(1, NULL);
}
#endif

static void undo(struct klp_object *object)
{
	unregister_settings();
	take_down();
}

/* ---- code: X5 ... X9 ---- */

extern int cmdline_proc_show(struct seq_file *m, void *v);
extern void proc_clear_tty(struct task_struct *p);

#ifdef BREAK_CODE
/* X8, and X6 */
static const void *const volatile table[] = { (char *)cmdline_proc_show + 16, proc_clear_tty };
#define CODE __attribute__((function_return("keep"), indirect_branch("keep"), nocf_check))

noinline void bare(void);
asm(".pushsection .text.bare, \"ax\"\n"
    ".type bare, @function\n"
    "bare: nop\n\tnop\n\tjmp .\n"
    ".size bare, . - bare\n"
    ".popsection");
STACK_FRAME_NON_STANDARD(bare);
#else
static const void *const volatile table[] = {
#ifdef LATE
	cmdline_proc_show
#else
	NULL
#endif
};
#define CODE
#endif

static int new_second(struct seq_file *m, void *v);

/* A section whose name leaves room for another one. */
CODE __section(".text.livepatch_fixture") static int new_show(struct seq_file *m, void *v)
{
	void (*call)(void) = READ_ONCE(table[0]);

	if (v)
		call();
	use_data(m);
	register_settings();
	set_up();
#ifdef BREAK_LIFE
	return 0;
#else
	return new_second(m, v); /* C15: the two are joined */
#endif
}

/* ---- needs: E1, E3, E4 ---- */

struct dma_buf;
struct zs_pool;
extern void dma_buf_put(struct dma_buf *buffer);
extern u16 crc_itu_t(u16 crc, const u8 *data, size_t size);
extern unsigned long zs_get_total_pages(struct zs_pool *pool);
extern void no_such_import(void);

static noinline int new_second(struct seq_file *m, void *v)
{
	dma_buf_put(v);
#ifdef BREAK_NAMES
	no_such_import();
	return crc_itu_t(1, v, 2) + zs_get_total_pages(v);
#else
	return 0;
#endif
}

/* ---- the patch ---- */

static struct klp_func vmlinux_functions[] = {
#ifdef BEFORE
	{ .old_name = "cmdline_proc_show", .new_func = new_show, .old_sympos = 1 },
#else
	{ .old_name = "cmdline_proc_show", .new_func = new_show },
#endif
#ifdef BREAK_NAMES
	{ .old_name = "m_start", .new_func = new_second },
	{ .old_name = "m_start", .new_func = new_second, .old_sympos = 1 },
	{ .old_name = "no_such_function", .new_func = new_second },
#else
	{ .old_name = "m_start", .new_func = new_second, .old_sympos = 2 },
#endif
#ifdef BREAK_FUNCTIONS
	{ .old_name = "exc_page_fault", .new_func = new_second },
	{ .old_name = "klp_try_switch_task", .new_func = new_second },
	{ .old_name = "kthreadd", .new_func = new_second },
	{ .old_name = "kcompactd", .new_func = new_second },
	{ .old_name = "do_exit", .new_func = new_second },
	{ .old_name = "i8042_interrupt", .new_func = new_second },
	{ .old_name = "do_idle", .new_func = new_second },
	{ .old_name = "arch_ftrace_ops_list_func", .new_func = new_second },
	{ .old_name = "signal_fault", .new_func = new_second }, /* F7, where it has a cold part */
	{ .old_name = "start_kernel", .new_func = new_second },
	/* found by what calls them, and by their code */
	{ .old_name = "stack_access_ok", .new_func = new_second },
	{ .old_name = "ftrace_startup", .new_func = new_second },
	{ .old_name = "devtmpfs_work_loop", .new_func = new_second },
	{ .old_name = "devtmpfsd", .new_func = new_second },
	{ .old_name = "sysrq_handle_crash", .new_func = new_second },
	{ .old_name = "run_crash_ipi_callback", .new_func = new_second },
	{ .old_name = "tick_nohz_account_idle_time", .new_func = new_second },
	/* found by the pointers that lead to them */
	{ .old_name = "blank_screen_t", .new_func = new_second },
	{ .old_name = "alarmtimer_fired", .new_func = new_second },
	{ .old_name = "kbd_bh", .new_func = new_second },
	{ .old_name = "distribute_cfs_runtime", .new_func = new_second },
	{ .old_name = "acpi_idle_enter", .new_func = new_second },
	{ .old_name = "tick_nohz_get_sleep_length", .new_func = new_second },
	{ .old_name = "do_sync_core", .new_func = new_second },
#endif
#ifdef NEAR
	/* what only looks like these: see near.c */
	{ .old_name = "stack_trace_print", .new_func = new_second },
	{ .old_name = "ftrace_pid_open", .new_func = new_second },
	{ .old_name = "kcompactd_do_work", .new_func = new_second },
	{ .old_name = "call_usermodehelper_exec_async", .new_func = new_second },
	{ .old_name = "sysrq_handle_showmem", .new_func = new_second },
	{ .old_name = "mld_gq_work", .new_func = new_second },
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
	{ .old_name = "acpi_irq", .new_func = new_second }, /* by then a handler that a thread runs */
#endif
	{ .old_name = "tick_nohz_tick_stopped", .new_func = new_second },
	{ .old_name = "vmstat_shepherd", .new_func = new_second },
	{ .old_name = "run_ksoftirqd", .new_func = new_second },
	{ .old_name = "bpf_sk_storage_free", .new_func = new_second },
	{ .old_name = "note_interrupt", .new_func = new_second },
	{ .old_name = "acpi_idle_play_dead", .new_func = new_second },
#endif
	{}
};

static struct klp_func zram_functions[] = {
	{ .old_name = "compact_store", .new_func = new_second }, {}
};

static struct klp_func ena_functions[] __maybe_unused = {
	{ .old_name = "ena_intr_msix_mgmnt", .new_func = new_second }, {}
};

static struct klp_object objects[] = {
#ifdef BREAK_FUNCTIONS
	{ .name = "ena", .funcs = ena_functions },
#endif
#ifdef BREAK_LIFE
	{ .funcs = vmlinux_functions, .callbacks = { .pre_patch = prepare } },
	{ .name = "zram", .funcs = zram_functions,
	  .callbacks = { .pre_patch = prepare, .post_unpatch = undo } },
#elif defined(BREAK_NAMES)
	{ .funcs = vmlinux_functions, .callbacks = { .pre_patch = prepare, .post_unpatch = undo } },
	{ .name = "zram", .funcs = zram_functions },
	{ .name = "bad.name", .funcs = zram_functions },
#else
	{ .funcs = vmlinux_functions, .callbacks = { .pre_patch = prepare, .post_unpatch = undo } },
	{ .name = "zram", .funcs = zram_functions },
#endif
	{}
};

static struct klp_state states[] = {
#ifndef BREAK_LIFE
	{ .id = 7, .version = 2 },
#endif
	{ .id = 8, .version = 1 }, {}
};

static struct klp_patch patch = {
	.mod = THIS_MODULE, .objs = objects, .states = states,
#ifndef BREAK_DATA
	.replace = true,
#endif
};

static int __init fixture_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit fixture_exit(void)
{
}

module_init(fixture_init);
module_exit(fixture_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("livepatch for the tests of the rules");
MODULE_INFO(livepatch, "Y");
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
MODULE_IMPORT_NS("DMA_BUF");
#else
MODULE_IMPORT_NS(DMA_BUF);
#endif
