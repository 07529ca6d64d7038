// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/fix.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/file.h"
#include "diff/folded.h"
#include "diff/objects.h"
#include "impact/touched.h"

struct fix_query {
	struct impact_index *index;
	struct impact_result *result;
	struct lookup_hit_vec touched;
};

/* Why does this function change, as far as the index knows? NULL: nothing is known. */
static char *explain(const struct fix_query *q, const struct index_part *part,
		     const struct index_symbol *s, enum impact_role *role)
{
	const struct index_instance *in = index_instance(part, s->instance);

	for (size_t i = 0; in && i < q->touched.n; i++) {
		const struct lookup_hit *hit = &q->touched.at[i];
		const char *name = index_string(hit->part, hit->function->name);

		if (hit->part != part)
			continue;
		if (index_function(part, in->function) == hit->function) {
			bool own = streq(index_string(part, s->name), name);

			*role = own ? ROLE_BODY : ROLE_CLONE;
			return own ? xstrdup("the fix changes its source") :
				     xasprintf("a copy of %s%s", name,
					       clone_kind(index_string(part, s->name)));
		}
	}
	for (size_t i = 0; in && i < q->touched.n; i++) {
		const struct lookup_hit *hit = &q->touched.at[i];
		struct index_range r = index_inlined_into(part, in);

		for (uint32_t k = 0; hit->part == part && k < r.n; k++) {
			const struct index_inline *inl =
				index_inline(part, index_inlined(part, r.first + k));

			if (inl && index_function(part, inl->function) == hit->function) {
				*role = ROLE_INLINED;
				return xasprintf("has a copy of %s", index_string(part,
						 hit->function->name));
			}
		}
	}
	return NULL;
}

/* The static variable that had no storage before and that this function uses, in words; or NULL. */
static char *static_effect(const struct entity *e, const struct folded_use_vec *statics,
			   const char *text)
{
	char *effect = NULL;

	for (size_t i = 0; i < statics->n && !effect; i++)
		if (statics->at[i].user->twin == e)
			effect = folded_effect(&statics->at[i], text);
	return effect;
}

static void add_changed(struct fix_query *q, const struct unit *unit, const struct entity *e,
			const struct folded_use_vec *statics, const char *text)
{
	const struct index_part *part;
	uint32_t symbol = lookup_in_unit(q->index, unit->kobject, unit->source, e->name, &part);
	char *why = xasprintf("compiled with the fix: %s", e->why ? e->why : "it is gone");
	char *effect = static_effect(e, statics, text);
	enum impact_role role = effect ? ROLE_STATIC : ROLE_CONTRACT;

	if (symbol == INDEX_NONE) {
		impact_add_named(q->result, unit->kobject, e->name, unit->source,
				 effect ? ROLE_STATIC : ROLE_CHANGED, why);
		if (effect)
			impact_add_named(q->result, unit->kobject, e->name, unit->source, ROLE_STATIC,
					 effect);
		return;
	}
	char *known = explain(q, part, index_symbol(part, symbol), &role);

	if (effect)
		impact_add(q->result, part, symbol, known ? role : ROLE_STATIC, effect);
	else if (!known)
		known = xstrdup("neither touched nor a copy of what is: a type or macro it uses changed, or "
				"it relies on what the compiler saw in a changed function");
	if (known)
		impact_add(q->result, part, symbol, role, known);
	impact_add(q->result, part, symbol, role, why);
	impact_add_neighbours(q->result, part, symbol);
}

/* The original text of the unit's C file; "" when there is none. */
static struct error *unit_text(const struct target *target, const struct unit *unit, char **text)
{
	scoped_free char *path = path_join(target->srctree, unit->source);

	*text = NULL;
	if (path_exists(path))
		return read_file(path, text, NULL);
	*text = xstrdup("");
	return NULL;
}

static struct error *add_unit(struct fix_query *q, const struct target *target,
			      const struct unit *unit)
{
	SCOPED(folded_use_vec_free) struct folded_use_vec statics = { 0 };
	scoped_objects struct objects x = { 0 };
	scoped_free char *text = NULL;

	TRY(objects_open(unit->original, unit->patched, &x));
	TRY(unit_text(target, unit, &text));
	folded_uses(x.b, &statics);
	for (size_t i = 0; i < x.a->entities.n; i++) {
		const struct entity *e = x.a->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && !e->parent &&
		    (e->change == CHANGED || e->change == REMOVED))
			add_changed(q, unit, e, &statics, text);
	}
	return NULL;
}

struct error *impact_fix(struct target *target, struct impact_index *index, const struct fix *fix,
			 struct impact_result *result, struct finding_vec *findings)
{
	scoped_temp_dir char *workdir = NULL;
	SCOPED(units_free) struct unit_vec units = { 0 };
	struct fix_query q = { .index = index, .result = result };
	struct error *err = NULL;

	*result = (struct impact_result){ .function = xstrdup(fix->subject), .file = xstrdup(""),
					  .compiled = true };
	TRY(temp_dir_new("impact", &workdir));
	TRY(units_build(target, fix, workdir, &units, findings));
	for (size_t i = 0; i < units.n && !err; i++)
		if (!streq(units.at[i].kobject, "vmlinux"))
			err = index_need_module(target, index, units.at[i].kobject);
	if (err)
		return err;
	touched_functions(index, fix, &q.touched);
	for (size_t i = 0; i < units.n && !err; i++)
		if (!units.at[i].identical)
			err = add_unit(&q, target, &units.at[i]);
	touched_check_reach(index, fix, &units, findings);
	lookup_hit_vec_free(&q.touched);
	impact_sort(result);
	return err;
}
