// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Types: does the fix change something that code or data outside of the livepatch relies on? Read
 * from the DWARF of the two objects of a unit, rules S3, S4 (layouts, enumerators) and F12
 * (prototypes).
 */
#ifndef SUTURE_LAYOUT_LAYOUT_H
#define SUTURE_LAYOUT_LAYOUT_H

#include <stddef.h>

#include "base/error.h"
#include "base/finding.h"

/*
 * Compares the types of a unit, given as the objects that the compiler (gcc or clang, -g, DWARF 4
 * or 5) made of the original and of the patched source. kobject: name for the findings. functions:
 * the symbols that the livepatch replaces or adds in this unit; suffixes like .isra.0 are ignored.
 *
 * What is compared: structs, unions and enums with the same name in both (anonymous ones through
 * the member, typedef or variable that holds them); a type that only one object has, or has only as
 * a declaration, cannot be compared and gives no finding.
 *
 * A changed layout is a refusal, unless nobody else can hold an instance of the type:
 *  - declared inside a function that is replaced, or
 *  - declared in the .c file, reached (also through pointers) from no variable and from no function
 *    that stays, and instances are automatic variables of the replaced functions (note).
 * A function that only casts to a type leaves no trace in its DWARF; if it depends on what
 * changed, its code differs and it is among the replaced ones, so this list need not know it.
 *
 * Findings that are already in the list with the same text are not added again, so that a header
 * type is reported once for all units. An error (D1, D2) is returned for files that cannot be read.
 */
struct error *layout_compare(const char *original_o, const char *patched_o, const char *kobject,
			     const char *const *functions, size_t n, struct finding_vec *findings);

#endif
