// SPDX-License-Identifier: GPL-2.0-or-later
/* The fixture with nothing broken. */
#define LATE
#include "fixture.h"
