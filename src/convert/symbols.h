// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the kernel to be patched has: names, in which objects, how often, in which order, where.
 * Made from a target, or read from a file (docs/convert.md describes the formats):
 *
 *  - ours: "suture-symbols 1 TARGET [RELEASE]", "*OBJECT", "FLAG NAME PLACE...";
 *  - klp-convert's symbols.klp: "klp-convert-symbol-data.0.1", "*OBJECT", one name a line;
 *  - System.map or the output of nm, for vmlinux.
 *
 * Lookup is a hash; reading is linear.
 */
#ifndef SUTURE_CONVERT_SYMBOLS_H
#define SUTURE_CONVERT_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "object/image.h"
#include "target/target.h"

/* One occurrence of a name. Occurrences are in the order in which livepatch counts them. */
struct sym_place {
	uint64_t value;	     /* address in vmlinux, offset in the section in a module */
	const char *section; /* NULL: not known */
	bool known;	     /* is value known? (not in a symbols.klp) */
	uint32_t next;	     /* index + 1 of the next one, 0: last */
};
DEFINE_VEC(sym_place_vec, struct sym_place)

/* A name in an object. */
struct sym_entry {
	const char *name;
	const char *object;
	uint32_t object_index;
	uint32_t count;	      /* occurrences; 0: exported only by name */
	uint32_t first, last; /* index + 1 in places */
	uint32_t next;	      /* index + 1 of the entry of the same name in the next object */
	uint32_t tail, top;   /* in the first entry of a name: index + 1 of the last one, and the
			       * highest object index of all */
	bool exported;
};
DEFINE_VEC(sym_entry_vec, struct sym_entry)

struct symlist {
	char *path;
	char *target;		/* whose symbols; NULL if not known */
	char *release;		/* of that kernel, as uname -r prints it; NULL if not known */
	struct str_vec objects; /* "vmlinux", "nf_tables", ... */
	struct map object_index;
	struct sym_entry_vec entries;
	struct sym_place_vec places;
	struct map by_name;	/* name → index + 1 of the first entry */
	struct str_vec strings; /* owned */
	char *text;		/* owned: names point into it */
};

/* Reads one of the formats. Id K10 when a line is malformed. Free with symlist_free(). */
struct error *symlist_read(const char *path, struct symlist *list);
/* The same for text that is in memory; it is changed, and stays the caller's (and must outlive). */
struct error *symlist_parse(const char *name, char *text, struct symlist *list);
void symlist_free(struct symlist *list);

/*
 * The list of a target: vmlinux and every module it ships. Kept in the target's directory once it
 * was made, unless the target is somebody's build tree.
 */
struct error *symlist_of_target(struct target *target, struct symlist *list);
/* Adds a module by its .ko, one that the target does not ship. Id K10: the list has it. */
struct error *symlist_add_module_file(struct symlist *list, const char *path);
/* In our format; deterministic. The text is the caller's. */
void symlist_print(const struct symlist *list, struct str *out);

/* Adds a shipped object: a vmlinux or a module. Names are copied. */
void symlist_add_image(struct symlist *list, const struct image *image);
/* Builders: an object ('-' in the name becomes '_'), an occurrence of a name in it. */
uint32_t symlist_add_object(struct symlist *list, const char *name);
struct sym_entry *symlist_add(struct symlist *list, uint32_t object, const char *name);
void symlist_add_place(struct symlist *list, struct sym_entry *entry, struct sym_place place);
/* A helper symbol that nobody refers to by name: not in our lists. */
bool symlist_leaves_out(const char *name);
/* Keeps a copy for as long as the list lives. */
const char *symlist_keep(struct symlist *list, const char *text);

/* First entry of a name, NULL: none. Go on with symlist_next(). */
struct sym_entry *symlist_find(const struct symlist *list, const char *name);
struct sym_entry *symlist_next(const struct symlist *list, const struct sym_entry *entry);
/* The entry in one object, or NULL. */
struct sym_entry *symlist_find_in(const struct symlist *list, const char *name, const char *object);
bool symlist_has_object(const struct symlist *list, const char *object);
/* The nth occurrence (from 1), or NULL. */
const struct sym_place *symlist_place(const struct symlist *list, const struct sym_entry *entry,
				      unsigned int n);
/* Is it gone once the kernel, or the module, is up? */
bool sym_place_is_init(const struct sym_place *place);

#endif
