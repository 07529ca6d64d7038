// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * O1, O2, O5, O6: do the rebuilt originals stand for the running kernel, is all that the fix changes
 * replaced, and does the rest of the kernel go on with the same data and contracts?
 */
#include "base/cleanup.h"
#include "base/str.h"
#include "verify/parts.h"

/* ---- O1 ---- */

/* Code that is gone, or overridden by a strong definition elsewhere. */
static bool is_no_concern(const struct fixed_unit *u, const struct entity *e)
{
	const struct special_section *row = e->row;
	bool module = u->image->module;

	if (row && row->action == SPECIAL_INIT)
		return true;
	if (row && row->action == SPECIAL_EXIT && !module)
		return true;
	return e->symbol->bind == STB_WEAK && e->change == UNCHANGED;
}

static void check_reproduced(struct verification *v, struct fixed_unit *u, const struct entity *e,
			     struct finding_vec *list)
{
	const struct entity *fixed = e->twin;
	bool replaced = fixed && claim_of(v, fixed) && claim_of(v, fixed)->function;
	enum repro_status status = u->repro.status[e->index];

	if (status == REPRO_SAME || (is_no_concern(u, e) && !replaced))
		return;
	if (status == REPRO_ABSENT && !replaced && e->parent)
		return; /* a part without a symbol of its own is compared where it is jumped to */
	finding_add(list, "V1", replaced || e->change != UNCHANGED ? SEVERITY_REFUSAL : SEVERITY_WARNING,
		    u->image->kobject, e->name, u->unit->source, "%s",
		    status == REPRO_ABSENT ? "the shipped object has no such function" :
		    u->repro.why[e->index] ? u->repro.why[e->index] : "not the shipped function");
}

void check_reproduction(struct verification *v, struct finding_vec *list)
{
	for (size_t i = 0; i < v->p.at.n; i++) {
		struct fixed_unit *u = &v->p.at.at[i];

		for (size_t k = 0; k < u->a->entities.n; k++)
			if (u->a->entities.at[k]->kind == ENTITY_FUNCTION)
				check_reproduced(v, u, u->a->entities.at[k], list);
		finding_add(list, "V1", SEVERITY_NOTE, u->image->kobject, NULL, u->unit->source,
			    "%zu of %zu functions rebuilt as shipped", u->repro.same,
			    u->repro.functions);
	}
}

/* ---- O2 ---- */

const struct claim *claim_of(const struct verification *v, const struct entity *theirs)
{
	uintptr_t i = (uintptr_t)map_get_u64(&v->fidelity.of_theirs, (uintptr_t)theirs);

	return i ? &v->fidelity.claims.at[i - 1] : NULL;
}

/* The entity of the compared model (plain or not) that stands for one of the original. */
static bool is_replaced(const struct verification *v, const struct entity *original)
{
	const struct claim *c;

	if (original->parent)
		original = original->parent;
	c = original->twin ? claim_of(v, original->twin) : NULL;
	return c && c->function;
}

/*
 * An entity of the original that refers to e and is not replaced; NULL: there is none. What init code
 * called is over, what it gave the address of is not.
 */
static struct entity *live_user(const struct verification *v, struct model *a, struct entity *e)
{
	for (size_t i = 0; i < a->entities.n; i++) {
		struct entity *user = a->entities.at[i];

		if (user == e || user->parent == e || (user->kind == ENTITY_FUNCTION && is_replaced(v, user)))
			continue;
		const struct ref_site_vec *refs = entity_refs(a, user);

		for (size_t k = 0; k < refs->n; k++)
			if (refs->at[k].ref.kind == REF_ENTITY && refs->at[k].ref.entity == e &&
			    !(refs->at[k].branch && entity_is_init(user)))
				return user;
	}
	return NULL;
}

static bool is_gone(const struct fixed_unit *u, const struct entity *e)
{
	return entity_is_init(e) || (e->row && e->row->action == SPECIAL_EXIT && !u->image->module);
}

static void check_changed(struct verification *v, struct fixed_unit *u, struct entity *e,
			  struct finding_vec *list)
{
	struct entity *user;

	if (is_replaced(v, e))
		return;
	if (is_gone(u, e)) {
		finding_add(list, "V2", SEVERITY_NOTE, u->image->kobject, e->name, u->unit->source,
			    "changes, but its code is gone once the kernel is up");
		return;
	}
	if (u->repro.status[e->index] == REPRO_ABSENT)
		return; /* O1 says so */
	user = live_user(v, u->a, e);
	if (!user && e->symbol->bind == STB_LOCAL)
		return; /* all that leads to it is replaced */
	finding_add(list, "V2", SEVERITY_REFUSAL, u->image->kobject, e->name, u->unit->source,
		    "%s in the fixed kernel and is not replaced; %s still leads to the old one%s%s",
		    e->change == REMOVED ? "is gone" : "differs",
		    user ? user->name : "whoever calls it by its global name",
		    e->why ? ": " : "", e->why ? e->why : "");
}

static void check_unit_closure(struct verification *v, struct fixed_unit *u, struct finding_vec *list)
{
	size_t changed = 0;

	for (size_t i = 0; i < u->a->entities.n; i++) {
		struct entity *e = u->a->entities.at[i];

		if (e->kind != ENTITY_FUNCTION || e->change == UNCHANGED || e->parent)
			continue;
		changed++;
		check_changed(v, u, e, list);
	}
	finding_add(list, "V2", SEVERITY_NOTE, u->image->kobject, NULL, u->unit->source,
		    "%zu functions differ between the original and the fixed unit", changed);
}

/* What compiling the fix had to say: what it could not carry over is not in P. */
static void take_over(const struct finding_vec *from, const char *id, struct finding_vec *list)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct finding *f = &from->at[i];

		if (f->severity == SEVERITY_NOTE)
			continue;
		finding_add(list, id, f->severity, f->object, f->symbol, f->location, "%s: %s", f->id,
			    f->message);
	}
}

void check_closure(struct verification *v, struct finding_vec *list)
{
	for (size_t i = 0; i < v->p.at.n; i++)
		check_unit_closure(v, &v->p.at.at[i], list);
	take_over(&v->p.findings, "V2", list);
	take_over(&v->impact, "V2", list);
	if (!v->p.at.n)
		finding_add(list, "V2", SEVERITY_WARNING, NULL, NULL, NULL,
			    "the fix changes no unit of the target");
	if (v->impact_error)
		finding_add(list, "V2", SEVERITY_WARNING, NULL, NULL, NULL,
			    "copies in other units were not looked for: %s", v->impact_error->message);
}

/* ---- O5 ---- */

static bool is_plain_data(const struct entity *e)
{
	return e->kind == ENTITY_DATA && !entity_is_init(e) && !starts_with(e->section->name, ".discard") &&
	       (!e->row || e->row->action == SPECIAL_PERCPU || e->row->action == SPECIAL_UNIT);
}

static void check_variable(struct verification *v, struct fixed_unit *u, struct entity *e,
			   struct finding_vec *list)
{
	bool writable = e->section->flags & SHF_WRITE;
	struct entity *user;

	if (e->change == UNCHANGED || e->ambiguous)
		return;
	if (e->change == REMOVED && e->symbol->bind == STB_LOCAL)
		return; /* who used it has changed */
	user = live_user(v, u->a, e);
	if (!writable && e->symbol->bind == STB_LOCAL && !user)
		return; /* all its users have the new one */
	finding_add(list, "V5", SEVERITY_REFUSAL, u->image->kobject, e->name, u->unit->source,
		    "%s: the running kernel keeps the old one%s%s%s%s",
		    e->change == REMOVED ? "is gone in the fixed kernel" : "has another initial value",
		    user ? ", which is used by " : "", user ? user->name : "", e->why ? ": " : "",
		    e->why ? e->why : "");
}

void check_data(struct verification *v, struct finding_vec *list)
{
	take_over(&v->layout, "V5", list);
	for (size_t i = 0; i < v->p.at.n; i++) {
		struct fixed_unit *u = &v->p.at.at[i];

		for (size_t k = 0; k < u->a->entities.n; k++)
			if (is_plain_data(u->a->entities.at[k]))
				check_variable(v, u, u->a->entities.at[k], list);
	}
	for (size_t i = 0; i < v->lp.model->entities.n; i++) {
		const struct entity *e = v->lp.model->entities.at[i];

		if (starts_with(e->section->name, ".data..percpu"))
			finding_add(list, "V5", SEVERITY_REFUSAL, NULL, e->name, e->section->name,
				    "per-cpu data of the livepatch's own");
	}
	finding_add(list, "V5", SEVERITY_NOTE, NULL, NULL, NULL,
		    "%zu data objects of the livepatch are those of the fixed kernel",
		    v->fidelity.objects);
}

/* ---- O6 ---- */

/*
 * An old function that stays is the same in P, and there it calls what is new here: what the compiler
 * took for granted about the callee holds for both. The other way round likewise. So, given O1 to O4,
 * what is left are the types, and what other units think of them.
 */
void check_contracts(struct verification *v, struct finding_vec *list)
{
	for (size_t i = 0; i < v->layout.n; i++) {
		const struct finding *f = &v->layout.at[i];

		if (streq(f->id, "F12"))
			finding_add(list, "V6", f->severity, f->object, f->symbol, f->location, "%s: %s",
				    f->id, f->message);
	}
	for (size_t i = 0; i < 4; i++)
		if (v->obligations[i].verdict != PROVED)
			finding_add(list, "V6", SEVERITY_WARNING, NULL, NULL, NULL,
				    "stands on %s, which is not proved", v->obligations[i].id);
	finding_add(list, "V6", SEVERITY_NOTE, NULL, NULL, NULL,
		    "every function that stays has the same code in the fixed kernel (O1, O2), so what it "
		    "expects of those it calls, or is called by, is what the fixed kernel has");
}
