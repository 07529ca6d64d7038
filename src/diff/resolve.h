// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How livepatch code reaches what stays in the running kernel: by export, or by a klp relocation to
 * (object, name, position), or not at all.
 *
 * Until the last step of the module stage a klp reference is an undefined symbol with the name
 *
 *     .klp.ref.<patched object>/<object of the symbol>.<symbol>,<position>
 *
 * that is, `.klp.sym.` of the final form with the patched object put in front: that one names the
 * relocation section (`.klp.rela.<patched object>.<section>`).
 */
#ifndef SUTURE_DIFF_RESOLVE_H
#define SUTURE_DIFF_RESOLVE_H

#include "base/finding.h"
#include "object/image.h"
#include "reproduce/reproduce.h"
#include "target/exports.h"

#define KLP_REF_PREFIX ".klp.ref."

/*
 * Without a target (image, vmlinux and repro are NULL, all three) everything is reached by name and
 * position 0 in kobject, but for what exports, which may be NULL then, has of other objects.
 */
struct resolver {
	const char *kobject;                 /* the object being patched */
	struct image *image;                 /* of that object */
	struct image *vmlinux;               /* the same for vmlinux itself */
	const struct exports *exports;
	const struct str_vec *depends;       /* modules that the object needs loaded before it */
	const struct reproduction *repro;
	const struct map *provided;          /* global functions that the livepatch itself defines */
	struct finding_vec *findings;
};

enum resolution_kind {
	RESOLVED_NOT,    /* a finding was added */
	RESOLVED_PLAIN,  /* name is an export, or defined by the livepatch */
	RESOLVED_KLP,    /* name is a KLP_REF_PREFIX name */
	RESOLVED_WEAK,   /* a weak symbol that nobody defines */
};

struct resolution {
	enum resolution_kind kind;
	char *name;          /* the caller's */
	bool in_vmlinux;     /* RESOLVED_KLP: the symbol is vmlinux's */
};

/* An undefined symbol of the unit. user: the function that needs it, for messages. */
struct resolution resolve_extern(const struct resolver *r, const struct obj_symbol *symbol,
				 const char *user);
/* An entity of the unit that stays as it is in the running kernel (e: of the original object). */
struct resolution resolve_entity(const struct resolver *r, const struct entity *e,
				 const char *user);
/* A shipped symbol of the patched object, always by klp relocation. */
struct resolution resolve_shipped(const struct resolver *r, const struct image_symbol *s);

/* Is it a resolver without a target? */
bool resolver_by_name(const struct resolver *r);
/* Is there a name by which livepatch code can reach this entity (of the original object)? */
bool resolver_reaches(const struct resolver *r, const struct entity *e);

#endif
