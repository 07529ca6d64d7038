// SPDX-License-Identifier: GPL-2.0-or-later
/* Broken: callbacks, states, what outlives the module. */
#define BREAK_LIFE
#include "fixture.h"
