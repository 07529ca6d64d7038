// SPDX-License-Identifier: GPL-2.0-or-later
/* A finished livepatch module in memory, to be damaged: its sections, symbols and relocations. */
#ifndef SUTURE_TESTS_VERIFY_KO_H
#define SUTURE_TESTS_VERIFY_KO_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/vec.h"

#ifndef SHN_LIVEPATCH
#define SHN_LIVEPATCH 0xff20
#endif

/* The section headers point into data. */
struct ko {
	unsigned char *data;
	size_t size;
	Elf64_Shdr *sections;
	size_t nsections;
};

/* Takes a copy of the file's bytes; room is left behind for longer strings. */
void ko_copy(const void *data, size_t size, struct ko *ko);
void ko_free(struct ko *ko);

const char *ko_section_name(const struct ko *ko, const Elf64_Shdr *s);
Elf64_Shdr *ko_section(const struct ko *ko, const char *name); /* NULL: none of that name */
Elf64_Sym *ko_symbol(const struct ko *ko, uint32_t i);
uint32_t ko_symbol_count(const struct ko *ko);
const char *ko_symbol_name(const struct ko *ko, uint32_t i);
/* Offset of a new string in the table. Headers and data may move. */
uint32_t ko_add_string(struct ko *ko, Elf64_Shdr *table, const char *text);
void ko_rename(struct ko *ko, uint32_t i, const char *name);
bool ko_is_klp(const struct ko *ko, uint32_t i);
bool ko_is_code(const struct ko *ko, const Elf64_Shdr *s);
bool ko_is_plumbing(const char *name); /* what every function refers to */
/* Another symbol of the kind (livepatch symbol or import), from `random` on; 0: none. */
uint32_t ko_another(const struct ko *ko, uint32_t than, bool klp, uint32_t random);

struct site {
	Elf64_Shdr *rela;   /* section of the relocation */
	Elf64_Shdr *target; /* that it applies to */
	Elf64_Rela *r;
};
DEFINE_VEC(site_vec, struct site)
typedef bool site_filter(const struct ko *ko, const struct site *s);

/* All relocations of code (NULL), or of the section of that name, in the order of their places. */
void ko_sites(struct ko *ko, const char *section, struct site_vec *sites);
/* One of those that the filter (or NULL) takes; false: there is none. */
bool ko_choose(struct ko *ko, const char *section, site_filter *is, uint32_t random,
	       struct site *chosen);
uint32_t site_symbol(const struct site *s);
bool site_to_klp(const struct ko *ko, const struct site *s);
bool site_to_import(const struct ko *ko, const struct site *s);
bool site_to_data(const struct ko *ko, const struct site *s); /* a variable, by a livepatch symbol */
char *site_describe(const struct ko *ko, const struct site *s);

#endif
