// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces a function that no kernel has: the livepatch core refuses. */
#include "patch-common.h"

static int patched(void)
{
	return 0;
}

LIVEPATCH(NULL, "suture_no_such_function", patched);
