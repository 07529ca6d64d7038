// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert/symbols.h"

#include <string.h>

#include "base/cleanup.h"
#include "target/exports.h"

void symlist_free(struct symlist *l)
{
	str_vec_free_all(&l->objects);
	str_vec_free_all(&l->strings);
	map_free(&l->object_index);
	map_free(&l->by_name);
	sym_entry_vec_free(&l->entries);
	sym_place_vec_free(&l->places);
	free(l->path);
	free(l->target);
	free(l->release);
	free(l->text);
	*l = (struct symlist) {0};
}

const char *symlist_keep(struct symlist *l, const char *text)
{
	return *str_vec_push(&l->strings, xstrdup(text));
}

uint32_t symlist_add_object(struct symlist *l, const char *name)
{
	char *copy = xstrdup(name);
	uintptr_t known;

	for (char *p = copy; *p; p++)
		if (*p == '-')
			*p = '_';
	known = (uintptr_t)map_get(&l->object_index, copy);
	if (known) {
		free(copy);
		return known - 1;
	}
	str_vec_push(&l->objects, copy);
	map_put(&l->object_index, copy, (void *)(uintptr_t)l->objects.n);
	return l->objects.n - 1;
}

bool symlist_has_object(const struct symlist *l, const char *object)
{
	return map_has(&l->object_index, object);
}

struct sym_entry *symlist_find(const struct symlist *l, const char *name)
{
	uintptr_t i = (uintptr_t)map_get(&l->by_name, name);

	return i ? &l->entries.at[i - 1] : NULL;
}

struct sym_entry *symlist_next(const struct symlist *l, const struct sym_entry *e)
{
	return e->next ? &l->entries.at[e->next - 1] : NULL;
}

struct sym_entry *symlist_find_in(const struct symlist *l, const char *name, const char *object)
{
	for (struct sym_entry *e = symlist_find(l, name); e; e = symlist_next(l, e))
		if (streq(e->object, object))
			return e;
	return NULL;
}

/* The entry in that object, of the chain that begins at index + 1 head; 0: none. */
static uint32_t find_in_chain(const struct symlist *l, uint32_t head, uint32_t object)
{
	const struct sym_entry *first = head ? &l->entries.at[head - 1] : NULL;

	/* Objects come one after another: names that hundreds of modules have cost no walk. */
	if (!first || first->top < object)
		return 0;
	if (l->entries.at[first->tail - 1].object_index == object)
		return first->tail;
	for (uint32_t i = head; i; i = l->entries.at[i - 1].next)
		if (l->entries.at[i - 1].object_index == object)
			return i;
	return 0;
}

struct sym_entry *symlist_add(struct symlist *l, uint32_t object, const char *name)
{
	void **slot = map_slot(&l->by_name, name);
	uint32_t head = (uintptr_t)*slot, known = find_in_chain(l, head, object), n;

	if (known)
		return &l->entries.at[known - 1];
	sym_entry_vec_push(&l->entries, (struct sym_entry) {.name = name,
							    .object = l->objects.at[object],
							    .object_index = object});
	n = l->entries.n;
	if (head)
		l->entries.at[l->entries.at[head - 1].tail - 1].next = n;
	else
		*slot = (void *)(uintptr_t)(head = n);
	l->entries.at[head - 1].tail = n;
	if (l->entries.at[head - 1].top < object)
		l->entries.at[head - 1].top = object;
	return &l->entries.at[n - 1];
}

void symlist_add_place(struct symlist *l, struct sym_entry *e, struct sym_place place)
{
	place.next = 0;
	sym_place_vec_push(&l->places, place);
	if (e->last)
		l->places.at[e->last - 1].next = l->places.n;
	else
		e->first = l->places.n;
	e->last = l->places.n;
	e->count++;
}

const struct sym_place *symlist_place(const struct symlist *l, const struct sym_entry *e,
				      unsigned int n)
{
	uint32_t i = e->first;

	while (i && --n)
		i = l->places.at[i - 1].next;
	return i ? &l->places.at[i - 1] : NULL;
}

bool sym_place_is_init(const struct sym_place *p)
{
	return p->section && starts_with(p->section, ".init");
}

/* ---- from shipped files ---- */

/* Names that nobody refers to by name; the first three are not in kallsyms (scripts/mksysmap). */
static const char *const left_out[] = {"__crc_",     "__kstrtab_", "__kstrtabns_",
				       "__ksymtab_", "__pfx_",	   "__cfi_",
				       ".L",	     "$",	   ".klp."};

bool symlist_leaves_out(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(left_out); i++)
		if (starts_with(name, left_out[i]))
			return true;
	return strpbrk(name, " \t\n") != NULL;
}

/* Does livepatch see it? The same question as in image_sympos(). */
static bool is_visible(const struct image *im, const struct image_symbol *s)
{
	if (s->section == SHN_UNDEF || s->type == STT_FILE || s->type == STT_SECTION || !*s->name)
		return false;
	if (s->section == SHN_ABS)
		return s->bind != STB_LOCAL;
	return s->section < im->nsections && (im->sections[s->section].flags & SHF_ALLOC);
}

static void add_symbol(struct symlist *l, uint32_t object, const struct image *im,
		       const struct image_symbol *s)
{
	static const char prefix[] = "__ksymtab_";
	const char *section = image_section_of(im, s);

	if (starts_with(s->name, prefix)) {
		symlist_add(l, object, symlist_keep(l, s->name + strlen(prefix)))->exported = true;
		return;
	}
	if (symlist_leaves_out(s->name))
		return;
	bool named = im->module || starts_with(section, ".init");
	uint64_t value = im->module && s->section != SHN_ABS ? s->place & 0xffffffffffu : s->place;
	struct sym_entry *e = symlist_find(l, s->name);

	e = symlist_add(l, object, e ? e->name : symlist_keep(l, s->name));
	symlist_add_place(
		l, e,
		(struct sym_place) {.value = value,
				    .known = true,
				    .section = named && *section && !strpbrk(section, " \t\n+")
						       ? symlist_keep(l, section)
						       : NULL});
}

void symlist_add_image(struct symlist *l, const struct image *im)
{
	uint32_t object = symlist_add_object(l, im->kobject);

	/* vmlinux is counted by address, a module by symbol table order. */
	for (size_t i = 0; i < (im->module ? im->nsymbols : im->nby_place); i++) {
		const struct image_symbol *s = im->module ? &im->symbols[i] : im->by_place[i];

		if (is_visible(im, s))
			add_symbol(l, object, im, s);
	}
}

/* ---- our format ---- */

static void print_place(const struct sym_place *p, struct str *out)
{
	str_add(out, " ");
	if (p->section)
		str_add(out, "%s+", p->section);
	if (p->known)
		str_add(out, "%lx", (unsigned long)p->value);
	else
		str_add(out, "?");
}

static void print_entry(const struct symlist *l, const struct sym_entry *e, struct str *out)
{
	str_add(out, "%c %s", e->exported ? 'E' : '-', e->name);
	for (uint32_t i = e->first; i; i = l->places.at[i - 1].next)
		print_place(&l->places.at[i - 1], out);
	str_add(out, "\n");
}

void symlist_print(const struct symlist *l, struct str *out)
{
	uint32_t object = UINT32_MAX;

	str_add(out, "suture-symbols 1 %s%s%s\n", l->target ? l->target : "-", l->release ? " " : "",
		l->release ? l->release : "");
	for (size_t i = 0; i < l->entries.n; i++) {
		const struct sym_entry *e = &l->entries.at[i];

		if (e->object_index != object)
			str_add(out, "*%s\n", e->object);
		object = e->object_index;
		print_entry(l, e, out);
	}
}
