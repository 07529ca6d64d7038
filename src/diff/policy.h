// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What may go into a livepatch, what stays in the running kernel, and what makes the fix one that
 * cannot be livepatched: the rules that look at a pair of compiled units.
 */
#ifndef SUTURE_DIFF_POLICY_H
#define SUTURE_DIFF_POLICY_H

#include "diff/resolve.h"
#include "object/model.h"

enum policy {
	POLICY_INCLUDE, /* the livepatch brings it */
	POLICY_LIVE,    /* the running kernel has it: refer to that */
	POLICY_REFUSED, /* a finding was added */
};

enum entry_policy { ENTRY_KEEP, ENTRY_SILENCE, ENTRY_REFUSED };

/* What becomes of an entity of the patched object that owner, which is included, refers to. */
enum policy policy_for(struct entity *e, const struct entity *owner, const struct resolver *r,
		       struct finding_vec *findings);

/* A special section entry of an included function. */
enum entry_policy policy_for_entry(struct model *patched, const struct special_entry *entry,
				   const struct entity *owner, const struct resolver *r,
				   struct finding_vec *findings);

/* A changed function: may it be replaced at all (reproduced, traceable)? The references of its twin
 * must be known (entity_refs()). */
void policy_for_root(const struct entity *e, const struct resolver *r,
		     struct finding_vec *findings);

/* The unit as a whole: changed data, unit-level sections. May mark functions that use a changed
 * constant as changed. */
void policy_for_unit(struct model *original, struct model *patched, const struct resolver *r,
		     struct finding_vec *findings);

/*
 * Changed functions that the running kernel has thrown away (S1). touched says whether the fix
 * changes the function itself (a refusal), or only code inlined into it that is replaced everywhere
 * else (a warning); NULL: always a refusal.
 */
typedef bool gone_touched(void *arg, const char *function);
void policy_for_gone(struct model *patched, const struct resolver *r, gone_touched *touched, void *arg,
		     struct finding_vec *findings);

/* Code or data that the running kernel has thrown away: init, and in vmlinux exit as well. */
bool is_gone(const struct entity *e, const char *kobject);

#endif
