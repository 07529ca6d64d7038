// SPDX-License-Identifier: GPL-2.0-or-later
/* f0 and f1 undo each other; f2 calls both, sleeps in between, and is not replaced. */
#define NF 3
/* name 0 prepare_wait */
/* name 1 finish_wait */
/* name 2 handle_event */
#define IN_PATCH(p, f) ((p) == 1 && (f) < 2)
#define CALLS(f, v, g) ((f) == 2)
#define FROM_TASK(f)   ((f) == 2)
#define FROM_KTHREAD(f) ((f) == 2)
#define FROM_IDLE(f)   false
#define FROM_IRQ(f)    false
#define SLEEPS(f, v)   true
#define IN_MODULE(f)   false
#define AGREE(f, g)    ((f) == 0 && (g) == 1)
