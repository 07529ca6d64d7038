// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arrays of struct klp_patch, klp_object and klp_func (include/linux/livepatch.h). The public
 * members stand first and have not moved since 4.5; the private ones behind them decide the size,
 * which depends on version and configuration. So elements are not found by size but by their
 * pointers: the relocations of the arrays. The tables of klp-build (struct klp_object_ext,
 * klp_func_ext, include/linux/livepatch_external.h of 6.19 to 7.2) begin alike; they have a fixed size, and
 * so have those of kpatch-build.
 */
#include "module/inspect_functions.h"

#include <string.h>

#include "base/str.h"

enum {
	PATCH_OBJECTS = 8, PATCH_STATES = 16, PATCH_REPLACE = 24, /* struct klp_patch: mod, objs, ... */
	OBJECT_FUNCS = 8, OBJECT_CALLBACKS = 16, /* struct klp_object: name, funcs, callbacks */
	STATE_VERSION = 8, STATE_SIZE = 24,      /* struct klp_state: id, version, data (5.5) */
	FUNC_NEW = 8, FUNC_SYMPOS = 16,          /* struct klp_func: old_name, new_func, old_sympos */
	EXT_NUMBER = 56, EXT_OBJECT_SIZE = 64, EXT_FUNC_SIZE = 24, /* struct klp_object_ext, klp_func_ext */
	KPATCH_SYMPOS = 32, KPATCH_NAME = 40, KPATCH_OBJECT = 48, /* struct kpatch_patch_func */
};

static const struct obj_reloc *reloc_at(const struct obj_section *s, uint64_t at)
{
	size_t first, n = object_relocs_in(s, at, at + 1, &first);

	return n ? &s->relocs[first] : NULL;
}

/* The section and place that a pointer leads to; NULL when it leads out of the module. */
static struct obj_section *pointer(const struct obj_section *s, uint64_t at, uint64_t *to)
{
	const struct obj_reloc *r = reloc_at(s, at);

	if (!r || r->type != R_X86_64_64 || !r->symbol->section)
		return NULL;
	*to = r->symbol->value + r->addend;
	return *to < r->symbol->section->size ? r->symbol->section : NULL;
}

static bool is_code(const struct obj_section *s)
{
	return s && (s->flags & SHF_EXECINSTR);
}

static bool is_data(const struct obj_section *s)
{
	return s && (s->flags & SHF_ALLOC) && !(s->flags & SHF_EXECINSTR) && s->data;
}

static const char *text_at(const struct obj_section *s, uint64_t at)
{
	uint64_t to;
	struct obj_section *t = pointer(s, at, &to);

	return is_data(t) ? section_text(t, to) : NULL;
}

static uint64_t number_at(const struct obj_section *s, uint64_t at)
{
	uint64_t value = 0;

	if (s->data && at <= s->size && s->size - at >= sizeof(value))
		memcpy(&value, s->data + at, sizeof(value));
	return value;
}

/* End of the array that starts at a place: of its symbol, else of the section. */
static uint64_t array_end(struct obj_section *s, uint64_t at)
{
	struct obj_ref ref = object_locate(s, at);

	if (ref.symbol && ref.symbol->type == STT_OBJECT && ref.symbol->size)
		return ref.symbol->value + ref.symbol->size;
	return s->size;
}

static const char *function_name(const struct obj_section *s, uint64_t at)
{
	const struct obj_reloc *r = reloc_at(s, at);
	struct obj_ref ref = r ? object_reloc_ref(r, 0) : (struct obj_ref){ 0 };

	return ref.symbol && *ref.symbol->name && ref.symbol->type != STT_SECTION ?
		       ref.symbol->name : NULL;
}

static bool is_func(const struct obj_section *s, uint64_t at)
{
	uint64_t to;

	return text_at(s, at) && is_code(pointer(s, at + FUNC_NEW, &to));
}

static bool is_object(const struct obj_section *s, uint64_t at)
{
	uint64_t to;
	struct obj_section *funcs = pointer(s, at + OBJECT_FUNCS, &to);

	return is_data(funcs) && is_func(funcs, to);
}

/* Distance of an element from the one before it: the same all over the array. */
struct stride {
	uint64_t last, step;
	bool started;
};

static bool keeps_step(struct stride *d, uint64_t at)
{
	uint64_t step = at - d->last;

	if (d->started && d->step && step != d->step)
		return false;
	if (d->started)
		d->step = step;
	d->started = true;
	d->last = at;
	return true;
}

static void read_funcs(struct inspection *in, const char *kobject, struct obj_section *s,
		       uint64_t start, uint64_t end)
{
	struct stride stride = { 0 };
	size_t first, n = object_relocs_in(s, start, end, &first);

	for (size_t i = 0; i < n; i++) {
		uint64_t at = s->relocs[first + i].offset;

		if (!is_func(s, at))
			continue;
		if (!keeps_step(&stride, at))
			return;
		inspect_func_vec_push(&in->functions, (struct inspect_func){
			kobject, text_at(s, at), number_at(s, at + FUNC_SYMPOS),
			function_name(s, at + FUNC_NEW), NULL });
	}
}

static bool is_pointer_to_code(const struct obj_section *s, uint64_t at)
{
	uint64_t to;

	return is_code(pointer(s, at, &to));
}

static void read_callbacks(struct inspection *in, const char *kobject, const struct obj_section *s,
			   uint64_t at)
{
	struct inspect_object o = { .kobject = kobject };

	for (size_t i = 0; i < INSPECT_CALLBACKS; i++)
		o.callbacks[i] = is_pointer_to_code(s, at + OBJECT_CALLBACKS + i * 8);
	inspect_object_vec_push(&in->objects, o);
}

/* Ends with the state of id 0. */
static void read_states(struct inspection *in, const struct obj_section *patch, uint64_t field)
{
	uint64_t at;
	const struct obj_section *s = pointer(patch, field, &at);

	for (; is_data(s) && number_at(s, at); at += STATE_SIZE)
		inspect_state_vec_push(&in->states, (struct inspect_state){
			number_at(s, at), (uint32_t)number_at(s, at + STATE_VERSION) });
}

/* Objects without a name (vmlinux) have a pointer only at their second member. */
static void read_objects(struct inspection *in, struct obj_section *s, uint64_t start)
{
	uint64_t end = array_end(s, start), to;
	struct stride stride = { 0 };
	size_t first, n = object_relocs_in(s, start, end, &first);

	for (size_t i = 0; i < n; i++) {
		uint64_t field = s->relocs[first + i].offset, at = field - OBJECT_FUNCS;

		if (field < start + OBJECT_FUNCS || !is_object(s, at))
			continue;
		if (!keeps_step(&stride, at))
			return;
		const char *name = text_at(s, at);
		struct obj_section *funcs = pointer(s, field, &to);

		read_callbacks(in, name ? name : "vmlinux", s, at);
		read_funcs(in, name ? name : "vmlinux", funcs, to, array_end(funcs, to));
	}
}

/* A variable that begins with THIS_MODULE and goes on with a list of objects is the patch. */
static bool read_patch(struct inspection *in, struct obj_section *s, const struct obj_reloc *r)
{
	uint64_t to;
	struct obj_section *objects = pointer(s, r->offset + PATCH_OBJECTS, &to);

	if (!streq(r->symbol->name, "__this_module") || !is_data(objects))
		return false;
	in->source = "klp_patch";
	in->replace = number_at(s, r->offset + PATCH_REPLACE) & 1;
	read_objects(in, objects, to);
	read_states(in, s, r->offset + PATCH_STATES);
	return true;
}

static bool find_patch(struct inspection *in)
{
	for (size_t i = 1; i < in->object->nsections; i++) {
		struct obj_section *s = &in->object->sections[i];

		if (!(s->flags & SHF_WRITE) || !is_data(s) || starts_with(s->name, ".gnu.linkonce"))
			continue;
		for (size_t k = 0; k < s->nrelocs; k++)
			if (read_patch(in, s, &s->relocs[k]))
				return true;
	}
	return false;
}

/* Callbacks of kpatch-build: a section for each kind, with records of a function and an object's name. */
static struct inspect_object *kpatch_object(struct inspection *in, const char *name)
{
	for (size_t i = 0; i < in->objects.n; i++)
		if (streq(in->objects.at[i].kobject, name))
			return &in->objects.at[i];
	return inspect_object_vec_push(&in->objects, (struct inspect_object){ .kobject = name });
}

static void read_kpatch_callbacks(struct inspection *in)
{
	static const char *const sections[INSPECT_CALLBACKS] = {
		".kpatch.callbacks.pre_patch", ".kpatch.callbacks.post_patch",
		".kpatch.callbacks.pre_unpatch", ".kpatch.callbacks.post_unpatch" };
	enum { RECORD = 16, OBJECT = 8 };

	for (size_t i = 0; i < INSPECT_CALLBACKS; i++) {
		const struct obj_section *s = object_section(in->object, sections[i]);

		for (uint64_t at = 0; s && at + RECORD <= s->size; at += RECORD) {
			const char *object = text_at(s, at + OBJECT);

			if (is_pointer_to_code(s, at))
				kpatch_object(in, object ? object : "vmlinux")->callbacks[i] = true;
		}
	}
}

static void read_kpatch(struct inspection *in, struct obj_section *s)
{
	read_kpatch_callbacks(in);
	in->source = s->name;
	for (size_t i = 0; i < s->nrelocs; i++) {
		uint64_t at = s->relocs[i].offset;
		const char *name = text_at(s, at + KPATCH_NAME), *object = text_at(s, at + KPATCH_OBJECT);

		if (name && object)
			inspect_func_vec_push(&in->functions, (struct inspect_func){
				object, name, number_at(s, at + KPATCH_SYMPOS),
				function_name(s, at), NULL });
	}
}

/* The functions of all objects stand in one section, one array after the other. */
static void read_klp_build(struct inspection *in, const struct obj_section *s)
{
	in->source = s->name;
	for (uint64_t at = 0; at + EXT_OBJECT_SIZE <= s->size; at += EXT_OBJECT_SIZE) {
		const char *name = text_at(s, at);
		uint64_t to, size = (number_at(s, at + EXT_NUMBER) & UINT32_MAX) * EXT_FUNC_SIZE;
		struct obj_section *funcs = pointer(s, at + OBJECT_FUNCS, &to);

		read_callbacks(in, name ? name : "vmlinux", s, at);
		if (is_data(funcs))
			read_funcs(in, name ? name : "vmlinux", funcs, to, to + size);
	}
}

void inspect_functions(struct inspection *in)
{
	struct obj_section *s;

	in->replace = -1;
	if (find_patch(in))
		return;
	s = object_section(in->object, ".kpatch.funcs");
	if (s && s->nrelocs) {
		read_kpatch(in, s);
		return;
	}
	s = object_section(in->object, ".init.klp_objects");
	if (s && s->nrelocs)
		read_klp_build(in, s);
}
