// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * struct klp_patch, klp_object and klp_func (include/linux/livepatch.h) as they stand in the file. Their
 * public members have not moved since 5.1; the size of an element depends on version and configuration,
 * so it is taken from the distance of the elements, which are known by the pointers in them.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "verify/loader.h"

enum {
	PATCH_OBJECTS = 8, PATCH_STATES = 16, PATCH_REPLACE = 24,
	OBJECT_NAME = 0, OBJECT_FUNCS = 8, OBJECT_CALLBACKS = 16, OBJECT_PUBLIC = 48,
	FUNC_NAME = 0, FUNC_NEW = 8, FUNC_POSITION = 16,
};

/* Where the members of an element are that says what replaces what. */
struct func_layout {
	uint64_t name, new, position;
};

static const struct func_layout klp_func = { .name = FUNC_NAME, .new = FUNC_NEW, .position = FUNC_POSITION };

/*
 * kpatch's modules make their struct klp_patch when they are loaded, of an array in .kpatch.funcs: struct
 * kpatch_patch_func in kpatch's kmod/patch/kpatch-patch.h, version 0.9.
 */
static const struct func_layout kpatch_func = { .name = 40, .new = 0, .position = 32 };
enum { KPATCH_OBJECT = 48, KPATCH_SIZE = 56 };

/*
 * klp-build's modules do so, too (scripts/livepatch/init.c), of arrays of struct klp_object_ext and
 * klp_func_ext: include/linux/livepatch_external.h, 6.19 to 7.2. The functions of all objects stand in one
 * section, so their number counts. The members before it are those of klp_object and klp_func.
 */
enum { EXT_NUMBER = 56, EXT_OBJECT_SIZE = 64, EXT_FUNC_SIZE = 24 };

const char *livepatch_text(const struct obj_section *s, uint64_t at)
{
	if (!s || !s->data || at >= s->size || strnlen((const char *)s->data + at, s->size - at) ==
						       s->size - at)
		return NULL;
	return (const char *)s->data + at;
}

static const struct obj_reloc *pointer_at(const struct obj_section *s, uint64_t at)
{
	size_t first;

	if (!object_relocs_in(s, at, at + 1, &first) || s->relocs[first].type != R_X86_64_64)
		return NULL;
	return &s->relocs[first];
}

/* Section and offset that the pointer at a place leads to; NULL: no pointer into this module. */
static struct obj_section *follow(const struct obj_section *s, uint64_t at, uint64_t *to)
{
	const struct obj_reloc *r = pointer_at(s, at);

	*to = r ? r->symbol->value + r->addend : 0;
	return r && r->symbol->section && *to < r->symbol->section->size ? r->symbol->section : NULL;
}

static const char *text_of(const struct obj_section *s, uint64_t at)
{
	uint64_t to;
	struct obj_section *t = follow(s, at, &to);

	return t ? livepatch_text(t, to) : NULL;
}

static uint64_t number_at(const struct obj_section *s, uint64_t at)
{
	uint64_t value = 0;

	if (s->data && s->size >= sizeof(value) && at <= s->size - sizeof(value))
		memcpy(&value, s->data + at, sizeof(value));
	return value;
}

/* End of the variable that holds a place: arrays do not go beyond it. */
static uint64_t variable_end(struct obj_section *s, uint64_t at)
{
	struct obj_ref ref = object_locate(s, at);

	return ref.symbol && ref.symbol->type == STT_OBJECT && ref.symbol->size ?
		       ref.symbol->value + ref.symbol->size : s->size;
}

/* Does an element of the array begin here? Told by the pointers that each must have. */
typedef bool is_element(const struct obj_section *s, uint64_t at);

static bool is_func(const struct obj_section *s, uint64_t at)
{
	uint64_t to;
	struct obj_section *code = follow(s, at + FUNC_NEW, &to);

	return text_of(s, at + FUNC_NAME) && code && (code->flags & SHF_EXECINSTR);
}

static bool is_object(const struct obj_section *s, uint64_t at)
{
	uint64_t to;
	struct obj_section *funcs = follow(s, at + OBJECT_FUNCS, &to);

	return funcs && !(funcs->flags & SHF_EXECINSTR) && pointer_at(funcs, to + FUNC_NEW);
}

/* Size of an element: the smallest distance at which there is another one. */
static uint64_t element_size(const struct obj_section *s, uint64_t start, uint64_t end,
			     uint64_t public, is_element *is)
{
	for (uint64_t step = public; start + step + public <= end; step += 8)
		if (is(s, start + step))
			return step;
	return end - start;
}

struct reading {
	struct livepatch *lp;
	struct kernel_images *images;
};

static struct entity *function_at(struct livepatch *lp, const struct obj_section *s, uint64_t at)
{
	uint64_t to;
	struct obj_section *code = follow(s, at, &to);
	struct entity *e = code ? model_entity_at(lp->model, code, to) : NULL;

	return e && e->kind == ENTITY_FUNCTION && e->start == to ? e : NULL;
}

static struct error *read_function(struct reading *rd, const char *object, const struct obj_section *s,
				   uint64_t at, const struct func_layout *l)
{
	struct lp_function f = { .object = object, .name = text_of(s, at + l->name),
				 .position = number_at(s, at + l->position),
				 .entity = function_at(rd->lp, s, at + l->new) };
	struct image *image = NULL;

	TRY(kernel_image(rd->images, object, &image));
	f.image = image;
	if (!f.name)
		f.why = xstrdup("an entry of struct klp_func without a name");
	else if (!image)
		f.why = xasprintf("the target has no module '%s'", object);
	else
		f.old = livepatch_lookup(image, f.name, f.position, &f.why);
	if (!f.name)
		f.name = "";
	lp_function_vec_push(&rd->lp->functions, f);
	return NULL;
}

static struct error *read_functions(struct reading *rd, const char *object, struct obj_section *s,
				    uint64_t start)
{
	uint64_t end = variable_end(s, start);
	uint64_t step = element_size(s, start, end, FUNC_POSITION + 8, is_func);
	size_t first, pointers = object_relocs_in(s, start, end, &first), read = 0;

	for (uint64_t at = start; at + FUNC_POSITION + 8 <= end; at += step) {
		if (!pointer_at(s, at + FUNC_NAME) && !pointer_at(s, at + FUNC_NEW))
			break;
		TRY(read_function(rd, object, s, at, &klp_func));
		read += 2;
	}
	if (read != pointers)
		lp_function_vec_push(&rd->lp->functions, (struct lp_function){
			.object = object, .name = "", .why = xasprintf("an array of struct klp_func "
			"has %zu pointers, its elements %zu", pointers, read) });
	return NULL;
}

static bool has_callbacks(const struct obj_section *s, uint64_t at)
{
	size_t first;

	return object_relocs_in(s, at + OBJECT_CALLBACKS, at + OBJECT_PUBLIC, &first) > 0;
}

static struct error *read_objects(struct reading *rd, struct obj_section *s, uint64_t start)
{
	uint64_t end = variable_end(s, start), to;
	uint64_t step = element_size(s, start, end, OBJECT_PUBLIC, is_object);

	for (uint64_t at = start; at + OBJECT_PUBLIC <= end; at += step) {
		struct obj_section *funcs = follow(s, at + OBJECT_FUNCS, &to);
		const char *name = text_of(s, at + OBJECT_NAME);

		if (!funcs)
			break;
		rd->lp->objects++;
		rd->lp->callbacks |= has_callbacks(s, at);
		TRY(read_functions(rd, name ? name : "vmlinux", funcs, to));
	}
	return NULL;
}

/* struct klp_patch begins with a pointer to the module, followed by one to the objects. */
static struct error *read_patch(struct reading *rd, struct obj_section *s, const struct obj_reloc *r)
{
	uint64_t to, at = r->offset;
	struct obj_section *objects = follow(s, at + PATCH_OBJECTS, &to);

	if (!streq(r->symbol->name, "__this_module") || r->type != R_X86_64_64 || !objects)
		return NULL;
	rd->lp->found = true;
	rd->lp->states |= pointer_at(s, at + PATCH_STATES) != NULL;
	rd->lp->replace |= number_at(s, at + PATCH_REPLACE) & 1;
	return read_objects(rd, objects, to);
}

static bool has_pointers(const struct livepatch *lp, const char *section)
{
	const struct obj_section *s = object_section(lp->object, section);

	return s && s->nrelocs;
}

static struct error *read_kpatch(struct reading *rd)
{
	static const char *const callbacks[] = {
		".kpatch.callbacks.pre_patch", ".kpatch.callbacks.post_patch",
		".kpatch.callbacks.pre_unpatch", ".kpatch.callbacks.post_unpatch" };
	const struct obj_section *s = object_section(rd->lp->object, ".kpatch.funcs");

	if (!s || !s->nrelocs)
		return NULL;
	rd->lp->found = true;
	for (size_t i = 0; i < ARRAY_SIZE(callbacks); i++)
		rd->lp->callbacks |= has_pointers(rd->lp, callbacks[i]);
	for (uint64_t at = 0; at + KPATCH_SIZE <= s->size; at += KPATCH_SIZE) {
		const char *object = text_of(s, at + KPATCH_OBJECT);

		TRY(read_function(rd, object ? object : "vmlinux", s, at, &kpatch_func));
	}
	return NULL;
}

static struct error *read_ext_functions(struct reading *rd, const struct obj_section *objects, uint64_t at)
{
	const char *name = text_of(objects, at + OBJECT_NAME);
	uint64_t to, n = number_at(objects, at + EXT_NUMBER) & UINT32_MAX;
	struct obj_section *funcs = follow(objects, at + OBJECT_FUNCS, &to);

	if (!name)
		name = "vmlinux";
	if (!funcs || n > (funcs->size - to) / EXT_FUNC_SIZE) {
		lp_function_vec_push(&rd->lp->functions, (struct lp_function){
			.object = name, .name = "", .why = xasprintf("an array of %zu struct klp_func_ext "
			"is not in its section", (size_t)n) });
		return NULL;
	}
	for (uint64_t i = 0; i < n; i++)
		TRY(read_function(rd, name, funcs, to + i * EXT_FUNC_SIZE, &klp_func));
	return NULL;
}

static struct error *read_klp_build(struct reading *rd)
{
	const struct obj_section *s = object_section(rd->lp->object, ".init.klp_objects");

	if (!s || !s->nrelocs)
		return NULL;
	rd->lp->found = true;
	for (uint64_t at = 0; at + EXT_OBJECT_SIZE <= s->size; at += EXT_OBJECT_SIZE) {
		rd->lp->objects++;
		rd->lp->callbacks |= has_callbacks(s, at);
		TRY(read_ext_functions(rd, s, at));
	}
	return NULL;
}

struct error *livepatch_read_arrays(struct livepatch *lp, struct kernel_images *images)
{
	struct reading rd = { .lp = lp, .images = images };

	for (size_t i = 1; i < lp->object->nsections; i++) {
		struct obj_section *s = &lp->object->sections[i];

		if (!(s->flags & SHF_WRITE) || !s->data || starts_with(s->name, ".gnu.linkonce"))
			continue;
		for (size_t k = 0; k < s->nrelocs; k++)
			TRY(read_patch(&rd, s, &s->relocs[k]));
	}
	if (!lp->found)
		TRY(read_kpatch(&rd));
	return lp->found ? NULL : read_klp_build(&rd);
}
