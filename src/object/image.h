// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A shipped kernel object: the linked vmlinux (ET_EXEC, bytes at their addresses) or a module's .ko
 * (ET_REL), with the symbol indexes that the later stages ask. Made in one pass over the symbol
 * table; every question is a hash or binary search (a vmlinux has 200,000 symbols).
 *
 * A place is one number for both kinds: in vmlinux the linked address, in a module the section
 * index in the upper bits and the offset in the lower 40.
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
	uint64_t place;
	uint64_t size;
	uint32_t section;  /* ELF section index; SHN_ABS for absolute ones */
	unsigned char type, bind;
	int32_t file;      /* index of the STT_FILE group it stands in, -1: none or global */
	uint32_t index;    /* in the symbol table */
	struct image_symbol *next_same_name; /* in symbol table order */
};

struct image_file {
	const char *name;    /* of the STT_FILE symbol, "tcp_input.c" */
	uint32_t first, end; /* symbols [first, end) of the table */
	int32_t next;        /* next file of the same name, -1: none */
};

DEFINE_VEC(image_file_vec, struct image_file)

struct image_section {
	const char *name;
	uint64_t address, size, offset, flags;
	uint32_t type;
};

struct image {
	char *kobject; /* "vmlinux" or the module's name */
	char *path;
	bool module;
	struct image_section *sections;
	size_t nsections;
	struct image_symbol *symbols; /* in symbol table order; [0] is the null symbol */
	size_t nsymbols;
	struct image_file_vec files;
	struct map files_by_name;         /* name → index of the first + 1 */
	struct map by_name;               /* name → first struct image_symbol * that is defined */
	struct image_symbol **by_place;   /* defined functions and data, sorted by place */
	size_t nby_place;
	struct object *object; /* modules: the relocatable object itself; vmlinux: NULL */
	struct mapping map;
	void *elf;
	bool borrowed; /* map is the caller's memory */
};

/* Ids D1 (not an x86_64 ELF file of the expected kind), D2 (damaged), D3 (no symbol table). */
struct error *image_open(const char *kobject, const char *path, struct image **image);
/* The same from memory that stays the caller's and must outlive the image. */
struct error *image_read_memory(const char *kobject, const char *name, void *data, size_t size,
				struct image **image);
void image_free(struct image *image);
static inline void cleanup_image(struct image **i)
{
	image_free(*i);
}
#define scoped_image __attribute__((cleanup(cleanup_image)))

/* First defined symbol of that name; go on with next_same_name. */
struct image_symbol *image_find(const struct image *image, const char *name);

static inline uint64_t module_place(uint32_t section, uint64_t offset)
{
	return (uint64_t)section << 40 | (offset & 0xffffffffffu);
}

/* The bytes at a place, or NULL when [place, place + size) has none in the file. */
const unsigned char *image_bytes(const struct image *image, uint64_t place, uint64_t size);

/* The symbol that covers the place, best first (sized before sizeless, function before data);
 * NULL if there is none. */
struct image_symbol *image_symbol_at(const struct image *image, uint64_t place);

/* A symbol of this name (or of this name but for the digits at its end) exactly at the place. */
struct image_symbol *image_named_at(const struct image *image, uint64_t place, const char *name);

/* Name of the section that holds the symbol, "" if none. */
const char *image_section_of(const struct image *image, const struct image_symbol *symbol);

/*
 * The position that livepatch wants (sympos): 0 when the name is unique among the symbols that
 * kallsyms has, else its number counted from 1: vmlinux by address (kernel/kallsyms.c keeps equal
 * names in address order), a module by symbol table order (klp_find_callback() of
 * kernel/livepatch/core.c, by way of module_kallsyms_on_each_symbol()).
 */
unsigned int image_sympos(const struct image *image, const struct image_symbol *symbol);

/* Length of a name without a compiler's suffix of digits: "count.5" and "count.17" are "count". */
size_t name_base_length(const char *name);
bool name_same_base(const char *a, const char *b);

#endif
