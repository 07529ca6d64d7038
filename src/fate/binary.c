// SPDX-License-Identifier: GPL-2.0-or-later
#include "fate/binary.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "convert/rewrite.h"
#include "diff/policy.h"

void fate_set(struct name_fate *fate, enum fate kind, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	free(fate->reason);
	fate->fate = kind;
	fate->reason = xvasprintf(fmt, ap);
	va_end(ap);
}

struct finding *fate_say(struct fate_unit *u, const char *id, enum severity severity,
			 const char *symbol, const char *fmt, ...)
{
	scoped_free char *text = NULL;
	char *key = xasprintf("%s %s", id, symbol);
	va_list ap;

	if (map_has(&u->said, key)) {
		free(key);
		return NULL;
	}
	map_put(&u->said, key, (void *)1);
	str_vec_push(&u->keys, key);
	va_start(ap, fmt);
	text = xvasprintf(fmt, ap);
	va_end(ap);
	return finding_add(u->findings, id, severity, u->resolver.kobject, symbol, NULL, "%s", text);
}

/* ---- how a symbol is reached ---- */

/* Calls of trampolines must not look like such to objtool (diff/resolve.c). */
static bool wants_label(const char *name)
{
	return starts_with(name, "__SCT__");
}

static char *label_of(const char *prefix, const char *symbol)
{
	char *label = xasprintf("livepatch_%s_%s", prefix, symbol);

	for (char *p = label; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	return label;
}

char *fate_call_link(const char *trampoline)
{
	return label_of("call", trampoline + strlen("__SCT__"));
}

static void klp(struct fate_unit *u, const struct name_question *q, const char *text,
		struct name_fate *fate, bool local)
{
	struct klp_decision d = { 0 };

	if (!klp_decision_parse(text + strlen(KLP_REF_PREFIX), &d)) {
		fate_set(fate, FATE_REFUSE, "the symbol has a name that no reference can carry");
		return;
	}
	fate->object = d.object;
	fate->symbol = d.name;
	fate->position = d.position;
	if (streq(d.patched, d.object))
		free(d.patched);
	else
		fate->patched = d.patched;
	if (wants_label(q->name))
		fate->link_name = fate_call_link(q->name);
	else if (q->function)
		fate->link_name = label_of(q->function, q->name);
	else if (local && u->prefix)
		fate->link_name = label_of(u->prefix, q->name);
	if (fate->link_name && (q->defined || q->function || map_has(&u->reach.externs, q->name)))
		str_vec_push(&u->undefined, *str_vec_push(&u->links, xstrdup(fate->link_name)));
	if (wants_label(q->name) && map_has(&u->reach.externs, q->name) && !map_has(&u->said, q->name)) {
		map_put(&u->said, *str_vec_push(&u->calls, xstrdup(q->name)), (void *)1);
	}
	fate_set(fate, FATE_KLP, "not exported; %s has it as %s,%u", fate->object, fate->symbol,
		 fate->position);
}

void fate_reach(struct fate_unit *u, const struct name_question *q, struct resolution res,
		struct name_fate *fate, bool local)
{
	switch (res.kind) {
	case RESOLVED_KLP:
		klp(u, q, res.name, fate, local);
		break;
	case RESOLVED_PLAIN:
		fate_set(fate, FATE_PLAIN, "exported, or made by another file of the livepatch");
		break;
	case RESOLVED_WEAK:
		fate_set(fate, FATE_PLAIN, "weak, and no part of this kernel");
		break;
	case RESOLVED_NOT:
		fate_set(fate, FATE_REFUSE, "the running kernel has no symbol for it");
		break;
	}
	free(res.name);
}

/* ---- functions ---- */

static void replace(struct fate_unit *u, const struct name_question *q,
		    const struct replacement *rep, struct name_fate *fate)
{
	struct resolution old = resolve_entity(&u->resolver, rep->original, rep->name);
	scoped_free char *why = xstrdup(rep->why);

	if (old.kind == RESOLVED_KLP)
		klp(u, q, old.name, fate, rep->original->symbol->bind == STB_LOCAL);
	free(old.name);
	fate->new_name = xstrdup(rep->new_name);
	fate_set(fate, FATE_REPLACE, "%s", why);
}

static void refuse_gone(struct fate_unit *u, const struct name_question *q, const struct entity *e,
			struct name_fate *fate)
{
	struct finding *f = fate_say(u, "S1", SEVERITY_REFUSAL, q->asked_by ? q->asked_by : q->name,
				     "the fixed code refers to '%s' in %s, which the running kernel "
				     "has freed", q->name, e->section->name);

	if (f)
		finding_way_out(f, "leave init and exit code out of the fix");
	fate_set(fate, FATE_REFUSE, "it is in %s, which the running kernel has freed",
		 e->section->name);
}

static void find_pointed(struct fate_unit *u)
{
	for (size_t i = 0; i < u->model->entities.n; i++) {
		struct entity *e = u->model->entities.at[i];

		if (e->kind == ENTITY_FUNCTION)
			continue;
		const struct ref_site_vec *refs = entity_refs(u->model, e);

		for (size_t k = 0; k < refs->n; k++)
			if (refs->at[k].ref.kind == REF_ENTITY && refs->at[k].ref.offset == 0)
				map_put_u64(&u->pointed, refs->at[k].ref.entity->index, e);
	}
	u->pointed_known = true;
}

/*
 * Others than this unit may call it, or a table of pointers leads to it: then its code relies on nothing
 * but what its declaration says, since GCC cannot know all callers (cgraph_node::only_called_directly_p,
 * gcc/cgraph.h; the kernel is built without LTO). Inline functions are meant to be in line.
 */
static bool serves_any_caller(struct fate_unit *u, const struct name_question *q, const struct entity *e)
{
	if (q->is_inline)
		return false;
	if (e->symbol->bind != STB_LOCAL)
		return true;
	if (!u->pointed_known)
		find_pointed(u);
	return map_has_u64(&u->pointed, e->index);
}

static bool may_refer(struct fate_unit *u, const struct name_question *q, const struct entity *e)
{
	if (!serves_any_caller(u, q, e))
		return false;
	map_put(&u->referable, e->key, (void *)e);
	return u->refer;
}

static void of_unit_function(struct fate_unit *u, const struct name_question *q,
			     struct name_fate *fate)
{
	struct entity *e = map_get(&u->functions, q->name);
	struct entity *o = e ? original_of(&u->reach, e, &u->resolver) : NULL;
	bool inlined = e && !u->reach.reached[e->index];

	if (!e) {
		fate_set(fate, FATE_COPY, "no symbol: inlined into its callers, or cloned for them");
	} else if (is_gone(e, u->resolver.kobject) && !inlined) {
		refuse_gone(u, q, e, fate);
	} else if (!o) {
		fate_set(fate, FATE_COPY, "the fix adds it");
	} else if (e->change != UNCHANGED || !resolver_reaches(&u->resolver, o)) {
		fate_set(fate, FATE_COPY, "the running kernel has no symbol for it as it is here");
	} else if (inlined && !may_refer(u, q, e)) {
		fate_set(fate, FATE_COPY, "inlined wherever the replaced functions use it");
	} else {
		if (inlined)
			str_vec_push(&u->undefined, (char *)e->key);
		fate_reach(u, q, resolve_entity(&u->resolver, o, q->asked_by), fate,
			   o->symbol->bind == STB_LOCAL);
	}
}

/* "trace_x" or "trace_x_enabled" of a tracepoint x that is silenced? */
static bool is_silenced(const struct fate_unit *u, const char *name)
{
	for (size_t i = 0; i < u->silenced.n; i++) {
		size_t n = strlen(u->silenced.at[i]);

		if (starts_with(name, "trace_") && strncmp(name + 6, u->silenced.at[i], n) == 0 &&
		    (!name[6 + n] || streq(name + 6 + n, "_enabled")))
			return true;
	}
	return false;
}

static void of_function(struct fate_unit *u, const struct name_question *q, struct name_fate *fate)
{
	const struct replacement *rep = replacements_find(u->set, q->name);

	if (rep && q->defined)
		replace(u, q, rep, fate);
	else if (is_silenced(u, q->name))
		fate_set(fate, FATE_HERE, "tracepoint of the module: off in the livepatch");
	else if (!q->defined)
		fate_of_outside(u, q, fate);
	else if (!q->in_unit_file && (q->is_inline || !map_has(&u->functions, q->name)))
		fate_set(fate, FATE_COPY, "defined in a header");
	else
		of_unit_function(u, q, fate);
}

/* ---- what the unit does not define ---- */

/*
 * Headers declare many functions that are called in branches the compiler removes, and some that
 * exist nowhere so that such a call is an error. Only what the unit's object refers to counts; the
 * rest is declared and no more, and if the compiler should need it all the same, the check of the
 * compiled result finds that.
 */
void fate_of_outside(struct fate_unit *u, const struct name_question *q, struct name_fate *fate)
{
	bool used = map_has(&u->reach.externs, q->name);
	struct obj_symbol *known = map_get(&u->reach.externs, q->name);
	struct obj_symbol any = { .name = q->name, .bind = STB_GLOBAL };
	size_t before = u->scratch.n;

	fate_reach(u, q, resolve_extern(&u->resolver, known ? known : &any, q->asked_by), fate, false);
	if (!used && fate->fate == FATE_REFUSE) {
		fate_set(fate, FATE_PLAIN, "the compiled unit makes no use of it");
		return;
	}
	for (size_t i = before; used && i < u->scratch.n; i++) {
		const struct finding *s = &u->scratch.at[i];
		struct finding *f = fate_say(u, s->id, s->severity, q->name, "%s", s->message);

		if (f && s->way_out)
			finding_way_out(f, "%s", s->way_out);
	}
}

void fate_of_binary(void *arg, const struct name_question *q, struct name_fate *fate)
{
	struct fate_unit *u = arg;

	*fate = (struct name_fate){ 0 };
	if (q->is_function)
		of_function(u, q, fate);
	else if (q->defined || q->function)
		fate_of_variable(u, q, fate);
	else
		fate_of_outside(u, q, fate);
}

/* ---- life ---- */

/*
 * The binary road judges the special section entries of functions that differ; here come those that
 * are replaced without that.
 */
static void judge_entries(struct fate_unit *u, const struct resolver *r)
{
	struct finding_vec again = { 0 };

	for (size_t i = 0; i < u->model->entities.n; i++) {
		const struct entity *e = u->model->entities.at[i];
		struct finding_vec *list = e->change == UNCHANGED ? u->findings : &again;

		if (!u->reach.inside[i] || e->kind != ENTITY_FUNCTION)
			continue;
		for (size_t k = 0; k < e->entries.n; k++) {
			const struct special_entry *entry = &e->entries.at[k];
			size_t before = list->n;

			if (entry->row->action == SPECIAL_RUNTIME)
				continue; /* the source is compiled to plain loads */
			if (policy_for_entry(u->model, entry, e, r, list) != ENTRY_SILENCE ||
			    list->n == before)
				continue;
			size_t first;

			object_relocs_in(entry->section, entry->offset,
					 entry->offset + entry->size, &first);
			struct ref key = model_ref(u->model, &entry->section->relocs
						   [first + entry->row->key], 0);
			const char *name = ref_name(&key);

			str_vec_push(&u->silenced, xstrdup(name + strlen("__tracepoint_")));
		}
	}
	findings_free(&again);
}

static void list_undefined(struct fate_unit *u)
{
	for (size_t i = 0; i < u->reach.externs.n; i++)
		str_vec_push(&u->undefined, (char *)u->reach.externs.entries[i].key);
	for (size_t i = 0; i < u->model->entities.n; i++) {
		const struct entity *e = u->model->entities.at[i];

		if (u->reach.reached[i] && !u->reach.inside[i] && e->symbol)
			str_vec_push(&u->undefined, (char *)e->key);
	}
}

void fate_unit_init(struct fate_unit *u, struct model *model, const struct resolver *resolver,
		    const struct replacements *set, const char *prefix,
		    struct finding_vec *findings)
{
	*u = (struct fate_unit){ .model = model, .set = set, .findings = findings,
				 .resolver = *resolver, .prefix = xstrdup(prefix) };
	u->resolver.findings = &u->scratch;
	reach_make(&u->reach, model, set, &u->resolver);
	for (size_t i = 0; i < model->entities.n; i++) {
		struct entity *e = model->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && !e->parent && !is_clone(e))
			map_put(&u->functions, e->name, e);
	}
	judge_entries(u, resolver);
	list_undefined(u);
}

void fate_unit_free(struct fate_unit *u)
{
	reach_free(&u->reach);
	map_free(&u->functions);
	map_free(&u->pointed);
	map_free(&u->referable);
	map_free(&u->said); /* its keys are in keys and calls */
	str_vec_free_all(&u->keys);
	str_vec_free(&u->undefined);
	str_vec_free_all(&u->links);
	str_vec_free_all(&u->calls);
	str_vec_free_all(&u->silenced);
	findings_free(&u->scratch);
	free(u->prefix);
	*u = (struct fate_unit){ 0 };
}

static struct entity *entity_of_symbol(const struct fate_unit *u, const char *name)
{
	for (size_t i = 0; i < u->model->entities.n; i++)
		if (u->model->entities.at[i]->symbol && streq(u->model->entities.at[i]->name, name))
			return original_of(&u->reach, u->model->entities.at[i], &u->resolver);
	return NULL;
}

void fate_of_symbol(struct fate_unit *u, const char *name, struct name_fate *fate)
{
	const struct name_question q = { .name = name };
	struct entity *e = entity_of_symbol(u, name);

	*fate = (struct name_fate){ 0 };
	if (!map_has(&u->reach.externs, name))
		map_put(&u->reach.externs, name, NULL);
	if (e)
		fate_reach(u, &q, resolve_entity(&u->resolver, e, NULL), fate, false);
	else
		fate_of_outside(u, &q, fate);
}
