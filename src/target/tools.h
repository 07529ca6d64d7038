// SPDX-License-Identifier: GPL-2.0-or-later
/* Running the tools that unpack and prepare: what they need, and what their complaints mean. */
#ifndef SUTURE_TARGET_TOOLS_H
#define SUTURE_TARGET_TOOLS_H

#include <stdbool.h>

#include "base/error.h"
#include "base/process.h"

/* The last `lines` non-empty lines of a tool's output, joined by "; ", the caller's. */
char *tool_last_lines(const char *output, unsigned int lines);

/* Error Y2 when the output says that the disk is full, else NULL. */
struct error *tool_disk_full(const char *output);

/* Error `id` ("what failed: first complaint, or last lines") when the process failed, Y2 when the disk was full. */
struct error *tool_check(const char *id, const char *what, const struct process_result *result);

/* Is there a program of this name in PATH (or at this path)? */
bool tool_in_path(const char *program);

/* Error T6 that names every Debian package missing for unpacking and preparing a Debian kernel. */
struct error *tools_check_debian(void);
/* Error T6 when the compiler is not there. */
struct error *tools_check_compiler(const char *cc);
/* Says so, as progress, when `cc --version` does not print the version that the kernel records. */
struct error *tools_note_version(const char *cc, const char *recorded);

#endif
