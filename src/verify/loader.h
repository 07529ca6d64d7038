// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The emulated loader: what would this target's kernel make of the module file? Every symbol leads to
 * a place in a shipped object, or to none; the lists of struct klp_patch say what is replaced.
 */
#ifndef SUTURE_VERIFY_LOADER_H
#define SUTURE_VERIFY_LOADER_H

#include "base/finding.h"
#include "object/image.h"
#include "object/model.h"
#include "target/exports.h"
#include "target/target.h"

/* The shipped objects, opened once each. Zero-initialise but for target. */
struct kernel_images {
	struct target *target;
	struct map by_name;
};
/* NULL image: the target has no such module. */
struct error *kernel_image(struct kernel_images *images, const char *object, struct image **image);
void kernel_images_free(struct kernel_images *images);

/*
 * Occurrence `position` of a name as livepatch counts: in vmlinux by address, in a module in the
 * order of its symbol table (kernel/livepatch/core.c klp_find_object_symbol()); 0: the only one.
 * NULL: the kernel would refuse; *why (the caller's) then says so.
 */
const struct image_symbol *livepatch_lookup(const struct image *image, const char *name,
					    uint64_t position, char **why);

/* Where a symbol of the module leads. */
struct resolved {
	enum { TO_NOTHING, TO_MODULE, TO_KERNEL, TO_ABSENT } kind; /* ABSENT: weak, nobody has it */
	bool livepatch;            /* by a livepatch symbol; else, for TO_KERNEL, by an export */
	const struct image *image; /* TO_KERNEL */
	uint64_t place;
	const struct image_symbol *symbol;
	const struct export *export;
	char *why;                 /* TO_NOTHING */
};

/* One entry of a struct klp_func array. */
struct lp_function {
	const char *object, *name;
	uint64_t position;
	struct entity *entity;     /* the new function; NULL: the pointer leads to no function's start */
	const struct image *image; /* NULL: no such object */
	const struct image_symbol *old; /* NULL: not found */
	char *why;                 /* why not */
};
DEFINE_VEC(lp_function_vec, struct lp_function)

struct livepatch {
	struct object *object;
	struct model *model;
	struct finding_vec ignored; /* of the model */
	struct resolved *resolved;  /* by symbol index */
	struct lp_function_vec functions;
	size_t objects;             /* entries of the struct klp_object array */
	bool found;                 /* is there a struct klp_patch at all? */
	bool replace, states, callbacks;
};

/* Reads the module and resolves everything. Ids D1, D2, D3. */
struct error *livepatch_load(const char *path, struct kernel_images *images,
			     const struct exports *exports, struct livepatch *lp);
void livepatch_free(struct livepatch *lp);

/* patch.c: the arrays of struct klp_patch, klp_object and klp_func. */
struct error *livepatch_read_arrays(struct livepatch *lp, struct kernel_images *images);
/* NUL-terminated text at a place, or NULL. */
const char *livepatch_text(const struct obj_section *s, uint64_t at);

/* Value of a key of .modinfo, the nth; NULL: no more. */
const char *livepatch_modinfo(const struct livepatch *lp, const char *key, size_t nth);

/* A ".klp.sym.OBJECT.NAME,POSITION" taken apart; false: not of that form. Strings are the caller's. */
struct klp_name {
	char *object, *name;
	uint64_t position;
};
bool klp_name_parse(const char *symbol, struct klp_name *out);
void klp_name_free(struct klp_name *n);

#endif
