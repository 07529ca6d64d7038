/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The call of a function that may be replaced: its fentry site, the ftrace trampoline, klp_ftrace_handler()
 * (kernel/livepatch/patch.c), and the body of the version that was chosen.
 *
 * Shared reads are steps of their own, in the order that the read barriers enforce; the mutants RMB_* read in
 * an order that would be possible without them.
 */
#define NOP(p, f) ((p) == 2 && !IN_PATCH(2, f))

/* Sets chosen, which is the version that the trampoline returns into. */
inline klp_ftrace_handler(t, f)
{
	no_preempt[t] = 1;              /* ftrace_test_recursion_trylock(): preempt_disable_notrace() */
	d_step {                        /* list_first_or_null_rcu(&ops->func_stack) */
		p = top[f];
		assert(P_EMPTY || p != 0);
		assert(P_REMOVED || !gone[p])
	};
#ifdef MUT_RMB_STATE
	state = patch_state[t];
#endif
	if                              /* smp_rmb(); func->transition */
	:: d_step { transition[PF(p, f)] -> assert(P_REMOVED || !gone[p]) };
#ifndef MUT_RMB_STATE
		state = patch_state[t]; /* smp_rmb(); current->patch_state */
#endif
		assert(P_IDLE || state != IDLE);
		if
		:: d_step { state == UNPATCHED -> p = below[PF(p, f)] }
		:: else
		fi
	:: else
	fi;
	d_step {                        /* func->nop; ftrace_regs_set_instruction_pointer(); unlock */
		assert(P_REMOVED || !gone[p]);
		chosen = ((p == 0 || NOP(p, f)) -> 0 : p);
		printf("story: chose %d %d %d\n", t, f, chosen);
		no_preempt[t] = 0;
		state = 0;
		p = 0;
#ifdef PREEMPT
		owes_sched[t] = 0
#endif
	}
}

/*
 * Enters the body. When the call site is not traced, this is all there is: a task that is preempted at the
 * start of the old function is seen there by its instruction pointer.
 */
inline enter_body(t, f)
{
	printf("story: enter %d %d %d\n", t, f, chosen);
	window[t] = 0;
	frame[TF(t, f)] = 1 + chosen;
	stack[depth] = f;
	depth++;
	if                              /* the end of the trampoline without preemption */
	:: !no_preempt[t] -> owes_sched[t] = 0
	:: else
	fi;
	owes_tasks[t] = 0;
	assert(P_REMOVED || !gone[chosen]);
	CHECK_MIX(chosen == VERSION(f, universe[t]));
	check_agreement(t, f);
	chosen = 0
}

inline call_function(t, f)
{
	if
	:: d_step { !registered[f] -> chosen = 0; enter_body(t, f) }
	:: d_step { registered[f] -> window[t] = 1 + f };
		klp_ftrace_handler(t, f);
#ifdef PREEMPT
		if                      /* preempted in the trampoline, by the tick */
		:: true
		:: d_step { irq == 0 -> on_cpu[t] = 0; printf("story: away %d 2\n", t) };
			on_cpu[t] = 1
#ifdef FREEZABLE
		:: irq == 0 && !IS_IDLE(t) -> klp_sched_try_switch(t)
#endif
		fi;
#endif
		d_step { enter_body(t, f) }
	fi
}

#define CAN_CALL(f) (!IN_MODULE(f) || MODULE_USABLE)
/* A function of a module is called by who holds a reference to it. */
inline take_module(t, f)
{
	if
	:: IN_MODULE(f) -> holds_module[t]++
	:: else
	fi
}
