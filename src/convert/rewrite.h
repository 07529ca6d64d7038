// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rewriting a linked module so that the kernel's livepatch loader takes it: undefined symbols
 * become livepatch symbols, their relocations move to sections of their own, sections that were
 * only notes for us vanish (Documentation/livepatch/module-elf-format.rst). Everything else stays
 * byte for byte, in place and in order: sections and symbols keep their indexes.
 */
#ifndef SUTURE_CONVERT_REWRITE_H
#define SUTURE_CONVERT_REWRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "object/object.h"

/* include/uapi/linux/elf.h, kernel/livepatch/core.c */
#define SHN_LIVEPATCH 0xff20
#define SHF_RELA_LIVEPATCH 0x00100000
#define KLP_RELA_PREFIX ".klp.rela."
#define KLP_SYM_PREFIX ".klp.sym."

/* What becomes of one symbol. Strings are owned; patched is NULL when the symbol stays as it is. */
struct klp_decision {
	char *patched;	     /* names the relocation sections: .klp.rela.<patched>.<section> */
	char *object, *name; /* .klp.sym.<object>.<name>,<position> */
	unsigned int position;
};

void klp_decision_free(struct klp_decision *decision);
void klp_decisions_free(struct klp_decision *decisions, size_t n);

/* Reads the rest of a name behind KLP_REF_PREFIX (diff/resolve.h):
 * "<patched>/<object>.<name>,<pos>". False when it is malformed; *d is then untouched. */
bool klp_decision_parse(const char *text, struct klp_decision *d);
/* Reads ".klp.sym.<object>.<name>,<pos>", the name of a livepatch symbol; patched is then NULL. */
bool klp_symbol_parse(const char *name, struct klp_decision *d);

/* Section indexes. */
struct klp_tables {
	size_t symbols, strings, names;
};

/* Can the file be changed in place (loadable.c)? Id B3: its parts overlap or are out of place. */
struct error *klp_check_file(const struct object *object, struct klp_tables *tables);

struct rewrite_request {
	const struct object *object;
	const struct klp_decision *decisions; /* object->nsymbols of them */
	const bool *drop; /* object->nsections: these become SHT_NULL, as do their relocations;
			   * NULL: none */
};

/*
 * *out is the caller's. Relocations of sections that are not loaded (debug information) stay where
 * they are: the kernel does not read those. Id B3 when the file's parts overlap or are out of
 * place.
 */
struct error *klp_rewrite(const struct rewrite_request *request, char **out, size_t *out_size);

#endif
