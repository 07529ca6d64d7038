// SPDX-License-Identifier: GPL-2.0-or-later
/* What gcc found out about a function without being told: const, pure, noreturn, from its dumps. */
#ifndef SUTURE_IMPACT_FACTS_H
#define SUTURE_IMPACT_FACTS_H

#include "base/error.h"
#include "base/vec.h"

/* Adds the flags that make the compiler write dumps beside the path `base`. */
void facts_ask(struct str_vec *flags, const char *base);
/* Reads them; each fact once. Dumps that are not there have no facts. */
struct error *facts_read(const char *base, const char *function, struct str_vec *facts);
/* One dump's text, for tests. */
void facts_parse(const char *text, const char *function, struct str_vec *facts);

#endif
