// SPDX-License-Identifier: GPL-2.0-or-later
/* Not possible: a jump label of a module's key is set up before the module is there. */
#include "lp.h"

#include <linux/jump_label.h>

extern struct static_key_false a_key;

static int new_answer(void)
{
	return static_branch_unlikely(&a_key) ? 1 : 0;
}

LIVEPATCH_ONE("suture_a", "a_answer", new_answer);
