/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the administrator does: one scenario a run, with reversals, force and failures where switched on.
 *
 *   SCENARIO 1: patch 1 on, off          2: patch 1 on, patch 2 replaces it, off
 *            3: patch 1 on, patch 2 stacked on it, 2 off, 1 off
 *            4: the same, but 1 off below 2 first
 */
#ifndef REVERSALS
#define REVERSALS 1
#endif

byte reversals = REVERSALS;

/* klp_transition_work_fn() every second, and writes to the files enabled and force meanwhile. */
inline until_complete()
{
	do
	:: current_patch == 0 -> break
	:: current_patch != 0 ->
		LOCK;
		d_step { reading = 1; all = 1; i = 0 };         /* klp_try_complete_transition() */
		do
		:: i < NT && alive[i] -> klp_try_switch_task(i); i++
		:: i < NT && !alive[i] -> i++
		:: i == NT -> break
		od;
		atomic { reading = 0; i = 0 };
		if
		:: all ->
			klp_complete_transition();
			if
			:: !is_enabled[last] -> klp_free_patch(last)
			:: is_enabled[last] && REPLACES(last) && listed[1] -> klp_free_patch(1)
			:: else
			fi;
			last = 0
		:: else
		fi;
		all = 0;
		UNLOCK
	:: current_patch != 0 && reversals > 0 ->
		LOCK;
		reversals--;
		klp_reverse_transition();
		UNLOCK
#ifdef FORCE
	:: current_patch != 0 -> LOCK; klp_force_transition(); UNLOCK
#endif
	od
}

inline enable(p_)
{
	LOCK;
	klp_enable_patch(p_);
	UNLOCK;
	until_complete()
}

inline disable(p_)
{
	if
	:: is_enabled[p_] ->
		LOCK;
		klp_disable_patch(p_);
		UNLOCK;
		until_complete()
	:: else
	fi
}

proctype Administrator()
{
	byte i = 0, k = 0, m = 0, last = 0;
	bit all = 0, failed = 0;

	enable(1);
#if SCENARIO != 1
	if
	:: is_enabled[1] ->
		nops = (SCENARIO == 2);         /* klp_add_nops() */
		enable(2);
#if SCENARIO == 4
		disable(1);
		disable(2)
#elif SCENARIO == 3
		disable(2)
#else
		disable(2)
#endif
	:: else
	fi;
#endif
	disable(1);
	finished = 1
}

init {
	atomic {
		byte n = 0;
		do
		:: n < NT - SLOTS -> alive[n] = 1; run Task(n); n++
		:: else -> break
		od;
#ifdef FORK
		run Task(CHILD);
#endif
		run Administrator();
#ifdef MODULES
		run Loader()
#endif
		n = 0
	}
}

#ifdef LIVE
ltl completes { <> finished }
#endif
