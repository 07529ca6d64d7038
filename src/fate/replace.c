// SPDX-License-Identifier: GPL-2.0-or-later
#include "fate/replace.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/policy.h"

struct walk {
	struct model *original;
	const struct resolver *r;
	struct finding_vec *findings;
	struct replacements *set;
	struct map clones; /* entity index of clones that are done */
};

size_t source_name_length(const char *symbol)
{
	return strcspn(symbol, ".");
}

bool is_clone(const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && !e->parent && strchr(e->name, '.');
}

const struct replacement *replacements_find(const struct replacements *set, const char *name)
{
	uintptr_t i = (uintptr_t)map_get(&set->by_name, name);

	return i ? &set->list.at[i - 1] : NULL;
}

/*
 * A system call's entry is made by SYSCALL_DEFINEn(name, ...), which pastes prefixes to its argument:
 * the copy differs from the old one in that argument (arch/x86/include/asm/syscall_wrapper.h).
 */
static char *new_name_of(const char *name)
{
	static const char *const prefixes[] = { "__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_",
						"__x64_compat_sys_", "__se_sys_", "__do_sys_",
						"__se_compat_sys_", "__do_compat_sys_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return xasprintf("%slivepatch_%s", prefixes[i], name + strlen(prefixes[i]));
	return xasprintf("livepatch_%s", name);
}

static void add(struct walk *w, struct entity *e, const char *why, bool itself)
{
	struct image_symbol *s = w->r->repro ? reproduced_symbol(w->r->repro, e) : NULL;

	replacement_vec_push(&w->set->list, (struct replacement){
		.name = xstrdup(e->name), .new_name = new_name_of(e->name), .original = e,
		.sympos = s ? image_sympos(w->r->image, s) : 0, .why = xstrdup(why),
		.itself = itself });
	map_put(&w->set->by_name, e->name, (void *)(uintptr_t)w->set->list.n);
}

/* policy_for_root() speaks of the patched side. */
static void judge(struct walk *w, struct entity *e)
{
	entity_refs(w->original, e);
	if (e->twin)
		policy_for_root(e->twin, w->r, w->findings);
}

static void refuse_pointer(struct walk *w, const struct entity *clone, const struct entity *data)
{
	struct finding *f = finding_add(w->findings, "M20", SEVERITY_REFUSAL, w->r->kobject,
					clone->name, data->section->name,
					"'%s', which the fix changes, exists only as a clone made by "
					"the compiler, and '%s' holds a pointer to it", clone->name,
					data->name);

	finding_way_out(f, "build the livepatch from objects (without --from-source)");
}

static bool refers_to(struct model *m, struct entity *e, const struct entity *target)
{
	const struct ref_site_vec *refs = entity_refs(m, e);

	for (size_t i = 0; i < refs->n; i++)
		if (refs->at[i].ref.kind == REF_ENTITY && refs->at[i].ref.entity == target)
			return true;
	return false;
}

static void visit(struct walk *w, struct entity *e, const char *why, bool itself);

static void visit_callers(struct walk *w, struct entity *clone)
{
	scoped_free char *why = xasprintf("it calls '%s', %s", clone->name,
					   is_clone(clone) ? "a clone that differs" :
							     "which is replaced at its entries");

	if (map_has_u64(&w->clones, clone->index))
		return;
	map_put_u64(&w->clones, clone->index, clone);
	for (size_t i = 0; i < w->original->entities.n; i++) {
		struct entity *e = w->original->entities.at[i];

		if (e == clone || e->parent == clone || !refers_to(w->original, e, clone))
			continue;
		if (e->kind == ENTITY_FUNCTION)
			visit(w, e, why, false);
		else
			refuse_pointer(w, clone, e);
	}
}

/* What SYSCALL_DEFINEn() makes beside the entry is static: the tables of a livepatch cannot name its copy. */
bool is_inside_system_call(const struct entity *e)
{
	static const char *const prefixes[] = { "__se_sys_", "__do_sys_", "__se_compat_sys_",
						"__do_compat_sys_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (e->symbol && e->symbol->bind == STB_LOCAL && starts_with(e->name, prefixes[i]))
			return true;
	return false;
}

/* e: of the original object. */
static void visit(struct walk *w, struct entity *e, const char *why, bool itself)
{
	if (e->parent) {
		visit(w, e->parent, why, itself);
	} else if (is_gone(e, w->r->kobject)) {
		return; /* policy_for_gone() judges it */
	} else if (is_clone(e) || is_inside_system_call(e)) {
		visit_callers(w, e);
	} else if (!map_has(&w->set->by_name, e->name)) {
		add(w, e, why, itself);
		if (!itself)
			judge(w, e);
	}
}

void replacements_of_fix(struct model *original, const struct resolver *r,
			 struct finding_vec *findings, struct replacements *set)
{
	struct walk w = { .original = original, .r = r, .findings = findings, .set = set };

	for (size_t i = 0; i < original->entities.n; i++) {
		struct entity *e = original->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && e->change == CHANGED && !is_clone(e))
			visit(&w, e, e->why ? e->why : "it differs", true);
	}
	for (size_t i = 0; i < original->entities.n; i++) {
		struct entity *e = original->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && e->change == CHANGED && is_clone(e))
			visit(&w, e, e->why, true);
	}
	map_free(&w.clones);
}

/* ---- one function as it is ---- */

static bool is_clone_of(const struct entity *e, const char *name)
{
	return is_clone(e) && source_name_length(e->name) == strlen(name) &&
	       strncmp(e->name, name, strlen(name)) == 0;
}

static struct entity *find_plain(struct model *m, const char *name)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *e = m->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && !e->parent && streq(e->name, name))
			return e;
	}
	return NULL;
}

static void add_near(struct model *m, const char *name, struct str *near)
{
	size_t n = 0, half = (strlen(name) + 1) / 2;

	for (size_t i = 0; i < m->entities.n && n < 6; i++) {
		const struct entity *e = m->entities.at[i];

		if (e->kind != ENTITY_FUNCTION || e->parent || is_clone(e))
			continue;
		if (strncmp(e->name, name, half) == 0 || strstr(e->name, name))
			str_add(near, "%s%s", n++ ? ", " : "", e->name);
	}
}

static struct error *no_such_function(struct walk *w, const char *name)
{
	scoped_str struct str near = { 0 };

	add_near(w->original, name, &near);
	struct error *err = error_new("M24", "the unit has no function '%s' that could be replaced: "
				      "it does not exist, or it is a macro, or it is inlined "
				      "wherever it is used", name);

	return near.n ? error_hint(err, "functions with similar names: %s", near.s) :
			error_hint(err, "name the function that it is inlined into");
}

static struct error *take_callers_of_clones(struct walk *w, const char *name)
{
	bool any = false;

	for (size_t i = 0; i < w->original->entities.n; i++) {
		struct entity *e = w->original->entities.at[i];

		if (!is_clone_of(e, name))
			continue;
		any = true;
		visit(w, e, "", false);
	}
	if (!any)
		return no_such_function(w, name);
	finding_add(w->findings, "M25", SEVERITY_NOTE, w->r->kobject, name, NULL,
		    "'%s' exists only as a clone made by the compiler: the functions that call it are "
		    "replaced", name);
	return NULL;
}

struct error *replacements_of_function(struct model *original, const struct resolver *r,
				       const char *name, struct finding_vec *findings,
				       struct replacements *set)
{
	struct walk w = { .original = original, .r = r, .findings = findings, .set = set };
	static const char *const prefixes[] = { "__x64_sys_", "__ia32_sys_", "__ia32_compat_sys_" };
	struct error *err = NULL;
	const char *call = starts_with(name, "sys_") ? name + 4 : name;

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++) {
		scoped_free char *entry = xasprintf("%s%s", prefixes[i], call);
		struct entity *e = find_plain(original, entry);

		if (e)
			visit(&w, e, "it was asked for", false);
	}
	struct entity *plain = find_plain(original, name);

	if (plain)
		visit(&w, plain, "it was asked for", false);
	else if (!set->list.n)
		err = take_callers_of_clones(&w, name);
	map_free(&w.clones);
	return err;
}

void replacements_free(struct replacements *set)
{
	for (size_t i = 0; i < set->list.n; i++) {
		free(set->list.at[i].name);
		free(set->list.at[i].new_name);
		free(set->list.at[i].why);
	}
	replacement_vec_free(&set->list);
	map_free(&set->by_name);
}
