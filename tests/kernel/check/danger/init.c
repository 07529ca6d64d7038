// SPDX-License-Identifier: GPL-2.0-or-later
/* S1: the function has run, and is gone. */
#include "danger.h"

static void new_function(void)
{
}

LIVEPATCH("start_kernel", new_function);
