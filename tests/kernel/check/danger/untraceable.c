// SPDX-License-Identifier: GPL-2.0-or-later
/* F1: ftrace has no entry there. */
#include "danger.h"

static void new_handler(struct pt_regs *regs, unsigned long code)
{
}

LIVEPATCH("exc_page_fault", new_handler);
