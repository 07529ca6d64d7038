// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of configurations. docs/model.md explains the switches and gives the reasons. */
#include "rows.h"

#define HOLDS(name, switches, what) { name, switches, NULL, CHECK_SAFETY, what }
#define FAILS(name, switches, property, what) { name, switches, property, CHECK_SAFETY, what }
#define MUTANT FAILS
#define LIVES(name, switches, what) { name, switches, NULL, CHECK_LIVENESS, what }
#define STARVES(name, switches, what) { name, switches, "completes", CHECK_LIVENESS, what }
#define LONG(name, switches, what) { name, switches, NULL, CHECK_LONG, what }

const struct row model_rows[] = {
	/* the kernel as it is, without full preemption */
	HOLDS("one-reversal", "-DUSERS=2", "enable, disable, a reversal at any moment"),
	HOLDS("two-reversals", "-DUSERS=1 -DREVERSALS=2", "two reversals"),
	HOLDS("replace", "-DUSERS=1 -DSCENARIO=2", "atomic replace, nop functions"),
	HOLDS("stacked", "-DUSERS=1 -DSCENARIO=3", "two livepatches, the upper disabled first"),
	HOLDS("stacked-under", "-DUSERS=1 -DSCENARIO=4", "the lower disabled first"),
	HOLDS("fork", "-DUSERS=1 -DFORK", "fork in every state"),
	HOLDS("idle", "-DUSERS=1 -DIDLES=1", "an idle task"),
	HOLDS("unreliable", "-DUSERS=1 -DUNRELIABLE", "a task whose stack is never reliable"),
	HOLDS("cond-resched", "-DKTHREADS=1 -DUSERS=1 -DREVERSALS=0 -DCOND_RESCHED", "6.4 and later: cond_resched() switches"),
	HOLDS("freezable", "-DKTHREADS=1 -DUSERS=1 -DREVERSALS=0 -DFREEZABLE", "6.18: a freezable sleep switches, cond_resched() does not"),
	HOLDS("reverse-first", "-DUSERS=1 -DREVERSALS=2 -DREVERSE_FIRST", "before 6.4: a reversal turns the target first"),
	HOLDS("exit", "-DUSERS=2 -DEXIT=1 -DREVERSALS=0", "a task exits"),
	HOLDS("module", "-DUSERS=1 -DMODULES -DREVERSALS=0", "a patched module comes and goes"),
	HOLDS("failures", "-DUSERS=1 -DFAILURES", "loading fails at every place where it may"),
	HOLDS("instance-interrupt", "-DUSERS=1 -DINSTANCE=instances/interrupt.h", "a replaced function that interrupts call"),
	HOLDS("instance-caller", "-DUSERS=1 -DAGREEMENT -DINSTANCE=instances/common-caller.h", "functions that must agree, with their caller replaced too"),

	/* what the guarantee does not cover */
	FAILS("force", "-DUSERS=1 -DFORCE", "P_MIX", "forced transitions mix versions"),
	HOLDS("force-removal", "-DUSERS=1 -DFORCE -DNO_P_MIX", "yet what was forced stays loaded"),
	HOLDS("force-all", "-DUSERS=1 -DSCENARIO=2 -DFORCE -DFORCE_ALL -DNO_P_MIX", "until 5.17: all livepatches count as forced"),
	FAILS("exit-late", "-DUSERS=2 -DEXIT=2 -DREVERSALS=0", "P_MIX", "an exiting task calls a replaced function after it left the list of tasks"),
	FAILS("exit-removal", "-DUSERS=2 -DEXIT=2 -DREVERSALS=0 -DNO_P_MIX", "P_REMOVED", "the same until the module is gone"),
	FAILS("fork-5.17", "-DUSERS=1 -DFORK -DMUT_FORK_FLAG", "P_MIX", "until 5.17: the child has the flag as it was copied early"),
	HOLDS("force-replace", "-DUSERS=1 -DSCENARIO=2 -DFORCE -DNO_P_MIX", "the same with a replaced livepatch"),
	FAILS("instance-sequence", "-DUSERS=1 -DAGREEMENT -DINSTANCE=instances/sequence.h", "P_AGREE", "two functions that must agree, called one after the other"),

	/* what `suture verify` asks for one livepatch (O8) */
	FAILS("instance-sleeps", "-DUSERS=1 -DKTHREADS=1 -DONE_TASK -DREVERSALS=0 -DAGREEMENT -DORDERED -DINSTANCE=instances/between-sleeps.h", "P_AGREE", "a caller of both is not replaced, and sleeps in between"),
	HOLDS("instance-awake", "-DUSERS=1 -DKTHREADS=1 -DONE_TASK -DREVERSALS=0 -DAGREEMENT -DORDERED -DINSTANCE=instances/between-interrupt.h", "the same caller does not sleep, and interrupts call it too"),
	STARVES("live-main-loop", "-DUSERS=0 -DKTHREADS=1 -DREVERSALS=0 -DLIVE -DRESTING -DINSTANCE=instances/main-loop.h", "the main loop of a kernel thread is replaced"),
	LIVES("live-resting", "-DUSERS=1 -DKTHREADS=1 -DIDLES=1 -DONE_TASK -DREVERSALS=0 -DLIVE -DRESTING", "a kernel thread rests outside of what is replaced"),

	/* full preemption */
	FAILS("preempt", "-DUSERS=1 -DPREEMPT -DREVERSALS=0", "P_MIX", "full preemption: preempted in the trampoline"),
	FAILS("preempt-removal", "-DUSERS=1 -DPREEMPT -DREVERSALS=0 -DNO_P_MIX", "P_REMOVED", "the same until the module is gone"),
	FAILS("preempt-replace", "-DUSERS=1 -DPREEMPT -DREVERSALS=0 -DSCENARIO=2 -DNO_DISABLE", "P_MIX", "the same on atomic replace"),
	FAILS("preempt-stacked", "-DUSERS=1 -DPREEMPT -DREVERSALS=0 -DSCENARIO=3 -DNO_DISABLE", "P_MIX", "the same on a second livepatch"),
	HOLDS("preempt-enable", "-DUSERS=1 -DPREEMPT -DREVERSALS=0 -DNO_DISABLE", "a first livepatch that is never disabled is safe"),
	FAILS("preempt-freezable", "-DUSERS=1 -DPREEMPT -DFREEZABLE -DREVERSALS=0", "P_MIX", "7.2: the same where a task switches itself in __schedule()"),
	HOLDS("preempt-freezable-enable", "-DUSERS=1 -DPREEMPT -DFREEZABLE -DREVERSALS=0 -DNO_DISABLE", "there, too, a first livepatch that is never disabled is safe"),
	HOLDS("preempt-freezable-repaired", "-DUSERS=1 -DPREEMPT -DFREEZABLE -DREPAIR -DREVERSALS=1", "the repair there"),
	HOLDS("preempt-repaired", "-DUSERS=2 -DPREEMPT -DREPAIR -DREVERSALS=0", "trampoline on the stack: not reliable"),
	HOLDS("preempt-repaired-reverse", "-DUSERS=1 -DPREEMPT -DREPAIR -DREVERSALS=2", "the repair under reversals"),
	HOLDS("preempt-repaired-replace", "-DUSERS=1 -DPREEMPT -DREPAIR -DSCENARIO=2", "the repair under atomic replace"),
	HOLDS("preempt-repaired-stacked", "-DUSERS=1 -DPREEMPT -DREPAIR -DSCENARIO=3", "the repair with two livepatches"),

	FAILS("rt", "-DUSERS=1 -DKTHREADS=1 -DPREEMPT -DRT -DREVERSALS=0 -DINSTANCE=instances/interrupt.h", "P_MIX", "PREEMPT_RT: interrupts are threads, preempted like any"),
	HOLDS("rt-repaired", "-DUSERS=0 -DKTHREADS=1 -DPREEMPT -DRT -DREPAIR -DREVERSALS=1 -DINSTANCE=instances/interrupt.h", "the repair for interrupt threads"),

	/* liveness: weak fairness, finitely many calls in a system call */
	LIVES("live-user", "-DUSERS=1 -DREVERSALS=0 -DLIVE", "user tasks: completes"),
	LIVES("live-idle", "-DUSERS=0 -DIDLES=1 -DREVERSALS=0 -DLIVE", "an idle task: completes"),
	STARVES("live-kthread", "-DUSERS=0 -DKTHREADS=1 -DREVERSALS=0 -DLIVE -DENDLESS", "before 6.4: a kernel thread that never sleeps"),
	LIVES("live-kthread-cond", "-DUSERS=0 -DKTHREADS=1 -DREVERSALS=0 -DLIVE -DENDLESS -DCOND_RESCHED", "6.4 and later: it passes cond_resched()"),

	STARVES("live-endless-freezable", "-DUSERS=0 -DKTHREADS=1 -DREVERSALS=0 -DLIVE -DENDLESS -DFREEZABLE", "6.18: cond_resched() switches a thread that never sleeps no more"),
	LIVES("live-freezable", "-DUSERS=0 -DKTHREADS=1 -DREVERSALS=0 -DLIVE -DFREEZABLE", "6.18: a thread that sleeps in a freezable way, however short"),
	STARVES("live-brief", "-DUSERS=0 -DKTHREADS=1 -DREVERSALS=0 -DLIVE", "before 6.4: nothing says that the check ever finds it asleep"),

	/* mutants: the kernel without one of its protections */
	MUTANT("mutant-stack", "-DUSERS=1 -DMUT_STACK", "P_MIX", "no stack check"),
	MUTANT("mutant-sched-stack", "-DUSERS=0 -DKTHREADS=1 -DREVERSALS=0 -DCOND_RESCHED -DMUT_SCHED_STACK", "P_MIX", "cond_resched() switches without a stack check"),
	MUTANT("mutant-stack-previous", "-DUSERS=1 -DSCENARIO=3 -DMUT_STACK_PREVIOUS", "P_MIX", "the check looks for the original, not for the previous version"),
	MUTANT("mutant-reliable", "-DUSERS=1 -DUNRELIABLE -DMUT_RELIABLE", "P_MIX", "unreliable stacks count as empty"),
	MUTANT("mutant-task-curr", "-DUSERS=1 -DMUT_TASK_CURR", "P_MIX", "running tasks are switched too"),
	MUTANT("mutant-clear-flag", "-DUSERS=1 -DMUT_CLEAR_FLAG", "P_PENDING", "a switched task keeps TIF_PATCH_PENDING"),
	MUTANT("mutant-update-preempt", "-DUSERS=1 -DMUT_UPDATE_PREEMPT", "P_MIX", "klp_update_patch_state() with preemption"),
	MUTANT("mutant-reverse-sync", "-DUSERS=1 -DMUT_REVERSE_SYNC", "P_MIX", "a reversal does not wait"),
	MUTANT("mutant-reverse-clear", "-DUSERS=1 -DMUT_REVERSE_CLEAR", "P_PENDING", "a reversal does not clear TIF_PATCH_PENDING"),
	MUTANT("mutant-unpatch-sync", "-DUSERS=1 -DSCENARIO=3 -DMUT_UNPATCH_SYNC", "P_REMOVED", "completion does not wait after unpatching"),
	MUTANT("mutant-complete-sync", "-DUSERS=1 -DMUT_COMPLETE_SYNC", "P_IDLE", "completion does not wait before states go idle"),
	MUTANT("mutant-wmb-init", "-DUSERS=1 -DMUT_WMB_INIT", "P_IDLE", "func->transition before patch_state"),
	MUTANT("mutant-wmb-enable", "-DUSERS=1 -DMUT_WMB_ENABLE", "P_MIX", "func_stack before func->transition"),
	MUTANT("mutant-wmb-disable", "-DUSERS=1 -DMUT_WMB_DISABLE", "P_MIX", "TIF_PATCH_PENDING before func->transition"),
	MUTANT("mutant-rmb-state", "-DUSERS=1 -DMUT_RMB_STATE", "P_IDLE", "handler reads patch_state before func->transition"),
	MUTANT("mutant-rmb-update", "-DUSERS=1 -DMUT_RMB_UPDATE", "P_IDLE", "target read before TIF_PATCH_PENDING"),
	MUTANT("mutant-fork-flag", "-DUSERS=1 -DFORK -DMUT_FORK_FLAG", "P_MIX", "no klp_copy_process(): flag as copied early"),
	MUTANT("mutant-fork-state", "-DUSERS=1 -DFORK -DMUT_FORK_STATE", "P_IDLE", "no klp_copy_process(): state not inherited"),
	MUTANT("mutant-fork-lock", "-DUSERS=1 -DFORK -DMUT_FORK_LOCK", "P_PENDING", "klp_copy_process() without tasklist_lock"),
	MUTANT("mutant-idle-init", "-DUSERS=1 -DIDLES=1 -DMUT_IDLE_INIT", "P_IDLE", "idle tasks are not initialised"),
	MUTANT("mutant-ftrace-sync", "-DUSERS=1 -DMUT_FTRACE_SYNC", "P_TRAMPOLINE", "unregistering does not wait"),
	MUTANT("mutant-repair-self", "-DUSERS=1 -DPREEMPT -DFREEZABLE -DMUT_REPAIR_SELF -DREVERSALS=0", "P_MIX", "the repair does not look at a task that switches itself"),
	MUTANT("mutant-rcu-tasks", "-DUSERS=1 -DPREEMPT -DREPAIR -DMUT_RCU_TASKS", "P_TRAMPOLINE", "full preemption without synchronize_rcu_tasks()"),
	MUTANT("mutant-nop", "-DUSERS=1 -DSCENARIO=2 -DMUT_NOP", "P_MIX", "atomic replace without nop functions"),
	MUTANT("mutant-cancel", "-DUSERS=1 -DFAILURES -DMUT_CANCEL", "P_CLEAN", "a failed load is not undone"),
	MUTANT("mutant-forced", "-DUSERS=1 -DFORCE -DNO_P_MIX -DMUT_FORCED", "P_REMOVED", "patch->forced is not set"),
	MUTANT("mutant-coming", "-DUSERS=1 -DMODULES -DREVERSALS=0 -DMUT_COMING -DNO_P_CALLBACK", "P_MIX", "klp_module_coming() does not patch"),
	MUTANT("mutant-going", "-DUSERS=1 -DMODULES -DREVERSALS=0 -DMUT_GOING", "P_STALE", "klp_module_going() does not unpatch"),
	MUTANT("mutant-list-first", "-DUSERS=1 -DMUT_LIST_FIRST", "P_EMPTY", "the function leaves the list before ftrace lets go"),
	MUTANT("mutant-post-unpatch", "-DUSERS=1 -DFAILURES -DMUT_POST_UNPATCH", "P_CALLBACK", "post_unpatch without post_unpatch_enabled"),
	MUTANT("mutant-alive", "-DUSERS=1 -DMODULES -DREVERSALS=0 -DMUT_ALIVE -DNO_P_CALLBACK", "P_TWICE", "mod->klp_alive is not asked"),
	{ "mutant-exit", "-DUSERS=1 -DREVERSALS=0 -DLIVE -DUNRELIABLE -DMUT_EXIT", "completes", CHECK_LIVENESS, "no switch at kernel exit" },
	{ "mutant-wmb-reverse", "-DUSERS=1 -DREVERSALS=1 -DLIVE -DUNRELIABLE -DMUT_WMB_REVERSE", "completes", CHECK_LIVENESS, "TIF_PATCH_PENDING before the target on reversal" },
	{ "mutant-signal", "-DUSERS=1 -DREVERSALS=0 -DLIVE -DINTERRUPTIBLE -DMUT_SIGNAL", "completes", CHECK_LIVENESS, "no fake signal" },
	{ "mutant-idle-loop", "-DUSERS=0 -DIDLES=1 -DREVERSALS=0 -DLIVE -DBUSY_IDLE -DMUT_IDLE_LOOP", "completes", CHECK_LIVENESS, "no switch in the idle loop" },
	LIVES("live-unreliable", "-DUSERS=1 -DREVERSALS=1 -DLIVE -DUNRELIABLE", "an unreliable stack: kernel exit switches"),
	LIVES("live-signal", "-DUSERS=1 -DREVERSALS=0 -DLIVE -DINTERRUPTIBLE", "a long interruptible sleep: the fake signal ends it"),
	LIVES("live-idle-busy", "-DUSERS=0 -DIDLES=1 -DREVERSALS=0 -DLIVE -DBUSY_IDLE", "an idle task that is always on its processor"),

	/* on demand */
	LONG("long-two-reversals", "-DUSERS=2 -DREVERSALS=2", "two tasks, two reversals"),
	LONG("long-replace", "-DUSERS=2 -DSCENARIO=2", "two tasks, atomic replace"),
	LONG("long-stacked", "-DUSERS=2 -DSCENARIO=3", "two tasks, two livepatches"),
	LONG("long-module", "-DUSERS=1 -DMODULES", "a module, a reversal"),
	{ "long-three", "-DUSERS=3", NULL, CHECK_BITSTATE, "three tasks" },
	{ "long-three-fork", "-DUSERS=2 -DFORK -DIDLES=1", NULL, CHECK_BITSTATE, "two tasks, an idle task, a fork" },
	{ "long-three-repaired", "-DUSERS=3 -DPREEMPT -DREPAIR", NULL, CHECK_BITSTATE, "three tasks, full preemption, repaired" },
};
const size_t model_row_count = sizeof(model_rows) / sizeof(*model_rows);
