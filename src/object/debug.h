// SPDX-License-Identifier: GPL-2.0-or-later
/* The debug information of one file. */
#ifndef SUTURE_OBJECT_DEBUG_H
#define SUTURE_OBJECT_DEBUG_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>

#include "base/error.h"

/*
 * Opens an ELF file with the debug information that it has itself. Sections of a relocatable object (a
 * module) get addresses of their own, and its debug sections are relocated to them: read without that,
 * every name is wrong (elfutils, libdwfl.h, dwfl_report_offline()). dwfl: the caller ends it with
 * dwfl_end(), also after an error, and module and dwarf with it. module: may be NULL, not stored then.
 * dwarf: NULL when there is no debug information. Ids: D1, or that of the system.
 */
struct error *debug_open(const char *path, Dwfl **dwfl, Dwfl_Module **module, Dwarf **dwarf);

/* An attribute that is an unsigned number. False: there is none, or it is of another form. */
bool debug_number(Dwarf_Die *die, unsigned int attribute, uint64_t *value);
/* "struct ", "union ", "enum ", or "": what C has in front of the name of such a type. */
const char *debug_keyword(int tag);

#endif
