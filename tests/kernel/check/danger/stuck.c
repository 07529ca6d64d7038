// SPDX-License-Identifier: GPL-2.0-or-later
/* F4: a kernel thread sleeps in its main loop, so it never switches. */
#include "danger.h"

static int new_kcompactd(void *data)
{
	return 0;
}

LIVEPATCH("kcompactd", new_kcompactd);
