// SPDX-License-Identifier: GPL-2.0-or-later
/* N1: three functions have this name. */
#include "danger.h"

static void *new_start(struct seq_file *m, loff_t *pos)
{
	return NULL;
}

LIVEPATCH("m_start", new_start);
