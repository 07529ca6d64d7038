// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a livepatch's symbols are in a kernel: what its loader would find, from the symbol list of that
 * kernel and independently of whoever made the livepatch.
 */
#ifndef SUTURE_MODULE_INSPECT_RESOLVE_H
#define SUTURE_MODULE_INSPECT_RESOLVE_H

#include "convert/symbols.h"
#include "module/inspect.h"

/*
 * Fills `address` of each relocation and replaced function, `owner` of each import, and in->kernel. What the
 * loader would not find becomes a finding: N4 (no such object, symbol or export), N1 (position 0
 * for a name that is not unique), K3 (a position that there is not), K8 (init memory).
 */
void inspect_resolve(struct inspection *inspection, const struct symlist *symbols);

#endif
