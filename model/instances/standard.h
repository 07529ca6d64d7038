// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The standard instance: f0 calls f1, both in their old and new versions. Patch 1 changes both, patch 2 only
 * f0. Both may sleep. With MODULES, f1 belongs to a module that comes and goes.
 */
#define NF 2
#define IN_PATCH(p, f) ((p) == 1 || (f) == 0)
#define CALLS(f, v, g) ((f) == 0 && (g) == 1)
#define FROM_TASK(f)   true
#define FROM_KTHREAD(f) true
#define FROM_IDLE(f)   ((f) == 1)
#define FROM_IRQ(f)    false
#define SLEEPS(f, v)   true
#define IN_MODULE(f)   ((f) == 1)
#define AGREE(f, g)    false
