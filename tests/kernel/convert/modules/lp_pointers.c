// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Pointers to symbols of vmlinux and of a module in memory of every kind. Those in bss and in per-cpu
 * data are set by the code (see no_percpu.c).
 */
#include "lp.h"

#include <linux/percpu.h>

extern char *saved_command_line;
extern int a_secret, a_table[4], a_helper(int x);

struct far {
	char before[5000];
	void *p;
};

#define V (&saved_command_line)
#define A (&a_secret)

static void *v_static = V, *a_static = A;
void *v_global = V, *a_global = A;
static void *const v_const = V, *const a_const = A;
static void *v_ro_after_init __ro_after_init = V, *a_ro_after_init __ro_after_init = A;
static DEFINE_PER_CPU(void *, v_per_cpu);
static DEFINE_PER_CPU(void *, a_per_cpu);
static void *v_bss, *a_bss;
static void *v_array[4] = { NULL, V, NULL, V }, *a_array[4] = { NULL, NULL, A, NULL };
static struct far v_far = { .p = V }, a_far = { .p = A };
static const struct far v_const_far = { .p = V }, a_const_far = { .p = A };
/* behind the symbol's begin */
static void *v_behind = (char *)V + 4;
static int *a_behind = &a_table[2];
static int (*a_function)(int) = a_helper;

#define SHOW(name, value) show_address(m, name, READ_ONCE(value))

static int new_version_show(struct seq_file *m, void *v)
{
	WRITE_ONCE(v_bss, V);
	this_cpu_write(v_per_cpu, V);
	SHOW("static", v_static);
	SHOW("global", v_global);
	SHOW("const", v_const);
	SHOW("ro_after_init", v_ro_after_init);
	SHOW("per_cpu", *this_cpu_ptr(&v_per_cpu));
	SHOW("bss", v_bss);
	SHOW("array1", v_array[1]);
	SHOW("array3", v_array[3]);
	SHOW("far", v_far.p);
	SHOW("const_far", v_const_far.p);
	SHOW("behind", v_behind);
	return 0;
}

static int new_a_show(struct seq_file *m, void *v)
{
	WRITE_ONCE(a_bss, A);
	this_cpu_write(a_per_cpu, A);
	SHOW("static", a_static);
	SHOW("global", a_global);
	SHOW("const", a_const);
	SHOW("ro_after_init", a_ro_after_init);
	SHOW("per_cpu", *this_cpu_ptr(&a_per_cpu));
	SHOW("bss", a_bss);
	SHOW("array2", a_array[2]);
	SHOW("far", a_far.p);
	SHOW("const_far", a_const_far.p);
	SHOW("function", a_function);
	seq_printf(m, "behind %d\n", *READ_ONCE(a_behind));
	seq_printf(m, "through %d\n", READ_ONCE(a_function)(2));
	return 0;
}

static struct klp_func core[] = {
	{ .old_name = "version_proc_show", .new_func = new_version_show },
	{ }
};
static struct klp_func module_a[] = { { .old_name = "a_show", .new_func = new_a_show }, { } };
static struct klp_object objects[] = {
	{ .funcs = core },
	{ .name = "suture_a", .funcs = module_a },
	{ }
};

LIVEPATCH(objects);
