// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/loader.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

#define KLP_SYM ".klp.sym."
#ifndef SHN_LIVEPATCH
#define SHN_LIVEPATCH 0xff20
#endif

/* ---- shipped objects ---- */

struct error *kernel_image(struct kernel_images *images, const char *object, struct image **image)
{
	scoped_free char *path = NULL;

	*image = map_get(&images->by_name, object);
	if (*image)
		return NULL;
	if (streq(object, "vmlinux")) {
		path = xstrdup(images->target->vmlinux);
	} else {
		struct error *err = target_module(images->target, object, &path);

		if (err && streq(err->id, "T5")) {
			error_free(err);
			return NULL;
		}
		TRY(err);
	}
	TRY(image_open(object, path, image));
	map_put(&images->by_name, (*image)->kobject, *image);
	return NULL;
}

void kernel_images_free(struct kernel_images *images)
{
	for (size_t i = 0; i < images->by_name.n; i++)
		image_free(images->by_name.entries[i].value);
	map_free(&images->by_name);
}

/* ---- symbols as livepatch finds them ---- */

/* What the symbol lists of the running kernel hold: scripts/kallsyms.c, kernel/module/kallsyms.c. */
static bool is_listed(const struct image *im, const struct image_symbol *s)
{
	if (s->section == SHN_ABS)
		return s->bind == STB_GLOBAL;
	return s->section && s->section < im->nsections && (im->sections[s->section].flags & SHF_ALLOC);
}

static bool is_before(const struct image *im, const struct image_symbol *a,
		      const struct image_symbol *b)
{
	if (im->module || a->place == b->place)
		return a->index < b->index;
	return a->place < b->place;
}

/* How many symbols of this name stand before it. */
static uint64_t rank(const struct image *im, const struct image_symbol *s)
{
	uint64_t before = 0;

	for (const struct image_symbol *o = image_find(im, s->name); o; o = o->next_same_name)
		before += is_listed(im, o) && o != s && is_before(im, o, s);
	return before;
}

const struct image_symbol *livepatch_lookup(const struct image *im, const char *name,
					    uint64_t position, char **why)
{
	const struct image_symbol *found = NULL;
	uint64_t total = 0;

	*why = NULL;
	for (const struct image_symbol *s = image_find(im, name); s; s = s->next_same_name) {
		if (!is_listed(im, s))
			continue;
		total++;
		if (!position || rank(im, s) + 1 == position)
			found = s;
	}
	if (!total)
		*why = xasprintf("%s has no symbol '%s'", im->kobject, name);
	else if (!position && total > 1)
		*why = xasprintf("position 0 wants '%s' to be unique, %s has %zu", name, im->kobject,
				 (size_t)total);
	else if (!found)
		*why = xasprintf("position %zu of '%s', %s has %zu", (size_t)position, name,
				 im->kobject, (size_t)total);
	return *why ? NULL : found;
}

bool klp_name_parse(const char *symbol, struct klp_name *out)
{
	const char *p = symbol + strlen(KLP_SYM), *dot, *comma;
	char *end;

	*out = (struct klp_name){ 0 };
	if (!starts_with(symbol, KLP_SYM))
		return false;
	dot = strchr(p, '.');
	comma = strrchr(p, ',');
	if (!dot || !comma || dot == p || comma <= dot + 1 || !isdigit((unsigned char)comma[1]))
		return false;
	out->position = strtoull(comma + 1, &end, 10);
	if (*end)
		return false;
	out->object = xstrndup(p, dot - p);
	out->name = xstrndup(dot + 1, comma - dot - 1);
	return true;
}

void klp_name_free(struct klp_name *n)
{
	free(n->object);
	free(n->name);
}

/* ---- symbols of the module ---- */

struct load {
	struct livepatch *lp;
	struct kernel_images *images;
	const struct exports *exports;
};

static void leads_to(struct resolved *r, const struct image *image, const struct image_symbol *s)
{
	r->kind = TO_KERNEL;
	r->image = image;
	r->symbol = s;
	r->place = s->place;
}

static struct error *resolve_livepatch(struct load *l, const struct obj_symbol *s,
				       struct resolved *r)
{
	SCOPED(klp_name_free) struct klp_name name = { 0 };
	const struct image_symbol *found;
	struct image *image = NULL;

	r->livepatch = true;
	if (!klp_name_parse(s->name, &name)) {
		r->why = xasprintf("'%s' is no name of a livepatch symbol", s->name);
		return NULL;
	}
	TRY(kernel_image(l->images, name.object, &image));
	if (!image) {
		r->why = xasprintf("the target has no module '%s'", name.object);
		return NULL;
	}
	found = livepatch_lookup(image, name.name, name.position, &r->why);
	if (found)
		leads_to(r, image, found);
	return NULL;
}

static const struct image_symbol *global_of(const struct image *image, const char *name)
{
	for (const struct image_symbol *s = image_find(image, name); s; s = s->next_same_name)
		if (s->bind != STB_LOCAL)
			return s;
	return NULL;
}

static struct error *resolve_import(struct load *l, const struct obj_symbol *s, struct resolved *r)
{
	struct image *image = NULL;

	r->export = export_find(l->exports, s->name);
	if (!r->export) {
		r->kind = s->bind == STB_WEAK ? TO_ABSENT : TO_NOTHING;
		r->why = xasprintf("nobody exports '%s'", s->name);
		return NULL;
	}
	TRY(kernel_image(l->images, r->export->object, &image));
	const struct image_symbol *found = image ? global_of(image, s->name) : NULL;

	if (found)
		leads_to(r, image, found);
	else
		r->why = xasprintf("%s, which exports '%s', does not have it", r->export->object, s->name);
	return NULL;
}

static struct error *resolve_all(struct load *l)
{
	struct object *o = l->lp->object;

	for (size_t i = 1; i < o->nsymbols; i++) {
		struct obj_symbol *s = &o->symbols[i];
		struct resolved *r = &l->lp->resolved[i];

		if (s->shndx == SHN_LIVEPATCH)
			TRY(resolve_livepatch(l, s, r));
		else if (s->shndx == SHN_UNDEF)
			TRY(resolve_import(l, s, r));
		else
			r->kind = TO_MODULE;
	}
	return NULL;
}

const char *livepatch_modinfo(const struct livepatch *lp, const char *key, size_t nth)
{
	const struct obj_section *s = object_section(lp->object, ".modinfo");
	size_t n = strlen(key);

	for (uint64_t at = 0; s && s->data && at < s->size;) {
		const char *text = (const char *)s->data + at;
		size_t length = strnlen(text, s->size - at);

		if (length == s->size - at)
			return NULL;
		if (length > n && !strncmp(text, key, n) && text[n] == '=' && nth-- == 0)
			return text + n + 1;
		at += length + 1;
	}
	return NULL;
}

struct error *livepatch_load(const char *path, struct kernel_images *images,
			     const struct exports *exports, struct livepatch *lp)
{
	struct load l = { .lp = lp, .images = images, .exports = exports };

	*lp = (struct livepatch){ 0 };
	TRY(object_read(path, &lp->object));
	TRY(model_new(lp->object, &lp->ignored, &lp->model));
	lp->resolved = xcalloc(lp->object->nsymbols, sizeof(*lp->resolved));
	TRY(resolve_all(&l));
	return livepatch_read_arrays(lp, images);
}

void livepatch_free(struct livepatch *lp)
{
	for (size_t i = 0; lp->resolved && i < lp->object->nsymbols; i++)
		free(lp->resolved[i].why);
	free(lp->resolved);
	for (size_t i = 0; i < lp->functions.n; i++)
		free(lp->functions.at[i].why);
	lp_function_vec_free(&lp->functions);
	model_free(lp->model);
	object_free(lp->object);
	findings_free(&lp->ignored);
	*lp = (struct livepatch){ 0 };
}
