// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the debug information of one object says about code: which function symbol has instructions
 * of which source line, and which source functions a symbol consists of, inlined ones included.
 */
#ifndef SUTURE_ACCOUNT_CODE_H
#define SUTURE_ACCOUNT_CODE_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"

/* A source file to look for. */
struct code_file {
	const char *path;    /* relative to the source tree */
	const bool *touched; /* by line number: rows of these lines are kept */
	size_t n;	     /* of touched */
	bool *has_code;	     /* filled: lines that have code; as many as touched */
};
DEFINE_VEC(code_file_vec, struct code_file)

struct code_symbol {
	uint64_t address, size;
	const char *name; /* of a .cold part: as it is */
	uint32_t base;	  /* the symbol it is part of: itself, or the function of a .cold part */
};
DEFINE_VEC(code_symbol_vec, struct code_symbol)

/* A function of the source that is declared in one of the files. */
struct code_function {
	const char *name;
	uint32_t file; /* index in files */
	uint32_t line; /* of the declaration */
};
DEFINE_VEC(code_function_vec, struct code_function)

struct code_row { /* the symbol has instructions of this line */
	uint32_t symbol, file, line;
};
DEFINE_VEC(code_row_vec, struct code_row)

struct code_part { /* the symbol has code of this source function */
	uint32_t symbol, function;
	bool inlined; /* false: the symbol is the function, or a clone of it */
};
DEFINE_VEC(code_part_vec, struct code_part)

struct code {
	const char *path;
	const struct code_file_vec *files;
	Dwfl *dwfl;
	Dwarf *dwarf;			/* NULL: no debug information */
	struct code_symbol_vec symbols; /* function symbols by address */
	struct code_function_vec functions;
	struct code_row_vec rows;   /* each once */
	struct code_part_vec parts; /* each once */
	struct map file_of;	    /* file name's address → index + 1, or none: -1 */
	struct map function_at;	    /* DIE offset → index + 1, or none: -1 */
	struct map seen;	    /* keys of rows and parts */
};

/* Reads the object. Ids D1 (not ELF), D2 (damaged DWARF). Without DWARF: dwarf is NULL. */
struct error *code_read(const char *path, const struct code_file_vec *files, struct code *code);
void code_free(struct code *code);

#endif
