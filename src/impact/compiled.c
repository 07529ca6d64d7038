// SPDX-License-Identifier: GPL-2.0-or-later
/* What compiling a unit once more tells: dependents, contracts, static variables without storage. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "impact/impact.h"
#include "impact/lookup.h"
#include "impact/mention.h"
#include "impact/statics.h"

static void note(struct impact_result *r, char *text)
{
	str_vec_push(&r->notes, text);
}

bool impact_is_header(const char *file)
{
	return ends_with(file, ".h");
}

/* Units that have the body, as far as the index knows: (unit, object), each once. */
struct body_unit {
	const char *unit, *object;
};
DEFINE_VEC(body_unit_vec, struct body_unit)

static void add_unit(struct body_unit_vec *list, struct map *seen, const char *unit,
		     const char *object)
{
	if (!*unit || map_has(seen, unit))
		return;
	map_put(seen, unit, (void *)unit);
	body_unit_vec_push(list, (struct body_unit){ unit, object });
}

static void body_units(const struct impact_result *r, struct body_unit_vec *list)
{
	SCOPED(map_free) struct map seen = { 0 };

	for (size_t i = 0; i < r->members.n; i++)
		if (r->members.at[i].role <= ROLE_INLINED)
			add_unit(list, &seen, r->members.at[i].unit, r->members.at[i].object);
}

static void add_facts(struct str *s, const struct probe *p)
{
	for (size_t i = 0; i < p->facts.n; i++)
		str_add(s, "%s%s", i ? ", " : "; the compiler found it to be ", p->facts.at[i]);
}

static char *named_options(const struct probe *p, const struct u32_vec *options, bool tried)
{
	struct str s = { 0 };

	for (size_t i = 0; i < options->n; i++) {
		const struct ipa_option *o = &ipa_options[options->at[i]];

		str_add(&s, "%s%s (%s", i ? ", " : "", o->name, o->effect);
		if (streq(o->name, "pure-const"))
			add_facts(&s, p);
		str_add(&s, ")");
	}
	if (!options->n)
		str_add(&s, tried ? "no single optimisation: several make it" : "not named");
	return s.s;
}

static char *dependent_reason(const struct impact_result *r, const struct probe *p,
			      const struct dependent *d)
{
	scoped_free char *names = named_options(p, &d->options, d->named);

	switch (d->how) {
	case DEPENDS_INLINED:
		return xasprintf("has a copy of %s (compiled again: %s)", r->function, d->why);
	case DEPENDS_CONVENTION:
		return xasprintf("calls %s in the compiler's own way: %s", d->via, names);
	default:
		return xasprintf("relies on the body of %s: %s; without it, %s", r->function, names,
				 d->why);
	}
}

/* A function of the rebuilt unit, by the name that the shipped kernel has for it. */
static void add_function(struct impact_request *rq, struct impact_result *r,
			 const struct body_unit *u, const char *name, enum impact_role role, char *why)
{
	const struct index_part *part;
	uint32_t symbol = lookup_in_unit(rq->index, u->object, u->unit, name, &part);

	if (symbol != INDEX_NONE)
		impact_add(r, part, symbol, role, why);
	else
		impact_add_named(r, u->object, name, u->unit, role, why)->why_not =
			index_has(rq->index, u->object) ?
				"the shipped kernel has no symbol of this name" : NULL;
}

static void add_probe(struct impact_request *rq, struct impact_result *r,
		      const struct body_unit *u, const struct probe *p)
{
	static const enum impact_role roles[] = { [DEPENDS_INLINED] = ROLE_INLINED,
						  [DEPENDS_CONVENTION] = ROLE_CONVENTION,
						  [DEPENDS_CONTRACT] = ROLE_CONTRACT };

	for (size_t i = 0; i < p->dependents.n; i++)
		add_function(rq, r, u, p->dependents.at[i].name, roles[p->dependents.at[i].how],
			     dependent_reason(r, p, &p->dependents.at[i]));
	if (p->impossible)
		note(r, xasprintf("%s: %s cannot be cut off from its callers there (%.160s): contracts "
				  "are not known", u->unit, r->function, p->impossible));
	if (!p->dumps)
		note(r, xasprintf("%s: the compiler does not tell of its clones", u->unit));
	if (p->self) {
		scoped_free char *names = named_options(p, &p->self_options, p->self_named);

		str_vec_push(&r->self, xasprintf("%s: depends on its callers: %s; %s", u->unit, names,
						 p->self));
	}
}

/* Static variables without storage, of the file that the function is in. */
static struct error *add_statics(struct impact_request *rq, struct impact_result *r,
				 const struct body_unit *u, const struct variant_source *source)
{
	SCOPED(statics_free) struct static_use_vec list = { 0 };
	bool known;

	if (!rq->statics || !streq(u->unit, r->file))
		return NULL;
	TRY(statics_find(source, &list, &known));
	if (!known)
		note(r, xasprintf("%s: the compiler cannot be asked which static variables it left out "
				  "because nothing writes or reads them", u->unit));
	for (size_t i = 0; i < list.n; i++) {
		const struct static_use *use = &list.at[i];

		add_function(rq, r, u, use->user, ROLE_STATIC, xstrdup(use->effect));
	}
	return NULL;
}

static struct error *probe_unit(struct impact_request *rq, struct impact_result *r,
				const struct body_unit *u)
{
	scoped_temp_dir char *workdir = NULL;
	scoped_free char *object = NULL;
	SCOPED(variant_source_free) struct variant_source source = { 0 };
	SCOPED(probe_free) struct probe probe = { 0 };

	TRY(temp_dir_new("impact", &workdir));
	TRY(variant_source_open(rq->target, u->unit, workdir, &source, &object));
	TRY(probe_run(&source, r->function, rq->name_contracts, &probe));
	add_probe(rq, r, &(struct body_unit){ u->unit, source.kobject }, &probe);
	TRY(add_statics(rq, r, &(struct body_unit){ u->unit, source.kobject }, &source));
	r->units_probed++;
	r->cpu_compiler += probe.cpu;
	return NULL;
}

struct error *impact_probe_unit(struct impact_request *request, struct impact_result *result,
				const char *unit, const char *object)
{
	struct body_unit u = { unit, object };

	TRY(probe_unit(request, result, &u));
	impact_sort(result);
	return NULL;
}

/* A unit that cannot be compiled by itself (included by others) is a note, not the end. */
static struct error *probe_or_note(struct impact_request *rq, struct impact_result *r,
				   const char *unit, const char *object)
{
	struct body_unit u = { unit, object };
	struct error *err = probe_unit(rq, r, &u);

	if (!err || err->id[0] != 'U' || streq(err->id, "U10"))
		return err;
	note(r, xasprintf("%s: not probed: %s", unit, err->message));
	error_free(err);
	return NULL;
}

/* A header's function that folds to nothing leaves no trace in DWARF: units that have its name. */
static struct error *probe_mentions(struct impact_request *rq, struct impact_result *r,
				    const struct body_unit_vec *known, unsigned int limit)
{
	SCOPED(str_vec_free_all) struct str_vec more = { 0 };
	SCOPED(map_free) struct map seen = { 0 };

	for (size_t i = 0; i < known->n; i++)
		map_put(&seen, known->at[i].unit, r);
	TRY(mentioning_units(rq->target, r->file, r->function, &seen, &more));
	for (size_t i = 0; i < more.n && i < limit; i++)
		TRY(probe_or_note(rq, r, more.at[i], "vmlinux"));
	if (more.n > limit)
		note(r, xasprintf("%zu units have its name in their source, but no copy according to "
				  "DWARF; %zu of them were not compiled to be sure (--units N)",
				  more.n, more.n - limit));
	return NULL;
}

struct error *impact_probe_units(struct impact_request *rq, struct impact_result *r)
{
	SCOPED(body_unit_vec_free) struct body_unit_vec units = { 0 };
	SCOPED(str_vec_free_all) struct str_vec names = { 0 };

	body_units(r, &units);
	for (size_t i = 0; i < units.n; i++) {
		/* The strings belong to members, which are sorted and grow. */
		str_vec_push(&names, xstrdup(units.at[i].unit));
		str_vec_push(&names, xstrdup(units.at[i].object));
		units.at[i] = (struct body_unit){ names.at[2 * i], names.at[2 * i + 1] };
	}
	for (size_t i = 0; i < units.n && i < rq->units; i++)
		TRY(probe_or_note(rq, r, units.at[i].unit, units.at[i].object));
	if (units.n > rq->units)
		note(r, xasprintf("%zu of %zu units that have the body were not probed for contracts "
				  "(--units N)", units.n - rq->units, units.n));
	return impact_is_header(r->file) ? probe_mentions(rq, r, &units, rq->units) : NULL;
}
