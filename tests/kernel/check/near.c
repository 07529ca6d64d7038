// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Not broken: functions next to those of functions.c. One that the tracers use and the unwinder does
 * not; one of ftrace that only serves a file; one that a thread's loop calls; a thread that runs once; a
 * system request that comes back; a work item that lies beside a timer; an interrupt's thread; one that the
 * idle loop calls and others, too; a work item whose address lies in data; what a per-CPU thread's loop
 * calls; one that an RCU callback calls, which others call directly; one that interrupts call, and the
 * threads of some; one of an idle state that takes the processor away.
 */
#define NEAR
#include "fixture.h"
