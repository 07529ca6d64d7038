// SPDX-License-Identifier: GPL-2.0-or-later
/* f0 is called by system calls and may sleep; f1 also by interrupts, whatever they interrupt, f0 included. */
#define NF 2
#define IN_PATCH(p, f) true
#define CALLS(f, v, g) false
#define FROM_TASK(f)   true
#define FROM_KTHREAD(f) false
#define FROM_IDLE(f)   false
#define FROM_IRQ(f)    ((f) == 1)
#define SLEEPS(f, v)   ((f) == 0)
#define IN_MODULE(f)   false
#define AGREE(f, g)    false
