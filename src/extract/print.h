// SPDX-License-Identifier: GPL-2.0-or-later
/* Declarations made from tokens, where the original text cannot be taken as it is. */
#ifndef SUTURE_EXTRACT_PRINT_H
#define SUTURE_EXTRACT_PRINT_H

#include "base/str.h"
#include "extract/tu.h"

/* Appends tokens with the blanks of the preprocessed text; lines are broken where it breaks them.
 */
void print_tokens(const struct tu *tu, uint32_t first, uint32_t end, struct str *out);

/* The tokens of a declared name: specifiers first to before `specifiers`, declarator start to
 * before end, the name itself. */
struct extern_parts {
	uint32_t first, specifiers, token, start, end;
};
struct extern_parts extern_parts(const struct tu *tu, const struct declared *d);

/* The '=' of a declarator "x[] = …", whose size is the initialiser's; or 0. */
uint32_t print_open_size(const struct tu *tu, const struct extern_parts *p);

/* Appends "int f(int a);" on one line: without storage class, initialiser, and attributes that
 * belong to the definition. Another name (NULL: the same), and perhaps an assembler name. */
void print_declarator(const struct tu *tu, const struct extern_parts *p, const char *name,
		      const char *link_name, struct str *out);
/* The same with something ("extern ") before it, long lines broken, and a newline. */
void print_declaration(const struct tu *tu, const struct extern_parts *p, const char *before,
		       const char *name, const char *link_name, struct str *out);

#endif
