// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout/layout.h"

#include <dwarf.h>

#include "base/mem.h"
#include "layout/compare.h"
#include "layout/exposure.h"
#include "layout/prototype.h"

struct changed {
	uint32_t old; /* the struct, union or enum itself */
	char *name;   /* "struct x", "typedef x", "type of variable x" */
	struct difference difference;
	bool derived; /* only because a type that it contains has changed */
	struct str containers;
	unsigned int ncontainers;
};
DEFINE_VEC(changed_vec, struct changed)

struct layout {
	const struct dwarf_unit *old, *new;
	struct compare compare;
	struct exposure exposure;
	const char *kobject;
	struct changed_vec changed;
	struct map by_type; /* old type → index in changed + 1 */
	struct str_vec keys;
	struct finding_vec *findings;
};

static void layout_free(struct layout *l)
{
	for (size_t i = 0; i < l->changed.n; i++) {
		free(l->changed.at[i].name);
		difference_free(&l->changed.at[i].difference);
		str_free(&l->changed.at[i].containers);
	}
	changed_vec_free(&l->changed);
	map_free(&l->by_type);
	str_vec_free_all(&l->keys);
	compare_free(&l->compare);
	exposure_free(&l->exposure);
}

/* What the finding calls the type, e.g. for symbol fields. */
static void compare_pair(struct layout *l, uint32_t old, uint32_t new, char *name)
{
	const struct die_type *a = &l->old->types.at[old], *b = &l->new->types.at[new];
	struct changed c = {.old = old, .name = name};

	if (a->tag != b->tag) {
		c.difference.n = 1;
		str_add(&c.difference.text, "it is of another kind (struct, union, enum) now");
	} else if (a->tag == DW_TAG_enumeration_type) {
		compare_enum(&l->compare, old, new, &c.difference);
	} else {
		compare_aggregate(&l->compare, old, new, &c.difference);
	}
	if (!c.difference.n || map_has_u64(&l->by_type, old)) {
		difference_free(&c.difference);
		free(name);
		return;
	}
	changed_vec_push(&l->changed, c);
	map_put_u64(&l->by_type, old, (void *)(uintptr_t)l->changed.n);
}

/* Name under which a type is looked up on the other side, NULL for those that have none. */
static const char *type_key(struct layout *l, const struct dwarf_unit *u, const struct die_type *t)
{
	const char *function = t->function ? u->functions.at[t->function].name : NULL;

	if (!t->name || t->declaration)
		return NULL;
	if (!t->function && t->tag != DW_TAG_typedef)
		return t->name;
	str_vec_push(&l->keys, xasprintf("%s%s%s%s", function ? function : "", function ? "." : "",
					 t->tag == DW_TAG_typedef ? "typedef " : "", t->name));
	return l->keys.at[l->keys.n - 1];
}

static bool is_tagged(uint16_t tag)
{
	return tag_is_aggregate(tag) || tag == DW_TAG_enumeration_type;
}

/* The struct, union or enum that a DIE stands for by name: itself, or for a typedef the anonymous
 * one behind it. 0: none. */
static uint32_t body_of(const struct dwarf_unit *u, uint32_t type)
{
	const struct die_type *t = &u->types.at[type];

	if (is_tagged(t->tag))
		return type;
	if (t->tag != DW_TAG_typedef)
		return 0;
	uint32_t target = type_strip(u, t->type, false);

	return is_tagged(u->types.at[target].tag) && !u->types.at[target].name ? target : 0;
}

static void compare_named(struct layout *l)
{
	struct map names = {0};

	for (size_t i = 1; i < l->new->types.n; i++) {
		uint32_t body = body_of(l->new, i);
		const char *key = body ? type_key(l, l->new, &l->new->types.at[i]) : NULL;

		if (key)
			map_put(&names, key, (void *)(uintptr_t)body);
	}
	for (size_t i = 1; i < l->old->types.n; i++) {
		uint32_t body = body_of(l->old, i);
		const char *key = body ? type_key(l, l->old, &l->old->types.at[i]) : NULL;
		uint32_t other = key ? (uintptr_t)map_get(&names, key) : 0;

		if (other)
			compare_pair(l, body, other, type_name(l->old, i));
	}
	map_free(&names);
}

/* The anonymous struct or union that a variable at file scope (or an array of them) has, or 0. */
static uint32_t anonymous_of(const struct dwarf_unit *u, uint32_t type)
{
	for (int i = 0; i < 16; i++) {
		type = type_strip(u, type, false);
		if (u->types.at[type].tag != DW_TAG_array_type)
			break;
		type = u->types.at[type].type;
	}
	const struct die_type *t = &u->types.at[type];

	return tag_is_aggregate(t->tag) && !t->name && !t->named_by_typedef ? type : 0;
}

static void compare_variables(struct layout *l)
{
	struct map names = {0};

	for (size_t i = 0; i < l->new->uses.n; i++) {
		const struct die_use *v = &l->new->uses.at[i];
		uint32_t body = v->function || !v->name ? 0 : anonymous_of(l->new, v->type);

		if (body)
			map_put(&names, v->name, (void *)(uintptr_t)body);
	}
	for (size_t i = 0; i < l->old->uses.n; i++) {
		const struct die_use *v = &l->old->uses.at[i];
		uint32_t body = v->function || !v->name ? 0 : anonymous_of(l->old, v->type);
		uint32_t other = body ? (uintptr_t)map_get(&names, v->name) : 0;

		if (other)
			compare_pair(l, body, other, xasprintf("type of variable %s", v->name));
	}
	map_free(&names);
}

/* An enum without any name: its enumerators are looked up one by one. */
static void compare_loose_enum(struct layout *l, uint32_t old, const struct map *values)
{
	struct changed c = {.old = old};

	for (uint32_t i = l->old->types.at[old].items.first; i; i = l->old->items.at[i].next) {
		const struct die_item *was = &l->old->items.at[i];
		const struct die_item *is = was->name ? map_get(values, was->name) : NULL;

		if (!is || is->value == was->value)
			continue;
		if (!c.difference.n++) {
			c.name = xasprintf("enum of %s", was->name);
			str_add(&c.difference.text, "'%s' is %lld instead of %lld", was->name,
				(long long)is->value, (long long)was->value);
		}
	}
	if (!c.difference.n)
		return;
	changed_vec_push(&l->changed, c);
	map_put_u64(&l->by_type, old, (void *)(uintptr_t)l->changed.n);
}

static bool loose_enum(const struct die_type *t)
{
	return t->tag == DW_TAG_enumeration_type && !t->name && !t->named_by_typedef;
}

static void compare_loose_enums(struct layout *l)
{
	struct map values = {0};

	for (size_t i = 1; i < l->new->types.n; i++) {
		const struct die_type *t = &l->new->types.at[i];

		for (uint32_t k = loose_enum(t) ? t->items.first : 0; k;
		     k = l->new->items.at[k].next)
			if (l->new->items.at[k].name)
				map_put(&values, l->new->items.at[k].name, &l->new->items.at[k]);
	}
	for (size_t i = 1; i < l->old->types.n; i++)
		if (loose_enum(&l->old->types.at[i]))
			compare_loose_enum(l, i, &values);
	map_free(&values);
}

static bool only_shifted(const struct changed *c)
{
	return c->difference.n == c->difference.moved + c->difference.resized;
}

/* Adds to *inside the changed types (indexes) that a type contains by value. */
static void contained(const struct layout *l, uint32_t type, struct u32_vec *inside)
{
	const struct dwarf_unit *u = l->old;
	scoped_free bool *seen = xcalloc(u->types.n, 1);
	struct u32_vec todo = {0};

	u32_vec_push(&todo, type);
	while (todo.n) {
		uint32_t t = todo.at[--todo.n];
		const struct die_type *d = &u->types.at[t];
		uintptr_t change = (uintptr_t)map_get_u64(&l->by_type, t);

		if (!t || seen[t] || d->tag == DW_TAG_pointer_type ||
		    d->tag == DW_TAG_subroutine_type)
			continue;
		seen[t] = true;
		if (change && t != type)
			u32_vec_push(inside, change - 1);
		u32_vec_push(&todo, d->type);
		for (uint32_t i = d->items.first; i; i = u->items.at[i].next)
			u32_vec_push(&todo, u->items.at[i].type);
	}
	u32_vec_free(&todo);
}

/* Types that changed only because of what they contain are told with the cause, not by themselves.
 */
static void find_causes(struct layout *l)
{
	for (size_t i = 0; i < l->changed.n; i++) {
		struct changed *c = &l->changed.at[i];
		struct u32_vec inside = {0};

		if (!only_shifted(c))
			continue;
		contained(l, c->old, &inside);
		for (size_t k = 0; k < inside.n; k++) {
			struct changed *cause = &l->changed.at[inside.at[k]];

			if (only_shifted(cause))
				continue;
			c->derived = true;
			if (++cause->ncontainers <= 3)
				str_add(&cause->containers, "%s%s",
					cause->ncontainers > 1 ? ", " : "", c->name);
		}
		u32_vec_free(&inside);
	}
}

static bool already_said(const struct finding_vec *list, const char *id, const char *symbol,
			 const char *message)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->at[i];

		if (streq(f->id, id) && f->symbol && streq(f->symbol, symbol) &&
		    streq(f->message, message))
			return true;
	}
	return false;
}

static void way_out(struct finding *f, const struct changed *c, bool is_enum)
{
	if (f->severity != SEVERITY_REFUSAL)
		return;
	if (is_enum)
		finding_way_out(f, "keep the old values; give a new constant a value that is free");
	else if (streq(f->id, "S4"))
		finding_way_out(f,
				"leave %s as it is and keep the new member in a shadow variable "
				"(klp_shadow_get_or_alloc), see suture explain S4",
				c->name);
	else
		finding_way_out(
			f, "rewrite the fix so that %s keeps its layout, see suture explain S3",
			c->name);
}

static void report(struct layout *l, const struct changed *c)
{
	const struct die_type *t = &l->old->types.at[c->old];
	const struct difference *d = &c->difference;
	bool header, is_enum = t->tag == DW_TAG_enumeration_type;
	bool only_added = d->n == d->added;
	scoped_free char *where = die_location(l->old, t->offset, &header), *reason = NULL;
	enum exposure_kind kind = exposure_of(&l->exposure, c->old, header, &reason);
	const char *id = only_added && !is_enum ? "S4" : "S3";
	enum severity severity = SEVERITY_REFUSAL;
	scoped_str struct str message = {0};

	if (kind == INSIDE)
		return;
	if (kind == STACK_ONLY || (is_enum && only_added))
		severity = SEVERITY_NOTE;
	str_add(&message, "%s", d->text.s);
	if (d->n > 3)
		str_add(&message, ", %u differences in all", d->n);
	if (kind == STACK_ONLY)
		str_add(&message, "; only replaced functions use it, on their stack");
	else if (severity == SEVERITY_NOTE)
		str_add(&message, "; code that is not replaced does not know it");
	else
		str_add(&message, "; %s", reason);
	if (c->ncontainers)
		str_add(&message, "; part of %s", c->containers.s);
	if (c->ncontainers > 3)
		str_add(&message, " and %u more", c->ncontainers - 3);
	if (already_said(l->findings, id, c->name, message.s))
		return;
	way_out(finding_add(l->findings, id, severity, l->kobject, c->name, where, "%s", message.s),
		c, is_enum);
}

struct error *layout_compare(const char *original_o, const char *patched_o, const char *kobject,
			     const char *const *functions, size_t n, struct finding_vec *findings)
{
	scoped_dwarf_unit struct dwarf_unit old = {0}, new = {0};
	struct layout __attribute__((cleanup(layout_free))) l = {0};

	TRY(dwarf_unit_read(original_o, &old));
	TRY(dwarf_unit_read(patched_o, &new));
	if (!old.dwarf || !new.dwarf) {
		finding_add(findings, "S3", SEVERITY_WARNING, kobject, NULL, NULL,
			    "%s has no debug information, so types could not be compared",
			    old.dwarf ? patched_o : original_o);
		return NULL;
	}
	l = (struct layout) {.old = &old,
			     .new = &new,
			     .compare = {.old = &old, .new = &new},
			     .kobject = kobject,
			     .findings = findings};
	exposure_make(&old, functions, n, &l.exposure);
	compare_named(&l);
	compare_variables(&l);
	compare_loose_enums(&l);
	find_causes(&l);
	for (size_t i = 0; i < l.changed.n; i++)
		if (!l.changed.at[i].derived)
			report(&l, &l.changed.at[i]);
	return prototype_compare(&l.compare, &l.exposure, kobject, findings);
}
