// SPDX-License-Identifier: GPL-2.0-or-later
/* The accounting of hunks, told in terms of pairs. */
#include "driver/pair.h"

#include "account/account.h"
#include "diff/policy.h"

static enum account_state state_of(enum change change)
{
	static const enum account_state states[] = {
		[UNCHANGED] = ACCOUNT_SAME,
		[CHANGED] = ACCOUNT_CHANGED,
		[NEW] = ACCOUNT_NEW,
		[REMOVED] = ACCOUNT_REMOVED,
	};

	return states[change];
}

/* Of the patched side all but the removed, of the original those; a .cold part counts as its
 * function. */
static void add_entities(const struct model *m, bool removed, const char *kobject,
			 struct account_entity_vec *list)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		const struct entity *e = m->entities.at[i];

		if (e->kind == ENTITY_ANON || e->parent || removed != (e->change == REMOVED))
			continue;
		account_entity_vec_push(
			list, (struct account_entity) {.name = e->name,
						       .original = removed   ? e->name
								   : e->twin ? e->twin->name
									     : NULL,
						       .state = state_of(e->change),
						       .function = e->kind == ENTITY_FUNCTION,
						       .why = e->why,
						       .gone = is_gone(e, kobject)});
	}
}

struct error *pairs_account(const struct fix *fix, const char *srctree,
			    const struct pair_vec *pairs, const struct unit_vec *units,
			    const struct ptr_vec *written, struct hunk_account_vec *result,
			    struct finding_vec *findings)
{
	struct account_unit *list = xcalloc(units->n + 1, sizeof(*list));

	for (size_t i = 0; i < units->n; i++) {
		const struct unit *u = &units->at[i];
		const struct pair *p = &pairs->at[i];

		list[i] = (struct account_unit) {.source = u->source,
						 .kobject = u->kobject,
						 .original = u->original,
						 .patched = u->patched,
						 .livepatch = written->at[i],
						 .files = &u->files,
						 .identical = u->identical,
						 .plain = u->plain};
		if (!p->a)
			continue;
		add_entities(p->b, false, u->kobject, &list[i].entities);
		add_entities(p->a, true, u->kobject, &list[i].entities);
	}
	struct error *err = account_hunks(fix, srctree, list, units->n, result, findings);

	for (size_t i = 0; i < units->n; i++)
		account_entity_vec_free(&list[i].entities);
	free(list);
	return err;
}
