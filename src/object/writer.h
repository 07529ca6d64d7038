// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes an ELF relocatable object (x86_64): sections grow by appending, symbols and relocations are
 * added in any order, the file is laid out at the end. Same calls, same bytes.
 */
#ifndef SUTURE_OBJECT_WRITER_H
#define SUTURE_OBJECT_WRITER_H

#include <elf.h>
#include <stdint.h>

#include "base/error.h"

struct obj_writer;

struct obj_writer *writer_new(void);
void writer_free(struct obj_writer *w);
static inline void cleanup_writer(struct obj_writer **w)
{
	writer_free(*w);
}
#define scoped_writer __attribute__((cleanup(cleanup_writer)))

/* Index of the section of that name, made on first use (type, flags, entsize then count). */
unsigned int writer_section(struct obj_writer *w, const char *name, uint32_t type, uint64_t flags,
			    uint64_t entsize);
/* SHF_LINK_ORDER: the section that gives the order. */
void writer_link_section(struct obj_writer *w, unsigned int section, unsigned int link);
/* Appends bytes (data NULL: zeros; SHT_NOBITS: room) and returns their offset. */
uint64_t writer_append(struct obj_writer *w, unsigned int section, const void *data, uint64_t size,
		       uint64_t align);
/* The bytes written so far, to be changed in place; valid until the next append. */
unsigned char *writer_bytes(struct obj_writer *w, unsigned int section, uint64_t offset);

/* A symbol; the name is copied. section 0: undefined. Returns its handle. */
unsigned int writer_symbol(struct obj_writer *w, const char *name, unsigned int section,
			   uint64_t value, uint64_t size, unsigned char type, unsigned char bind);
/* The section's own symbol. */
unsigned int writer_section_symbol(struct obj_writer *w, unsigned int section);

void writer_reloc(struct obj_writer *w, unsigned int section, uint64_t offset, uint32_t type,
		  unsigned int symbol, int64_t addend);

/* Lays out and writes the file, whole or not at all. */
struct error *writer_finish(struct obj_writer *w, const char *path);

#endif
