// SPDX-License-Identifier: GPL-2.0-or-later
#include "commands/commands.h"

int command_diff(int argc, char **argv)
{
	(void)argv;
	return argc ? EXIT_USAGE : EXIT_FINE;
}
