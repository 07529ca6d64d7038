// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The instance: which functions the livepatches change, and how those call each other. The model knows
 * nothing else about a livepatch. Chosen by -DINSTANCE=FILE; read by the C preprocessor before the
 * model, so a definition is an expression over numbers that may use ==, &&, ||, ! and the constants true and
 * false. Functions are numbered 0..NF-1, versions 0 (the kernel's own), 1 (of patch 1), 2 (of patch 2).
 *
 *   NF               number of functions, 1 to 4
 *   IN_PATCH(p, f)   patch p (1 or 2) replaces function f
 *   CALLS(f, v, g)   version v of f may call g, directly or through functions that are not replaced
 *   FROM_TASK(f)     a system call may reach f without another replaced function on the stack
 *   FROM_KTHREAD(f)  a kernel thread may call f so; FROM_IDLE(f) the idle loop; FROM_IRQ(f) an interrupt
 *   SLEEPS(f, v)     version v of f may sleep, itself or in a callee that is not replaced
 *   STAYS(f, v)      version v of f never returns: the main loop of a kernel thread (may be left out)
 *   IN_MODULE(f)     f belongs to a module that may come and go (one module; only with -DMODULES)
 *   AGREE(f, g)      f and g (f < g) must be of the same patch whenever one task runs both in one system call,
 *                    one round of a kernel thread, or one activation of a function here that calls both;
 *                    also one after the other (only with -DAGREEMENT; with -DORDERED, from a call of f to the next of g)
 *
 * For counterexamples that people read, comments give the functions names, one a line:
 *
 *   name 0 do_something
 */
#ifdef INSTANCE
#define INSTANCE_QUOTE(x) #x
#define INSTANCE_FILE(x) INSTANCE_QUOTE(x)
#include INSTANCE_FILE(INSTANCE)
#else
#include "instances/standard.h"
#endif
#ifndef STAYS
#define STAYS(f, v) false
#endif
