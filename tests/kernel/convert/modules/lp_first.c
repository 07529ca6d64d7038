// SPDX-License-Identifier: GPL-2.0-or-later
/* The first of two livepatches of one function. */
#include "lp.h"

extern int a_table[4];

static int new_answer(void)
{
	return a_table[0] * 2;
}

LIVEPATCH_ONE("suture_a", "a_answer", new_answer);
