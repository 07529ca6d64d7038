/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A module that is patched comes and goes: klp_module_coming(), klp_module_going() in core.c. */
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifdef MODULES
byte module_rounds = ROUNDS;

#define LOCK atomic { !mutex -> mutex = 1 }
#define UNLOCK mutex = 0

inline module_coming_patch(p_)
{
	if
	:: listed[p_] ->
		pre_patch_callback(p_, 1);
#ifndef MUT_COMING
		klp_patch_object(p_, true);
#endif
		if
		:: p_ != current_patch ->
			callback(p_, 1, CALLBACK_STATE(p_, 1) == 1, 2)
		:: else
		fi
	:: else
	fi
}

inline module_going_patch(p_)
{
	if
	:: patched_module[p_] ->
		if
		:: p_ != current_patch -> pre_unpatch_callback(p_, 1)
		:: else
		fi;
#ifndef MUT_GOING
		klp_unpatch_object(p_, true, false);
#endif
		post_unpatch_callback(p_, 1)
	:: else
	fi
}

proctype Loader()
{
	byte i = 0, m = 0, k = 0;
	bit failed = 0;

end_loader:
	do
	:: module_rounds > 0 -> module_rounds--;
#ifdef MUT_ALIVE
		module_found = 1;
#endif
		LOCK;                   /* klp_module_coming() */
		module_alive = 1;
		module_coming_patch(1);
		module_coming_patch(2);
		UNLOCK;
		module_usable = 1;      /* do_init_module() */

		module_usable = 0;      /* delete_module(): try_stop_module() */
		do
		:: i < NT -> !holds_module[i]; i++
		:: else -> break
		od;
		i = 0;
		LOCK;                   /* klp_module_going() */
		module_alive = 0;
#ifdef MUT_ALIVE
		module_found = 0;
#endif
		module_going_patch(1);
		module_going_patch(2);
		UNLOCK;
		d_step {
			do
			:: k < NF -> assert(P_STALE || !IN_MODULE(k) || top[k] == 0); k++
			:: else -> break
			od;
			k = 0
		}
	:: break
	od
}
#else
#define LOCK skip
#define UNLOCK skip
#endif
