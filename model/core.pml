/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kernel/livepatch/core.c: enabling, disabling, freeing a livepatch. */

/* Leaves klp_patches; the module may be removed unless a transition was forced: klp_free_patch_finish(). */
inline klp_free_patch(p_)
{
	d_step {
		listed[p_] = 0;
		if
		:: forced[p_]
		:: else -> gone[p_] = 1; printf("story: core 4 %d\n", p_); check_frames_of_removed(p_)
		fi
	}
}

/* An object: pre_patch callback, then klp_patch_object(). Either may fail. */
inline enable_object(p_, o_)
{
	if
	:: pre_patch_callback(p_, o_); klp_patch_object(p_, (o_ == 1))
#ifdef FAILURES
	:: failed = 1
#endif
	fi
}

/* A load that failed leaves nothing: stacks, states, flags, callbacks. */
inline check_clean(p_)
{
	k = 0;
	do
	:: k < NF ->
		assert(P_CLEAN || (!FUNC_PATCHED(p_, k) && !transition[PF(p_, k)] &&
			registered[k] == (top[k] != 0)));
		k++
	:: else -> break
	od;
	k = 0;
	do
	:: k < NT -> assert(P_CLEAN || (!pending[k] && patch_state[k] == IDLE)); k++
	:: else -> break
	od;
	k = 0;
	assert(P_CLEAN || (!callbacks[p_ * 2] && !callbacks[p_ * 2 + 1] && !patched_core[p_] &&
		!patched_module[p_] && target == IDLE && current_patch == 0))
}

/* klp_enable_patch() and __klp_enable_patch(), up to klp_try_complete_transition(). */
inline klp_enable_patch(p_)
{
	listed[p_] = 1;                 /* klp_init_patch() */
	klp_init_transition(p_, PATCHED);
	enable_object(p_, 0);
	if
	:: !failed && LOADED(1) -> enable_object(p_, 1)
	:: else
	fi;
#ifdef MUT_WMB_ENABLE
	set_transition(p_, 1);
#endif
#ifdef FAILURES
	if
	:: !failed -> klp_start_transition(); is_enabled[p_] = 1
	:: failed ->                    /* klp_cancel_transition(); klp_free_patch_start() */
		target = UNPATCHED;
		klp_complete_transition();
		d_step { failed = 0; check_clean(p_) };
		klp_free_patch(p_)
	fi
#else
	klp_start_transition();
	is_enabled[p_] = 1
#endif
}

/* __klp_disable_patch() */
inline klp_disable_patch(p_)
{
	klp_init_transition(p_, UNPATCHED);
	d_step {
		if
		:: patched_core[p_] -> pre_unpatch_callback(p_, 0)
		:: else
		fi;
		if
		:: patched_module[p_] -> pre_unpatch_callback(p_, 1)
		:: else
		fi
	};
	klp_start_transition();
#ifdef MUT_WMB_DISABLE
	set_transition(p_, 1);
#endif
	is_enabled[p_] = 0
}
