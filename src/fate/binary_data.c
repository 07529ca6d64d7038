// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of variables and constants that the unit defines. */
#include <string.h>

#include "base/str.h"
#include "diff/policy.h"
#include "fate/binary.h"
#include "fate/state.h"

static bool is_writable(const struct entity *e)
{
	return e->section->flags & SHF_WRITE;
}

/* ---- which entity is it ---- */

/* Variables of functions are numbered by the compiler ("count.5"); those of the file are not. */
static bool has_name(const struct entity *e, const struct name_question *q)
{
	bool numbered = strchr(e->name, '.') != NULL;
	size_t n = strlen(q->name);

	if (starts_with(q->name, "__UNIQUE_ID_")) /* with a counter at its end */
		return e->kind == ENTITY_DATA && strncmp(e->name, q->name, n) == 0 &&
		       (!e->name[n] || e->name[n] == '.');
	return e->kind == ENTITY_DATA && streq(e->key, q->name) && numbered == (q->function != NULL);
}

static bool of_function(struct fate_unit *u, struct entity *f, const struct entity *e)
{
	const struct ref_site_vec *refs = entity_refs(u->model, f);

	for (size_t i = 0; i < refs->n; i++)
		if (refs->at[i].ref.kind == REF_ENTITY && refs->at[i].ref.entity == e)
			return true;
	return false;
}

/* Does the function itself, a clone or a cold part of it refer to the variable? */
static bool used_by(struct fate_unit *u, const char *function, const struct entity *e)
{
	size_t n = strlen(function);

	for (size_t i = 0; i < u->model->entities.n; i++) {
		struct entity *f = u->model->entities.at[i];

		if (f->kind == ENTITY_FUNCTION && source_name_length(f->name) == n &&
		    strncmp(f->name, function, n) == 0 && of_function(u, f, e))
			return true;
	}
	return false;
}

struct candidates {
	struct entity *only;  /* the one that is left */
	struct entity *any;   /* the last one */
	size_t all, reached, used;
	bool empty; /* none of them has a size */
	bool apart; /* they lie in sections of different names */
	bool writable; /* one that is reached can be written */
};

/* Narrowed by what the replaced code reaches, then by the function that the variable belongs to. */
static struct candidates find(struct fate_unit *u, const struct name_question *q)
{
	struct entity *any = NULL, *reached = NULL, *used = NULL;
	struct candidates c = { .empty = true };

	for (size_t i = 0; i < u->model->entities.n; i++) {
		struct entity *e = u->model->entities.at[i];

		if (!has_name(e, q))
			continue;
		c.apart |= any && !streq(any->section->name, e->section->name);
		any = e;
		c.empty &= e->size == 0;
		c.all++;
		if (!u->reach.reached[i])
			continue;
		reached = e;
		c.writable |= is_writable(e);
		c.reached++;
		if (q->function && used_by(u, q->function, e)) {
			used = e;
			c.used++;
		}
	}
	c.any = any;
	c.only = c.used == 1 ? used : c.reached == 1 ? reached : c.all == 1 ? any : NULL;
	return c;
}

/* ---- decisions ---- */

static const char *where(const struct name_question *q)
{
	return q->function ? q->function : q->asked_by ? q->asked_by : "the file";
}

static void declared_by_macro(struct fate_unit *u, const struct name_question *q,
			      const struct candidates *c, struct name_fate *fate)
{
	const struct state_rule *rule = state_rule_find(q->name, c->apart ? c->only : c->any, c->empty);
	struct finding *f = rule->id ? fate_say(u, rule->id, rule->severity, where(q),
						"'%s' in %s %s (%s)", q->name, where(q),
						rule->what, rule->source) : NULL;

	if (f && rule->fate == FATE_REFUSE)
		finding_way_out(f, "build the livepatch from objects, where the live variable is "
				   "reached");
	fate_set(fate, rule->fate, "'%s' %s (%s)", q->name, rule->what, rule->source);
}

static void ambiguous(struct fate_unit *u, const struct name_question *q, struct name_fate *fate)
{
	struct finding *f = fate_say(u, "D6", SEVERITY_REFUSAL, where(q),
				     "the fixed code uses a variable '%s', and which of the several of "
				     "that name in the running kernel it is cannot be told", q->name);

	if (f)
		finding_way_out(f, "give the variables that the fix touches distinct names");
	fate_set(fate, FATE_REFUSE, "several variables of that name");
}

static void unreachable(struct fate_unit *u, const struct name_question *q, struct name_fate *fate)
{
	struct finding *f = fate_say(u, "M22", SEVERITY_REFUSAL, where(q),
				     "the variable '%s' has no symbol in the shipped %s that is known "
				     "to be it: a copy of it would begin anew", q->name,
				     u->resolver.kobject);

	if (f)
		finding_way_out(f, "leave the variable out of the fix, or keep new state in a shadow "
				   "variable");
	fate_set(fate, FATE_REFUSE, "state without a known symbol");
}

/* The table of the fix stands beside the old one, which code that stays goes on reading. */
static void without_original(struct fate_unit *u, const struct name_question *q,
			     const struct entity *e, struct name_fate *fate)
{
	if (e->ambiguous)
		ambiguous(u, q, fate);
	else if (e->row && e->row->action == SPECIAL_PERCPU)
		fate_set(fate, FATE_REFUSE, "a per-cpu variable that the fix adds");
	else
		fate_set(fate, FATE_COPY, "the fix adds it");
}

static bool has_pointers(const struct entity *e)
{
	size_t first;

	return object_relocs_in(e->section, e->start, e->start + e->size, &first) > 0;
}

static void of_entity(struct fate_unit *u, const struct name_question *q, struct entity *e,
		      struct name_fate *fate)
{
	struct entity *o = original_of(&u->reach, e, &u->resolver);

	if (is_gone(e, u->resolver.kobject) && u->reach.reached[e->index])
		fate_set(fate, FATE_REFUSE, "it is in %s, which the running kernel has freed",
			 e->section->name);
	else if (e->size == 0)
		fate_set(fate, FATE_COPY, "it has no size, so no state");
	else if (!o)
		without_original(u, q, e, fate);
	else if (!is_writable(e) && !u->reach.reached[e->index])
		fate_set(fate, FATE_COPY, "a constant that the compiler used by its value");
	else if (e->change == CHANGED && !is_writable(e))
		fate_set(fate, FATE_COPY, "the fix changes this constant");
	else if (resolver_reaches(&u->resolver, o))
		fate_reach(u, q, resolve_entity(&u->resolver, o, where(q)), fate,
			   o->symbol->bind == STB_LOCAL);
	else if (!is_writable(e))
		fate_set(fate, FATE_COPY, "a constant without a symbol in the running kernel%s",
			 has_pointers(e) ? ", and what it points to" : "");
	else
		unreachable(u, q, fate);
}

/*
 * The header makes a new one in the livepatch, whatever is said here: state that the replaced code uses must not begin
 * anew. In the unit it is one of those variables of that name that the code uses.
 */
static void of_header(struct fate_unit *u, const struct name_question *q, const struct candidates *c,
		      struct name_fate *fate)
{
	if (q->is_const)
		fate_set(fate, FATE_COPY, "a constant of a header's function");
	else if (!c->reached)
		fate_set(fate, FATE_COPY, "no code that comes along uses it");
	else if (!c->writable)
		fate_set(fate, FATE_COPY, "a table of a header's function that is never written");
	else
		declared_by_macro(u, q, c, fate);
}

void fate_of_variable(struct fate_unit *u, const struct name_question *q, struct name_fate *fate)
{
	struct candidates c = find(u, q);

	if (q->in_header)
		of_header(u, q, &c, fate);
	else if (q->in_macro && !q->is_const)
		declared_by_macro(u, q, &c, fate);
	else if (q->in_macro)
		fate_set(fate, FATE_COPY, "a constant that a macro declares");
	else if (c.only)
		of_entity(u, q, c.only, fate);
	else if (!c.all)
		fate_set(fate, FATE_COPY, "the compiler kept no such variable: it is never written, or "
					  "never read");
	else if (q->is_const)
		fate_set(fate, FATE_COPY, "one of several constants of that name");
	else if (!c.reached)
		fate_set(fate, FATE_COPY, "no code that comes along uses it");
	else
		ambiguous(u, q, fate);
}
