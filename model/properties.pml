/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Properties. Each has a name, which an assertion carries into the output of the checker: their variables are
 * false for ever.
 */
bit P_MIX;       /* a task runs what does not belong to its universe */
bit P_DONE;      /* a transition is complete, and a stack has the wrong version */
bit P_REMOVED;   /* code or data of a livepatch that may have been removed is used */
bit P_IDLE;      /* the handler sees a task without a state: WARN_ON_ONCE in klp_ftrace_handler() */
bit P_EMPTY;     /* the handler finds no function: the other WARN_ON_ONCE there */
bit P_TRAMPOLINE;/* a trampoline is freed under a task */
bit P_PENDING;   /* WARN_ON_ONCE in klp_complete_transition() */
bit P_TWICE;     /* WARN_ON(obj->patched), WARN_ON(func->patched) */
bit P_STALE;     /* a module is gone, and a stack of functions still names one of it */
bit P_CLEAN;     /* a load that failed left something behind */
bit P_CALLBACK;  /* callbacks out of order, or not all */
bit P_AGREE;     /* functions that must agree did not, within one system call */

/* The version of f in universe u. */
#define VERSION(f, u) (((u) & 2 && IN_PATCH(2, f)) -> 2 : (((u) & 1 && IN_PATCH(1, f)) -> 1 : 0))
#define FRAME_FITS(t, f, u) (frame[TF(t, f)] == 0 || frame[TF(t, f)] == 1 + VERSION(f, u))
#if NF == 1
#define STACK_FITS(t, u) FRAME_FITS(t, 0, u)
#elif NF == 2
#define STACK_FITS(t, u) (FRAME_FITS(t, 0, u) && FRAME_FITS(t, 1, u))
#elif NF == 3
#define STACK_FITS(t, u) (FRAME_FITS(t, 0, u) && FRAME_FITS(t, 1, u) && FRAME_FITS(t, 2, u))
#else
#define STACK_FITS(t, u) (FRAME_FITS(t, 0, u) && FRAME_FITS(t, 1, u) && FRAME_FITS(t, 2, u) && \
	FRAME_FITS(t, 3, u))
#endif

#ifdef NO_P_MIX         /* forced transitions give consistency up */
#define CHECK_MIX(condition) skip
#else
#define CHECK_MIX(condition) assert(P_MIX || (condition))
#endif

/* Writing task->patch_state is a switch point: what is on the stack must fit both universes. */
inline write_patch_state(t_, state_)
{
	printf("story: state %d %d\n", t_, state_);
	patch_state[t_] = state_;
	if
	:: state_ == PATCHED -> universe[t_] = universe_on
	:: state_ == UNPATCHED -> universe[t_] = universe_off
	:: else
	fi;
	CHECK_MIX(STACK_FITS(t_, universe[t_]))
}

inline check_frames_of_removed(p_)
{
	k = 0;
	do
	:: k < NT * NF -> assert(P_REMOVED || frame[k] != 1 + p_); k++
	:: else -> break
	od;
	k = 0
}

/* Callbacks of object o_ (0 vmlinux, 1 the module): from which states each may be called. */
inline callback(p_, o_, allowed_, next_)
{
#ifndef NO_P_CALLBACK           /* for mutants that break callbacks as well as what they are for */
	assert(P_CALLBACK || (allowed_));
#endif
	callbacks[(p_) * 2 + (o_)] = next_
}
#define CALLBACK_STATE(p, o) callbacks[(p) * 2 + (o)]

/* AGREE of the instance: within one system call, or within one activation of a caller of both. */
#ifdef AGREEMENT
byte ran[NT * NF];      /* 1 + version of f that ran in this system call */
#define DISAGREE(t, f, g) (AGREE(f, g) && ran[TF(t, f)] != 0 && ran[TF(t, g)] != 0 && \
	ran[TF(t, f)] != ran[TF(t, g)])
inline check_agreement(t, f)
{
	ran[TF(t, f)] = 1 + chosen;
#ifdef ORDERED                  /* the first of a pair begins anew */
	k = f + 1;
	do
	:: k < NF -> ran[TF(t, k)] = (AGREE(f, k) -> 0 : ran[TF(t, k)]); k++
	:: else -> break
	od;
	k = 0;
#endif
	assert(P_AGREE || !(DISAGREE(t, 0, 1)
#if NF > 2
		|| DISAGREE(t, 0, 2) || DISAGREE(t, 1, 2)
#endif
#if NF > 3
		|| DISAGREE(t, 0, 3) || DISAGREE(t, 1, 3) || DISAGREE(t, 2, 3)
#endif
		))
}
inline end_agreement(t, caller)
{
	k = 0;
	do
	:: k < NF ->
		if
		:: CALLS(caller, (frame[TF(t, caller)] - 1), k) -> ran[TF(t, k)] = 0
		:: else
		fi;
		k++
	:: else -> break
	od;
	k = 0
}
inline begin_round(t)
{
	k = 0;
	do
	:: k < NF -> ran[TF(t, k)] = 0; k++
	:: else -> break
	od;
	k = 0
}
#else
#define check_agreement(t, f) skip
#define end_agreement(t, caller) skip
#define begin_round(t) skip
#endif
