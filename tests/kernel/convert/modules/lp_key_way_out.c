// SPDX-License-Identifier: GPL-2.0-or-later
/* What is possible with a module's static key and static call: reading them. */
#include "lp.h"

#include <linux/jump_label.h>
#include <linux/static_call.h>

extern struct static_key_false a_key;
extern int a_called(void);
DECLARE_STATIC_CALL(a_call, a_called);

static int new_answer(void)
{
	int (*call)(void) = READ_ONCE(STATIC_CALL_KEY(a_call).func);

	return static_key_enabled(&a_key) * 10 + call();
}

LIVEPATCH_ONE("suture_a", "a_answer", new_answer);
