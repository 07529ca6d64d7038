// SPDX-License-Identifier: GPL-2.0-or-later
/* The same, but f2 does not sleep: interrupts call it too. A task on its processor is not switched. */
#define NF 3
/* name 0 prepare_wait */
/* name 1 finish_wait */
/* name 2 handle_event */
#define IN_PATCH(p, f) ((p) == 1 && (f) < 2)
#define CALLS(f, v, g) ((f) == 2)
#define FROM_TASK(f)   ((f) == 2)
#define FROM_KTHREAD(f) ((f) == 2)
#define FROM_IDLE(f)   false
#define FROM_IRQ(f)    ((f) == 2)
#define SLEEPS(f, v)   ((f) < 2)
#define IN_MODULE(f)   false
#define AGREE(f, g)    ((f) == 0 && (g) == 1)
