// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A shipped kernel object: the linked vmlinux (ET_EXEC, bytes at their addresses) or a module's .ko
 * (ET_REL), with the symbol indexes that the later stages ask. Made in one pass over the symbol
 * table; every question is a hash or binary search (a vmlinux has 200,000 symbols).
 */
#ifndef SUTURE_OBJECT_IMAGE_H
#define SUTURE_OBJECT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"
#include "object/object.h"

struct image_symbol {
	const char *name;
	uint64_t address;  /* vmlinux: linked address; module: offset in the section */
	uint64_t size;
	uint32_t section;  /* ELF section index, 0: absolute */
	unsigned char type, bind;
	int32_t file;      /* index of the STT_FILE group it stands in, -1: none */
	uint32_t index;    /* in the symbol table */
	struct image_symbol *next_same_name; /* in symbol table order */
};

struct image_file {
	const char *name; /* of the STT_FILE symbol, "tcp_input.c" */
	uint32_t first, end; /* symbols [first, end) of the table */
};

struct image {
	char *kobject;  /* "vmlinux" or the module's name */
	char *path;
	bool module;
	struct image_symbol *symbols; /* in symbol table order; [0] is the null symbol */
	size_t nsymbols;
	struct image_file *files;
	size_t nfiles;
	struct map by_name;           /* name → first struct image_symbol * */
	struct image_symbol **by_address; /* vmlinux: functions and data sorted by address */
	size_t nby_address;
	struct object *object; /* modules: the relocatable object itself; vmlinux: NULL */
	struct mapping map;    /* vmlinux: the file */
	void *elf;
};

struct error *image_open(const char *kobject, const char *path, struct image **image);
void image_free(struct image *image);
static inline void cleanup_image(struct image **i)
{
	image_free(*i);
}
#define scoped_image __attribute__((cleanup(cleanup_image)))

struct image_symbol *image_find(const struct image *image, const char *name); /* first of that name */

/* vmlinux: the bytes at an address, or NULL when [address, address+size) is not in the file. */
const unsigned char *image_bytes(const struct image *image, uint64_t address, uint64_t size);
/* vmlinux: a symbol that covers the address, else NULL; among several the first by name order that
 * is not a linker mark (size 0). */
struct image_symbol *image_symbol_at(const struct image *image, uint64_t address);
/* Name of the ELF section with that index, "" if none. */
const char *image_section_name(const struct image *image, uint32_t section);

/*
 * The position that livepatch wants (sympos): 0 when the name is unique among the symbols that
 * kallsyms has, else its number counted from 1: vmlinux by address (kernel/kallsyms.c keeps equal
 * names in address order), a module by symbol table order (klp_find_callback, kernel/livepatch/core.c
 * by way of module_kallsyms_on_each_symbol).
 */
unsigned int image_sympos(const struct image *image, const struct image_symbol *symbol);

#endif
