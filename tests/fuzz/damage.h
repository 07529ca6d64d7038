// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ways to damage a livepatch module so that it is invalid beyond doubt. Each has a row: what it does, on
 * which modules it can be done, and the ids that may come of it. Place and values are chosen by chance.
 */
#ifndef SUTURE_FUZZ_DAMAGE_H
#define SUTURE_FUZZ_DAMAGE_H

#include <elf.h>

#include "convert_kit.h"

/* What a module of the corpus has in it; a kind of damage names those that it needs. */
enum {
	HAS_RECORDS = 1,   /* .suture.klp */
	HAS_ENTRIES = 2,   /* .klp.module_relocs.OBJECT */
	HAS_NAMES = 4,	   /* .klp.sym.rela. and .klp.ref. symbols */
	IS_CONVERTED = 8,  /* .klp.rela. sections */
	NOT_CONVERTED = HAS_RECORDS | HAS_ENTRIES | HAS_NAMES,
	ANY = NOT_CONVERTED | IS_CONVERTED,
};

struct damage {
	const char *name;
	unsigned int on;
	const char *ids; /* one of these is the verdict */
	bool (*make)(struct input *in); /* false: not possible at the place that chance chose */
};
extern const struct damage file_damages[], elf_damages[], annotation_damages[], converted_damages[];
extern const size_t n_file_damages, n_elf_damages, n_annotation_damages, n_converted_damages;

/* ---- reading and changing a module that is whole ---- */

Elf64_Ehdr get_header(const struct input *in);
void put_header(struct input *in, Elf64_Ehdr eh);
Elf64_Shdr get_section(const struct input *in, size_t i);
void put_section(struct input *in, size_t i, Elf64_Shdr sh);
const char *section_name(const struct input *in, size_t i);
void rename_section(struct input *in, size_t i, const char *name);
/* One that fits, by chance; 0: there is none. */
size_t pick_section(const struct input *in, bool (*fits)(const struct input *in, size_t i));
size_t find_section(const struct input *in, const char *prefix);
size_t symbol_table(const struct input *in);

size_t symbol_count(const struct input *in);
Elf64_Sym get_symbol(const struct input *in, size_t i);
void put_symbol(struct input *in, size_t i, Elf64_Sym sym);
const char *symbol_name(const struct input *in, size_t i);
void rename_symbol(struct input *in, size_t i, const char *name);
size_t pick_symbol(const struct input *in, bool (*fits)(const struct input *in, size_t i));
size_t find_symbol(const struct input *in, const char *name);

size_t reloc_count(const struct input *in, size_t section);
Elf64_Rela get_reloc(const struct input *in, size_t section, size_t i);
void put_reloc(struct input *in, size_t section, size_t i, Elf64_Rela r);

/* A name that no kernel has; valid until the next call. */
const char *unknown_name(void);
/* One of the forms becomes the name of a symbol that fits; '%' is something that nobody has. */
bool rename_to_form(struct input *in, bool (*fits)(const struct input *in, size_t i),
		    const char *const *forms, size_t n);
#define FORMS(fits, ...)                                                                           \
	static const char *const forms[] = {__VA_ARGS__};                                          \
	return rename_to_form(in, fits, forms, ARRAY_SIZE(forms))
/* Changes one thing that lies at an offset of the file. */
void put_bytes(struct input *in, size_t at, const void *data, size_t size);

#endif
