// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An ELF relocatable object (ET_REL, x86_64, little endian; generic ABI chapter "Object Files") as
 * sections, symbols and relocations that point at each other. Read with libelf, then checked:
 * every offset and index that later code follows is inside its bounds, so a damaged file is an
 * error here and nowhere else.
 */
#ifndef SUTURE_OBJECT_OBJECT_H
#define SUTURE_OBJECT_OBJECT_H

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/file.h"
#include "base/map.h"
#include "base/vec.h"

/* Beyond what any real object has, and small enough that sums of these do not overflow. */
#define OBJ_SIZE_MAX (1ull << 40)   /* of a section */
#define OBJ_ALIGN_MAX (1ull << 24)  /* of a section */
#define OBJ_ADDEND_MAX (1ll << 61)  /* of a relocation */

struct obj_section;

struct obj_symbol {
	const char *name; /* "" for a section symbol without a name */
	uint64_t value;   /* offset in its section */
	uint64_t size;
	unsigned char type, bind, other; /* STT_*, STB_*, st_other */
	uint16_t shndx;                  /* as in the file; SHN_UNDEF, SHN_ABS, SHN_COMMON, ... */
	struct obj_section *section;     /* NULL unless defined in a section */
	uint32_t index;                  /* in the symbol table */
};

struct obj_reloc {
	uint64_t offset; /* in the section it applies to */
	uint32_t type;   /* R_X86_64_* */
	int64_t addend;
	struct obj_symbol *symbol; /* never NULL; index 0 for "no symbol" */
};

struct obj_section {
	const char *name;
	uint32_t index, type;
	uint64_t flags, align, entsize;
	uint32_t link, info;       /* as in the file; sh_link of SHF_LINK_ORDER names a section */
	const unsigned char *data; /* size bytes; NULL for SHT_NOBITS and empty ones */
	uint64_t size;
	struct obj_reloc *relocs;  /* sorted by offset; without those that do nothing (R_X86_64_NONE) */
	size_t nrelocs;
	struct obj_symbol **symbols; /* defined here, sorted by value; section and file symbols not */
	size_t nsymbols;
	struct obj_symbol *section_symbol; /* or NULL */
};

struct object {
	char *path;
	struct mapping map;
	struct obj_section *sections; /* [0] is the null section */
	size_t nsections;
	struct obj_symbol *symbols; /* [0] is the null symbol */
	size_t nsymbols;
	struct map globals;         /* name → struct obj_symbol * of global and weak symbols */
	struct map sections_by_name; /* name → first section of that name */
	void *elf;     /* libelf handle: owns names */
	bool borrowed; /* map is the caller's memory */
};

/* Reads and checks. Ids D1 (not a relocatable x86_64 ELF file), D2 (damaged), D3 (stripped). */
struct error *object_read(const char *path, struct object **object);
/* The same from memory that stays the caller's and must outlive the object. */
struct error *object_read_memory(const char *name, void *data, size_t size, struct object **object);
void object_free(struct object *object);
static inline void cleanup_object(struct object **o)
{
	object_free(*o);
}
#define scoped_object __attribute__((cleanup(cleanup_object)))

struct obj_section *object_section(const struct object *object, const char *name);

/* A place in terms of an entity: the symbol that covers it, and the distance from its start. */
struct obj_ref {
	struct obj_symbol *symbol; /* function or data symbol, undefined symbol, or section symbol */
	int64_t offset;
};

/*
 * What a section-relative place belongs to: the sized symbol of the section that covers offset (or
 * starts there), else the section symbol itself. Logarithmic.
 */
struct obj_ref object_locate(struct obj_section *section, int64_t offset);

/*
 * What a relocation refers to. bias: how far the processor's program counter is beyond the field
 * for a pc-relative reference (insn: bytes from the field to the end of the instruction, data: 0).
 */
struct obj_ref object_reloc_ref(const struct obj_reloc *reloc, unsigned int bias);

/* Relocations with offset in [from, to): first index in *first, count returned. Logarithmic. */
size_t object_relocs_in(const struct obj_section *section, uint64_t from, uint64_t to, size_t *first);

bool reloc_is_pcrel(uint32_t type);
unsigned int reloc_size(uint32_t type); /* bytes of the field, 0 for unknown types */
const char *reloc_name(uint32_t type);

/* A function symbol: STT_FUNC with a section that is executable. */
bool symbol_is_function(const struct obj_symbol *s);

#endif
