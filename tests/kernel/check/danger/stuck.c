// SPDX-License-Identifier: GPL-2.0-or-later
/* F4: two kernel threads sleep in their main loops, so they never switch. */
#include "danger.h"

static int new_kcompactd(void *data)
{
	return 0;
}

static void new_loop(void)
{
}

LIVEPATCH_ROWS({ .old_name = "kcompactd", .new_func = new_kcompactd },
	       { .old_name = "devtmpfs_work_loop", .new_func = new_loop });
