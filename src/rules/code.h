// SPDX-License-Identifier: GPL-2.0-or-later
/* What the machine code of one shipped function says about staying in it. */
#ifndef SUTURE_RULES_CODE_H
#define SUTURE_RULES_CODE_H

#include "rules/graph.h"

struct code_facts {
	bool known;          /* the code could be read */
	bool returns;        /* control can come to its end, or go on in another function */
	bool endless;        /* it has a loop with a call that it cannot leave */
	const char *asks;    /* a function that tells a thread to end (kthread_should_stop()), called in a
			      * loop; NULL: none */
	const char *sleeps;  /* a function that sleeps, called in a loop; NULL: none */
	const char *ends_in; /* a function that never returns, called in it; NULL: none */
};

/*
 * Follows every branch of the code. Calls come back, but for those of functions that are known never to
 * (known.h). Jump labels are seen as they are linked; a part that was split off (.cold) is not entered.
 */
struct code_facts code_facts(const struct graph_node *node);

#endif
