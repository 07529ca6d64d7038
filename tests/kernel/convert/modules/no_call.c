// SPDX-License-Identifier: GPL-2.0-or-later
/* Not possible: a static call site of a module's key is set up before the module is there. */
#include "lp.h"

#include <linux/static_call.h>

extern int a_called(void);
DECLARE_STATIC_CALL(a_call, a_called);

static int new_answer(void)
{
	return static_call(a_call)() + 1;
}

LIVEPATCH_ONE("suture_a", "a_answer", new_answer);
