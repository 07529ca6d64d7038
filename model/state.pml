/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state: what the kernel keeps about livepatches and tasks, and what only the properties look at.
 *
 * Tasks are numbered: user tasks, kernel threads, idle tasks, then one free slot that fork() may fill.
 */
#ifndef USERS
#define USERS 2
#endif
#ifndef KTHREADS
#define KTHREADS 0
#endif
#ifndef IDLES
#define IDLES 0
#endif
#ifdef FORK
#define SLOTS 1
#else
#define SLOTS 0
#endif
#define NT (USERS + KTHREADS + IDLES + SLOTS)
#define IS_KTHREAD(t) ((t) >= USERS && (t) < USERS + KTHREADS)
#define IS_IDLE(t) ((t) >= USERS + KTHREADS && (t) < USERS + KTHREADS + IDLES)
#define IS_USER(t) (!IS_KTHREAD(t) && !IS_IDLE(t))
#define CHILD (NT - 1)

#ifndef SCENARIO
#define SCENARIO 1      /* scenarios.pml */
#endif
#define REPLACES(p) (SCENARIO == 2 && (p) == 2)

#define UNPATCHED 0     /* KLP_TRANSITION_UNPATCHED, and so on: include/linux/livepatch.h */
#define PATCHED 1
#define IDLE 2

#define NP 2            /* livepatches are 1 and 2; 0 is none */
#define PF(p, f) ((p) * NF + (f))
#define TF(t, f) ((t) * NF + (f))

/* struct klp_ops, struct klp_func, struct klp_object, struct klp_patch */
byte top[NF];           /* first entry of ops->func_stack: a patch; 0: empty */
byte below[(NP + 1) * NF]; /* klp_func(p, f)->stack_node.next */
bit registered[NF];     /* register_ftrace_function(&ops->fops): the call site calls the trampoline */
bit transition[(NP + 1) * NF]; /* klp_func(p, f)->transition */
bit patched_module[NP + 1]; /* obj->patched of the module's object */
bit patched_core[NP + 1];   /* obj->patched of the object vmlinux */
bit is_enabled[NP + 1];
bit forced[NP + 1];
bit listed[NP + 1];     /* on klp_patches */
bit nops;               /* the nop functions of patch 2 exist: klp_add_nops() */
byte current_patch;     /* klp_transition_patch */
byte target = IDLE;     /* klp_target_state */
bit reading;            /* tasklist_lock is held by the livepatch core */
bit mutex;              /* klp_mutex */
bit signalled;          /* klp_send_signals() has been reached */

/* struct task_struct, and where each task is */
bit alive[NT];          /* on the list of tasks */
byte patch_state[NT] = IDLE;
bit pending[NT];        /* TIF_PATCH_PENDING */
bit on_cpu[NT];         /* task_curr() */
bit no_preempt[NT];     /* inside preempt_disable() */
byte window[NT];        /* 1 + f: in the trampoline of f, before the chosen version */
byte frame[NT * NF];    /* 1 + version of f that is on the task's stack; 0: not there */
bit owes_sched[NT];     /* the waiter of schedule_on_each_cpu() still waits for this one */
bit owes_tasks[NT];     /* that of synchronize_rcu_tasks() */
bit holds_module[NT];   /* executes in the module, so holds a reference to it */

/* the module that comes and goes */
#ifdef MODULES
bit module_alive;       /* mod->klp_alive */
bit module_usable;      /* MODULE_STATE_LIVE: its functions can be called */
#ifdef MUT_ALIVE
bit module_found;       /* find_module() finds it, klp_module_coming() may be still to come */
#define MODULE_ALIVE module_found
#else
#define MODULE_ALIVE module_alive
#endif
#define MODULE_USABLE module_usable
#else
#define MODULE_ALIVE true
#define MODULE_USABLE true
#endif

/*
 * Ghosts: only properties look at them. A universe is a set of livepatches, bit p-1 for patch p; it says
 * which version of each function belongs to it.
 */
byte universe[NT];      /* of each task since its last switch point */
byte universe_now;      /* of the kernel, between transitions */
byte universe_on;       /* where this transition leads when it goes forward */
byte universe_off;      /* and backward */
bit gone[NP + 1];       /* the livepatch's module may have been removed */
byte callbacks[(NP + 1) * 2]; /* per object: 0 nothing, 1 pre_patch, 2 post_patch, 3 pre_unpatch */
bit finished;           /* the scenario is over */
