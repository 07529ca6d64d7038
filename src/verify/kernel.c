// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/kernel.h"

#include "base/str.h"

bool has_runtime_constants(const struct entity *e)
{
	for (size_t i = 0; i < e->entries.n; i++)
		if (e->entries.at[i].row->action == SPECIAL_RUNTIME)
			return true;
	return false;
}

static bool needs_plain(const struct model *b)
{
	for (size_t i = 0; i < b->entities.n; i++)
		if (b->entities.at[i]->change != UNCHANGED && has_runtime_constants(b->entities.at[i]))
			return true;
	return false;
}

/*
 * Constants that the kernel writes into its own code at boot (arch/x86/include/asm/runtime-const.h) are
 * the values of variables; code of a module has to load these. P compiled that way is the reference.
 */
static struct error *make_plain(struct fixed_unit *u, struct target *target, const char *workdir,
				struct finding_vec *findings)
{
	static const char *const flags[] = {
		"-D_ASM_RUNTIME_CONST_H", "-Druntime_const_ptr(sym)=(sym)",
		"-Druntime_const_shift_right_32(val,sym)=((u32)(val)>>(sym))",
		"-Druntime_const_mask_32(val,sym)=((u32)(val)&(sym))",
		"-Druntime_const_init(type,sym)=do{}while(0)", NULL,
	};
	scoped_free char *path = NULL;

	if (!needs_plain(u->b))
		return NULL;
	TRY(unit_recompile_patched(target, u->unit, workdir, flags, &path));
	TRY(object_read(path, &u->plain_object));
	return model_new(u->plain_object, findings, &u->plain);
}

/* Twins of the plain compilation; what changed stays what the comparison of like with like says. */
static void pair_plain(struct fixed_unit *u, const struct fix *fix)
{
	struct model *a = u->a;
	scoped_free enum change *changes = xcalloc(a->entities.n, sizeof(*changes));

	for (size_t i = 0; i < a->entities.n; i++) {
		changes[i] = a->entities.at[i]->change;
		a->entities.at[i]->twin = NULL;
	}
	pair_models(a, u->plain, fix);
	for (size_t i = 0; i < a->entities.n; i++) {
		struct entity *e = a->entities.at[i];

		e->change = changes[i];
		if (e->twin)
			e->twin->change = changes[i];
	}
}

static void note_new_globals(struct fixed_kernel *p, const struct model *b)
{
	for (size_t i = 0; i < b->entities.n; i++) {
		struct entity *e = b->entities.at[i];

		if (e->symbol && e->symbol->bind == STB_GLOBAL && e->change == NEW)
			map_put(&p->globals, e->name, e);
	}
}

static struct error *open_unit(struct fixed_kernel *p, struct fixed_unit *u, struct target *target,
			       const char *workdir, struct kernel_images *images)
{
	TRY(kernel_image(images, u->unit->kobject, &u->image));
	if (!u->image)
		return error_new("T5", "%s: the target has no module of that name", u->unit->kobject);
	TRY(object_read(u->unit->original, &u->original));
	TRY(object_read(u->unit->patched, &u->patched));
	TRY(model_new(u->original, &p->findings, &u->a));
	TRY(model_new(u->patched, &p->findings, &u->b));
	pair_models(u->a, u->b, &p->fix);
	reproduce(u->a, u->image, u->unit->source, &u->repro);
	TRY(make_plain(u, target, workdir, &p->findings));
	if (u->plain)
		pair_plain(u, &p->fix);
	note_new_globals(p, u->plain ? u->plain : u->b);
	return NULL;
}

struct error *fixed_kernel_make(struct target *target, char *const *fixes, size_t nfixes,
				const char *workdir, struct kernel_images *images,
				struct fixed_kernel *p)
{
	TRY(fix_read(fixes, nfixes, &p->fix));
	TRY(units_build(target, &p->fix, workdir, &p->units, &p->findings));
	for (size_t i = 0; i < p->units.n; i++)
		if (!p->units.at[i].identical && p->units.at[i].original && p->units.at[i].patched)
			fixed_unit_vec_push(&p->at, (struct fixed_unit){ .unit = &p->units.at[i] });
	for (size_t i = 0; i < p->at.n; i++)
		TRY(open_unit(p, &p->at.at[i], target, workdir, images));
	return NULL;
}

static void close_unit(struct fixed_unit *u)
{
	if (u->repro.model)
		reproduction_free(&u->repro);
	model_free(u->plain);
	object_free(u->plain_object);
	model_free(u->a);
	model_free(u->b);
	object_free(u->original);
	object_free(u->patched);
}

void fixed_kernel_free(struct fixed_kernel *p)
{
	for (size_t i = 0; i < p->at.n; i++)
		close_unit(&p->at.at[i]);
	fixed_unit_vec_free(&p->at);
	units_free(&p->units);
	fix_free(&p->fix);
	findings_free(&p->findings);
	map_free(&p->globals);
}

struct entity *fixed_function(const struct fixed_kernel *p, const struct image *image,
			      uint64_t place, struct fixed_unit **unit)
{
	for (size_t i = 0; i < p->at.n; i++) {
		struct fixed_unit *u = &p->at.at[i];

		for (size_t k = 0; u->image == image && k < u->a->entities.n; k++) {
			struct entity *e = u->a->entities.at[k];
			struct image_symbol *s = e->kind == ENTITY_FUNCTION ?
						 reproduced_symbol(&u->repro, e) : NULL;

			if (!s || s->place != place)
				continue;
			*unit = u;
			return e->twin;
		}
	}
	return NULL;
}
