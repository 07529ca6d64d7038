/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEST_CROSSCHECK_H
#define TEST_CROSSCHECK_H

/* A cmocka test; live_dir has the modules, built and converted. */
void every_reference_resolves(void **state);

#endif
