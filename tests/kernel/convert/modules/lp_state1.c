// SPDX-License-Identifier: GPL-2.0-or-later
/* Version 1 of the livepatch with a state. */
#define VERSION 1
#include "state.h"
