// SPDX-License-Identifier: GPL-2.0-or-later
/* What a reference of P's code means in the running kernel: the linker's work, done again. */
#include "base/str.h"
#include "verify/fidelity.h"

static const struct image_symbol *global_of(const struct image *image, const char *name)
{
	for (const struct image_symbol *s = image_find(image, name); s; s = s->next_same_name)
		if (s->bind != STB_LOCAL)
			return s;
	return NULL;
}

struct model *fixed_model(const struct fixed_unit *u)
{
	return u->plain ? u->plain : u->b;
}

static struct fixed_unit *unit_of(const struct fidelity *f, const struct entity *e)
{
	for (size_t i = 0; i < f->p->at.n; i++) {
		struct model *m = fixed_model(&f->p->at.at[i]);

		if (e->index < m->entities.n && m->entities.at[e->index] == e)
			return &f->p->at.at[i];
	}
	return NULL;
}

/* The symbol of another object that exports the name, or NULL. */
static const struct image_symbol *exported(const struct fidelity *f, const char *name,
					   struct image **image)
{
	const struct export *e = export_find(f->exports, name);
	struct error *err;

	*image = NULL;
	if (!e)
		return NULL;
	err = kernel_image(f->images, e->object, image);
	error_free(err);
	return *image ? global_of(*image, name) : NULL;
}

static struct target_place outside(const struct fidelity *f, struct fixed_unit *u,
				   const struct ref *ref)
{
	struct target_place t = { .offset = ref->offset };
	const char *name = ref->symbol->name;
	const struct image_symbol *s = global_of(u->image, name);
	struct image *image = u->image;

	t.entity = map_get(&f->p->globals, name);
	if (t.entity) {
		t.unit = unit_of(f, t.entity);
		return t;
	}
	if (!s)
		s = exported(f, name, &image);
	if (s) {
		t.image = image;
		t.place = s->place + ref->offset;
	} else if (ref->symbol->bind == STB_WEAK) {
		t.absent = true;
	} else {
		t.why = xasprintf("nothing that is shipped has a global symbol '%s'", name);
	}
	return t;
}

/* A part of a function that changed belongs to the new function. */
static bool is_part_of_changed(const struct entity *e)
{
	return e->parent && e->parent->change != UNCHANGED;
}

static bool is_in_kernel(const struct entity *e)
{
	if (!e->twin || e->kind == ENTITY_ANON || is_part_of_changed(e))
		return false;
	return e->kind == ENTITY_FUNCTION || e->change == UNCHANGED ||
	       (e->section->flags & SHF_WRITE);
}

struct target_place fixed_target(const struct fidelity *f, struct fixed_unit *u, const struct ref *ref)
{
	struct target_place t = { .entity = ref->entity, .unit = u, .offset = ref->offset };

	if (ref->kind == REF_EXTERN)
		return outside(f, u, ref);
	if (ref->kind == REF_PLACE) {
		t.why = xstrdup("a reference to a place that is part of nothing");
		return t;
	}
	const struct image_symbol *s = is_in_kernel(ref->entity) ?
				       reproduced_symbol(&u->repro, ref->entity->twin) : NULL;

	if (s) {
		t.image = u->image;
		t.place = s->place + ref->offset;
	}
	return t;
}
