// SPDX-License-Identifier: GPL-2.0-or-later
/* From what the guest reported and the kernel printed to findings. */
#ifndef SUTURE_BOOT_JUDGE_H
#define SUTURE_BOOT_JUDGE_H

#include "boot/session.h"

/* Adds the findings of a session that came as far as the guest's shell to its result, and sets
 * result->ok. console: the whole console. */
void judge(const struct session *s, const char *console);

#endif
