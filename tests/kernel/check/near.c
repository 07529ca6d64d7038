// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Not broken: functions next to those of functions.c. One that the tracers use and the unwinder does
 * not; one of ftrace that only serves a file; one that a thread's loop calls; a thread that runs once; a
 * system request that comes back; a work item that lies beside a timer; an interrupt's thread; one that the
 * idle loop calls and others, too.
 */
#define NEAR
#include "fixture.h"
