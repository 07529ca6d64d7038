// SPDX-License-Identifier: GPL-2.0-or-later
/* Broken: the livepatch's own data. */
#define BREAK_DATA
#include "fixture.h"
