// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index of a target: for every function of the shipped kernel where its code is, into which
 * functions the compiler inlined it, which other names it has, whom it calls and who calls it.
 * Made once from symbol tables, machine code and DWARF, kept in the target's cache, mapped into
 * memory and asked by binary search.
 *
 * An index has parts, one file each: vmlinux; one module (made when first asked for); or all modules
 * together. Records refer to others of their part by number (INDEX_NONE: none). Everything here
 * belongs to the index and is valid until index_close().
 *
 *     struct index_range r = index_symbols_named(part, "tcp_v4_rcv");
 *     for (uint32_t i = 0; i < r.n; i++) {
 *             const struct index_symbol *s = index_symbol(part, index_by_name(part, r.first + i));
 *             struct index_range callers = index_callers(part, s);
 *             ...
 */
#ifndef SUTURE_IMPACT_INDEX_H
#define SUTURE_IMPACT_INDEX_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "target/target.h"

#define INDEX_NONE UINT32_MAX

struct index_range {
	uint32_t first, n;
};

/* A kernel object: "vmlinux" or a module. */
struct index_object {
	uint32_t name;
	uint32_t debug; /* 1: the DWARF of it was read */
};

/* A translation unit that has code in the object. */
struct index_unit {
	uint32_t name; /* "net/ipv4/tcp_input.c" */
	uint32_t object;
};

/* A function of the source: one record for all units that read its definition. Sorted by name. */
struct index_function {
	uint32_t name;
	uint32_t file; /* where it is declared, "include/net/tcp.h"; "" if DWARF does not say */
	uint32_t line;
	uint32_t first_instance, instances;
	uint32_t first_inline, inlines;
};

/* Code of its own: what DWARF says of one function in one unit. Clones are instances, too. */
struct index_instance {
	uint32_t function, unit;
	uint32_t symbol; /* where it begins; INDEX_NONE if no symbol is there */
	uint32_t cold;   /* symbol of the part that was split off */
	uint32_t first_inlined, inlined; /* what was inlined into it: index_inlined_into() */
};

/* The body of `function` is part of `into`. Sorted by function; one record for each pair. */
struct index_inline {
	uint32_t function, into;
	uint32_t via; /* the function that it was inlined into first, and with it into `into` */
};

enum index_symbol_flag {
	SYMBOL_GLOBAL = 1,
	SYMBOL_COLD = 2,   /* a part that was split off (.cold) */
	SYMBOL_EXTERN = 4, /* a module's undefined symbol: its definition is in another object */
	SYMBOL_INIT = 8,   /* in a section that is freed after boot, or after a module was loaded */
};

/* A function symbol of the shipped object. Sorted by object, then place. */
struct index_symbol {
	uint64_t place; /* as in struct image: the address, or a module's section and offset */
	uint32_t size;
	uint32_t name, object, flags;
	uint32_t instance; /* DWARF's view, INDEX_NONE: none (assembly) */
	uint32_t prototype; /* "void (struct timer_list *)" of the function at this place; "": not known */
	uint32_t body;     /* the first symbol at this place: it has the edges of all of them */
	uint32_t forwards; /* its code is nothing but a jump to this symbol: wrapper */
	uint32_t first_callee, callees, first_caller, callers;
};

enum index_edge_kind {
	EDGE_CALL,
	EDGE_JUMP,    /* the last thing that the function does */
	EDGE_PART,    /* between a function and its .cold part */
	EDGE_ADDRESS, /* an instruction that has the function's address as operand */
};

/* At least one instruction of `from` leads to `to`. Sorted by from, to, kind. */
struct index_edge {
	uint32_t from, to, kind;
	uint32_t sites; /* how many instructions */
};

/*
 * Initialised data that holds the address of a function. What it is called, DWARF tells: strings, ""
 * when it does not. In nested structures, the innermost one that has a name.
 */
struct index_pointer {
	uint64_t place;
	uint32_t to;     /* symbol: the body */
	uint32_t holder; /* variable: "cpu_stop_threads" */
	uint32_t type;   /* "struct smp_hotplug_thread" */
	uint32_t member; /* "thread_fn" */
};

struct index_part {
	char *path;
	struct mapping map;
	const struct index_header *header;
};

struct impact_index {
	struct index_part *parts;
	size_t n;
};

/*
 * Opens the parts that the cache has; the one of vmlinux is made when it is missing, damaged or older
 * than the kernel image (about half a minute). Ids I1 (no DWARF), D1, D2, Y1, Y2.
 */
struct error *index_open(struct target *target, struct impact_index *index);
/* Makes the part of one module when there is none and adds it to an open index. Id T5 too. */
struct error *index_need_module(struct target *target, struct impact_index *index,
				const char *module);
/* Makes the part of all modules in one pass through the package with their debug files. */
struct error *index_make_modules(struct target *target);
/*
 * For who asks for symbols, calls and pointers only: the part of one object ("vmlinux" or a module) is added
 * to an index, which may be all zero. A part with DWARF is used if the cache has it, and made if that is cheap:
 * of vmlinux, of a module that has its DWARF itself. Else, or when there is no DWARF, one without is made
 * (calls-NAME.idx: no functions, units, inlined copies, prototypes, or names of data in it). Ids of
 * image_open(), T5, D1, D2.
 */
struct error *index_need_calls(struct target *target, struct impact_index *index, const char *object);
/* Is the DWARF of this kernel object in the index? */
bool index_has(const struct impact_index *index, const char *object);
void index_close(struct impact_index *index);
#define scoped_index __attribute__((cleanup(index_close)))

/* One part from a file, for tests and tools. Id I2 when it is damaged or of another version. */
struct error *index_part_open(const char *path, struct index_part *part);
void index_part_close(struct index_part *part);

/* "" for an offset that is none. */
const char *index_string(const struct index_part *part, uint32_t string);

/* Records by number; NULL when there is none of that number. */
const struct index_object *index_object(const struct index_part *part, uint32_t i);
const struct index_unit *index_unit(const struct index_part *part, uint32_t i);
const struct index_function *index_function(const struct index_part *part, uint32_t i);
const struct index_instance *index_instance(const struct index_part *part, uint32_t i);
const struct index_inline *index_inline(const struct index_part *part, uint32_t i);
const struct index_symbol *index_symbol(const struct index_part *part, uint32_t i);
const struct index_edge *index_edge(const struct index_part *part, uint32_t i);
const struct index_pointer *index_pointer(const struct index_part *part, uint32_t i);
uint32_t index_symbol_count(const struct index_part *part);
uint32_t index_function_count(const struct index_part *part);

/* Functions of this name; the range counts records. */
struct index_range index_functions_named(const struct index_part *part, const char *name);
/* Symbols of exactly this name, and of names that begin like it (clones: pass "tcp_ack."): the range
 * counts places in the order of names, index_by_name() turns one into the symbol's number. */
struct index_range index_symbols_named(const struct index_part *part, const char *name);
struct index_range index_symbols_starting(const struct index_part *part, const char *prefix);
uint32_t index_by_name(const struct index_part *part, uint32_t place_in_order);

/* The symbol that covers a place of an object (by its number), INDEX_NONE if there is none. */
uint32_t index_symbol_at(const struct index_part *part, uint32_t object, uint64_t place);
/* All symbols at the place of symbol i: its aliases and itself. */
struct index_range index_aliases(const struct index_part *part, uint32_t i);
/* Edges from a symbol (numbers of records), and edges to it (give each to index_caller()). */
struct index_range index_callees(const struct index_part *part, const struct index_symbol *s);
struct index_range index_callers(const struct index_part *part, const struct index_symbol *s);
uint32_t index_caller(const struct index_part *part, uint32_t place_in_order);
/* Data that holds the address of a symbol's function: numbers of records. */
struct index_range index_pointers_to(const struct index_part *part, const struct index_symbol *s);
/* Instances and inlines of a function: numbers of records. */
struct index_range index_instances_of(const struct index_part *part, const struct index_function *f);
struct index_range index_inlines_of(const struct index_part *part, const struct index_function *f);
/* What was inlined into an instance (give each to index_inlined() for the inline's number). */
struct index_range index_inlined_into(const struct index_part *part,
				      const struct index_instance *i);
uint32_t index_inlined(const struct index_part *part, uint32_t place_in_order);

/* Names for people; "" when there is none. */
const char *index_symbol_name(const struct index_part *part, uint32_t symbol);
const char *index_object_name(const struct index_part *part, uint32_t object);
/* "struct smp_hotplug_thread.thread_fn of cpu_stop_threads", or as much as is known; the caller's. */
char *index_pointer_name(const struct index_part *part, const struct index_pointer *p);

#endif
