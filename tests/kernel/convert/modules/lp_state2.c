// SPDX-License-Identifier: GPL-2.0-or-later
/* Version 2 of the livepatch with a state. */
#define VERSION 2
#include "state.h"
