// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout/compare.h"

#include <dwarf.h>

#include "base/mem.h"

enum { DIFFERENT = 1, SAME = 2, MAX_DEPTH = 300, TOLD = 3 };

void compare_free(struct compare *c)
{
	map_free(&c->pairs);
}

void difference_free(struct difference *d)
{
	str_free(&d->text);
	*d = (struct difference) {0};
}

static bool same_at_depth(struct compare *c, uint32_t old, uint32_t new, int depth);

/* Members, parameters, dimensions, enumerators in the same order with the same values. Names count
 * where they are the meaning: enumerators and members. */
static bool same_items(struct compare *c, const struct item_list *old, const struct item_list *new,
		       bool names, int depth)
{
	uint32_t i = old->first, k = new->first;

	if (old->n != new->n)
		return false;
	for (; i && k; i = c->old->items.at[i].next, k = c->new->items.at[k].next) {
		const struct die_item *a = &c->old->items.at[i], *b = &c->new->items.at[k];

		if (a->value != b->value || a->bits != b->bits)
			return false;
		if (names && !streq(a->name ? a->name : "", b->name ? b->name : ""))
			return false;
		if (!same_at_depth(c, a->type, b->type, depth))
			return false;
	}
	return !i && !k;
}

static bool same_structure(struct compare *c, const struct die_type *a, const struct die_type *b,
			   int depth)
{
	switch (a->tag) {
	case DW_TAG_base_type:
		return a->size == b->size && a->encoding == b->encoding;
	case DW_TAG_pointer_type:
		return same_at_depth(c, a->type, b->type, depth);
	case DW_TAG_array_type:
		return same_items(c, &a->items, &b->items, false, depth) &&
		       same_at_depth(c, a->type, b->type, depth);
	case DW_TAG_subroutine_type:
		return a->variadic == b->variadic &&
		       same_items(c, &a->items, &b->items, false, depth) &&
		       same_at_depth(c, a->type, b->type, depth);
	case DW_TAG_structure_type:
	case DW_TAG_union_type:
	case DW_TAG_enumeration_type:
		return a->declaration == b->declaration && a->size == b->size &&
		       same_items(c, &a->items, &b->items, true, depth);
	default:
		return true;
	}
}

static bool nominal(uint16_t tag)
{
	return tag_is_aggregate(tag) || tag == DW_TAG_enumeration_type;
}

/* Two typedefs of the same name that give anonymous types their only name. */
static bool same_typedef(struct compare *c, uint32_t old, uint32_t new)
{
	const struct die_type *a = &c->old->types.at[type_strip(c->old, old, false)];
	const struct die_type *b = &c->new->types.at[type_strip(c->new, new, false)];

	return a->tag == DW_TAG_typedef && b->tag == DW_TAG_typedef && a->name && b->name &&
	       streq(a->name, b->name) &&
	       c->old->types.at[type_strip(c->old, a->type, false)].named_by_typedef &&
	       c->new->types.at[type_strip(c->new, b->type, false)].named_by_typedef;
}

static bool same_at_depth(struct compare *c, uint32_t old, uint32_t new, int depth)
{
	if (depth > MAX_DEPTH || same_typedef(c, old, new))
		return true;
	old = type_strip(c->old, old, true);
	new = type_strip(c->new, new, true);
	const struct die_type *a = &c->old->types.at[old], *b = &c->new->types.at[new];

	if (!old || !new)
		return !old && !new;
	if (a->tag != b->tag)
		return false;
	if (nominal(a->tag) && a->name && b->name && streq(a->name, b->name))
		return true;
	uint64_t key = (uint64_t)old << 32 | new;
	uintptr_t known = (uintptr_t)map_get_u64(&c->pairs, key);

	if (known)
		return known == SAME;
	map_put_u64(&c->pairs, key,
		    (void *)SAME); /* assumed while we are inside: types are cyclic */
	bool same = same_structure(c, a, b, depth + 1);

	map_put_u64(&c->pairs, key, (void *)(uintptr_t)(same ? SAME : DIFFERENT));
	return same;
}

bool same_type(struct compare *c, uint32_t old, uint32_t new)
{
	return same_at_depth(c, old, new, 0);
}

/* A member as the outermost named type sees it: those of anonymous structs and unions are its own.
 */
struct flat {
	char *name; /* "a", "a.b"; NULL: none */
	int64_t at; /* bits */
	uint32_t type, bits;
	bool matched;
};
DEFINE_VEC(flat_vec, struct flat)

static void flat_free(struct flat_vec *v)
{
	for (size_t i = 0; i < v->n; i++)
		free(v->at[i].name);
	flat_vec_free(v);
}

static void flatten(const struct dwarf_unit *u, uint32_t type, const char *prefix, int64_t base,
		    int depth, struct flat_vec *out)
{
	const struct item_list *items = &u->types.at[type].items;

	for (uint32_t i = items->first; i; i = u->items.at[i].next) {
		const struct die_item *m = &u->items.at[i];
		uint32_t inner = type_strip(u, m->type, false);
		const struct die_type *t = &u->types.at[inner];
		const char *name = m->name ? m->name : "";
		char *path = xasprintf("%s%s%s", prefix, *prefix && *name ? "." : "", name);

		if (tag_is_aggregate(t->tag) && !t->name && !t->named_by_typedef && depth < 16) {
			flatten(u, inner, path, base + m->value, depth + 1, out);
			free(path);
		} else {
			flat_vec_push(out, (struct flat) {.name = path,
							  .at = base + m->value,
							  .type = m->type,
							  .bits = m->bits});
		}
	}
}

/* Counts a difference and returns where to describe it, or NULL when enough has been told. */
static struct str *tell(struct difference *d)
{
	if (++d->n > TOLD)
		return NULL;
	if (d->text.n)
		str_add(&d->text, ", ");
	return &d->text;
}

static void format_place(char *buffer, size_t room, int64_t bits)
{
	if (bits % 8)
		snprintf(buffer, room, "%lld bit %lld", (long long)bits / 8, (long long)bits % 8);
	else
		snprintf(buffer, room, "%lld", (long long)bits / 8);
}

static void compare_member(struct compare *c, const struct flat *a, const struct flat *b,
			   struct difference *d)
{
	bool same = same_type(c, a->type, b->type) && a->bits == b->bits;
	char from[48], to[48];
	struct str *out;

	if (same && a->at == b->at)
		return;
	d->moved += same;
	out = tell(d);
	if (!out)
		return;
	if (same) {
		format_place(from, sizeof(from), a->at);
		format_place(to, sizeof(to), b->at);
		str_add(out, "member '%s' moved from offset %s to %s", a->name, from, to);
	} else if (a->bits && b->bits && a->bits != b->bits) {
		str_add(out, "bit-field '%s' has %u bits instead of %u", a->name, b->bits, a->bits);
	} else if (a->bits != b->bits) {
		str_add(out,
			a->bits ? "member '%s' is no bit-field any more"
				: "member '%s' has become a bit-field",
			a->name);
	} else {
		scoped_free char *was = type_name(c->old, a->type),
				 *is = type_name(c->new, b->type);

		str_add(out, "member '%s' has type '%s' instead of '%s'", a->name, is, was);
	}
}

static void index_names(const struct flat_vec *v, struct map *map)
{
	for (size_t i = 0; i < v->n; i++)
		map_put(map, v->at[i].name, &v->at[i]);
}

/* A new member in the place of a removed one, with the same type: it was renamed. */
static bool renamed(struct compare *c, struct flat *a, struct flat_vec *new,
		    const struct map *old_names)
{
	for (size_t k = 0; k < new->n; k++) {
		struct flat *b = &new->at[k];

		if (b->at == a->at && b->bits == a->bits && !b->matched &&
		    !map_has(old_names, b->name) && same_type(c, a->type, b->type)) {
			b->matched = true;
			return true;
		}
	}
	return false;
}

static void compare_old_members(struct compare *c, struct flat_vec *old, struct flat_vec *new,
				struct difference *d)
{
	struct map old_names = {0}, new_names = {0};

	index_names(old, &old_names);
	index_names(new, &new_names);
	for (size_t i = 0; i < old->n; i++) {
		struct flat *b = map_get(&new_names, old->at[i].name);

		if (b) {
			b->matched = true;
			compare_member(c, &old->at[i], b, d);
		} else if (!renamed(c, &old->at[i], new, &old_names)) {
			struct str *out = tell(d);

			if (out)
				str_add(out, "member '%s' is gone", old->at[i].name);
		}
	}
	map_free(&old_names);
	map_free(&new_names);
}

static void compare_new_members(struct compare *c, const struct flat_vec *new, struct difference *d)
{
	for (size_t i = 0; i < new->n; i++) {
		const struct flat *m = &new->at[i];
		char at[48];

		if (m->matched)
			continue;
		d->added++;
		struct str *out = tell(d);

		if (!out)
			continue;
		scoped_free char *type = type_name(c->new, m->type);

		format_place(at, sizeof(at), m->at);
		str_add(out, "new member '%s' (%s) at offset %s", m->name, type, at);
	}
}

/* The common case, without allocation: nothing changed. */
static bool equal_at_sight(struct compare *c, uint32_t old, uint32_t new)
{
	const struct die_type *a = &c->old->types.at[old], *b = &c->new->types.at[new];

	return a->size == b->size && same_items(c, &a->items, &b->items, true, 0);
}

void compare_aggregate(struct compare *c, uint32_t old, uint32_t new, struct difference *d)
{
	uint64_t was = c->old->types.at[old].size, is = c->new->types.at[new].size;
	struct flat_vec a = {0}, b = {0};

	*d = (struct difference) {0};
	if (equal_at_sight(c, old, new))
		return;
	flatten(c->old, old, "", 0, 0, &a);
	flatten(c->new, new, "", 0, 0, &b);
	/* what is new comes first in the text: it is the cause of what moved */
	struct difference changed = {0};

	compare_old_members(c, &a, &b, &changed);
	compare_new_members(c, &b, d);
	if (changed.text.s && d->n < TOLD)
		str_add(&d->text, "%s%s", d->text.n ? ", " : "", changed.text.s);
	d->n += changed.n;
	d->moved = changed.moved;
	difference_free(&changed);
	d->resized = !d->n && was != is;
	d->n += d->resized;
	if (was != is)
		str_add(&d->text, "%ssize %llu instead of %llu", d->text.n ? ", " : "",
			(unsigned long long)is, (unsigned long long)was);
	flat_free(&a);
	flat_free(&b);
}

static const struct die_item *item_find(const struct dwarf_unit *u, const struct item_list *items,
					const char *name)
{
	for (uint32_t i = items->first; i; i = u->items.at[i].next)
		if (u->items.at[i].name && name && streq(u->items.at[i].name, name))
			return &u->items.at[i];
	return NULL;
}

void compare_enum(struct compare *c, uint32_t old, uint32_t new, struct difference *d)
{
	const struct die_type *a = &c->old->types.at[old], *b = &c->new->types.at[new];
	struct str *out;

	*d = (struct difference) {0};
	if (equal_at_sight(c, old, new))
		return;
	for (uint32_t i = b->items.first; i; i = c->new->items.at[i].next) {
		const struct die_item *is = &c->new->items.at[i];
		const struct die_item *was = item_find(c->old, &a->items, is->name);

		if (was && was->value == is->value)
			continue;
		d->added += !was;
		if (!(out = tell(d)))
			continue;
		if (was)
			str_add(out, "'%s' is %lld instead of %lld", is->name, (long long)is->value,
				(long long)was->value);
		else
			str_add(out, "new value '%s' = %lld", is->name, (long long)is->value);
	}
	if (a->size != b->size && (out = tell(d)))
		str_add(out, "size %llu instead of %llu", (unsigned long long)b->size,
			(unsigned long long)a->size);
}
