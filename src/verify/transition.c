// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * O8: the model of the transition (docs/model.md), asked about the functions of this livepatch. Whether any
 * task mixes their versions; whether the transition ends; whether what the description says belongs
 * together meets in one version.
 */
#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "verify/relations.h"

struct question {
	struct verification *v;
	struct finding_vec *list;
	struct impact_index index;
	struct relations relations;
	const char *extra; /* switches for this kernel */
	bool preempts;
};

static void say(struct question *q, enum severity severity, const char *symbol, const char *text)
{
	finding_add(q->list, "V8", severity, NULL, symbol, NULL, "%s", text);
}

/* ---- this kernel ---- */

static bool source_says(const struct target *target, const char *file, const char *word)
{
	scoped_free char *path = path_join(target->srctree, file);
	scoped_free char *text = NULL;
	scoped_error struct error *err = read_file(path, &text, NULL);

	return !err && text && strstr(text, word);
}

/* Where a task switches itself on the way (docs/model.md, versions): cond_resched(), a freezable sleep, nowhere. */
static const char *switch_points(const struct target *target)
{
	if (source_says(target, "include/linux/livepatch_sched.h", "TASK_FREEZABLE"))
		return " -DFREEZABLE";
	return source_says(target, "kernel/livepatch/transition.c", "klp_sched_try_switch") ?
		       " -DCOND_RESCHED" : "";
}

/* Preemption everywhere, unless the command line says otherwise. */
static bool preempts(struct target *target)
{
	static const char *const options[] = { "PREEMPT", "PREEMPT_RT", "PREEMPT_LAZY" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (target_config_is(target, options[i], 'y'))
			return true;
	return false;
}

/* ---- spin's answer ---- */

/* Searches; what there is to say is in *said. False: spin did not get to an answer, which is open. */
static bool ask(struct question *q, struct instance *i, const char *what, char **said)
{
	scoped_error struct error *err = instance_search(&q->v->instances, q->v->rq->again, i);

	*said = NULL;
	if (err || (!i->result.violated && !i->result.complete)) {
		finding_add(q->list, "V8", SEVERITY_WARNING, NULL, NULL, NULL, "%s: %s", what,
			    err ? err->message : "spin did not search all states in time");
		return false;
	}
	*said = xasprintf("%s: %s; %.0f states, depth %.0f, instance %s", what,
			  i->result.violated ? i->result.violated : "no property is violated",
			  i->result.states, i->result.depth, i->hash);
	return true;
}

static void tell(struct question *q, struct instance *i, enum severity severity, const char *symbol,
		 const char *said)
{
	scoped_str struct str story = { 0 };
	scoped_error struct error *err = instance_story(i, "            ", &story);

	finding_add(q->list, "V8", severity, NULL, symbol, NULL, "%s%s", said,
		    err ? "" : story.s ? story.s : "");
}

/* ---- all of the livepatch ---- */

static void describe(struct question *q)
{
	const struct relations *r = &q->relations;

	for (size_t i = 0; r->n <= RELATED && i < r->n; i++) {
		scoped_str struct str text = { 0 };

		for (unsigned int version = 0; version < 2; version++) {
			str_add(&text, "%s: %s, %s", version ? "; new" : "old",
				r->sleeps[version][i] ? "may sleep" : "does not sleep",
				r->pointers[version][i] ? "may call any of them through a pointer" : "calls");
			size_t before = text.n;

			for (size_t k = 0; !r->pointers[version][i] && k < r->n; k++)
				if (r->calls[version][i][k])
					str_add(&text, " %s", q->v->lp.functions.at[k].name);
			if (!r->pointers[version][i] && text.n == before)
				str_add(&text, " none of them");
		}
		say(q, SEVERITY_NOTE, q->v->lp.functions.at[i].name, text.s);
	}
}

static void ask_consistency(struct question *q)
{
	SCOPED(instance_free) struct instance i;
	scoped_free char *said = NULL;

	instance_safety(q->v, &q->relations, q->extra, &i);
	if (!ask(q, &i, "enable, disable, and a reversal at any moment, in a system call, a kernel thread, "
			"an idle task, and interrupts of them", &said))
		return;
	if (!i.result.violated)
		say(q, SEVERITY_NOTE, NULL, said);
	else if (q->preempts) /* the kernel's defect, whatever the livepatch: docs/rules/C14.md */
		tell(q, &i, SEVERITY_WARNING, NULL, said);
	else
		tell(q, &i, SEVERITY_REFUSAL, NULL, said);
}

static void ask_end(struct question *q, const char *stays, enum stays how, const char *why)
{
	SCOPED(instance_free) struct instance i;
	scoped_free char *said = NULL;
	scoped_free char *what = stays ?
		xasprintf("a kernel thread %s leaves it (%s): does the transition end", how == NEVER_RETURNS ?
			  "never" : "may never", why) :
		xstrdup("the transition ends, if every task leaves these functions sooner or later, and a "
			"kernel thread rests outside of them");

	instance_liveness(stays, q->extra, &i);
	if (!ask(q, &i, what, &said))
		return;
	if (!i.result.violated)
		say(q, SEVERITY_NOTE, stays, said);
	else
		tell(q, &i, how == NEVER_RETURNS ? SEVERITY_REFUSAL : SEVERITY_WARNING, stays, said);
}

static void ask_ends(struct question *q)
{
	const struct relations *r = &q->relations;

	ask_end(q, NULL, RETURNS, NULL);
	for (size_t i = 0; i < r->n; i++)
		if (r->stays[i] != RETURNS)
			ask_end(q, q->v->lp.functions.at[i].name, r->stays[i], r->why_stays[i]);
}

/* ---- what belongs together ---- */

/*
 * A function of the description: one that is replaced, or one that stays and calls one that is, because the
 * compiler left the change in a part of it; then it behaves as the version that it calls.
 */
struct side {
	const char *name;
	struct place place;
	const struct image *image;
	uint64_t at;
	bool found;
};

struct pair {
	const struct described_group *group;
	struct side first, second;
};

/* The replaced function of this name in the source; its symbol may be a clone's. */
static const struct lp_function *replaced_function(const struct question *q, const char *name, size_t *number)
{
	for (*number = 0; *number < q->v->lp.functions.n; ++*number) {
		const struct lp_function *f = &q->v->lp.functions.at[*number];

		if (f->old && starts_with(f->name, name) &&
		    (!f->name[strlen(name)] || f->name[strlen(name)] == '.'))
			return f;
	}
	return NULL;
}

static bool is_replaced(const struct question *q, struct place p)
{
	for (size_t i = 0; i < q->relations.n; i++)
		if (q->relations.place[i].part == p.part && q->relations.place[i].symbol == p.symbol)
			return true;
	return false;
}

static bool calls_replaced(const struct question *q, struct place p)
{
	struct index_range callees = index_callees(p.part, index_symbol(p.part, p.symbol));

	for (uint32_t i = 0; i < callees.n; i++) {
		const struct index_edge *e = index_edge(p.part, callees.first + i);

		if (e->kind != EDGE_ADDRESS && is_replaced(q, (struct place){ p.part, e->to }))
			return true;
	}
	return false;
}

/* A function of vmlinux that stays and calls one that does not. */
static void find_staying(struct question *q, struct side *side)
{
	struct image *vmlinux = NULL;
	scoped_error struct error *err = kernel_image(&q->v->images, "vmlinux", &vmlinux);

	if (err || !vmlinux)
		return;
	for (const struct image_symbol *s = image_find(vmlinux, side->name); s; s = s->next_same_name) {
		struct place p = index_place(&q->index, vmlinux, s->place);

		if (!p.part || !calls_replaced(q, p))
			continue;
		side->place = p;
		side->image = vmlinux;
		side->at = s->place;
		side->found = true;
	}
}

static struct side find_side(struct question *q, const char *name)
{
	size_t number;
	const struct lp_function *f = replaced_function(q, name, &number);
	struct side side = { .name = name };

	if (f)
		side = (struct side){ name, q->relations.place[number], f->image, f->old->place, true };
	else
		find_staying(q, &side);
	return side;
}

/* The function that a split part belongs to. */
static uint32_t whole(const struct index_part *part, uint32_t symbol)
{
	const struct index_symbol *s = index_symbol(part, symbol);
	struct index_range callers = index_callers(part, s);

	for (uint32_t i = 0; s->flags & SYMBOL_COLD && i < callers.n; i++) {
		const struct index_edge *e = index_edge(part, index_caller(part, callers.first + i));

		if (e->kind == EDGE_PART)
			return e->from;
	}
	return s->body;
}

static bool calls_it(struct place f, uint32_t caller)
{
	struct index_range callers = index_callers(f.part, index_symbol(f.part, f.symbol));

	for (uint32_t i = 0; i < callers.n; i++) {
		const struct index_edge *e = index_edge(f.part, index_caller(f.part, callers.first + i));

		if (e->kind != EDGE_ADDRESS && whole(f.part, e->from) == caller)
			return true;
	}
	return false;
}

/* One caller of both. */
static void ask_meeting(struct question *q, const struct pair *p, uint32_t caller)
{
	const struct side *f = &p->first, *g = &p->second;
	struct place at = { f->place.part, caller };
	const struct image_symbol *s = image_symbol_at(f->image, index_symbol(at.part, caller)->place);
	scoped_free char *how = NULL, *said = NULL;
	SCOPED(instance_free) struct instance i;
	bool replaced = is_replaced(q, at);
	enum between between = s && !replaced ? between_calls(&q->index, f->image, s, f->at,
							      g->at, &how) : MAYBE_BETWEEN;
	const struct meeting m = { .first = f->name, .second = g->name, .replaced = replaced,
				   .caller = index_symbol_name(at.part, caller),
				   .sleeps = between != NOTHING_BETWEEN };
	scoped_free char *what = xasprintf(
		"%s (%s, %s) in one activation of %s, which %s%s%s", p->group->name, f->name, g->name, m.caller,
		replaced ? "is replaced too" : between == SLEEP_BETWEEN ? "is not replaced and sleeps in between" :
		between == MAYBE_BETWEEN ? "is not replaced and may sleep in between" :
		"cannot be switched in between", how ? ": " : "", how ? how : "");

	instance_meeting(&m, q->extra, &i);
	if (!ask(q, &i, what, &said))
		return;
	if (!i.result.violated)
		say(q, SEVERITY_NOTE, m.caller, said);
	else
		tell(q, &i, between == SLEEP_BETWEEN && !q->preempts ? SEVERITY_REFUSAL : SEVERITY_WARNING,
		     m.caller, said);
}

/* Callers that the call graph does not have. */
static void ask_pointers(struct question *q, const struct pair *p)
{
	const struct side *const both[] = { &p->first, &p->second };
	unsigned int exported = 0;

	for (size_t k = 0; k < 2; k++) {
		exported += export_find(&q->v->exports, both[k]->name) != NULL;
		if (both[k]->image->module || address_is_taken(both[k]->image, both[k]->place, both[k]->at))
			finding_add(q->list, "V8", SEVERITY_WARNING, NULL, both[k]->name, NULL, "%s: who calls it "
				    "through a pointer was not looked for", p->group->name);
	}
	if (exported == 2)
		finding_add(q->list, "V8", SEVERITY_WARNING, NULL, NULL, NULL, "%s: both are exported: callers "
			    "in modules were not looked for", p->group->name);
}

static void ask_pair(struct question *q, const struct pair *p)
{
	struct place f = p->first.place, g = p->second.place;
	struct map seen = { 0 };

	if (!f.part || f.part != g.part) {
		finding_add(q->list, "V8", SEVERITY_WARNING, NULL, NULL, NULL, "%s: the call graph does not have "
			    "both functions: who calls them is for a person to say", p->group->name);
		return;
	}
	struct index_range callers = index_callers(f.part, index_symbol(f.part, f.symbol));

	for (uint32_t i = 0; i < callers.n; i++) {
		const struct index_edge *e = index_edge(f.part, index_caller(f.part, callers.first + i));
		uint32_t caller = whole(f.part, e->from);

		if (e->kind == EDGE_ADDRESS || caller == g.symbol || map_has_u64(&seen, caller + 1))
			continue;
		map_put_u64(&seen, caller + 1, q);
		if (calls_it(g, caller))
			ask_meeting(q, p, caller);
	}
	map_free(&seen);
	ask_pointers(q, p);
}

static void ask_group(struct question *q, const struct described_group *group)
{
	for (size_t i = 0; i < group->functions.n; i++) {
		struct pair pair = { group, find_side(q, group->functions.at[i]), { 0 } };

		if (!pair.first.found)
			finding_add(q->list, "V8", SEVERITY_WARNING, NULL, group->functions.at[i], NULL,
				    "%s: it is not replaced, and calls nothing that is", group->name);
		for (size_t k = i + 1; pair.first.found && k < group->functions.n; k++) {
			pair.second = find_side(q, group->functions.at[k]);
			if (pair.second.found)
				ask_pair(q, &pair);
		}
	}
}

void check_convergence(struct verification *v, struct finding_vec *list)
{
	struct question q = { .v = v, .list = list, .preempts = preempts(v->rq->target) };
	scoped_free char *extra = xasprintf("%s%s", q.preempts ? " -DPREEMPT" : "",
					    switch_points(v->rq->target));
	const char *why = search_impossible();
	struct error *err = why || !v->lp.functions.n ? NULL : index_open(v->rq->target, &q.index);

	q.extra = extra;
	if (why || err || !v->lp.functions.n) {
		finding_add(list, "V8", SEVERITY_WARNING, NULL, NULL, NULL, "the model of the transition was not "
			    "asked: %s", why ? why : err ? err->message : "nothing is replaced");
		error_free(err);
		return;
	}
	relations_find(v, &q.index, &q.relations);
	describe(&q);
	ask_consistency(&q);
	ask_ends(&q);
	for (size_t i = 0; i < v->description.groups.n; i++)
		ask_group(&q, &v->description.groups.at[i]);
	relations_free(&q.relations);
	index_close(&q.index);
}
