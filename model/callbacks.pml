/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Callbacks of livepatches, and the order in which they may be called: klp_*_callback() in core.h. */
/*
 * A reversed enable calls post_unpatch after pre_patch; a reversed disable calls
 * post_patch after pre_unpatch: klp_complete_transition() only looks at the target.
 */
#define LOADED(o) ((o) == 0 || MODULE_ALIVE)
inline pre_patch_callback(p_, o_)
{
	callback(p_, o_, CALLBACK_STATE(p_, o_) == 0, 1)
}
inline pre_unpatch_callback(p_, o_)
{
	callback(p_, o_, CALLBACK_STATE(p_, o_) == 2, 3)
}
inline post_patch_callbacks(p_)
{
	callback(p_, 0, CALLBACK_STATE(p_, 0) == 1 || CALLBACK_STATE(p_, 0) == 3, 2);
	if
	:: LOADED(1) -> callback(p_, 1, CALLBACK_STATE(p_, 1) == 1 || CALLBACK_STATE(p_, 1) == 3, 2)
	:: else
	fi
}
inline post_unpatch_callback(p_, o_)
{
	/* klp_post_unpatch_callback(): only where pre_patch went well (post_unpatch_enabled) */
	if
#ifdef MUT_POST_UNPATCH
	:: CALLBACK_STATE(p_, o_) == 0 -> callback(p_, o_, false, 0)
#endif
	:: CALLBACK_STATE(p_, o_) != 0 ->
		callback(p_, o_, CALLBACK_STATE(p_, o_) == 1 || CALLBACK_STATE(p_, o_) == 3, 0)
	:: else
	fi
}
inline post_unpatch_callbacks(p_)
{
	post_unpatch_callback(p_, 0);
	if
	:: LOADED(1) -> post_unpatch_callback(p_, 1)
	:: else
	fi
}

