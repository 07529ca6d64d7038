/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the module suture_a and the livepatches for it know of each other. */
#ifndef TEST_A_H
#define TEST_A_H

/* Called, never inlined, never specialised: what a livepatch can replace and refer to. */
#define reachable __attribute__((noipa, used))

struct a_item {
	int id;
};

#endif
