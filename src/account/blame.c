// SPDX-License-Identifier: GPL-2.0-or-later
/* Changed functions that no line of a hunk is in: which hunk, or what else, is the cause? */
#include <string.h>

#include "account/view.h"
#include "base/cleanup.h"
#include "base/str.h"

/* A hunk in a source function that is inlined into this one. */
static bool blame_inlined(struct view *v, const struct account_entity *e)
{
	bool found = false;

	for (size_t i = 0; i < v->facts->n; i++) {
		struct facts *f = &v->facts->at[i];
		bool inside = false;

		for (enum side side = OLD; side <= NEW && f->source && f->code; side++)
			for (size_t k = 0; !inside && k < v->code[side].parts.n; k++) {
				const struct code_part *p = &v->code[side].parts.at[k];

				inside = entity_of(v, side, p->symbol) == e &&
					 names_have(&f->names,
						    v->code[side].functions.at[p->function].name);
			}
		if (!inside)
			continue;
		credit(v, f, e, false);
		found = true;
	}
	return found;
}

static bool reads_file(const struct view *v, const struct source_file *source)
{
	for (size_t i = 0; i < v->nsources; i++)
		if (v->sources[i] == source)
			return true;
	return false;
}

static bool blame_definition(struct view *v, const struct account_entity *e)
{
	bool found = false;

	for (size_t i = 0; i < v->facts->n; i++) {
		struct facts *f = &v->facts->at[i];

		if (!f->source || !reads_file(v, f->source) || !f->code ||
		    !(f->definition || f->data.n))
			continue;
		credit(v, f, e, false);
		f->through += !e->gone && e->state != ACCOUNT_REMOVED;
		found = true;
	}
	return found;
}

/* Does the function have an inlined copy of the source function? */
static bool inlines(struct view *v, enum side side, const struct account_entity *e,
		    const char *name)
{
	const struct code *c = &v->code[side];

	for (size_t i = 0; i < c->parts.n; i++)
		if (c->parts.at[i].inlined && entity_of(v, side, c->parts.at[i].symbol) == e &&
		    streq(c->functions.at[c->parts.at[i].function].name, name))
			return true;
	return false;
}

/* A source function that the function has inlined on this side only, or NULL. */
static const char *inlined_only(struct view *v, enum side side, const struct account_entity *e)
{
	const struct code *c = &v->code[side];

	for (size_t i = 0; i < c->parts.n; i++) {
		const char *name = c->functions.at[c->parts.at[i].function].name;

		if (c->parts.at[i].inlined && entity_of(v, side, c->parts.at[i].symbol) == e &&
		    !inlines(v, side == OLD ? NEW : OLD, e, name))
			return name;
	}
	return NULL;
}

/* A new function that was inlined into a function of the hunk and is not any more. */
static const char *blame_outlined(struct view *v, const struct account_entity *e)
{
	scoped_free char *base = xstrndup(e->name, strcspn(e->name, "."));
	const char *from = NULL;

	for (size_t i = 0; e->state == ACCOUNT_NEW && i < v->facts->n; i++) {
		struct facts *f = &v->facts->at[i];
		size_t n = f->replaced.n;

		for (size_t k = 0; k < n; k++) {
			const struct account_entity *in =
				map_get(&v->entities[NEW], f->replaced.at[k]);

			if (!in || !inlines(v, OLD, in, base))
				continue;
			from = in->name;
			credit(v, f, e, false);
		}
	}
	return from;
}

static char *why_unexplained(struct view *v, const struct account_entity *e)
{
	const char *more = inlined_only(v, NEW, e), *less = inlined_only(v, OLD, e);

	if (e->state == ACCOUNT_NEW)
		return xstrdup("is new: the compiler made it");
	if (more)
		return xasprintf("changes: the compiler now inlines %s into it", more);
	if (less)
		return xasprintf("changes: the compiler no longer inlines %s into it", less);
	return xasprintf("changes: %s", e->why ? e->why : "the compiler made other decisions");
}

static void note_unexplained(struct view *v, const struct account_entity *e, const char *text)
{
	finding_add(v->findings, "A2", SEVERITY_NOTE, v->unit->kobject, e->name, v->unit->source,
		    "no hunk of the fix is in this function, yet it %s", text);
}

static void blame(struct view *v, const struct account_entity *e)
{
	const char *from;

	if (blame_inlined(v, e))
		return;
	from = blame_outlined(v, e);
	if (from || !blame_definition(v, e)) {
		scoped_free char *text =
			from ? xasprintf("is new: the compiler no longer inlines it into %s", from)
			     : why_unexplained(v, e);

		note_unexplained(v, e, text);
	}
}

void blame_others(struct view *v)
{
	for (size_t i = 0; i < v->unit->entities.n; i++) {
		const struct account_entity *e = &v->unit->entities.at[i];

		if (!e->function || e->state == ACCOUNT_SAME || e->state == ACCOUNT_REMOVED ||
		    map_has(&v->explained, e->name))
			continue;
		if (!v->code[NEW].dwarf || e->gone)
			(void)(blame_inlined(v, e) || blame_definition(v, e));
		else if (is_delivered(v, e->name))
			blame(v, e);
	}
}
