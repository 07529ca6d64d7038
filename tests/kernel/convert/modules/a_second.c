// SPDX-License-Identifier: GPL-2.0-or-later
/* The second file of suture_a: names that the first has too. */
#include "a.h"

int a_second_twin(void);

static int pair __attribute__((used)) = 222;

static reachable int twin(void)
{
	return 22 + pair - 222;
}

int a_second_twin(void)
{
	return twin();
}
