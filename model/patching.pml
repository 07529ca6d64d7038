/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kernel/livepatch/patch.c: putting functions onto the stacks of their call sites and taking them off.
 */

/* Functions of patch p as klp_for_each_func() finds them: nops are there while they exist. */
#ifdef MUT_NOP
#define HAS(p, f) (IN_PATCH(p, f))
#else
#define HAS(p, f) (IN_PATCH(p, f) || (nops && NOP(p, f) && IN_PATCH(1, f)))
#endif

inline check_trampoline(f_)
{
	k = 0;
	do
	:: k < NT -> assert(P_TRAMPOLINE || window[k] != 1 + f_); k++
	:: else -> break
	od;
	k = 0
}

inline klp_patch_func(p_, f_)
{
	d_step { below[PF(p_, f_)] = top[f_]; top[f_] = p_ };   /* list_add_rcu() */
	registered[f_] = 1                                      /* register_ftrace_function() */
}

inline klp_unpatch_func(p_, f_)
{
	if
	:: top[f_] == p_ && below[PF(p_, f_)] == 0 ->           /* list_is_singular() */
#ifdef MUT_LIST_FIRST
		top[f_] = 0;
#endif
		registered[f_] = 0;
		wait_for_trampolines();
		d_step { top[f_] = 0; check_trampoline(f_) }    /* list_del_rcu(); kfree(ops) */
	:: d_step { top[f_] == p_ && below[PF(p_, f_)] != 0 -> top[f_] = below[PF(p_, f_)] }
	:: d_step { top[f_] != p_ && top[f_] != 0 && below[PF(top[f_], f_)] == p_ ->
		below[PF(top[f_], f_)] = below[PF(p_, f_)] }
	fi
}

/* On the stack of f: func->patched. */
#define FUNC_PATCHED(p, f) (top[f] == (p) || (top[f] != 0 && below[PF(top[f], f)] == (p)))

inline klp_unpatch_object(p_, module_, nops_only_)
{
	m = 0;
	do
	:: m < NF && HAS(p_, m) && (IN_MODULE(m)) == module_ && FUNC_PATCHED(p_, m) &&
	   (!nops_only_ || NOP(p_, m)) ->
		klp_unpatch_func(p_, m);
		m++
	:: m < NF && !(HAS(p_, m) && (IN_MODULE(m)) == module_ && FUNC_PATCHED(p_, m) &&
	   (!nops_only_ || NOP(p_, m))) -> m++
	:: m == NF -> break
	od;
	m = 0;
	if
	:: nops_only_
	:: !nops_only_ && module_ -> patched_module[p_] = 0
	:: !nops_only_ && !module_ -> patched_core[p_] = 0
	fi
}

/* klp_patch_object() of the object vmlinux (module_ false) or the module; sets failed. */
inline klp_patch_object(p_, module_)
{
	assert(P_TWICE || !(module_ -> patched_module[p_] : patched_core[p_]));
	m = 0;
	do
	:: m < NF && HAS(p_, m) && (IN_MODULE(m)) == module_ ->
		assert(P_TWICE || !FUNC_PATCHED(p_, m));
		klp_patch_func(p_, m);
		m++
#ifdef FAILURES
	:: m < NF && HAS(p_, m) && (IN_MODULE(m)) == module_ -> failed = 1; break
#endif
	:: m < NF && !(HAS(p_, m) && (IN_MODULE(m)) == module_) -> m++
	:: m == NF -> break
	od;
	m = 0;
	if
	:: failed -> klp_unpatch_object(p_, module_, false)
	:: !failed && module_ -> patched_module[p_] = 1
	:: !failed && !module_ -> patched_core[p_] = 1
	fi
}

inline klp_unpatch_objects(p_, nops_only_)
{
	if
	:: patched_core[p_] -> klp_unpatch_object(p_, false, nops_only_)
	:: else
	fi;
	if
	:: patched_module[p_] -> klp_unpatch_object(p_, true, nops_only_)
	:: else
	fi
}

