// SPDX-License-Identifier: GPL-2.0-or-later
/* Replaces the function in which the thread of sitter.ko sits: the transition cannot end. */
#include "patch-common.h"

static int patched_sit(void *data)
{
	return 0;
}

LIVEPATCH("sitter", "suture_sit", patched_sit);
