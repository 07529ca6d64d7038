// SPDX-License-Identifier: GPL-2.0-or-later
/* The types, functions and variables of one object's DWARF as arrays that refer to each other. */
#ifndef SUTURE_LAYOUT_DWARF_H
#define SUTURE_LAYOUT_DWARF_H

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"

/* A member, enumerator, parameter or array dimension. */
struct die_item {
	const char *name; /* NULL: has none */
	int64_t value;	  /* member: offset in bits; enumerator: value; dimension: count */
	uint32_t type;	  /* index in types */
	uint32_t bits;	  /* width of a bit-field, 0: none */
	uint32_t next;	  /* index in items, 0: the last */
};
DEFINE_VEC(item_vec, struct die_item)

struct item_list {
	uint32_t first, last, n; /* index in items, 0: empty */
};

struct die_type {
	uint64_t offset; /* of the DIE */
	const char *name;
	uint64_t size;
	uint32_t type;	   /* what it is made of: pointee, element, returned type */
	uint32_t function; /* declared inside this one, 0: file scope */
	uint16_t tag;	   /* DW_TAG_*, 0: referenced, but not a type */
	uint8_t encoding;
	bool declaration, variadic;
	bool named_by_typedef; /* anonymous, but a typedef gives it a name */
	struct item_list items;
};
DEFINE_VEC(type_vec, struct die_type)

struct die_function {
	uint64_t offset;
	const char *name;
	uint32_t origin; /* abstract instance of this concrete one, 0: none */
	uint32_t type;	 /* returned */
	bool external, declaration, code, variadic;
	struct item_list params;
};
DEFINE_VEC(function_vec, struct die_function)

/* A variable or parameter of a function, or a variable at file scope (function 0). */
struct die_use {
	const char *name;
	uint32_t function, type;
	bool is_static; /* lives in a section */
	bool automatic; /* a local variable, not a parameter, on the stack or in registers */
};
DEFINE_VEC(use_vec, struct die_use)

struct die_inline { /* body of `callee` appears in `into` */
	uint32_t into, callee;
};
DEFINE_VEC(inline_vec, struct die_inline)

/* Index 0 of types, items and functions is "none" (for types: void). */
struct dwarf_unit {
	const char *path;
	Dwfl *dwfl;
	Dwarf *dwarf;	    /* NULL: no debug information */
	const char *source; /* name of the (last) compile unit */
	struct type_vec types;
	struct item_vec items;
	struct function_vec functions;
	struct use_vec uses;
	struct inline_vec inlines;
	struct map type_at, function_at; /* DIE offset → index */
	size_t dies;
};

/* Reads the object. Ids D1 (not ELF), D2 (damaged DWARF). Without DWARF: dwarf is NULL. */
struct error *dwarf_unit_read(const char *path, struct dwarf_unit *unit);
void dwarf_unit_free(struct dwarf_unit *unit);
#define scoped_dwarf_unit __attribute__((cleanup(dwarf_unit_free)))

static inline bool tag_is_aggregate(uint16_t tag)
{
	return tag == 0x13 /* DW_TAG_structure_type */ || tag == 0x17 /* DW_TAG_union_type */;
}

/* Takes const, volatile, restrict and _Atomic away, with typedefs also those. */
uint32_t type_strip(const struct dwarf_unit *unit, uint32_t type, bool typedefs);

/* C-like name of a type, for messages; the caller's string. */
char *type_name(const struct dwarf_unit *unit, uint32_t type);

/* Where a type or function (by DIE offset) was declared: the caller's "file:line" or NULL, and
 * whether that file is a header. */
char *die_location(const struct dwarf_unit *unit, uint64_t offset, bool *header);

#endif
