// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/fidelity.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/code.h"

/* While one claim is looked at. */
struct look {
	struct fidelity *f;
	const struct claim *claim;
	bool said; /* the difference is in a list already */
};

static struct model *mine(const struct fidelity *f)
{
	return f->lp->model;
}

bool fidelity_claimed(const struct fidelity *f, const struct entity *e)
{
	return map_has_u64(&f->of_mine, e->index + 1);
}

/* Adds the claim unless it is there. False: one of the two is claimed for something else. */
static bool add_claim(struct fidelity *f, struct claim c)
{
	uintptr_t a = (uintptr_t)map_get_u64(&f->of_mine, c.mine->index + 1);
	uintptr_t b = (uintptr_t)map_get_u64(&f->of_theirs, (uintptr_t)c.theirs);

	if (a || b)
		return a == b || (c.mine->kind == ENTITY_ANON && !(c.mine->section->flags & SHF_WRITE));
	claim_vec_push(&f->claims, c);
	map_put_u64(&f->of_mine, c.mine->index + 1, (void *)(uintptr_t)f->claims.n);
	map_put_u64(&f->of_theirs, (uintptr_t)c.theirs, (void *)(uintptr_t)f->claims.n);
	return true;
}

static char *place_name(const struct image *image, uint64_t place)
{
	const struct image_symbol *s = image_symbol_at(image, place);

	if (!s)
		return xasprintf("%s:0x%llx", image->kobject, (unsigned long long)place);
	return xasprintf("%s:%s+0x%llx (0x%llx)", image->kobject, s->name,
			 (unsigned long long)(place - s->place), (unsigned long long)place);
}

/* What a reference of the livepatch leads to, as text; the caller's. */
static char *my_target(const struct fidelity *f, const struct ref *ref)
{
	if (ref->kind == REF_EXTERN) {
		const struct resolved *r = &f->lp->resolved[ref->symbol->index];

		if (r->kind == TO_KERNEL)
			return place_name(r->image, r->place + ref->offset);
		return xasprintf("%s (%s)", ref->symbol->name, r->why ? r->why : "nothing");
	}
	if (ref->kind == REF_STRING) {
		const char *text = livepatch_text(ref->entity->section, ref->entity->start + ref->offset);

		return xasprintf("the string \"%.60s\"", text ? text : "?");
	}
	return xasprintf("%s+0x%llx of the livepatch", ref->entity ? ref->entity->name : "?",
			 (unsigned long long)ref->offset);
}

static char *their_target(const struct ref *ref, const struct target_place *t)
{
	if (ref->kind == REF_STRING) {
		const char *text = livepatch_text(ref->entity->section, ref->entity->start + ref->offset);

		return xasprintf("the string \"%.60s\"", text ? text : "?");
	}
	if (t->image)
		return place_name(t->image, t->place);
	if (t->entity)
		return xasprintf("%s+0x%llx, which the fix brings", t->entity->name,
				 (unsigned long long)t->offset);
	return xstrdup(t->why ? t->why : "nothing");
}

static bool is_const(const struct entity *e)
{
	return !(e->section->flags & SHF_WRITE);
}

/* Strings may be in a section that the linker did not merge: their contents decide. */
static bool is_text(const struct ref *ref)
{
	return ref->kind == REF_STRING ||
	       (ref->kind == REF_ENTITY && ref->entity->kind == ENTITY_ANON &&
		is_const(ref->entity));
}

char *fidelity_my_target(const struct fidelity *f, const struct ref *ref)
{
	const char *text = is_text(ref) ? livepatch_text(ref->entity->section,
							 ref->entity->start + ref->offset) : NULL;

	if (text)
		return xasprintf("the string \"%.60s\"", text);
	if (ref->kind == REF_ENTITY || ref->kind == REF_PLACE)
		return xasprintf("own+0x%llx", (unsigned long long)ref->offset);
	return my_target(f, ref);
}

char *fidelity_their_target(const struct fidelity *f, struct fixed_unit *u, const struct ref *ref)
{
	struct target_place t = { .entity = ref->entity, .offset = ref->offset };

	if (ref->kind != REF_STRING && ref->kind != REF_BYTES)
		t = fixed_target(f, u, ref);
	char *text = ref->kind == REF_STRING || t.image || !t.entity ? their_target(ref, &t) :
		     xasprintf("own+0x%llx", (unsigned long long)t.offset);

	free(t.why);
	return text;
}

/* ---- one reference ---- */

static void insn_text(struct entity *e, uint64_t at, char *text, size_t room)
{
	const struct insn_vec *list = entity_insns(e);
	long i = insn_at(list, at);

	snprintf(text, room, "data");
	if (i >= 0)
		insn_format(e->section->data + e->start + at, list->at[i].length, text, room);
}

static bool refute(struct comparison *c, const struct ref_pair *pair, const struct target_place *t,
		   struct finding_vec *list, const char *id, enum severity severity, const char *how)
{
	struct look *l = c->arg;
	scoped_free char *x = my_target(l->f, &pair->x->ref), *y = their_target(&pair->y->ref, t);
	scoped_free char *where = xasprintf("%s+0x%zx", c->x->name, (size_t)pair->x_at);
	char a[96], b[96];

	insn_text(c->x, pair->x_at, a, sizeof(a));
	insn_text(c->y, pair->y_at, b, sizeof(b));
	finding_add(list, id, severity, l->claim->unit->image->kobject, c->y->name, where,
		    "%s: '%s' of the livepatch leads to %s; '%s' at %s+0x%zx of the fixed kernel to %s",
		    how, a, x, b, c->y->name, (size_t)pair->y_at, y);
	l->said = true;
	return severity != SEVERITY_REFUSAL;
}

static bool wrong_target(struct comparison *c, const struct ref_pair *pair,
			 const struct target_place *t, const char *how)
{
	struct look *l = c->arg;

	return refute(c, pair, t, l->f->targets, "V4", SEVERITY_REFUSAL, how);
}

/* Data that the running kernel has and that changes. A linked kernel's .rodata is marked as writable. */
static bool is_variable(const struct target_place *t)
{
	if (t->image && t->entity && t->entity->kind == ENTITY_DATA)
		return !is_const(t->entity);
	const struct image_symbol *s = t->image ? image_symbol_at(t->image, t->place) : NULL;
	uint64_t flags = s && s->section < t->image->nsections ? t->image->sections[s->section].flags : 0;

	return (flags & SHF_WRITE) && !(flags & SHF_EXECINSTR);
}

/* Without bytes there is no state: lock class keys where lockdep is off (include/linux/lockdep_types.h). */
static bool has_no_bytes(const struct entity *e)
{
	return e && e->kind == ENTITY_DATA && !e->size;
}

/* State that belongs to a message and decides whether it is printed, not what the kernel does. */
static const struct {
	const char *section, *name; /* of the fixed kernel's object; NULL: any */
	enum severity severity;
	const char *what, *source;
} message_states[] = {
	{ "__dyndbg", NULL, SEVERITY_NOTE, "the switch of a pr_debug(), which has the livepatch's name here",
	  "include/linux/dynamic_debug.h" },
	{ ".data.once", NULL, SEVERITY_NOTE, "the mark of a message that is printed once, and may be once more",
	  "include/linux/once_lite.h" },
	{ ".data..once", NULL, SEVERITY_NOTE, "the mark of a message that is printed once, and may be once more",
	  "include/linux/once_lite.h (6.12)" },
	{ NULL, "_rs", SEVERITY_WARNING, "by its name the limit of a message, which counts afresh",
	  "include/linux/printk.h" },
};

/* A copy of such state is allowed, or for a person to judge. */
static bool may_be_copied(const struct look *l, const struct comparison *c, const struct entity *e)
{
	for (size_t i = 0; e && i < ARRAY_SIZE(message_states); i++) {
		if (message_states[i].section && !starts_with(e->section->name, message_states[i].section))
			continue;
		if (message_states[i].name && !streq(e->key, message_states[i].name))
			continue;
		finding_add(l->f->data, "V5", message_states[i].severity, l->claim->unit->image->kobject,
			    e->name, c->x->name, "a copy of %s (%s)", message_states[i].what,
			    message_states[i].source);
		return true;
	}
	return false;
}

/* The livepatch refers to something of its own. */
static bool local_target(struct comparison *c, const struct ref_pair *pair,
			 const struct target_place *t, struct entity *own, int64_t offset)
{
	struct look *l = c->arg;
	struct fidelity *f = l->f;

	if (has_no_bytes(own) && has_no_bytes(t->entity))
		return true;
	if (own->kind != ENTITY_FUNCTION && is_variable(t) && !fidelity_claimed(f, own) &&
	    !may_be_copied(l, c, t->entity))
		return refute(c, pair, t, f->data, "V5", SEVERITY_REFUSAL,
			      "a fresh copy of a variable that the running kernel has");
	if (!t->entity)
		return wrong_target(c, pair, t, "a place of its own");
	if (t->entity->kind != own->kind && !(own->kind == ENTITY_ANON || t->entity->kind == ENTITY_ANON))
		return wrong_target(c, pair, t, "code for data, or data for code");
	if (offset != t->offset)
		return wrong_target(c, pair, t, "another place");
	if (t->entity->ambiguous)
		return refute(c, pair, t, f->targets, "V4", SEVERITY_WARNING,
			      "one of several variables of that name, which cannot be told apart");
	if (own->kind == ENTITY_FUNCTION && !pair->branch && t->image)
		finding_add(f->later, "V12", SEVERITY_WARNING, t->image->kobject, own->name, c->x->name,
			    "a pointer to the livepatch's own function may be kept by the kernel "
			    "after the livepatch is gone");
	if (!add_claim(f, (struct claim){ own, t->entity, t->unit, NULL }))
		return wrong_target(c, pair, t, "not what the same name means elsewhere in the livepatch");
	return true;
}

static bool kernel_target(struct comparison *c, const struct ref_pair *pair,
			  const struct target_place *t, const struct image *image, uint64_t place)
{
	struct look *l = c->arg;

	if (t->image == image && t->place == place)
		return true;
	if (t->entity && t->entity->ambiguous)
		return refute(c, pair, t, l->f->targets, "V4", SEVERITY_WARNING,
			      "one of several variables of that name, which cannot be told apart");
	return wrong_target(c, pair, t, "another place of the kernel");
}

/* A place inside the entity that is being compared. */
static bool inner_target(struct comparison *c, const struct ref_pair *pair)
{
	struct items p, q;
	bool same;

	if (c->x->kind != ENTITY_FUNCTION)
		return pair->x->ref.offset == pair->y->ref.offset;
	items_pair(c, &p, &q);
	same = items_number(&p, pair->x->ref.offset) == items_number(&q, pair->y->ref.offset);
	items_free(&p);
	items_free(&q);
	return same;
}

static bool same_text(const struct ref *r, const struct ref *s)
{
	const char *x = livepatch_text(r->entity->section, r->entity->start + r->offset);
	const char *y = livepatch_text(s->entity->section, s->entity->start + s->offset);

	return x && y && streq(x, y);
}

/* __FILE__ of a livepatch that was compiled from a source of its own. */
static bool names_other_file(struct comparison *c, const struct ref *r, const struct ref *s)
{
	const struct look *l = c->arg;
	const char *x = livepatch_text(r->entity->section, r->entity->start + r->offset);
	const char *y = livepatch_text(s->entity->section, s->entity->start + s->offset);
	bool other = x && y && streq(y, l->claim->unit->unit->source) && ends_with(x, ".c");

	c->elsewhere |= other;
	return other;
}

static bool same_literal(const struct ref *r, const struct ref *s)
{
	const struct obj_section *p = r->entity->section, *q = s->entity->section;
	uint64_t x = r->entity->start + r->offset, y = s->entity->start + s->offset;
	uint64_t n = q->entsize ? q->entsize - y % q->entsize : 0;

	return n && x <= p->size && n <= p->size - x && y <= q->size && n <= q->size - y && p->data &&
	       q->data && !memcmp(p->data + x, q->data + y, n);
}

static bool judge(struct comparison *c, const struct ref_pair *pair, const struct target_place *t)
{
	struct look *l = c->arg;
	const struct ref *r = &pair->x->ref, *s = &pair->y->ref;

	if (r->kind == REF_ENTITY && r->entity == c->x && s->entity == c->y)
		return inner_target(c, pair) || wrong_target(c, pair, t, "another place of the function");
	if (s->kind == REF_STRING)
		return (is_text(r) && (same_text(r, s) || names_other_file(c, r, s))) ||
		       wrong_target(c, pair, t, "another string");
	if (s->kind == REF_BYTES)
		return (r->entity && r->entity->kind == ENTITY_ANON && is_const(r->entity) &&
			same_literal(r, s)) || wrong_target(c, pair, t, "another literal");
	if (r->kind == REF_EXTERN) {
		const struct resolved *to = &l->f->lp->resolved[r->symbol->index];

		if (to->kind == TO_ABSENT && t->absent)
			return true;
		if (to->kind != TO_KERNEL)
			return wrong_target(c, pair, t, "nothing");
		return kernel_target(c, pair, t, to->image, to->place + r->offset);
	}
	if (r->kind != REF_ENTITY)
		return wrong_target(c, pair, t, "something else");
	return local_target(c, pair, t, r->entity, r->offset);
}

static bool same_target(struct comparison *c, const struct ref_pair *pair)
{
	struct look *l = c->arg;
	struct target_place t = { .entity = pair->y->ref.entity, .offset = pair->y->ref.offset };

	l->f->references++;
	if (pair->y->ref.kind != REF_STRING && pair->y->ref.kind != REF_BYTES)
		t = fixed_target(l->f, l->claim->unit, &pair->y->ref);
	bool same = judge(c, pair, &t);

	free(t.why);
	return same;
}

/* ---- one entity ---- */

/* __func__ of a replacement: "livepatch_f" for "f". */
static bool is_function_name(const struct claim *c)
{
	const char *x = livepatch_text(c->mine->section, c->mine->start);
	const char *y = livepatch_text(c->theirs->section, c->theirs->start);

	return streq(c->theirs->key, "__func__") && is_const(c->mine) && x && y && ends_with(x, y) &&
	       strlen(x) > strlen(y) && strlen(x) + 1 == c->mine->size && strlen(y) + 1 == c->theirs->size;
}

/* WARN() in code that was shown to be equivalent: line and file are not looked at there. */
static bool warns(const struct entity *e)
{
	for (size_t i = 0; i < e->entries.n; i++)
		if (streq(e->entries.at[i].row->name, "__bug_table"))
			return true;
	return false;
}

/* Says so. False: neither shown to be equivalent nor alike. */
static bool is_other_compilation(struct fidelity *f, const struct claim *claim, struct comparison *c)
{
	scoped_free char *why = NULL;
	struct look *l = c->arg;
	const struct entity *parent = claim->theirs->parent;
	uintptr_t of_parent = parent ? (uintptr_t)map_get_u64(&f->of_theirs, (uintptr_t)parent) : 0;
	struct claim whole = of_parent ? f->claims.at[of_parent - 1] : *claim; /* a part is no function */

	if (fidelity_equivalent(f, &whole, c, &why)) {
		f->equivalent++;
		finding_add(f->code, "V3", warns(claim->mine) ? SEVERITY_WARNING : SEVERITY_NOTE,
			    claim->unit->image->kobject, claim->theirs->name, claim->mine->name,
			    "other instructions, shown to do the same%s; the first difference: %s",
			    warns(claim->mine) ? ", but for the file and line that a WARN() names" : "", c->why);
		return true;
	}
	if (l->said)
		return true;
	bool alike = fidelity_alike(f, claim), inlined = !alike && fidelity_alike_inlined(f, claim);

	if (!alike && !inlined) {
		char *difference = c->why;

		c->why = xasprintf("%s; not shown to do the same: %s", difference, why ? why : "?");
		free(difference);
		return false;
	}
	finding_add(f->code, "V3", SEVERITY_WARNING, claim->unit->image->kobject, claim->theirs->name,
		    claim->mine->name, "the same references and constants in other instructions or blocks%s, as "
		    "another compilation would give: not shown to be equal (%s); the first difference: %s",
		    inlined ? ", with other helpers in line" : "", why ? why : "?", c->why);
	return true;
}

static void check_claim(struct fidelity *f, const struct claim *claim)
{
	struct look l = { .f = f, .claim = claim };
	struct comparison c = { .mx = mine(f), .my = fixed_model(claim->unit), .x = claim->mine,
				.y = claim->theirs, .same = same_target, .arg = &l, .landing = true };
	bool code = claim->theirs->kind == ENTITY_FUNCTION;
	bool same = code ? same_function(&c) : same_data(&c);

	if (!same && !code && !l.said && starts_with(claim->theirs->section->name, "__dyndbg"))
		same = c.elsewhere = same_descriptor(&c);
	if (!same && !code && !l.said && is_function_name(claim))
		same = c.elsewhere = true;

	*(code ? &f->functions : &f->objects) += 1;
	if (!same && !l.said && !c.lost_entry && code && is_other_compilation(f, claim, &c)) {
		free(c.why);
		return;
	}
	if (!same && !l.said)
		finding_add(code ? f->code : f->data, code ? "V3" : "V5", SEVERITY_REFUSAL,
			    claim->unit->image->kobject, claim->theirs->name, claim->mine->name,
			    "the livepatch and the fixed kernel differ: %s", c.why ? c.why : "?");
	else if (!same && c.lost_entry)
		finding_add(f->code, "V3", SEVERITY_REFUSAL, claim->unit->image->kobject,
			    claim->theirs->name, claim->mine->name, "%s", c.why);
	else if (c.elsewhere)
		finding_add(f->code, "V3", SEVERITY_WARNING, claim->unit->image->kobject,
			    claim->theirs->name, claim->mine->name,
			    "a message or WARN() names another file or line than in the fixed kernel");
	else if (!code && is_const(claim->theirs) && claim->theirs->twin &&
		 claim->theirs->change == UNCHANGED)
		finding_add(f->data, "V5", SEVERITY_NOTE, claim->unit->image->kobject,
			    claim->theirs->name, claim->mine->name,
			    "a copy of a constant with the same contents: right unless somebody compares "
			    "its address");
	free(c.why);
}

/* ---- what is replaced ---- */

static void begin_function(struct fidelity *f, const struct lp_function *fn)
{
	struct fixed_unit *unit = NULL;
	struct entity *theirs = fn->old ? fixed_function(f->p, fn->image, fn->old->place, &unit) : NULL;

	if (!fn->old || !fn->entity)
		return; /* O7 says so */
	if (!theirs) {
		finding_add(f->code, "V3", unit ? SEVERITY_REFUSAL : SEVERITY_WARNING, fn->object,
			    fn->name, fn->entity->name, unit ?
			    "the fixed kernel has no such function" :
			    "the livepatch replaces a function of a unit that the fix does not change: "
			    "a person must say what it should be");
		return;
	}
	if (!add_claim(f, (struct claim){ fn->entity, theirs, unit, fn }))
		finding_add(f->code, "V3", SEVERITY_REFUSAL, fn->object, fn->name, fn->entity->name,
			    "the same function is replaced twice, or two by the same");
}

void fidelity_check(struct fidelity *f)
{
	for (size_t i = 0; i < f->lp->functions.n; i++)
		begin_function(f, &f->lp->functions.at[i]);
	for (size_t i = 0; i < f->claims.n; i++) {
		struct claim claim = f->claims.at[i];

		check_claim(f, &claim);
	}
}

void fidelity_free(struct fidelity *f)
{
	claim_vec_free(&f->claims);
	map_free(&f->of_mine);
	map_free(&f->of_theirs);
}
