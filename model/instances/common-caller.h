// SPDX-License-Identifier: GPL-2.0-or-later
/* The cure of sequence.h: f2 calls f0 and f1 and is replaced with them, so that one stack holds it all. */
#define NF 3
/* name 0 lock_queue */
/* name 1 unlock_queue */
/* name 2 queue_work_item */
#define IN_PATCH(p, f) ((p) == 1)
#define CALLS(f, v, g) ((f) == 2)
#define FROM_TASK(f)   ((f) == 2)
#define FROM_KTHREAD(f) false
#define FROM_IDLE(f)   false
#define FROM_IRQ(f)    false
#define SLEEPS(f, v)   ((f) == 2)
#define IN_MODULE(f)   false
#define AGREE(f, g)    ((f) == 0 && (g) == 1)
