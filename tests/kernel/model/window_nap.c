// SPDX-License-Identifier: GPL-2.0-or-later
/* The same, but the replacement sleeps: the module is removed under it. */
#define NAP
#include "window.c"
