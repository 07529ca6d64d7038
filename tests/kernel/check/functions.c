// SPDX-License-Identifier: GPL-2.0-or-later
/* Broken: what is replaced. */
#define BREAK_FUNCTIONS
#include "fixture.h"
