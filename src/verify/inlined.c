// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two functions that differ because the compiler put other helpers in line: do they refer to the same things and use
 * the same constants, when a helper that only one side calls is counted in where it is called? As in likeness.c,
 * nothing is proved.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/code.h"
#include "verify/likeness.h"

enum { SMALL = 1 << 16 }; /* constants below: a compiler has several ways to say them */

/* A function that is called: its name without what clones add, and its code, in the livepatch or in P. */
struct helper {
	char *name;
	struct entity *code;       /* NULL: elsewhere */
	struct fixed_unit *unit;   /* NULL: the livepatch's */
};
DEFINE_VEC(helper_vec, struct helper)

/* One side with what it calls. */
struct side {
	struct fidelity *f;
	struct helper_vec called;  /* each name once */
	struct map names;          /* name → (index in called) + 1 */
	struct str_vec bag, entries;
};

static void side_free(struct side *s)
{
	for (size_t i = 0; i < s->called.n; i++)
		free(s->called.at[i].name);
	helper_vec_free(&s->called);
	map_free(&s->names);
	str_vec_free_all(&s->bag);
	str_vec_free_all(&s->entries);
}

static struct entity *function_named(struct fixed_unit *unit, const char *name)
{
	struct model *m = fixed_model(unit);

	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.at[i]->kind == ENTITY_FUNCTION && streq(m->entities.at[i]->name, name))
			return m->entities.at[i];
	return NULL;
}

static char *without_suffix(const char *name)
{
	static const char prefix[] = "livepatch_";

	if (starts_with(name, prefix))
		name += strlen(prefix);
	return xstrndup(name, strcspn(name, "."));
}

/* The livepatch's reference to a function of the kernel: P's unit may have its code. */
static struct helper of_kernel(const struct side *s, const struct claim *c, const struct ref *ref)
{
	const struct resolved *r = &s->f->lp->resolved[ref->symbol->index];
	const struct image_symbol *to = r->kind == TO_KERNEL ? image_symbol_at(r->image, r->place) : NULL;

	if (!to || to->type != STT_FUNC || to->place != r->place)
		return (struct helper){ 0 };
	return (struct helper){ without_suffix(to->name), function_named(c->unit, to->name), c->unit };
}

/* Of returns and indirect calls (arch/x86/lib/retpoline.S): no function of anybody's. */
static bool is_thunk(const char *name)
{
	return starts_with(name, "__x86_");
}

/* The function that a reference leads to; no name: none. */
static struct helper helper_of(const struct side *s, const struct claim *c, struct fixed_unit *unit, const struct ref *ref)
{
	if (ref->kind == REF_ENTITY && ref->entity->kind == ENTITY_FUNCTION && !ref->offset)
		return (struct helper){ without_suffix(ref->entity->name), ref->entity, unit };
	if (ref->kind != REF_EXTERN || is_thunk(ref->symbol->name))
		return (struct helper){ 0 };
	if (!unit)
		return of_kernel(s, c, ref);
	/* what another unit of P has is not known here, but for its name */
	return ref->symbol->type == STT_NOTYPE || ref->symbol->type == STT_FUNC ?
		       (struct helper){ without_suffix(ref->symbol->name), NULL, unit } : (struct helper){ 0 };
}

static void note_call(struct side *s, struct helper h)
{
	void **slot = map_slot(&s->names, h.name);

	if (*slot) {
		free(h.name);
		return;
	}
	helper_vec_push(&s->called, h);
	*slot = (void *)(uintptr_t)s->called.n;
}

static void add_code(struct side *s, const struct claim *c, struct fixed_unit *unit, struct entity *e)
{
	struct model *m = unit ? fixed_model(unit) : s->f->lp->model;
	const struct ref_site_vec *refs = entity_refs(m, e);

	for (size_t i = 0; i < refs->n; i++) {
		const struct ref *ref = &refs->at[i].ref;
		struct helper h = { 0 };

		if (likeness_is_inner(e, ref))
			continue;
		if (refs->at[i].branch)
			h = helper_of(s, c, unit, ref);
		if (h.name)
			note_call(s, h);
		else
			likeness_add_ref(s->f, unit, ref, &s->bag);
	}
	likeness_add_constants(e, SMALL, &s->bag);
	for (size_t i = 0; i < e->entries.n; i++)
		if (entry_counts(&e->entries.at[i]))
			str_vec_push(&s->entries, xstrdup(e->entries.at[i].section->name));
	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.at[i]->parent == e && m->entities.at[i] != e)
			add_code(s, c, unit, m->entities.at[i]);
}

/* A helper that only this side calls, and whose code is known, is counted in. False: there is none. */
static bool count_in(struct side *s, const struct side *other, const struct claim *c, struct map *counted)
{
	bool news = false;

	for (size_t i = 0; i < s->called.n; i++) {
		struct helper h = s->called.at[i];

		if (!h.code || map_has(counted, h.name) || map_has(&other->names, h.name))
			continue;
		map_put(counted, h.name, counted);
		add_code(s, c, h.unit, h.code);
		news = true;
	}
	return news;
}

/* Names that were not counted in, for the comparison. */
static void add_calls(struct side *s, const struct map *counted)
{
	for (size_t i = 0; i < s->called.n; i++)
		if (!map_has(counted, s->called.at[i].name))
			str_vec_push(&s->bag, xasprintf("function %s", s->called.at[i].name));
}

static bool are_same(struct str_vec *a, struct str_vec *b)
{
	likeness_once(a);
	likeness_once(b);
	return a->n == b->n && !likeness_lacks(a, b, false) && !likeness_lacks(a, b, true);
}

bool fidelity_alike_inlined(struct fidelity *f, const struct claim *c)
{
	SCOPED(side_free) struct side mine = { .f = f }, theirs = { .f = f };
	SCOPED(map_free) struct map counted = { 0 };

	if (!likeness_differs_all_over(c->mine, c->theirs))
		return false;
	add_code(&mine, c, NULL, c->mine);
	add_code(&theirs, c, c->unit, c->theirs);
	while (count_in(&mine, &theirs, c, &counted) || count_in(&theirs, &mine, c, &counted))
		;
	if (!counted.n)
		return false;
	add_calls(&mine, &counted);
	add_calls(&theirs, &counted);
	return are_same(&mine.bag, &theirs.bag) && are_same(&mine.entries, &theirs.entries);
}
