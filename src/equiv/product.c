// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Both functions side by side: from each pair of places that they reach together they run to the next
 * branch; what they do on the way, and whether they take the branch, has to be the same.
 */
#include "base/cleanup.h"
#include "base/str.h"
#include "equiv/machine.h"

enum { NODES_MAX = 400, ROUNDS_MAX = 40, WAITS_MAX = 6 };

struct node {
	struct pc pc[2];
	unsigned int waits;        /* steps of one side alone, since both went on */
	struct relation *relation;
};
DEFINE_VEC(node_vec, struct node)

struct product {
	const struct equiv_request *rq;
	struct solver s;
	struct code code[2];
	struct node_vec nodes;
	struct signature own;
	bool news;
	size_t from;               /* the node that is walked from */
	Z3_ast facts;              /* about the values at the node that is walked from; or NULL */
	char *why;
};

bool equiv_available(void)
{
	return true;
}

static bool fail(struct product *p, char *why)
{
	if (p->why)
		free(why);
	else
		p->why = why;
	return false;
}

static bool find_code(struct model *m, struct entity *f, struct code *c)
{
	*c = (struct code){ .model = m, .part = { f }, .parts = 1 };
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *e = m->entities.at[i];

		if (e->parent != f || e->kind != ENTITY_FUNCTION)
			continue;
		if (c->parts == 2)
			return false;
		c->part[c->parts++] = e;
	}
	return true;
}

/* ---- events ---- */

static void events_free(struct run *r)
{
	for (size_t i = 0; i < r->events.n; i++) {
		free(r->events.at[i].name);
		free(r->events.at[i].frame);
		free(r->events.at[i].kept);
	}
	event_vec_free(&r->events);
	free(r->why);
}

static bool same_event(struct product *p, const struct event *a, const struct event *b)
{
	if (a->kind != b->kind || !streq(a->name, b->name) || a->n != b->n || !a->frame != !b->frame)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!b->left[i] && !always_equal(&p->s, p->facts, a->value[i], b->value[i]))
			return false;
	return !a->frame || same_frames(&p->s, p->facts, (Z3_ast *[]){ a->frame, b->frame },
					(bool *[]){ a->kept, b->kept });
}

static bool same_events(struct product *p, const struct run *a, const struct run *b)
{
	for (size_t i = 0; i < a->events.n || i < b->events.n; i++) {
		const struct event *x = i < a->events.n ? &a->events.at[i] : NULL;
		const struct event *y = i < b->events.n ? &b->events.at[i] : NULL;

		if (x && y && same_event(p, x, y))
			continue;
		return fail(p, xasprintf("the one does '%s' at 0x%x, the other '%s' at 0x%x%s", x ? x->name : "nothing",
					 x ? x->at : a->at, y ? y->name : "nothing", y ? y->at : b->at,
					 x && y && streq(x->name, y->name) ? " with another value" : ""));
	}
	return true;
}

/* ---- branches ---- */

static struct node *find_node(struct product *p, const struct pc pc[2])
{
	for (size_t i = 0; i < p->nodes.n; i++) {
		const struct pc *q = p->nodes.at[i].pc;

		if (q[0].part == pc[0].part && q[0].insn == pc[0].insn && q[1].part == pc[1].part &&
		    q[1].insn == pc[1].insn)
			return &p->nodes.at[i];
	}
	return NULL;
}

static Z3_ast both(struct solver *s, Z3_ast a, Z3_ast b)
{
	return a && b ? simple(s, Z3_mk_and(s->z, 2, (Z3_ast[]){ a, b })) : a ? a : b;
}

/*
 * alone: one of them waits for the other. Each such step leads to a node with a greater count, so that there is no way
 * round on which the other waits for ever.
 */
static bool arrive(struct product *p, Z3_ast premise, struct pc x, struct pc y, struct machine *const m[2],
		   bool alone)
{
	struct pc pc[2] = { x, y };
	struct node *node = find_node(p, pc);
	unsigned int waits = alone ? p->nodes.at[p->from].waits + 1 : 0;
	int changed;

	if (m[0]->shared != m[1]->shared)
		return fail(p, xstrdup("only one of them lets others know of its frame"));
	if (!node) {
		if (p->nodes.n == NODES_MAX)
			return fail(p, xstrdup("they branch too often"));
		node_vec_push(&p->nodes, (struct node){ { x, y }, waits, relation_new(&p->s, premise, m, alone || p->facts) });
		p->news = true;
		return true;
	}
	if (node->waits < waits)
		return fail(p, xstrdup("the one goes on and on while the other waits"));
	changed = relation_meet(node->relation, &p->s, premise, m);
	p->news |= changed > 0;
	return changed >= 0 || fail(p, xstrdup("others know of the frame on one way, on another not"));
}

/*
 * The first tests something else: it goes on, and the other waits behind the last thing that it did which others
 * could notice.
 */
static bool branch_alone(struct product *p, struct run *a, struct run *waiting)
{
	Z3_ast no = simple(&p->s, Z3_mk_not(p->s.z, a->condition));
	struct machine *m[2] = { a->m, &waiting->after };

	return arrive(p, both(&p->s, p->facts, a->condition), a->taken, waiting->after_pc, m, true) &&
	       arrive(p, both(&p->s, p->facts, no), a->next, waiting->after_pc, m, true);
}

static bool branch_both(struct product *p, struct run *a, struct run *b)
{
	struct machine *m[2] = { a->m, b->m };
	Z3_ast no = simple(&p->s, Z3_mk_not(p->s.z, a->condition));
	struct pc taken = b->taken, next = b->next;

	if (!always_equal(&p->s, p->facts, a->condition, b->condition)) {
		if (!always_equal(&p->s, p->facts, no, b->condition)) {
			if (!b->by_key && p->nodes.at[p->from].waits < WAITS_MAX)
				return branch_alone(p, a, b);
			return fail(p, xasprintf("they branch on different conditions, %s+0x%x, %s+0x%x",
						 a->code->part[0]->name, (unsigned int)entity_insns(
						 a->code->part[a->next.part])->at[a->next.insn - 1].offset,
						 b->code->part[0]->name, (unsigned int)entity_insns(
						 b->code->part[b->next.part])->at[b->next.insn - 1].offset));
		}
		taken = b->next;
		next = b->taken;
	}
	return arrive(p, both(&p->s, p->facts, a->condition), a->taken, taken, m, false) &&
	       arrive(p, both(&p->s, p->facts, no), a->next, next, m, false);
}

/* To the next branch that can go both ways, as far as is known here. */
static void run_on(struct product *p, struct run *r)
{
	enum { DECIDED_MAX = 16 };

	run_to_branch(r);
	for (unsigned int i = 0; p->facts && i < DECIDED_MAX && r->stop == STOP_BRANCH; i++) {
		bool yes = always_equal(&p->s, p->facts, r->condition, Z3_mk_true(p->s.z));

		if (!yes && !always_equal(&p->s, p->facts, r->condition, Z3_mk_false(p->s.z)))
			return;
		r->pc = yes ? r->taken : r->next;
		run_to_branch(r);
	}
}

static bool walk_both(struct product *p, struct run *a, struct run *b)
{
	run_on(p, a);
	run_on(p, b);
	if (a->why || b->why)
		return fail(p, xstrdup(a->why ? a->why : b->why));
	if (!same_events(p, a, b))
		return false;
	if (a->stop != b->stop)
		return fail(p, xstrdup("the one branches where the other does not"));
	return a->stop != STOP_BRANCH || branch_both(p, a, b);
}

static bool walk(struct product *p, size_t i)
{
	struct node node = p->nodes.at[i];

	p->from = i;
	struct machine *m[2] = { xcalloc(1, sizeof(struct machine)), xcalloc(1, sizeof(struct machine)) };
	struct run run[2];
	bool fine;

	p->facts = relation_machines(node.relation, &p->s, m);
	for (unsigned int k = 0; k < 2; k++)
		run[k] = (struct run){ .s = &p->s, .rq = p->rq, .code = &p->code[k], .side = k, .m = m[k],
				       .pc = node.pc[k], .own = p->own, .after = *m[k], .after_pc = node.pc[k] };
	fine = walk_both(p, &run[0], &run[1]);
	for (unsigned int k = 0; k < 2; k++) {
		events_free(&run[k]);
		free(m[k]);
	}
	return fine;
}

/* Until nothing gets weaker: the last round has looked at everything with what holds always. */
static bool walk_all(struct product *p)
{
	for (unsigned int round = 0; round < ROUNDS_MAX; round++) {
		p->news = false;
		for (size_t i = 0; i < p->nodes.n; i++)
			if (!walk(p, i))
				return false;
		if (!p->news)
			return true;
	}
	return fail(p, xstrdup("what holds in their loops was not found"));
}

bool equivalent(const struct equiv_request *rq, char **why)
{
	struct product p = { .rq = rq, .own = rq->signature(rq->arg, NULL) };
	struct machine start[2], *m[2] = { &start[0], &start[1] };
	bool same = true;

	*why = NULL;
	for (unsigned int k = 0; k < 2; k++)
		same &= find_code(rq->model[k], rq->function[k], &p.code[k]);
	if (!same) {
		*why = xstrdup("a function in several parts");
		return false;
	}
	solver_open(&p.s);
	for (unsigned int k = 0; k < 2; k++) {
		machine_start(&p.s, m[k]);
		machine_leave(m[k], &p.own);
	}
	same = arrive(&p, NULL, (struct pc){ 0, 0 }, (struct pc){ 0, 0 }, m, false) && walk_all(&p) &&
	       !p.s.exhausted;
	for (size_t i = 0; i < p.nodes.n; i++)
		relation_free(p.nodes.at[i].relation);
	node_vec_free(&p.nodes);
	if (!same)
		*why = p.why ? p.why : xstrdup("the solver did not answer in time");
	else
		free(p.why);
	solver_close(&p.s);
	return same;
}
