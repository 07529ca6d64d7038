// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver/pair.h"

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "diff/folded.h"

struct error *images_get(struct images *images, struct target *target, const char *kobject,
			 struct image **image)
{
	scoped_free char *path = NULL;

	*image = map_get(&images->by_name, kobject);
	if (*image)
		return NULL;
	if (streq(kobject, "vmlinux"))
		path = xstrdup(target->vmlinux);
	else
		TRY(target_module(target, kobject, &path));
	TRY(image_open(kobject, path, image));
	map_put(&images->by_name, (*image)->kobject, *image);
	return NULL;
}

void images_free(struct images *images)
{
	for (size_t i = 0; i < images->by_name.n; i++)
		image_free(images->by_name.entries[i].value);
	map_free(&images->by_name);
}

static struct error *open_models(struct pair *p, struct finding_vec *findings)
{
	TRY(object_read(p->unit->original, &p->original));
	TRY(object_read(p->unit->patched, &p->patched));
	TRY(model_new(p->original, findings, &p->a));
	return model_new(p->patched, findings, &p->b);
}

/* A static variable that had no storage: the reason of a change that no line of the fix shows. */
static struct error *explain_folded(struct pair *p, const struct target *target)
{
	scoped_free char *path = path_join(target->srctree, p->unit->source);
	scoped_free char *text = NULL;

	if (!path_exists(path))
		return NULL;
	TRY(read_file(path, &text, NULL));
	folded_explain(p->b, text);
	return NULL;
}

struct error *pair_open(struct pair *p, const struct unit *unit, struct target *target,
			struct images *images, const struct exports *exports,
			const struct map *provided, struct finding_vec *findings)
{
	struct image *vmlinux;

	*p = (struct pair){ .unit = unit };
	TRY(open_models(p, findings));
	TRY(images_get(images, target, unit->kobject, &p->image));
	TRY(images_get(images, target, "vmlinux", &vmlinux));
	if (!streq(unit->kobject, "vmlinux"))
		TRY(target_module_depends(target, unit->kobject, &p->depends));
	correlate(p->a, p->b);
	compare(p->a, p->b);
	TRY(explain_folded(p, target));
	reproduce(p->a, p->image, unit->source, &p->repro);
	p->resolver = (struct resolver){
		.kobject = unit->kobject, .image = p->image, .vmlinux = vmlinux,
		.exports = exports, .depends = &p->depends, .repro = &p->repro,
		.provided = provided, .findings = findings,
	};
	return NULL;
}

void pair_close(struct pair *p)
{
	reproduction_free(&p->repro);
	model_free(p->a);
	model_free(p->b);
	object_free(p->original);
	object_free(p->patched);
	str_vec_free_all(&p->depends);
}

static bool has_runtime_constant(const struct entity *e)
{
	for (size_t i = 0; i < e->entries.n; i++)
		if (e->entries.at[i].row->action == SPECIAL_RUNTIME)
			return true;
	return false;
}

static bool needs_fallback(const struct model *m)
{
	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.at[i]->change != UNCHANGED && has_runtime_constant(m->entities.at[i]))
			return true;
	return false;
}

/* What changed is what the plain compilation says; the code of it comes from the other one. */
static void keep_changes(struct model *a, const enum change *changes, char **why)
{
	for (size_t i = 0; i < a->entities.n; i++) {
		struct entity *x = a->entities.at[i];

		x->change = x->twin || changes[i] == REMOVED ? changes[i] : UNCHANGED;
		free(x->why);
		x->why = take(why[i]);
		if (!x->twin)
			continue;
		x->twin->change = x->change;
		free(x->twin->why);
		x->twin->why = xstrdup(x->why);
	}
}

static void forget_twins(struct model *a, enum change *changes, char **why)
{
	for (size_t i = 0; i < a->entities.n; i++) {
		struct entity *x = a->entities.at[i];

		changes[i] = x->change;
		why[i] = take(x->why);
		x->twin = NULL;
		x->change = UNCHANGED;
		x->visited = false;
	}
}

struct error *pair_avoid_runtime_constants(struct pair *p, struct target *target,
					   const char *workdir, struct finding_vec *findings)
{
	/* include/asm-generic/runtime-const.h, in place of arch/x86/include/asm/runtime-const.h */
	static const char *const flags[] = {
		"-D_ASM_RUNTIME_CONST_H", "-Druntime_const_ptr(sym)=(sym)",
		"-Druntime_const_shift_right_32(val,sym)=((u32)(val)>>(sym))",
		"-Druntime_const_mask_32(val,sym)=((u32)(val)&(sym))",
		"-Druntime_const_init(type,sym)=do{}while(0)", NULL,
	};
	scoped_free char *object = NULL;

	if (!needs_fallback(p->b))
		return NULL;
	TRY(unit_recompile_patched(target, p->unit, workdir, flags, &object));
	scoped_free enum change *changes = xcalloc(p->a->entities.n, sizeof(*changes));
	scoped_free char **why = xcalloc(p->a->entities.n, sizeof(*why));

	forget_twins(p->a, changes, why);
	model_free(p->b);
	object_free(p->patched);
	p->b = NULL;
	p->patched = NULL;
	TRY(object_read(object, &p->patched));
	TRY(model_new(p->patched, findings, &p->b));
	correlate(p->a, p->b);
	compare(p->a, p->b);
	keep_changes(p->a, changes, why);
	return NULL;
}
