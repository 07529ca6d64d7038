/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/livepatch/transition.c: who may be switched, and starting, reversing, forcing, completing a
 * transition. Inlines bear the names of the functions that they stand for.
 */

#define OBJECT_PATCHED(p, f) (IN_MODULE(f) -> patched_module[p] : patched_core[p])

/*
 * klp_check_stack_func(): the version to be left. While a task is in the trampoline, its stack has the return
 * address into the old function, whatever was chosen.
 */
#define OLD_OF(p, f) (NOP(p, f) -> 0 : (p))
#ifdef MUT_STACK_PREVIOUS
#define LEFT(f) (target == UNPATCHED -> OLD_OF(current_patch, f) : 0)
#else
#define LEFT(f) (target == UNPATCHED -> OLD_OF(current_patch, f) : \
	OLD_OF(below[PF(current_patch, f)], f))
#endif
#define ON_STACK(t, f, v) (frame[TF(t, f)] == 1 + (v) || (window[t] == 1 + (f) && (v) == 0))
#define FUNC_CLEAR(t, f) (!HAS(current_patch, f) || !OBJECT_PATCHED(current_patch, f) || \
	!ON_STACK(t, f, LEFT(f)))

/* stack_trace_save_tsk_reliable(): the stack of the last user task never is. */
#ifdef UNRELIABLE
#define UNRELIABLE_STACK(t) ((t) == USERS - 1)
#else
#define UNRELIABLE_STACK(t) false
#endif
#ifdef MUT_REPAIR_SELF
#define TRAMPOLINE_SEEN(t) (window[t] != 0 && !on_cpu[t])
#elif defined(REPAIR)   /* a frame in a trampoline makes the stack unreliable */
#define TRAMPOLINE_SEEN(t) (window[t] != 0)
#else
#define TRAMPOLINE_SEEN(t) false
#endif

/* klp_check_stack() */
#if defined(MUT_STACK)
#define STACK_CLEAR(t) true
#elif defined(MUT_RELIABLE)
#define STACK_CLEAR(t) (UNRELIABLE_STACK(t) || ALL_CLEAR(t))
#else
#define STACK_CLEAR(t) (!UNRELIABLE_STACK(t) && !TRAMPOLINE_SEEN(t) && ALL_CLEAR(t))
#endif
#if NF == 1
#define ALL_CLEAR(t) FUNC_CLEAR(t, 0)
#elif NF == 2
#define ALL_CLEAR(t) (FUNC_CLEAR(t, 0) && FUNC_CLEAR(t, 1))
#elif NF == 3
#define ALL_CLEAR(t) (FUNC_CLEAR(t, 0) && FUNC_CLEAR(t, 1) && FUNC_CLEAR(t, 2))
#else
#define ALL_CLEAR(t) (FUNC_CLEAR(t, 0) && FUNC_CLEAR(t, 1) && FUNC_CLEAR(t, 2) && FUNC_CLEAR(t, 3))
#endif

#ifdef MUT_TASK_CURR
#define RUNS(t) false
#else
#define RUNS(t) on_cpu[t]
#endif

/* klp_try_switch_task(): task_call_func() keeps the task where it is, hence one step. */
inline klp_try_switch_task(t)
{
	d_step {
		if
		:: patch_state[t] == target
		:: patch_state[t] != target && !RUNS(t) && STACK_CLEAR(t) ->
#ifndef MUT_CLEAR_FLAG
			pending[t] = 0;
#endif
			write_patch_state(t, target)
		:: else -> all = 0
		fi
	}
}

/* for_each_process_thread() and for_each_possible_cpu(idle_task): body_ is a step a task. */
#ifdef MUT_IDLE_INIT
#define INIT_REACHES(t) (!IS_IDLE(t))
#else
#define INIT_REACHES(t) true
#endif

inline init_patch_states(state_)
{
	d_step { reading = 1; i = 0 };
	do
	:: d_step { i < NT && INIT_REACHES(i) ->
		assert(P_IDLE || !alive[i] || patch_state[i] == IDLE);
		if
		:: alive[i] -> patch_state[i] = state_; universe[i] = universe_now
		:: else
		fi;
		i++ }
	:: d_step { i < NT && !INIT_REACHES(i) -> i++ }
	:: i == NT -> break
	od;
	atomic { reading = 0; i = 0 }
}

inline set_transition(p_, value_)
{
	i = 0;
	do
	:: d_step { i < NF ->
		if
		:: HAS(p_, i) -> transition[PF(p_, i)] = value_
		:: else
		fi;
		i++ }
	:: i == NF -> break
	od;
	i = 0
}

inline klp_init_transition(p_, state_)
{
	d_step {
		current_patch = p_;
		printf("story: core %d %d\n", state_, p_);
		if
		:: state_ == PATCHED -> universe_off = universe_now;
			universe_on = (REPLACES(p_) -> (1 << (p_ - 1)) : (universe_now | (1 << (p_ - 1))))
		:: else -> universe_on = universe_now;
			universe_off = universe_now & (3 - (1 << (p_ - 1)))
		fi
	};
	target = state_;
#ifdef MUT_WMB_INIT
	set_transition(p_, 1);
	init_patch_states(1 - state_)
#else
	init_patch_states(1 - state_);
#ifndef MUT_WMB_ENABLE
#ifdef MUT_WMB_DISABLE
	if
	:: state_ == PATCHED -> set_transition(p_, 1)
	:: else
	fi
#else
	set_transition(p_, 1)           /* after smp_wmb() */
#endif
#else
	skip
#endif
#endif
}

inline set_pending(state_)
{
	d_step { reading = 1; i = 0 };
	do
	:: d_step { i < NT ->
		if
		:: alive[i] && patch_state[i] != state_ -> pending[i] = 1
		:: else
		fi;
		i++ }
	:: i == NT -> break
	od;
	atomic { reading = 0; i = 0 }
}

inline klp_start_transition()
{
	set_pending(target);
	signalled = 0
}

inline klp_reverse_transition()
{
#ifdef REVERSE_FIRST            /* before 6.4: the target first */
	is_enabled[current_patch] = !is_enabled[current_patch];
	d_step { target = 1 - target; printf("story: core 2 %d\n", current_patch) };
#endif
#ifndef MUT_REVERSE_CLEAR
	d_step { reading = 1; i = 0 };
	do
	:: d_step { i < NT -> pending[i] = 0; i++ }
	:: i == NT -> break
	od;
	atomic { reading = 0; i = 0 };
#endif
#ifndef MUT_REVERSE_SYNC
	klp_synchronize_transition();
#endif
#ifdef REVERSE_FIRST
	klp_start_transition()
#else
	is_enabled[current_patch] = !is_enabled[current_patch];
#ifdef MUT_WMB_REVERSE
	set_pending(1 - target);
	target = 1 - target;
	signalled = 0
#else
	d_step { target = 1 - target; printf("story: core 2 %d\n", current_patch) };
	klp_start_transition()          /* after smp_wmb() */
#endif
#endif
}

inline klp_force_transition()
{
	d_step { reading = 1; i = 0 };
	do
	:: d_step { i < NT ->
		if
		:: alive[i] && pending[i] -> pending[i] = 0; write_patch_state(i, target)
		:: else
		fi;
		i++ }
	:: i == NT -> break
	od;
	atomic {
		reading = 0;
		i = 0;
#if defined(FORCE_ALL)          /* until 5.17: every livepatch on the list */
		if
		:: listed[1] -> forced[1] = 1
		:: else
		fi;
		if
		:: listed[2] -> forced[2] = 1
		:: else
		fi
#elif !defined(MUT_FORCED)
		if
		:: target == UNPATCHED -> forced[current_patch] = 1
		:: target == PATCHED && REPLACES(current_patch) && listed[1] -> forced[1] = 1
		:: else
		fi
#endif
	}
}

/* Once complete, no stack holds a version of the other universe. */
inline check_complete()
{
	k = 0;
	do
	:: k < NT ->
#ifndef NO_P_MIX
		assert(P_DONE || !alive[k] || STACK_FITS(k, universe_now));
#endif
		k++
	:: else -> break
	od;
	k = 0
}

inline klp_complete_transition()
{
#if SCENARIO == 2
	if
	:: REPLACES(current_patch) && target == PATCHED ->
		if
		:: listed[1] ->         /* klp_unpatch_replaced_patches() */
			is_enabled[1] = 0;
			klp_unpatch_objects(1, false)
		:: else
		fi;
		klp_unpatch_objects(2, true);   /* klp_discard_nops() */
		d_step {
			k = 0;
			do
			:: k < NF ->
				if
				:: NOP(2, k) -> transition[PF(2, k)] = 0
				:: else
				fi;
				k++
			:: else -> break
			od;
			k = 0;
			nops = 0
		}
	:: else
	fi;
#endif
	if
	:: target == UNPATCHED ->
#ifdef MUT_CANCEL
		if
		:: !failed -> klp_unpatch_objects(current_patch, false)
		:: else
		fi;
#else
		klp_unpatch_objects(current_patch, false);
#endif
#ifndef MUT_UNPATCH_SYNC
		klp_synchronize_transition()
#else
		skip
#endif
	:: else
	fi;
	set_transition(current_patch, 0);
#ifndef MUT_COMPLETE_SYNC
	if
	:: target == PATCHED -> klp_synchronize_transition()
	:: else
	fi;
#endif
	d_step {
		universe_now = (target == PATCHED -> universe_on : universe_off);
		printf("story: core 3 %d\n", current_patch);
		check_complete();
		reading = 1;
		i = 0
	};
	do
	:: d_step { i < NT ->
		assert(P_PENDING || !alive[i] || !pending[i]);
		patch_state[i] = IDLE;
		universe[i] = (alive[i] -> universe_now : 0);
		i++ }
	:: i == NT -> break
	od;
	atomic {
		reading = 0;
		i = 0;
		if
		:: target == PATCHED -> post_patch_callbacks(current_patch)
		:: else -> post_unpatch_callbacks(current_patch)
		fi;
		universe_on = 0;
		universe_off = 0
	};
	target = IDLE;
	signalled = 0;
	last = current_patch;
	current_patch = 0
}

