/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks: system calls, kernel threads, idle loops, interrupts on top of them; sleeping, preemption, fork,
 * exit, and the places where a task switches itself.
 *
 * A task is a machine with a stack: it may call what the instance says that the function on top of its stack
 * calls, return, sleep, and, with the stack empty, leave the kernel.
 */
#ifndef DEPTH
#define DEPTH NF
#endif

#define NONE 255
#define TOP (depth == 0 -> NONE : stack[depth - 1])
#define TOP_VERSION(t) (frame[TF(t, stack[depth - 1])] - 1)
#ifdef RT                       /* PREEMPT_RT: interrupts are kernel threads */
#define IN_KTHREAD(g) (FROM_KTHREAD(g) || FROM_IRQ(g))
#define INTERRUPTS(g) false
#else
#define IN_KTHREAD(g) FROM_KTHREAD(g)
#define INTERRUPTS(g) FROM_IRQ(g)
#endif
#define ROOT(t, g) ((IS_USER(t) && FROM_TASK(g)) || (IS_KTHREAD(t) && IN_KTHREAD(g)) || \
	(IS_IDLE(t) && FROM_IDLE(g)))
/* Each function once on a stack: recursion adds nothing that a stack check could see. */
#define BY_CALL(t, g) ((depth == 0 && ROOT(t, g)) || \
	(depth > 0 && CALLS(stack[depth - 1], TOP_VERSION(t), g)))
#define BY_IRQ(g) (irq == 0 && INTERRUPTS(g))
#define MAY_CALL(t, g) (depth < DEPTH && CAN_CALL(g) && frame[TF(t, g)] == 0 && BUDGET && \
	(BY_IRQ(g) || BY_CALL(t, g)))
#if NF == 1
#define MAY_CALL_SOME(t) MAY_CALL(t, 0)
#elif NF == 2
#define MAY_CALL_SOME(t) (MAY_CALL(t, 0) || MAY_CALL(t, 1))
#elif NF == 3
#define MAY_CALL_SOME(t) (MAY_CALL(t, 0) || MAY_CALL(t, 1) || MAY_CALL(t, 2))
#else
#define MAY_CALL_SOME(t) (MAY_CALL(t, 0) || MAY_CALL(t, 1) || MAY_CALL(t, 2) || MAY_CALL(t, 3))
#endif
#define MAY_SLEEP(t) (!IS_IDLE(t) && irq == 0 && (depth == 0 || SLEEPS(stack[depth - 1], TOP_VERSION(t))))

#ifdef LIVE             /* the assumption of liveness: a system call makes finitely many calls */
#define BUDGET (calls < NF)
#define COUNT_CALL calls++;
#define RESET_CALLS calls = 0
#else
#define BUDGET true
#define COUNT_CALL
#define RESET_CALLS skip
#endif

/* schedule(): a voluntary switch. klp_check_stack() may look at the task while it is away. */
inline sleep(t)
{
	d_step { printf("story: away %d 0\n", t); on_cpu[t] = 0; owes_sched[t] = 0; owes_tasks[t] = 0 };
	on_cpu[t] = 1
}

/* An interruptible sleep that nothing but the signal ends, once the transition waits for the task. */
inline sleep_long(t)
{
	d_step { printf("story: away %d 0\n", t); on_cpu[t] = 0; owes_sched[t] = 0; owes_tasks[t] = 0 };
	signalled || !pending[t];
	on_cpu[t] = 1
}

/* The assumption of liveness for kernel threads: once in a while one sleeps outside until it is looked at. */
inline rest(t)
{
	d_step { printf("story: away %d 0\n", t); on_cpu[t] = 0; owes_sched[t] = 0; owes_tasks[t] = 0 };
	!pending[t];
	on_cpu[t] = 1
}

/* An interrupt that preempts: RCU tasks do not take it for a voluntary switch. */
inline be_preempted(t)
{
	d_step { printf("story: away %d 1\n", t); on_cpu[t] = 0; owes_sched[t] = 0 };
	on_cpu[t] = 1
}

/* klp_update_patch_state(current), from exit_to_user_mode_loop() or do_idle(). */
inline klp_update_patch_state(t)
{
#ifdef MUT_RMB_UPDATE
	state = target;                 /* read before test_and_clear_tsk_thread_flag() */
#endif
	if
	:: d_step { pending[t] ->
		pending[t] = 0;
#ifndef MUT_UPDATE_PREEMPT
		no_preempt[t] = 1       /* preempt_disable_notrace() */
#endif
		};
#ifndef MUT_RMB_UPDATE
		state = target;         /* READ_ONCE(klp_target_state) */
#endif
		d_step {
			write_patch_state(t, state);
			no_preempt[t] = 0;
			owes_sched[t] = 0
		}
	:: else
	fi;
	state = 0
}

/*
 * __klp_sched_try_switch(): called by cond_resched() from 6.4 on (COND_RESCHED); later, by 6.18 at the latest, by
 * __schedule() when the task is about to sleep in a freezable way (FREEZABLE), and no more by cond_resched(). That
 * comes by the tick, too (PREEMPT), at whatever place the task is after it has said how it will sleep.
 */
inline klp_sched_try_switch(t)
{
	if
	:: d_step { pending[t] -> no_preempt[t] = 1 };
		d_step {
			if
#ifdef MUT_SCHED_STACK
			:: pending[t] ->
#else
			:: pending[t] && STACK_CLEAR(t) ->
#endif
				pending[t] = 0;
				write_patch_state(t, target)
			:: else
			fi;
			no_preempt[t] = 0;
			owes_sched[t] = 0
		}
	:: else
	fi
}

/* copy_process(): setup_thread_stack() copies the flags; later klp_copy_process() under tasklist_lock. */
inline fork(t)
{
	copied = pending[t];
	atomic {
#ifdef MUT_FORK_LOCK
		true ->
#else
		!reading ->
#endif
#ifdef MUT_FORK_FLAG
		pending[CHILD] = copied;
#else
		pending[CHILD] = pending[t];
#endif
#ifdef MUT_FORK_STATE
		patch_state[CHILD] = IDLE;
#else
		patch_state[CHILD] = patch_state[t];
#endif
		universe[CHILD] = universe[t];
		alive[CHILD] = 1;
		copied = 0
	}
}

inline choose_callee(t)
{
	if
	:: MAY_CALL(t, 0) -> f = 0
#if NF > 1
	:: MAY_CALL(t, 1) -> f = 1
#endif
#if NF > 2
	:: MAY_CALL(t, 2) -> f = 2
#endif
#if NF > 3
	:: MAY_CALL(t, 3) -> f = 3
#endif
	fi;
	if                              /* the same function may come either way */
	:: BY_IRQ(f) -> irq = depth + 1
	:: BY_CALL(t, f)
	fi
}

inline return_from_function(t)
{
	depth--;
	printf("story: return %d %d\n", t, stack[depth]);
	end_agreement(t, stack[depth]);
	frame[TF(t, stack[depth])] = 0;
	if
	:: IN_MODULE(stack[depth]) -> holds_module[t]--
	:: else
	fi;
	stack[depth] = 0;
	if
	:: irq == depth + 1 -> irq = 0
	:: else
	fi
}

/* At kernel exit, and in the idle loop. */
#if defined(MUT_EXIT)
#define SWITCHES_ITSELF(t) false
#elif defined(MUT_IDLE_LOOP)
#define SWITCHES_ITSELF(t) IS_USER(t)
#else
#define SWITCHES_ITSELF(t) (!IS_KTHREAD(t))
#endif

/* A system call, an iteration of a kernel thread or of the idle loop. */
inline run_in_kernel(t)
{
	d_step { begin_round(t); RESET_CALLS };
	do
	:: atomic { MAY_CALL_SOME(t) -> choose_callee(t); COUNT_CALL take_module(t, f) }; call_function(t, f); f = 0
	:: d_step { depth > 0 && !STAYS(stack[depth - 1], TOP_VERSION(t)) -> return_from_function(t) }
#ifdef INTERRUPTIBLE
	:: MAY_SLEEP(t) && depth > 0 && BUDGET -> COUNT_CALL sleep_long(t)
#elif !defined(ENDLESS)
	:: MAY_SLEEP(t) && depth > 0 && BUDGET -> COUNT_CALL sleep(t)
#endif
#ifdef PREEMPT
	:: !IS_IDLE(t) && irq == 0 -> be_preempted(t)
#ifdef FREEZABLE
	:: !IS_IDLE(t) && irq == 0 && pending[t] -> klp_sched_try_switch(t)
#endif
#endif
#if defined(COND_RESCHED) || (defined(FREEZABLE) && !defined(ENDLESS))
	:: MAY_SLEEP(t) && pending[t] && BUDGET -> COUNT_CALL klp_sched_try_switch(t)
#endif
#ifdef FORK
	:: t == 0 && depth == 0 && !alive[CHILD] -> fork(t)
#endif
#ifdef AGREEMENT
	:: depth == 0 && !IS_IDLE(t) -> sleep(t)
#endif
	:: depth == 0 -> break
	od
}

proctype Task(byte t)
{
	byte f = 0, p = 0, state = 0, chosen = 0, depth = 0, k = 0;
	byte irq = 0;                           /* 1 + the depth that an interrupt found; 0: none */
	byte stack[DEPTH];
	bit copied = 0;
#ifdef LIVE
	byte calls = 0;
#endif

end_unborn:
	alive[t];
	d_step { on_cpu[t] = 1; printf("story: task %d %d\n", t, (IS_KTHREAD(t) -> 1 : (IS_IDLE(t) -> 2 : 0))) };
end_outside:                            /* user space, or the outermost loop of a kernel thread */
	do
	:: true ->
#if defined(EXIT) && EXIT == 2  /* as it left the list, before it gets off its processor */
		if
		:: t == 0 -> atomic { !reading -> alive[t] = 0 }
		:: true
		fi;
#endif
		if
#if !defined(ENDLESS) && !defined(BUSY_IDLE)
		:: sleep(t)             /* not on a processor */
#endif
		:: run_in_kernel(t)
		fi;
#ifdef RESTING
		if
		:: IS_KTHREAD(t) -> rest(t)
		:: else
		fi;
#endif
#ifdef EXIT                     /* do_exit(): release_task() takes the task off the list */
#if EXIT == 1
		if
		:: t == 0 -> atomic { !reading -> alive[t] = 0 }
		:: true
		fi;
#endif
		if
		:: !alive[t] -> d_step { on_cpu[t] = 0; owes_sched[t] = 0; owes_tasks[t] = 0 }; break
		:: else
		fi;
#endif
		if                      /* the way back from schedule() to user space passes here too */
		:: SWITCHES_ITSELF(t) -> klp_update_patch_state(t)
#if defined(COND_RESCHED) || (defined(FREEZABLE) && !defined(ENDLESS))
		:: IS_KTHREAD(t) -> klp_sched_try_switch(t)
		:: !SWITCHES_ITSELF(t) && !IS_KTHREAD(t)
#else
		:: !SWITCHES_ITSELF(t)
#endif
		fi
	od
}
