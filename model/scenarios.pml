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
#ifndef MUT_SIGNAL
			-> signalled = 1        /* klp_send_signals(), wake_up_if_idle() */
#endif
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

/* The script: patch to be enabled (1, 2) or disabled (1 + DOWN, 2 + DOWN) in each step; 0: the end. */
#define DOWN 2
#if SCENARIO == 1
#define SCRIPT(n) ((n) == 0 -> 1 : ((n) == 1 -> 1 + DOWN : 0))
#elif SCENARIO == 2
#define SCRIPT(n) ((n) < 2 -> (n) + 1 : ((n) == 2 -> 2 + DOWN : ((n) == 3 -> 1 + DOWN : 0)))
#elif SCENARIO == 3
#define SCRIPT(n) ((n) < 2 -> (n) + 1 : ((n) == 2 -> 2 + DOWN : ((n) == 3 -> 1 + DOWN : 0)))
#else
#define SCRIPT(n) ((n) < 2 -> (n) + 1 : ((n) == 2 -> 1 + DOWN : ((n) == 3 -> 2 + DOWN : 0)))
#endif
#ifdef NO_DISABLE
#define ENDS(n) (SCRIPT(n) == 0 || SCRIPT(n) > DOWN)
#else
#define ENDS(n) (SCRIPT(n) == 0)
#endif
/* A second livepatch only on top of the first; what was reversed or replaced is not disabled again. */
#define APPLIES(n) (SCRIPT(n) > DOWN -> is_enabled[SCRIPT(n) - DOWN] : (n) == 0 || is_enabled[1])

proctype Administrator()
{
	byte i = 0, k = 0, m = 0, last = 0, step = 0, p = 0;
	bit all = 0, failed = 0;

	do
	:: ENDS(step) -> break
	:: !ENDS(step) && !APPLIES(step) -> step++
	:: !ENDS(step) && APPLIES(step) ->
		p = SCRIPT(step);
		LOCK;
		if
		:: p <= DOWN ->
			nops = REPLACES(p);     /* klp_add_nops() */
			klp_enable_patch(p)
		:: p > DOWN -> klp_disable_patch((p - DOWN))
		fi;
		UNLOCK;
		until_complete();
		step++
	od;
	finished = 1
}

init {
	atomic {
		byte n = 0;
#ifdef ONE_TASK
		do                      /* whichever: tasks meet only in what the core does with each */
		:: n < NT - SLOTS - 1 -> n++
		:: alive[n] = 1; run Task(n); break
		od;
#else
		do
		:: n < NT - SLOTS -> alive[n] = 1; run Task(n); n++
		:: else -> break
		od;
#endif
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
