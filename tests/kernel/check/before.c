// SPDX-License-Identifier: GPL-2.0-or-later
/* The livepatch before the others. */
#define BEFORE
#include "fixture.h"
