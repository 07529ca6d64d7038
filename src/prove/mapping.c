// SPDX-License-Identifier: GPL-2.0-or-later
/* What the undefined symbols of a livepatch's object are in the words of the unit's object. */
#include "base/cleanup.h"
#include "base/str.h"
#include "convert/annotations.h"
#include "prove/parts.h"

struct mapper {
	const struct prove_request *rq;
	struct proof *proof;
	struct mapping_of_names *m;
	struct map by_shipped; /* shipped symbol → entity of the original object */
	struct map by_name;    /* name → entity of the reference */
};

static const char *keep(struct mapper *p, const char *text)
{
	return *str_vec_push(&p->m->owned, xstrdup(text));
}

static void index_models(struct mapper *p)
{
	const struct reproduction *repro = p->rq->resolver->repro;

	for (size_t i = 0; repro && i < repro->model->entities.n; i++) {
		struct entity *e = repro->model->entities.at[i];
		struct image_symbol *s = e->symbol ? reproduced_symbol(repro, e) : NULL;

		if (s)
			map_put_u64(&p->by_shipped, (uintptr_t)s, e);
	}
	for (size_t i = 0; i < p->rq->model->entities.n; i++)
		if (p->rq->model->entities.at[i]->symbol)
			map_put(&p->by_name, p->rq->model->entities.at[i]->name,
				p->rq->model->entities.at[i]);
}

static struct image_symbol *shipped(const struct mapper *p, const char *name, unsigned int position)
{
	const struct image *image = p->rq->resolver->image;

	for (struct image_symbol *s = image_find(image, name); s; s = s->next_same_name)
		if (image_sympos(image, s) == position)
			return s;
	return NULL;
}

/* The reference's entity is reached from outside: by pointer only, if it is replaced. */
static void lies_outside(struct mapper *p, const struct entity *e, const char *canonical)
{
	bool replaced = e->kind == ENTITY_FUNCTION && replacements_find(p->rq->set, e->name);

	map_put(replaced ? &p->m->old_pointers : &p->m->outside, keep(p, e->name),
		(void *)keep(p, canonical));
}

static const char *canonical_name(struct mapper *p, const struct annotation *a)
{
	struct entity *original = NULL;

	if (resolver_by_name(p->rq->resolver)) {
		original = map_get(&p->by_name, a->name);
		original = original && p->rq->patched ? original->twin : original;
	} else if (streq(a->object, p->rq->resolver->kobject)) {
		struct image_symbol *s = shipped(p, a->name, a->position);

		original = s ? map_get_u64(&p->by_shipped, (uintptr_t)s) : NULL;
	}
	struct entity *e = original && p->rq->patched ? original->twin : original;

	if (e)
		lies_outside(p, e, original->name);
	return original ? original->name : a->name;
}

static void undefined(struct mapper *p, const struct obj_symbol *s, const struct annotation *a)
{
	const struct exports *exports = p->rq->resolver->exports;
	struct entity *e = map_get(&p->by_name, s->name);

	if (a->object) {
		p->proof->annotated++;
		map_put(&p->m->of_symbol, keep(p, s->name), (void *)keep(p, canonical_name(p, a)));
		return;
	}
	if (exports && export_find(exports, s->name)) {
		p->proof->exported++;
		str_vec_push(&p->proof->exports, xstrdup(s->name));
	} else if (exports && !resolver_by_name(p->rq->resolver) &&
		   (!p->rq->resolver->provided || !map_has(p->rq->resolver->provided, s->name))) {
		if (s->bind == STB_WEAK)
			return;
		struct finding *f = finding_add(p->rq->findings, "M33", SEVERITY_REFUSAL,
						p->rq->resolver->kobject, s->name, NULL,
						"the livepatch's source refers to '%s', which is "
						"neither exported nor annotated", s->name);

		finding_way_out(f, "build the livepatch from objects");
	}
	if (e)
		lies_outside(p, e, s->name);
}

/* Are there relocations that need it, or only its annotation? */
static void mark_used(const struct object *o, const struct annotations *a, bool *used)
{
	for (size_t i = 1; i < o->nsections; i++)
		for (size_t k = 0; !a->drop[i] && k < o->sections[i].nrelocs; k++)
			used[o->sections[i].relocs[k].symbol->index] = true;
}

struct error *mapping_make(const struct prove_request *rq, struct proof *proof,
			   struct mapping_of_names *m)
{
	struct mapper p = { .rq = rq, .proof = proof, .m = m };
	scoped_object struct object *o = NULL;
	struct annotations a;

	*m = (struct mapping_of_names){ 0 };
	TRY(object_read(rq->extraction, &o));
	annotations_read(o, &a, rq->findings);
	index_models(&p);
	scoped_free bool *used = xcalloc(o->nsymbols, sizeof(bool));

	mark_used(o, &a, used);
	for (size_t i = 1; i < o->nsymbols; i++)
		if (o->symbols[i].shndx == SHN_UNDEF && used[i])
			undefined(&p, &o->symbols[i], &a.at[i]);
	annotations_free(&a);
	map_free(&p.by_shipped);
	map_free(&p.by_name);
	return NULL;
}

void mapping_free(struct mapping_of_names *m)
{
	map_free(&m->of_symbol);
	map_free(&m->outside);
	map_free(&m->old_pointers);
	str_vec_free_all(&m->owned);
}
