// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/known.h"

#include "base/mem.h"
#include "base/str.h"

static const struct known_function functions[] = {
	{ KNOWN_LIVEPATCH, "klp_*", "kernel/livepatch/", "the livepatch core itself" },
	{ KNOWN_LIVEPATCH, "__klp_*", "kernel/livepatch/", "the livepatch core itself" },
	{ KNOWN_LIVEPATCH, "ftrace_*", "kernel/trace/ftrace.c", "ftrace, which does the redirection" },
	{ KNOWN_LIVEPATCH, "__ftrace_*", "kernel/trace/ftrace.c", "ftrace, which does the redirection" },
	{ KNOWN_LIVEPATCH, "register_ftrace_*", "kernel/trace/ftrace.c", "called to patch a function" },
	{ KNOWN_LIVEPATCH, "unregister_ftrace_*", "kernel/trace/ftrace.c",
	  "called to unpatch a function" },
	{ KNOWN_LIVEPATCH, "arch_ftrace_*", "arch/x86/kernel/ftrace.c",
	  "ftrace, which does the redirection" },
	{ KNOWN_LIVEPATCH, "text_poke*", "arch/x86/kernel/alternative.c",
	  "writes the code that is being patched" },
	{ KNOWN_LIVEPATCH, "poke_int3_handler", "arch/x86/kernel/alternative.c",
	  "runs while code is being patched" },
	{ KNOWN_LIVEPATCH, "stop_machine*", "kernel/stop_machine.c", "used to patch code" },
	{ KNOWN_LIVEPATCH, "multi_cpu_stop", "kernel/stop_machine.c", "used to patch code" },
	{ KNOWN_LIVEPATCH, "stack_trace_save_tsk_reliable", "kernel/stacktrace.c",
	  "decides whether a task may switch" },
	{ KNOWN_LIVEPATCH, "arch_stack_walk_reliable", "arch/x86/kernel/stacktrace.c",
	  "decides whether a task may switch" },
	{ KNOWN_LIVEPATCH, "unwind_next_frame", "arch/x86/kernel/unwind_orc.c",
	  "decides whether a task may switch" },
	{ KNOWN_LIVEPATCH, "__unwind_start", "arch/x86/kernel/unwind_orc.c",
	  "decides whether a task may switch" },

	{ KNOWN_ON_STACK, "schedule", "kernel/sched/core.c", "every sleeping task is in it" },
	{ KNOWN_ON_STACK, "__schedule", "kernel/sched/core.c", "every sleeping task is in it" },
	{ KNOWN_ON_STACK, "schedule_timeout", "kernel/time/timer.c", "waiting tasks are in it" },
	{ KNOWN_ON_STACK, "schedule_timeout_*", "kernel/time/timer.c", "waiting tasks are in it" },
	{ KNOWN_ON_STACK, "schedule_hrtimeout*", "kernel/time/hrtimer.c", "waiting tasks are in it" },
	{ KNOWN_ON_STACK, "kthread", "kernel/kthread.c", "every kernel thread starts in it" },
	{ KNOWN_ON_STACK, "ret_from_fork", "arch/x86/kernel/process.c", "every task starts in it" },
	{ KNOWN_ON_STACK, "worker_thread", "kernel/workqueue.c", "main loop of the workers" },
	{ KNOWN_ON_STACK, "rescuer_thread", "kernel/workqueue.c", "main loop of the rescuers" },
	{ KNOWN_ON_STACK, "kthreadd", "kernel/kthread.c", "main loop of kthreadd" },
	{ KNOWN_ON_STACK, "kthread_worker_fn", "kernel/kthread.c", "main loop of kthread workers" },
	{ KNOWN_ON_STACK, "smpboot_thread_fn", "kernel/smpboot.c", "main loop of per-CPU threads" },
	{ KNOWN_ON_STACK, "do_wait*", "kernel/exit.c", "parents wait in it without limit" },
	{ KNOWN_ON_STACK, "ep_poll", "fs/eventpoll.c", "daemons wait in it without limit" },
	{ KNOWN_ON_STACK, "do_epoll_wait", "fs/eventpoll.c", "daemons wait in it without limit" },
	{ KNOWN_ON_STACK, "do_select", "fs/select.c", "daemons wait in it without limit" },
	{ KNOWN_ON_STACK, "do_sys_poll", "fs/select.c", "daemons wait in it without limit" },
	{ KNOWN_ON_STACK, "futex_wait*", "kernel/futex/waitwake.c", "threads wait in it without limit" },
	{ KNOWN_ON_STACK, "__futex_wait", "kernel/futex/waitwake.c", "threads wait in it without limit" },

	{ KNOWN_NO_RETURN, "do_exit", "tools/objtool/noreturns.h", "ends the task" },
	{ KNOWN_NO_RETURN, "do_group_exit", "tools/objtool/noreturns.h", "ends the task" },
	{ KNOWN_NO_RETURN, "do_task_dead", "tools/objtool/noreturns.h", "ends the task" },
	{ KNOWN_NO_RETURN, "make_task_dead", "tools/objtool/noreturns.h", "ends the task" },
	{ KNOWN_NO_RETURN, "kthread_exit", "tools/objtool/noreturns.h", "ends the thread" },
	{ KNOWN_NO_RETURN, "kthread_complete_and_exit", "tools/objtool/noreturns.h", "ends the thread" },
	{ KNOWN_NO_RETURN, "__module_put_and_kthread_exit", "tools/objtool/noreturns.h",
	  "ends the thread" },
	{ KNOWN_NO_RETURN, "__x64_sys_exit*", "tools/objtool/noreturns.h", "ends the task" },
	{ KNOWN_NO_RETURN, "panic", "tools/objtool/noreturns.h", "stops the machine" },
	{ KNOWN_NO_RETURN, "nmi_panic*", "tools/objtool/noreturns.h", "stops the machine" },
	{ KNOWN_NO_RETURN, "stop_this_cpu", "tools/objtool/noreturns.h", "stops the processor" },
	{ KNOWN_NO_RETURN, "usercopy_abort", "tools/objtool/noreturns.h", "ends in BUG()" },
	{ KNOWN_NO_RETURN, "__stack_chk_fail", "tools/objtool/noreturns.h", "stops the machine" },

	{ KNOWN_INTERRUPT, "exc_*", "arch/x86/include/asm/idtentry.h", "an exception's handler" },
	{ KNOWN_INTERRUPT, "sysvec_*", "arch/x86/include/asm/idtentry.h", "an interrupt's handler" },
	{ KNOWN_INTERRUPT, "__sysvec_*", "arch/x86/include/asm/idtentry.h", "an interrupt's handler" },
	{ KNOWN_INTERRUPT, "common_interrupt", "arch/x86/kernel/irq.c", "every device interrupt" },
	{ KNOWN_INTERRUPT, "handle_*_irq", "kernel/irq/chip.c", "an interrupt flow handler" },
	{ KNOWN_INTERRUPT, "__handle_irq_event_percpu", "kernel/irq/handle.c", "every device interrupt" },
	{ KNOWN_INTERRUPT, "handle_softirqs", "kernel/softirq.c", "every softirq" },
	{ KNOWN_INTERRUPT, "__do_softirq", "kernel/softirq.c", "every softirq" },
	{ KNOWN_INTERRUPT, "default_do_nmi", "arch/x86/kernel/nmi.c", "every NMI" },

	{ KNOWN_IDLE, "do_idle", "kernel/sched/idle.c", "the idle task never leaves it" },
	{ KNOWN_IDLE, "cpu_startup_entry", "kernel/sched/idle.c", "the idle task never leaves it" },
	{ KNOWN_IDLE, "cpuidle_idle_call", "kernel/sched/idle.c", "called by the idle loop" },
	{ KNOWN_IDLE, "schedule_idle", "kernel/sched/core.c", "called by the idle loop" },
	{ KNOWN_IDLE, "call_cpuidle", "kernel/sched/idle.c", "called by the idle loop" },
	{ KNOWN_IDLE, "cpuidle_enter*", "drivers/cpuidle/cpuidle.c", "called by the idle loop" },
	{ KNOWN_IDLE, "default_idle*", "arch/x86/kernel/process.c", "called by the idle loop" },
	{ KNOWN_IDLE, "arch_cpu_idle*", "arch/x86/kernel/process.c", "called by the idle loop" },
	{ KNOWN_IDLE, "start_secondary", "arch/x86/kernel/smpboot.c", "the idle task starts in it" },
	{ KNOWN_IDLE, "rest_init", "init/main.c", "the idle task starts in it" },
};

static const struct registrar registrars[] = {
	{ "kthread_create_on_node", "a kernel thread", KNOWN_ON_STACK, true, "kthread_stop" },
	{ "kthread_create_on_cpu", "a kernel thread", KNOWN_ON_STACK, true, "kthread_stop" },
	{ "kernel_thread", "a kernel thread", KNOWN_ON_STACK, true, NULL },
	{ "user_mode_thread", "a task", KNOWN_ON_STACK, true, NULL },
	{ "request_threaded_irq", "an interrupt handler", KNOWN_INTERRUPT, true, "free_irq" },
	{ "pci_request_irq", "an interrupt handler", KNOWN_INTERRUPT, true, "pci_free_irq" },
	{ "devm_request_threaded_irq", "an interrupt handler", KNOWN_INTERRUPT, true, "devm_free_irq" },
	{ "request_percpu_nmi", "an NMI handler", KNOWN_INTERRUPT, true, "free_percpu_nmi" },
	{ "__register_nmi_handler", "an NMI handler", KNOWN_INTERRUPT, true, "unregister_nmi_handler" },
	{ "init_timer_key", "a timer's function", KNOWN_INTERRUPT, true, "timer_delete_sync|del_timer_sync" },
	{ "timer_init_key", "a timer's function", KNOWN_INTERRUPT, true, "timer_delete_sync|del_timer_sync" },
	{ "hrtimer_setup", "a timer's function", KNOWN_INTERRUPT, true, "hrtimer_cancel" },
	{ "open_softirq", "a softirq", KNOWN_INTERRUPT, true, NULL },
	{ "tasklet_setup", "a tasklet", KNOWN_INTERRUPT, true, "tasklet_kill" },
	{ "call_rcu*", "an RCU callback", KNOWN_INTERRUPT, true, "rcu_barrier" },
	{ "queue_work_on", "a work item", KNOWN_NO_RETURN, true, "cancel_work_sync" },
	{ "queue_delayed_work_on", "a work item", KNOWN_NO_RETURN, true, "cancel_delayed_work_sync" },
	{ "delayed_work_timer_fn", "a work item", KNOWN_NO_RETURN, true, "cancel_delayed_work_sync" },
	{ "task_work_add", "a task's work", KNOWN_NO_RETURN, true, "task_work_cancel" },
	{ "register_*", "a registered callback", KNOWN_NO_RETURN, true, "unregister_*" },
	{ "__register_*", "a registered callback", KNOWN_NO_RETURN, true, "unregister_*" },
	{ "proc_create*", "a /proc file", KNOWN_NO_RETURN, true, "remove_proc_*" },
	{ "debugfs_create_file*", "a debugfs file", KNOWN_NO_RETURN, true, "debugfs_remove" },
	{ "sysfs_create_*", "a sysfs file", KNOWN_NO_RETURN, true, "sysfs_remove_*" },
	{ "misc_register", "a device", KNOWN_NO_RETURN, true, "misc_deregister" },
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

const struct registrar *registrar_find(const char *callee)
{
	for (size_t i = 0; i < ARRAY_SIZE(registrars); i++)
		if (matches(registrars[i].name, callee))
			return &registrars[i];
	return NULL;
}
