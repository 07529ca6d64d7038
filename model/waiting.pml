/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core waits for before it goes on. */

/* klp_synchronize_transition(): schedule_on_each_cpu(). At least, preemption was enabled once. */
#ifdef PREEMPT
#define HOLDS_CPU(t) no_preempt[t]
#else                   /* the trampoline too ends before the processor can schedule */
#define HOLDS_CPU(t) (no_preempt[t] || (on_cpu[t] && window[t] != 0))
#endif
inline klp_synchronize_transition()
{
	i = 0;
	do
	:: i < NT -> owes_sched[i] = HOLDS_CPU(i); !owes_sched[i]; i++
	:: else -> break
	od;
	i = 0
}

/* unregister_ftrace_function() in ftrace_shutdown(): nobody is in the handler or trampoline any more. */
inline wait_for_trampolines()
{
#ifndef MUT_FTRACE_SYNC
	klp_synchronize_transition();   /* synchronize_rcu_tasks_rude() */
#ifdef PREEMPT
#ifndef MUT_RCU_TASKS
	i = 0;                          /* synchronize_rcu_tasks() */
	do
	:: i < NT -> owes_tasks[i] = (no_preempt[i] || window[i] != 0); !owes_tasks[i]; i++
	:: else -> break
	od;
	i = 0
#endif
#endif
#endif
	skip
}
