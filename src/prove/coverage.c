// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/str.h"
#include "diff/policy.h"
#include "prove/prove.h"

struct cover {
	struct model *model;
	const struct replacements *set;
	const struct resolver *r;
	struct map under_way;
};

static bool is_covered(struct cover *c, struct entity *e);

/* A function that stays and calls the old clone would go on doing so. */
static bool callers_are_covered(struct cover *c, const struct entity *clone)
{
	for (size_t i = 0; i < c->model->entities.n; i++) {
		struct entity *e = c->model->entities.at[i];
		const struct ref_site_vec *refs = entity_refs(c->model, e);
		bool calls = false;

		for (size_t k = 0; e != clone && k < refs->n && !calls; k++)
			calls = refs->at[k].ref.kind == REF_ENTITY && refs->at[k].ref.entity == clone;
		if (calls && !is_covered(c, e))
			return false;
	}
	return true;
}

static bool is_covered(struct cover *c, struct entity *e)
{
	if (e->kind != ENTITY_FUNCTION)
		return false;
	if (e->parent)
		return is_covered(c, e->parent);
	if (replacements_find(c->set, e->name) || is_gone(e, c->r->kobject))
		return true;
	if (!is_clone(e) && !is_inside_system_call(e))
		return false;
	if (map_has_u64(&c->under_way, e->index))
		return true;
	map_put_u64(&c->under_way, e->index, e);
	return callers_are_covered(c, e);
}

void prove_coverage(struct model *original, const struct replacements *set,
		    const struct resolver *resolver, struct finding_vec *findings)
{
	struct cover c = { .model = original, .set = set, .r = resolver };

	for (size_t i = 0; i < original->entities.n; i++) {
		struct entity *e = original->entities.at[i];

		if (e->kind != ENTITY_FUNCTION || e->change != CHANGED || is_covered(&c, e))
			continue;
		struct finding *f = finding_add(findings, "M34", SEVERITY_REFUSAL, resolver->kobject,
						e->name, NULL, "the fix changes this function, and "
						"the livepatch's source does not replace it");

		finding_way_out(f, "build the livepatch from objects");
	}
	map_free(&c.under_way);
}
