// SPDX-License-Identifier: GPL-2.0-or-later
/* N4: there is no function of this name. */
#include "danger.h"

static int new_function(void)
{
	return 0;
}

LIVEPATCH("cmdline_proc_shaw", new_function);
