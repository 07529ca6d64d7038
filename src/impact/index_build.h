// SPDX-License-Identifier: GPL-2.0-or-later
/* An index part while it is made; for the files of src/impact/index_*.c alone. */
#ifndef SUTURE_IMPACT_INDEX_BUILD_H
#define SUTURE_IMPACT_INDEX_BUILD_H

#include <elfutils/libdw.h>

#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "impact/index_format.h"
#include "object/image.h"

DEFINE_VEC(index_object_vec, struct index_object)
DEFINE_VEC(index_unit_vec, struct index_unit)
DEFINE_VEC(index_function_vec, struct index_function)
DEFINE_VEC(index_instance_vec, struct index_instance)
DEFINE_VEC(index_inline_vec, struct index_inline)
DEFINE_VEC(index_symbol_vec, struct index_symbol)
DEFINE_VEC(index_edge_vec, struct index_edge)
DEFINE_VEC(index_pointer_vec, struct index_pointer)

/* Where the code of an object is: what its DWARF is matched with. */
struct index_ground {
	uint32_t first_symbol, end_symbol;
	uint32_t first_pointer, end_pointer;
	bool module;
	struct str_vec sections; /* names by ELF section index */
};
DEFINE_VEC(index_ground_vec, struct index_ground)

struct index_builder {
	struct str text;    /* all strings, each with its NUL */
	struct map strings; /* hash of a string → offset of the last one with it, plus one */
	struct map functions; /* hash of (name, file, line) → number + 1 */
	struct map externs;   /* string offset of an undefined symbol → number + 1 */
	struct index_object_vec objects;
	struct index_unit_vec units;
	struct index_function_vec function;
	struct index_instance_vec instances;
	struct index_inline_vec inlines;
	struct index_symbol_vec symbols;
	struct index_edge_vec edges;
	struct index_pointer_vec pointers; /* of each object by place */
	struct u32_vec seen; /* by function: the last instance + 1 that has it inlined */
	struct index_ground_vec grounds; /* by object */
	/* Of the object that is being added: */
	uint32_t object, first_symbol, end_symbol;
};

void index_builder_free(struct index_builder *b);

uint32_t index_add_string(struct index_builder *b, const char *s);
uint32_t index_add_function(struct index_builder *b, const char *name, uint32_t file,
			    uint32_t line);

/* Adds a kernel object: its function symbols, sorted by place, and its calls. */
void index_add_object(struct index_builder *b, const struct image *image);
/* Number of the object of this name, or INDEX_NONE. */
uint32_t index_find_object(const struct index_builder *b, const char *name);
/* Symbol of the object that is being added which begins at the place, or INDEX_NONE. */
uint32_t index_symbol_begins(const struct index_builder *b, uint64_t place);

/* Adds the addresses of functions in the object's data. */
void index_add_pointers(struct index_builder *b, const struct image *image, struct index_ground *ground);
/* Names those that lie in a variable, whose DWARF entry this is. memo: of the unit. */
void index_name_pointers(struct index_builder *b, const struct index_ground *ground, struct map *memo,
			 Dwarf_Die *variable, uint64_t place);

/* Adds what the DWARF of a file says about an object that was added. Ids D1, D2. *found: there was
 * DWARF. */
struct error *index_add_dwarf(struct index_builder *b, uint32_t object, const char *path,
			      bool *found);

/* Sorts, numbers and writes. The builder can only be freed afterwards. */
struct error *index_write(struct index_builder *b, const char *path, uint64_t source);

/* The part of vmlinux, written to a file. Ids I1, D1, D2, Y1, Y2. */
struct error *index_make_vmlinux(const struct target *target, const char *to, uint64_t source);

#endif
