// SPDX-License-Identifier: GPL-2.0-or-later
/* loadavg-last-pid.patch as somebody would write it by hand, with LAST_PID 0; any other is wrong. */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/loadavg.h>
#include <linux/sched/stat.h>
#include <linux/seq_file.h>
#include <suture/livepatch.h>

#ifdef KLP_BUILD
/*
 * The form of klp-build's modules before objtool's klp post-link (../../klp-post-link.h): code refers to symbols
 * that nobody has, each with a record, and the room for its livepatch relocation.
 */
#define OF_NOBODY(name) __asm__(".klp.tombstone." #name) __weak
extern void of_nobody_get_avenrun(unsigned long *loads, unsigned long offset, int shift) OF_NOBODY(get_avenrun);
extern unsigned int of_nobody_nr_running(void) OF_NOBODY(nr_running);
extern int of_nobody_nr_threads OF_NOBODY(nr_threads);
#define get_avenrun of_nobody_get_avenrun
#define nr_running of_nobody_nr_running
#define nr_threads of_nobody_nr_threads
#define KLP_SYM(name) "\".klp.sym.vmlinux." name ",0\""
#define RECORD(name, type) ".weak " KLP_SYM(name) "\n.quad livepatch_loadavg_proc_show, " KLP_SYM(name) "\n" \
			   ".long " type ", 0\n"
asm(".pushsection __klp_relocs.vmlinux, \"a\"\n.balign 8\nrecords:\n"
    RECORD("get_avenrun", "4") RECORD("nr_running", "4") RECORD("nr_threads", "2")
    ".popsection\n"
    ".pushsection .klp.rela.vmlinux..text.livepatch_loadavg_proc_show, \"a\"\n.balign 8\n.zero 72\n"
    ".popsection");
#else
SUTURE_KLP_SYM(vmlinux, get_avenrun, 0);
#endif

static int __used livepatch_loadavg_proc_show(struct seq_file *m, void *v)
{
	unsigned long load[3];

	get_avenrun(load, FIXED_1 / 200, 0);
	seq_printf(m, "%lu.%02lu %lu.%02lu %lu.%02lu %u/%d %d\n", LOAD_INT(load[0]), LOAD_FRAC(load[0]),
		   LOAD_INT(load[1]), LOAD_FRAC(load[1]), LOAD_INT(load[2]), LOAD_FRAC(load[2]), nr_running(),
		   nr_threads, LAST_PID);
	return 0;
}

#ifdef KPATCH
/* The form of kpatch's modules, whose own code makes a struct klp_patch of it (kmod/patch/kpatch-patch.h). */
static const struct {
	int (*new_function)(struct seq_file *m, void *v);
	unsigned long new_size, old_address, old_size, position;
	const char *name, *object;
} functions[] __used __section(".kpatch.funcs") = {
	{ .new_function = livepatch_loadavg_proc_show, .name = "loadavg_proc_show", .object = "vmlinux" },
};

static int __init loadavg_init(void)
{
	return 0;
}
#elif defined(KLP_BUILD)
/* struct klp_func_ext, klp_object_ext (include/linux/livepatch_external.h of 6.19 to 7.2). */
struct func_ext {
	const char *old_name;
	void *new_func;
	unsigned long sympos;
};
struct object_ext {
	const char *name;
	const struct func_ext *funcs;
	struct klp_callbacks callbacks;
	unsigned int nr_funcs;
};

#if KLP_BUILD > 1
static noinline int livepatch_compact_store(void)
{
	return 0;
}
#endif

/* Those of all objects, one behind the other. */
static const struct func_ext functions[] __used __section(".init.klp_funcs") = {
	{ "loadavg_proc_show", livepatch_loadavg_proc_show },
#if KLP_BUILD > 1
	{ "compact_store", livepatch_compact_store },
#endif
};
static const struct object_ext objects[] __used __section(".init.klp_objects") = {
	{ .funcs = functions, .nr_funcs = 1 },
#if KLP_BUILD > 1
	{ .name = "zram", .funcs = functions + 1, .nr_funcs = 1 },
#endif
};

#ifdef READ_RECORDS
extern const unsigned long records[];
static const unsigned long *reader __used = records;
#endif

static int __init loadavg_init(void)
{
	return 0;
}
#else
static struct klp_func functions[] = {
	{ .old_name = "loadavg_proc_show", .new_func = livepatch_loadavg_proc_show },
	{ }
};

static struct klp_object objects[] = { { .funcs = functions }, { } };

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init loadavg_init(void)
{
	return klp_enable_patch(&patch);
}
#endif

static void __exit loadavg_exit(void)
{
}

module_init(loadavg_init);
module_exit(loadavg_exit);
MODULE_LICENSE("GPL");
MODULE_INFO(livepatch, "Y");
