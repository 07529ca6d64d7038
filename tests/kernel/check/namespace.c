// SPDX-License-Identifier: GPL-2.0-or-later
/* Broken: names and needs. */
#define BREAK_NAMES
#include "fixture.h"
