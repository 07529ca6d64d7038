// SPDX-License-Identifier: GPL-2.0-or-later
/* Not possible: the module loader applies no relocations to per-cpu data, whoever's the symbol is. */
#include "lp.h"

#include <linux/percpu.h>

extern char *saved_command_line;
extern int a_secret;
static DEFINE_PER_CPU(int *, of_module) = &a_secret;
static DEFINE_PER_CPU(char **, of_core) = &saved_command_line;

static int new_answer(void)
{
	return *this_cpu_read(of_module) + **this_cpu_read(of_core);
}

LIVEPATCH_ONE("suture_a", "a_answer", new_answer);
