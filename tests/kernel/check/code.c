// SPDX-License-Identifier: GPL-2.0-or-later
/* Broken: how the code was made. */
#define LATE
#define BREAK_CODE
#include "fixture.h"
