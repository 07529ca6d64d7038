// SPDX-License-Identifier: GPL-2.0-or-later
#include "layout/prototype.h"

#include "base/mem.h"

/* What differs between two prototypes, or NULL; the caller's string. */
static char *prototype_difference(struct compare *c, const struct die_function *a,
				  const struct die_function *b)
{
	uint32_t i = a->params.first, k = b->params.first;

	if (!same_type(c, a->type, b->type)) {
		scoped_free char *was = type_name(c->old, a->type),
				 *is = type_name(c->new, b->type);

		return xasprintf("it returns '%s' instead of '%s'", is, was);
	}
	if (a->params.n != b->params.n || a->variadic != b->variadic)
		return xasprintf("it takes %u%s parameters instead of %u%s", b->params.n,
				 b->variadic ? " or more" : "", a->params.n,
				 a->variadic ? " or more" : "");
	for (unsigned int n = 1; i && k; n++) {
		const struct die_item *was = &c->old->items.at[i], *is = &c->new->items.at[k];

		if (!same_type(c, was->type, is->type)) {
			scoped_free char *old = type_name(c->old, was->type);
			scoped_free char *new = type_name(c->new, is->type);

			return xasprintf("parameter %u is '%s' instead of '%s'", n, new, old);
		}
		i = was->next;
		k = is->next;
	}
	return NULL;
}

/* The DIE that has the prototype: not a mere declaration, not an instance of another. */
static bool has_prototype(const struct die_function *f)
{
	return f->name && !f->declaration && !f->origin;
}

static void report(struct compare *c, const struct exposure *e, const struct die_function *f,
		   const char *what, const char *kobject, struct finding_vec *findings)
{
	bool header, hidden = false;
	scoped_free char *where = die_location(c->old, f->offset, &header), *user = NULL;
	struct finding *found;

	user = f->external ? xstrdup("it is global, other units may call it")
			   : prototype_user(c->old, e, f->name, &hidden);
	if (user)
		found = finding_add(findings, "F12", SEVERITY_REFUSAL, kobject, f->name, where,
				    "its prototype changed: %s; %s", what, user);
	else if (hidden)
		found = finding_add(findings, "F12", SEVERITY_WARNING, kobject, f->name, where,
				    "its prototype changed: %s; it shares a section with other "
				    "functions, so its callers cannot be determined",
				    what);
	else
		return;
	finding_way_out(found,
			"keep the prototype of '%s'; give the new one to a new function that "
			"the replaced callers use",
			f->name);
}

struct error *prototype_compare(struct compare *c, const struct exposure *e, const char *kobject,
				struct finding_vec *findings)
{
	struct map names = {0};

	for (size_t i = 1; i < c->new->functions.n; i++)
		if (has_prototype(&c->new->functions.at[i]))
			map_put(&names, c->new->functions.at[i].name, &c->new->functions.at[i]);
	for (size_t i = 1; i < c->old->functions.n; i++) {
		const struct die_function *a = &c->old->functions.at[i], *b;

		if (!has_prototype(a) || !exposure_replaced(e, a->name))
			continue;
		b = map_get(&names, a->name);
		scoped_free char *what = b ? prototype_difference(c, a, b) : NULL;

		if (what)
			report(c, e, a, what, kobject, findings);
	}
	map_free(&names);
	return NULL;
}
