// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * F3, F4, F5, F6, C12: where the replaced function runs, and what that means for the transition. Names
 * that are known (known.c) say it without a target; with one, the call graph and the machine code of the
 * shipped kernel say more: what runs nowhere but there, and where the loop of a thread is. A function
 * that is merely called by a thread, or by an interrupt among others, is none of these.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rules/code.h"
#include "rules/detectors.h"
#include "rules/graph.h"

static const struct known_function *known(const struct inspect_func *f, enum known_kind kind)
{
	return streq(f->kobject, "vmlinux") ? known_find(kind, f->name) : NULL;
}

static void report_known(struct check *c, const struct rule *rule, const struct inspect_func *f,
			 const struct known_function *k, const char *text)
{
	rule_finding(c, rule, f->kobject, f->name, k->source, "%s: %s", k->why, text);
}

/* Those that are found by their name; visit() is called for the others, if there is a target. */
typedef void context_visit(struct check *c, const struct rule *rule, const struct inspect_func *f,
			   const struct graph_node *node);

static struct error *each_function(struct check *c, const struct rule *rule, enum known_kind kind,
				   const char *text, context_visit *visit)
{
	for (size_t i = 0; i < c->in->functions.n; i++) {
		const struct inspect_func *f = &c->in->functions.at[i];
		const struct known_function *k = known(f, kind);
		struct graph_node node;
		bool found = false;

		if (k)
			report_known(c, rule, f, k, text);
		if (k || !c->target)
			continue;
		TRY(graph_find(c, &c->replaced.at[i], &node, &found));
		if (found)
			visit(c, rule, f, &node);
	}
	return NULL;
}

/* ---- beginnings ---- */

/* Every chain of calls that leads to the function begins at a root of this kind: "what (which root): so". */
static void report_only_for(struct check *c, const struct rule *rule, const struct inspect_func *f,
			    const struct graph_node *node, enum known_kind kind, const char *what, const char *so)
{
	struct graph_answer a;

	graph_search(c, node, kind, true, &a);
	if (a.chain && !a.other)
		rule_finding(c, rule, f->kobject, f->name, a.chain, "%s (%s%s%s): %s", what, a.root.what,
			     a.root.pointer ? ": " : "", a.root.pointer ? a.root.pointer : "", so);
	graph_answer_free(&a);
}

/* "a kernel thread (kcompactd%d) that kcompactd_run starts" */
static char *thread_of(const struct registration *r)
{
	return xasprintf("%s%s%s%s that %s starts", r->registrar->runs, *r->name ? " (" : "", r->name,
			 *r->name ? ")" : "", r->in);
}

static char *thread_above(const struct graph_root *root)
{
	if (root->where.registrar)
		return thread_of(&root->where);
	return root->pointer ? xasprintf("%s (%s)", root->what, root->pointer) : xstrdup("thread that runs it");
}

/* ---- F3 ---- */

#define HALF_PATCHED "replacing it while that runs can hang or crash the machine"

/* ftrace_*, by name: of these, what the machinery calls. */
static void look_for_way_to(struct check *c, const struct rule *rule, const struct inspect_func *f,
			    const struct graph_node *node, const struct known_function *k)
{
	struct graph_answer a;

	graph_search(c, node, KNOWN_LIVEPATCH, false, &a);
	if (a.chain)
		rule_finding(c, rule, f->kobject, f->name, a.chain, "%s: " HALF_PATCHED, k->why);
	graph_answer_free(&a);
}

struct error *rule_livepatch_core(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->functions.n; i++) {
		const struct inspect_func *f = &c->in->functions.at[i];
		const struct known_function *k = known(f, KNOWN_LIVEPATCH);
		struct graph_node node;
		bool found = false;

		if (c->target)
			TRY(graph_find(c, &c->replaced.at[i], &node, &found));
		if (k && (k->root || !found))
			report_known(c, rule, f, k, HALF_PATCHED);
		else if (k)
			look_for_way_to(c, rule, f, &node, k);
		else if (found)
			report_only_for(c, rule, f, &node, KNOWN_LIVEPATCH,
					"nothing but the machinery of livepatching calls it", HALF_PATCHED);
	}
	return NULL;
}

/* ---- F4 ---- */

/* What keeps a task in the function; NULL: nothing that is seen. */
static char *loop_of(const struct code_facts *facts)
{
	if (facts->asks)
		return xasprintf("a loop that asks %s()", facts->asks);
	if (facts->endless)
		return xstrdup("a loop without a way out");
	return facts->sleeps ? xasprintf("a loop that sleeps in %s()", facts->sleeps) : NULL;
}

struct below {
	struct code_facts facts;
	char *name;
};

static void look_for_loop(struct check *c, const struct graph_node *callee, void *arg)
{
	struct below *below = arg;
	struct code_facts facts = code_facts(callee);

	(void)c;
	if (!below->name && (facts.asks || facts.endless) && facts.sleeps &&
	    !known_find(KNOWN_NO_RETURN, graph_name(callee))) {
		below->facts = facts;
		below->name = xstrdup(graph_name(callee));
	}
}

/* The function is what a thread begins with. */
static void report_thread(struct check *c, const struct rule *rule, const struct inspect_func *f,
			  const struct graph_node *node, const struct registration *where,
			  const struct code_facts *facts)
{
	scoped_free char *thread = thread_of(where), *loop = loop_of(facts);
	scoped_free char *at = xasprintf("%s+0x%llx > %s", where->in, (unsigned long long)where->offset,
					 where->callee);
	struct below below = { 0 };

	if (!loop) {
		graph_each_callee(c, node, look_for_loop, &below);
		loop = loop_of(&below.facts);
	}
	if (loop)
		rule_finding(c, rule, f->kobject, f->name, at,
			     "it is the main function of %s, and %s%s has %s: at load the transition waits for "
			     "that thread, which leaves the function only when it ends",
			     thread, below.name ? below.name : "it", below.name ? ", which it calls," : "",
			     loop);
	free(below.name);
}

static void look_for_thread(struct check *c, const struct rule *rule, const struct inspect_func *f,
			    const struct graph_node *node)
{
	struct code_facts facts = code_facts(node);
	struct registration where;
	struct graph_answer a;

	if (graph_registration(node, KNOWN_ON_STACK, &where)) {
		report_thread(c, rule, f, node, &where, &facts);
		return;
	}
	/* A loop that works, and asks in between whether to give up, is left when the work is done. */
	if (!facts.sleeps || !(facts.asks || facts.endless) || known(f, KNOWN_NO_RETURN))
		return;
	graph_search(c, node, KNOWN_ON_STACK, false, &a);
	scoped_free char *loop = loop_of(&facts);
	scoped_free char *thread = thread_above(&a.root);

	if (a.chain || facts.asks)
		rule_finding(c, rule, f->kobject, f->name, a.chain,
			     "it has %s: at load the transition waits for %s, which leaves the function only "
			     "when the loop ends", loop, thread);
	graph_answer_free(&a);
}

struct error *rule_on_stack(struct check *c, const struct rule *rule)
{
	return each_function(c, rule, KNOWN_ON_STACK, "at load the transition waits until every task has left it",
			     look_for_thread);
}

/* ---- F5 ---- */

static void look_for_end(struct check *c, const struct rule *rule, const struct inspect_func *f,
			 const struct graph_node *node)
{
	struct code_facts facts = code_facts(node);

	if (facts.known && !facts.returns && !facts.endless && facts.ends_in)
		rule_finding(c, rule, f->kobject, f->name, facts.ends_in,
			     "its code has no way back, it ends in %s(): tasks in it are out of the transition's "
			     "reach, and may run the code when the module is gone", facts.ends_in);
}

struct error *rule_never_returns(struct check *c, const struct rule *rule)
{
	return each_function(c, rule, KNOWN_NO_RETURN, "tasks in it are out of the transition's reach, and may "
			     "run the code when the module is gone", look_for_end);
}

/* ---- F6 ---- */

#define INTERRUPTED "which version runs depends on the task that is interrupted"

static void look_for_interrupt(struct check *c, const struct rule *rule, const struct inspect_func *f,
			       const struct graph_node *node)
{
	struct graph_root root;

	if (!graph_called_by_pointer(node, KNOWN_INTERRUPT, &root)) {
		report_only_for(c, rule, f, node, KNOWN_INTERRUPT, "it runs in interrupts only", INTERRUPTED);
	} else if (root.pointer) {
		scoped_free char *at = graph_pointer_place(node);

		rule_finding(c, rule, f->kobject, f->name, at, "%s, so it is %s: " INTERRUPTED, root.pointer,
			     root.what);
	} else {
		scoped_free char *at = xasprintf("%s+0x%llx", root.where.in, (unsigned long long)root.where.offset);

		rule_finding(c, rule, f->kobject, f->name, at,
			     "%s gives its address to %s, so it is %s: " INTERRUPTED, root.where.in,
			     root.where.callee, root.what);
	}
	free(root.pointer);
}

struct error *rule_interrupt(struct check *c, const struct rule *rule)
{
	return each_function(c, rule, KNOWN_INTERRUPT, INTERRUPTED, look_for_interrupt);
}

/* ---- C12 ---- */

static void look_for_idle(struct check *c, const struct rule *rule, const struct inspect_func *f,
			  const struct graph_node *node)
{
	report_only_for(c, rule, f, node, KNOWN_IDLE, "nothing but the idle loop calls it",
			"at load the idle task of each processor gets it when that processor wakes up, between two "
			"rounds of the loop");
}

struct error *rule_idle(struct check *c, const struct rule *rule)
{
	return each_function(c, rule, KNOWN_IDLE, "idle tasks switch only between two rounds of the loop",
			     look_for_idle);
}
