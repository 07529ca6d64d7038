// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces a function in which somebody sleeps. */
#include "lp.h"

extern int a_table[4];

static int new_sleep(void)
{
	return a_table[1];
}

LIVEPATCH_ONE("suture_a", "a_sleep", new_sleep);
