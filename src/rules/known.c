// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/known.h"

#include "base/mem.h"
#include "base/str.h"

static const struct known_function functions[] = {
	{ KNOWN_LIVEPATCH, "klp_*", "kernel/livepatch/", "the livepatch core itself", true },
	{ KNOWN_LIVEPATCH, "__klp_*", "kernel/livepatch/", "the livepatch core itself", true },
	{ KNOWN_LIVEPATCH, "ftrace_set_filter_ip*", "kernel/trace/ftrace.c", "called to patch a function", true },
	{ KNOWN_LIVEPATCH, "ftrace_*", "kernel/trace/ftrace.c", "ftrace, which does the redirection", false },
	{ KNOWN_LIVEPATCH, "__ftrace_*", "kernel/trace/ftrace.c", "ftrace, which does the redirection", false },
	{ KNOWN_LIVEPATCH, "register_ftrace_*", "kernel/trace/ftrace.c", "called to patch a function", true },
	{ KNOWN_LIVEPATCH, "unregister_ftrace_*", "kernel/trace/ftrace.c",
	  "called to unpatch a function", false },
	{ KNOWN_LIVEPATCH, "arch_ftrace_*", "arch/x86/kernel/ftrace.c",
	  "ftrace, which does the redirection", true },
	{ KNOWN_LIVEPATCH, "text_poke*", "arch/x86/kernel/alternative.c",
	  "writes the code that is being patched", true },
	{ KNOWN_LIVEPATCH, "poke_int3_handler", "arch/x86/kernel/alternative.c",
	  "runs while code is being patched", true },
	{ KNOWN_LIVEPATCH, "do_sync_core", "arch/x86/kernel/alternative.c",
	  "runs on each processor while code is being patched", true },
	{ KNOWN_LIVEPATCH, "stop_machine*", "kernel/stop_machine.c", "used to patch code", false },
	{ KNOWN_LIVEPATCH, "multi_cpu_stop", "kernel/stop_machine.c", "used to patch code", true },
	{ KNOWN_LIVEPATCH, "stack_trace_save_tsk_reliable", "kernel/stacktrace.c",
	  "decides whether a task may switch", true },
	{ KNOWN_LIVEPATCH, "stack_trace_consume_entry", "kernel/stacktrace.c",
	  "decides whether a task may switch", true },
	{ KNOWN_LIVEPATCH, "arch_stack_walk_reliable", "arch/x86/kernel/stacktrace.c",
	  "decides whether a task may switch", true },
	{ KNOWN_LIVEPATCH, "unwind_next_frame", "arch/x86/kernel/unwind_orc.c",
	  "decides whether a task may switch", true },
	{ KNOWN_LIVEPATCH, "__unwind_start", "arch/x86/kernel/unwind_orc.c",
	  "decides whether a task may switch", true },

	{ KNOWN_ON_STACK, "schedule", "kernel/sched/core.c", "every sleeping task is in it", false },
	{ KNOWN_ON_STACK, "__schedule", "kernel/sched/core.c", "every sleeping task is in it", false },
	{ KNOWN_ON_STACK, "schedule_timeout", "kernel/time/timer.c", "waiting tasks are in it", false },
	{ KNOWN_ON_STACK, "schedule_timeout_*", "kernel/time/timer.c", "waiting tasks are in it", false },
	{ KNOWN_ON_STACK, "schedule_hrtimeout*", "kernel/time/hrtimer.c", "waiting tasks are in it", false },
	{ KNOWN_ON_STACK, "kthread", "kernel/kthread.c", "every kernel thread starts in it", false },
	{ KNOWN_ON_STACK, "ret_from_fork", "arch/x86/kernel/process.c", "every task starts in it", false },
	{ KNOWN_ON_STACK, "worker_thread", "kernel/workqueue.c", "main loop of the workers", false },
	{ KNOWN_ON_STACK, "rescuer_thread", "kernel/workqueue.c", "main loop of the rescuers", false },
	{ KNOWN_ON_STACK, "kthreadd", "kernel/kthread.c", "main loop of kthreadd", false },
	{ KNOWN_ON_STACK, "kthread_worker_fn", "kernel/kthread.c", "main loop of kthread workers", false },
	{ KNOWN_ON_STACK, "smpboot_thread_fn", "kernel/smpboot.c", "main loop of per-CPU threads", false },
	{ KNOWN_ON_STACK, "do_wait*", "kernel/exit.c", "parents wait in it without limit", false },
	{ KNOWN_ON_STACK, "ep_poll", "fs/eventpoll.c", "daemons wait in it without limit", false },
	{ KNOWN_ON_STACK, "do_epoll_wait", "fs/eventpoll.c", "daemons wait in it without limit", false },
	{ KNOWN_ON_STACK, "do_select", "fs/select.c", "daemons wait in it without limit", false },
	{ KNOWN_ON_STACK, "do_sys_poll", "fs/select.c", "daemons wait in it without limit", false },
	{ KNOWN_ON_STACK, "futex_wait*", "kernel/futex/waitwake.c", "threads wait in it without limit", false },
	{ KNOWN_ON_STACK, "__futex_wait", "kernel/futex/waitwake.c", "threads wait in it without limit", false },

	{ KNOWN_NO_RETURN, "do_exit", "tools/objtool/noreturns.h", "ends the task", false },
	{ KNOWN_NO_RETURN, "do_group_exit", "tools/objtool/noreturns.h", "ends the task", false },
	{ KNOWN_NO_RETURN, "do_task_dead", "tools/objtool/noreturns.h", "ends the task", false },
	{ KNOWN_NO_RETURN, "make_task_dead", "tools/objtool/noreturns.h", "ends the task", false },
	{ KNOWN_NO_RETURN, "kthread_exit", "tools/objtool/noreturns.h", "ends the thread", false },
	{ KNOWN_NO_RETURN, "kthread_complete_and_exit", "tools/objtool/noreturns.h", "ends the thread", false },
	{ KNOWN_NO_RETURN, "__module_put_and_kthread_exit", "tools/objtool/noreturns.h",
	  "ends the thread", false },
	{ KNOWN_NO_RETURN, "__x64_sys_exit*", "tools/objtool/noreturns.h", "ends the task", false },
	{ KNOWN_NO_RETURN, "panic", "tools/objtool/noreturns.h", "stops the machine", false },
	{ KNOWN_NO_RETURN, "nmi_panic*", "tools/objtool/noreturns.h", "stops the machine", false },
	{ KNOWN_NO_RETURN, "stop_this_cpu", "tools/objtool/noreturns.h", "stops the processor", false },
	{ KNOWN_NO_RETURN, "usercopy_abort", "tools/objtool/noreturns.h", "ends in BUG()", false },
	{ KNOWN_NO_RETURN, "__stack_chk_fail", "tools/objtool/noreturns.h", "stops the machine", false },

	{ KNOWN_INTERRUPT, "exc_*", "arch/x86/include/asm/idtentry.h", "an exception's handler", false },
	{ KNOWN_INTERRUPT, "sysvec_*", "arch/x86/include/asm/idtentry.h", "an interrupt's handler", true },
	{ KNOWN_INTERRUPT, "__sysvec_*", "arch/x86/include/asm/idtentry.h", "an interrupt's handler", true },
	{ KNOWN_INTERRUPT, "common_interrupt", "arch/x86/kernel/irq.c", "every device interrupt", true },
	{ KNOWN_INTERRUPT, "handle_simple_irq", "kernel/irq/chip.c", "an interrupt flow handler", true },
	{ KNOWN_INTERRUPT, "handle_untracked_irq", "kernel/irq/chip.c", "an interrupt flow handler", true },
	{ KNOWN_INTERRUPT, "handle_level_irq", "kernel/irq/chip.c", "an interrupt flow handler", true },
	{ KNOWN_INTERRUPT, "handle_fasteoi_*irq", "kernel/irq/chip.c", "an interrupt flow handler", true },
	{ KNOWN_INTERRUPT, "handle_edge_*irq", "kernel/irq/chip.c", "an interrupt flow handler", true },
	{ KNOWN_INTERRUPT, "handle_bad_irq", "kernel/irq/handle.c", "an interrupt flow handler", true },
	{ KNOWN_INTERRUPT, "handle_percpu_*irq", "kernel/irq/chip.c", "an interrupt flow handler", true },
	{ KNOWN_INTERRUPT, "__handle_irq_event_percpu", "kernel/irq/handle.c", "every device interrupt", true },
	{ KNOWN_INTERRUPT, "handle_softirqs", "kernel/softirq.c", "every softirq", true },
	{ KNOWN_INTERRUPT, "__do_softirq", "kernel/softirq.c", "every softirq", true },
	{ KNOWN_INTERRUPT, "default_do_nmi", "arch/x86/kernel/nmi.c", "every NMI", true },

	{ KNOWN_IDLE, "do_idle", "kernel/sched/idle.c", "the idle task never leaves it", true },
	{ KNOWN_IDLE, "cpu_startup_entry", "kernel/sched/idle.c", "the idle task never leaves it", true },
	{ KNOWN_IDLE, "cpuidle_idle_call", "kernel/sched/idle.c", "called by the idle loop", false },
	{ KNOWN_IDLE, "schedule_idle", "kernel/sched/core.c", "called by the idle loop", false },
	{ KNOWN_IDLE, "call_cpuidle", "kernel/sched/idle.c", "called by the idle loop", false },
	{ KNOWN_IDLE, "cpuidle_enter*", "drivers/cpuidle/cpuidle.c", "called by the idle loop", false },
	{ KNOWN_IDLE, "default_idle*", "arch/x86/kernel/process.c", "called by the idle loop", false },
	{ KNOWN_IDLE, "arch_cpu_idle*", "arch/x86/kernel/process.c", "called by the idle loop", false },
	{ KNOWN_IDLE, "start_secondary", "arch/x86/kernel/smpboot.c", "the idle task starts in it", false },
	{ KNOWN_IDLE, "rest_init", "init/main.c", "the idle task starts in it", false },
};

static const struct registrar registrars[] = {
	{ "kthread_create_on_node", "a kernel thread", KNOWN_ON_STACK, true, "kthread_stop", 1, 4 },
	{ "kthread_create_on_cpu", "a kernel thread", KNOWN_ON_STACK, true, "kthread_stop", 1, 4 },
	{ "kernel_thread", "a kernel thread", KNOWN_ON_STACK, true, NULL, 1, 3 },
	{ "create_io_thread", "an I/O worker", KNOWN_ON_STACK, true, NULL, 1, 0 },
	{ "user_mode_thread", "a task", KNOWN_ON_STACK, true, NULL, 1, 0 },
	{ "request_threaded_irq", "an interrupt handler", KNOWN_INTERRUPT, true, "free_irq", 2, 0 },
	{ "pci_request_irq", "an interrupt handler", KNOWN_INTERRUPT, true, "pci_free_irq", 3, 0 },
	{ "devm_request_threaded_irq", "an interrupt handler", KNOWN_INTERRUPT, true, "devm_free_irq", 3, 0 },
	{ "request_percpu_nmi", "an NMI handler", KNOWN_INTERRUPT, true, "free_percpu_nmi", 2, 0 },
	{ "__register_nmi_handler", "an NMI handler", KNOWN_INTERRUPT, true, "unregister_nmi_handler", 0, 0 },
	{ "init_timer_key", "a timer's function", KNOWN_INTERRUPT, true, "timer_delete_sync|del_timer_sync", 2, 0 },
	{ "timer_init_key", "a timer's function", KNOWN_INTERRUPT, true, "timer_delete_sync|del_timer_sync", 2, 0 },
	{ "hrtimer_setup", "a timer's function", KNOWN_INTERRUPT, true, "hrtimer_cancel", 2, 0 },
	{ "open_softirq", "a softirq", KNOWN_INTERRUPT, true, NULL, 2, 0 },
	{ "tasklet_setup", "a tasklet", KNOWN_INTERRUPT, true, "tasklet_kill", 2, 0 },
	{ "call_rcu_tasks*", "an RCU callback", KNOWN_NO_RETURN, true, "rcu_barrier_tasks*", 2, 0 },
	{ "call_rcu*", "an RCU callback", KNOWN_INTERRUPT, true, "rcu_barrier", 2, 0 },
	{ "queue_work_on", "a work item", KNOWN_NO_RETURN, true, "cancel_work_sync", 0, 0 },
	{ "queue_delayed_work_on", "a work item", KNOWN_NO_RETURN, true, "cancel_delayed_work_sync", 0, 0 },
	{ "delayed_work_timer_fn", "a work item", KNOWN_NO_RETURN, true, "cancel_delayed_work_sync", 0, 0 },
	{ "task_work_add", "a task's work", KNOWN_NO_RETURN, true, "task_work_cancel", 0, 0 },
	{ "register_*", "a registered callback", KNOWN_NO_RETURN, true, "unregister_*", 0, 0 },
	{ "__register_*", "a registered callback", KNOWN_NO_RETURN, true, "unregister_*", 0, 0 },
	{ "proc_create*", "a /proc file", KNOWN_NO_RETURN, true, "remove_proc_*", 0, 0 },
	{ "debugfs_create_file*", "a debugfs file", KNOWN_NO_RETURN, true, "debugfs_remove", 0, 0 },
	{ "sysfs_create_*", "a sysfs file", KNOWN_NO_RETURN, true, "sysfs_remove_*", 0, 0 },
	{ "misc_register", "a device", KNOWN_NO_RETURN, true, "misc_deregister", 0, 0 },
};

/* Every call by such a pointer was looked for in the sources of Linux 6.1 and 6.12. Others that were, and do
 * not belong here: docs/check.md. */
static const struct known_pointer pointers[] = {
	{ "void (struct timer_list *)", KNOWN_INTERRUPT, "a timer's function", "kernel/time/timer.c", "libsas" },
	{ "enum hrtimer_restart (struct hrtimer *)", KNOWN_INTERRUPT, "a timer's function",
	  "kernel/time/hrtimer.c", NULL },
	{ "enum alarmtimer_restart (struct alarm *, long long)", KNOWN_INTERRUPT, "an alarm's function",
	  "kernel/time/alarmtimer.c", NULL },
	{ "void (struct irq_work *)", KNOWN_INTERRUPT, "an irq_work's function", "kernel/irq_work.c", NULL },
	{ "void (struct tasklet_struct *)", KNOWN_INTERRUPT, "a tasklet", "kernel/softirq.c", "i915" },
	{ "void (struct softirq_action *)", KNOWN_INTERRUPT, "a softirq", "kernel/softirq.c", NULL },
	{ "int (unsigned int, struct pt_regs *)", KNOWN_INTERRUPT, "an NMI handler", "arch/x86/kernel/nmi.c", NULL },
	{ "struct irqaction.handler", KNOWN_INTERRUPT, "an interrupt handler", "kernel/irq/handle.c", NULL },
	{ "struct tasklet_struct.func", KNOWN_INTERRUPT, "a tasklet", "kernel/softirq.c", "i915" },

	{ "int (struct cpuidle_device *, struct cpuidle_driver *, int)", KNOWN_IDLE, "an idle state",
	  "drivers/cpuidle/cpuidle.c", NULL },
	{ "int (struct cpuidle_driver *, struct cpuidle_device *, _Bool *)", KNOWN_IDLE, "an idle governor",
	  "drivers/cpuidle/cpuidle.c", NULL },
	{ "void (struct cpuidle_device *, int)", KNOWN_IDLE, "an idle governor", "drivers/cpuidle/cpuidle.c", NULL },

	{ "struct smp_hotplug_thread.thread_fn", KNOWN_ON_STACK, "a per-CPU thread", "kernel/smpboot.c", NULL },
};

static bool matches(const char *pattern, const char *name)
{
	const char *star = strchr(pattern, '*');

	if (!star)
		return streq(pattern, name);
	return strncmp(pattern, name, star - pattern) == 0 && ends_with(name, star + 1);
}

const struct known_function *known_find(enum known_kind kind, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
		if (functions[i].kind == kind && matches(functions[i].name, name))
			return &functions[i];
	return NULL;
}

const struct known_pointer *known_pointer_find(const char *what)
{
	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++)
		if (streq(pointers[i].what, what))
			return &pointers[i];
	return NULL;
}

const struct registrar *registrar_find(const char *callee)
{
	for (size_t i = 0; i < ARRAY_SIZE(registrars); i++)
		if (matches(registrars[i].name, callee))
			return &registrars[i];
	return NULL;
}
