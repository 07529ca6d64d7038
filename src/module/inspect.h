// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is in a livepatch module, whoever made it: what it replaces, what it relocates late, what it
 * needs. Works on the file alone; nothing is loaded.
 */
#ifndef SUTURE_MODULE_INSPECT_H
#define SUTURE_MODULE_INSPECT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/finding.h"
#include "base/vec.h"
#include "object/object.h"

/* A function that the livepatch replaces. Strings of all records here belong to the inspection. */
struct inspect_func {
	const char *kobject; /* "vmlinux" or a module's name */
	const char *name;
	uint64_t sympos;
	const char *new_name; /* of the replacement; NULL if no symbol names it */
	char *address; /* in the kernel that was asked for (inspect_resolve.h); NULL: not known */
};
DEFINE_VEC(inspect_func_vec, struct inspect_func)

/* An object of the list with its callbacks, in the order of struct klp_callbacks. */
enum { INSPECT_CALLBACKS = 4 };
struct inspect_object {
	const char *kobject;
	bool callbacks[INSPECT_CALLBACKS];
};
DEFINE_VEC(inspect_object_vec, struct inspect_object)

/* Of klp_patch.states (since 5.5). */
struct inspect_state {
	uint64_t id;
	uint32_t version;
};
DEFINE_VEC(inspect_state_vec, struct inspect_state)

/* Late relocations of one section against one symbol. */
struct inspect_reloc {
	char *patched;   /* object at whose coming they are applied */
	char *section;   /* that they change */
	char *object;    /* of the symbol */
	char *symbol;
	char *position;  /* text after the comma */
	char *address;   /* of the symbol, as above: "0x...", in a module "SECTION+0x..." */
	size_t count;
};
DEFINE_VEC(inspect_reloc_vec, struct inspect_reloc)

struct inspect_import {
	const char *name;
	bool has_crc;
	uint32_t crc;
	const char *owner; /* object that exports it, as above */
};
DEFINE_VEC(inspect_import_vec, struct inspect_import)

struct inspect_special {
	const char *section;
	uint64_t size;
	size_t entries;
};
DEFINE_VEC(inspect_special_vec, struct inspect_special)

struct inspection {
	struct object *object;
	const char *source; /* how the functions were found: "klp_patch", ".kpatch.funcs", ..., or NULL */
	int replace;        /* klp_patch.replace: 0, 1, or -1 for unknown */
	struct inspect_func_vec functions;
	struct inspect_object_vec objects;
	struct inspect_state_vec states;
	struct inspect_reloc_vec relocs;
	struct inspect_import_vec imports;
	struct inspect_special_vec specials;
	struct str_vec modinfo; /* "key=value", pointing into the object */
	const char *kernel; /* whose addresses; NULL: nobody was asked. Belongs to the symbol list */
	struct finding_vec findings;
};

/* Reads a module. Ids D1, D2, D3 when it cannot be read; defects of the livepatch are findings. The
 * result is the caller's: inspection_free(). data must outlive it. */
struct error *inspect_memory(const char *name, void *data, size_t size,
			     struct inspection **inspection);
struct error *inspect_file(const char *path, struct inspection **inspection);
void inspection_free(struct inspection *inspection); /* NULL is allowed */

void inspection_print(const struct inspection *inspection, FILE *out);
json_t *inspection_json(const struct inspection *inspection); /* a new reference */

#endif
