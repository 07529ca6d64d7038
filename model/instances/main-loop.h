// SPDX-License-Identifier: GPL-2.0-or-later
/* f1 is the main loop of a kernel thread, f0 what it calls again and again. */
#define NF 2
/* name 0 do_work */
/* name 1 main_loop */
#define IN_PATCH(p, f) true
#define CALLS(f, v, g) ((f) == 1)
#define FROM_TASK(f)   false
#define FROM_KTHREAD(f) ((f) == 1)
#define FROM_IDLE(f)   false
#define FROM_IRQ(f)    false
#define SLEEPS(f, v)   true
#define STAYS(f, v)    ((f) == 1)
#define IN_MODULE(f)   false
#define AGREE(f, g)    false
