// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * f0 locks, f1 unlocks, in a new way both. A system call that is not replaced calls one after the other: between
 * the two it may sleep, be switched, and unlock in the new way what it locked in the old.
 */
#define NF 2
/* name 0 lock_queue */
/* name 1 unlock_queue */
#define IN_PATCH(p, f) ((p) == 1)
#define CALLS(f, v, g) false
#define FROM_TASK(f)   true
#define FROM_KTHREAD(f) false
#define FROM_IDLE(f)   false
#define FROM_IRQ(f)    false
#define SLEEPS(f, v)   false
#define IN_MODULE(f)   false
#define AGREE(f, g)    ((f) == 0 && (g) == 1)
