// SPDX-License-Identifier: GPL-2.0-or-later
/* Reading a .config. */
#ifndef SUTURE_TARGET_CONFIG_H
#define SUTURE_TARGET_CONFIG_H

#include <stdbool.h>

#include "base/error.h"

/* Text after "CONFIG_option=" up to the end of the line, quotes removed; the caller's, or NULL. */
char *config_value(const char *text, const char *option);
/* Is CONFIG_option exactly `value`, 'y' or 'm'? */
bool config_is(const char *text, const char *option, char value);

/* Error T4 unless the configuration is one of an x86_64 kernel that takes livepatches. */
struct error *config_check_livepatch(const char *text, const char *name);

/* First word of CONFIG_CC_VERSION_TEXT, the compiler's command; the caller's. Error T7. */
struct error *config_compiler(const char *text, const char *file, char **cc);

/*
 * The options on which two configurations differ, "CONFIG_A (y, was n), ...", the caller's; NULL
 * when they agree. `limit` options are named, the rest is counted.
 */
char *config_difference(const char *want, const char *have, unsigned int limit);

#endif
