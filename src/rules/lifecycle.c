// SPDX-License-Identifier: GPL-2.0-or-later
/* Family C: loading, replacing, callbacks, and what outlives the module. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rules/detectors.h"
#include "rules/handed.h"

/* ---- C2, C3: the livepatch before ---- */

struct error *rule_overlap(struct check *c, const struct rule *rule)
{
	if (c->in->replace != 0)
		return NULL;
	for (size_t i = 0; i < c->in->functions.n; i++)
		for (size_t k = 0; k < c->previous->functions.n; k++) {
			const struct inspect_func *f = &c->in->functions.at[i];
			const struct inspect_func *old = &c->previous->functions.at[k];

			if (streq(f->kobject, old->kobject) && streq(f->name, old->name))
				rule_finding(c, rule, f->kobject, f->name, NULL,
					     "the livepatch before replaces it, too, and stays loaded: its fix "
					     "of this function is lost while this one is on top");
		}
	return NULL;
}

static const struct inspect_state *state_of(const struct inspection *in, uint64_t id)
{
	for (size_t i = 0; i < in->states.n; i++)
		if (in->states.at[i].id == id)
			return &in->states.at[i];
	return NULL;
}

static void check_states(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->previous->states.n; i++) {
		const struct inspect_state *old = &c->previous->states.at[i];
		const struct inspect_state *new = state_of(c->in, old->id);
		scoped_free char *name = xasprintf("state %llu", (unsigned long long)old->id);

		if (!new && c->in->replace == 1)
			rule_finding(c, rule, NULL, name, NULL,
				     "the livepatch before has this state, and this one, which replaces it, "
				     "does not: the kernel refuses it");
		else if (new && new->version < old->version)
			rule_finding(c, rule, NULL, name, NULL,
				     "version %u, and %u in the livepatch before: the kernel refuses it",
				     new->version, old->version);
	}
}

static void check_lost_callbacks(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->previous->objects.n; i++) {
		const struct inspect_object *o = &c->previous->objects.at[i];
		bool undo = o->callbacks[PRE_UNPATCH] || o->callbacks[POST_UNPATCH];

		if (undo && !c->previous->states.n)
			rule_finding(c, rule, o->kobject, NULL, NULL,
				     "the livepatch before has callbacks that take something back, and no "
				     "state that says so: an atomic replace does not call them")
				->severity = SEVERITY_WARNING;
	}
}

struct error *rule_dropped_state(struct check *c, const struct rule *rule)
{
	check_states(c, rule);
	if (c->in->replace == 1)
		check_lost_callbacks(c, rule);
	return NULL;
}

/* ---- C4, C6 ---- */

/* Documentation/livepatch/callbacks.rst, "How it works". */
static const struct {
	enum callback forth, back;
} pairs[] = {
	{ PRE_PATCH, POST_UNPATCH },
	{ POST_PATCH, PRE_UNPATCH },
};

struct error *rule_callback_pairs(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->objects.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(pairs); k++) {
			const struct inspect_object *o = &c->in->objects.at[i];

			if (o->callbacks[pairs[k].forth] && !o->callbacks[pairs[k].back])
				rule_finding(c, rule, o->kobject, callback_names[pairs[k].forth], NULL,
					     "without %s: what it set up stays when the livepatch is disabled, "
					     "and also when the patching fails after it",
					     callback_names[pairs[k].back]);
		}
	return NULL;
}

struct error *rule_module_callback(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->objects.n; i++) {
		const struct inspect_object *o = &c->in->objects.at[i];
		bool any = false;

		for (size_t k = 0; k < NR_CALLBACKS; k++)
			any |= o->callbacks[k];
		if (any && !streq(o->kobject, "vmlinux"))
			rule_finding(c, rule, o->kobject, NULL, NULL,
				     "its callbacks run only when %s is loaded, and then each time that it "
				     "comes and goes", o->kobject);
	}
	return NULL;
}

/* ---- C5 ---- */

static bool imports(const struct check *c, const char *name)
{
	for (size_t i = 0; i < c->in->imports.n; i++)
		if (streq(c->in->imports.at[i].name, name))
			return true;
	return false;
}

/* cumulative-patches.rst: an atomic replace unloads the old module, too. */
static void check_freed_at_exit(struct check *c, const struct rule *rule)
{
	const struct obj_section *s = object_section(c->in->object, ".exit.text");

	for (size_t i = 0; s && i < s->nrelocs; i++)
		if (starts_with(s->relocs[i].symbol->name, "klp_shadow_free"))
			finding_way_out(rule_finding(c, rule, NULL, s->relocs[i].symbol->name, s->name,
				"shadow variables are freed when the module is removed: that is also when a "
				"newer livepatch, which may go on using them, has replaced it"),
				"free them in the post_unpatch callback");
}

struct error *rule_shadow(struct check *c, const struct rule *rule)
{
	static const char *const makers[] = { "klp_shadow_alloc", "klp_shadow_get_or_alloc" };

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++)
		if (imports(c, makers[i]) && !imports(c, "klp_shadow_free") &&
		    !imports(c, "klp_shadow_free_all"))
			rule_finding(c, rule, NULL, makers[i], NULL,
				     "shadow variables are made and never freed: they stay after the module, "
				     "and an object at the same address finds those of a dead one");
	check_freed_at_exit(c, rule);
	return NULL;
}

/* ---- C7 ---- */

struct handed_to {
	struct check *c;
	const struct rule *rule;
};

static void report_code(void *arg, const struct handed *h)
{
	const struct handed_to *to = arg;

	if (!h->runs_code || h->undone || !h->to->outlives)
		return;
	struct finding *f = rule_finding(to->c, to->rule, NULL, h->what->name, h->in ? h->in->name : NULL,
					 "%s registers it as %s, and nothing in the livepatch takes it back: "
					 "it may run when the module is gone", h->callee, h->to->runs);

	if (h->to->undo)
		finding_way_out(f, "call %s when the livepatch is disabled (a callback) or unloaded",
				h->to->undo);
}

struct error *rule_outlives(struct check *c, const struct rule *rule)
{
	handed_each(c->in->object, report_code, &(struct handed_to){ c, rule });
	return NULL;
}

/* ---- C9, C14: the target ---- */

struct error *rule_reliable_stack(struct check *c, const struct rule *rule)
{
	static const char *const options[] = { "STACKTRACE", "HAVE_RELIABLE_STACKTRACE" };

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!target_config_is(c->target, options[i], 'y'))
			rule_finding(c, rule, NULL, options[i], NULL,
				     "CONFIG_%s is not set: sleeping tasks are not looked at, and kernel "
				     "threads never switch", options[i]);
	return NULL;
}

/*
 * kernel/sched/core.c: with PREEMPT_DYNAMIC, preempt= on the command line decides at boot. On x86, 7.2 has nothing
 * but full and lazy preemption to choose from, and lazy is the default (kernel/Kconfig.preempt).
 */
static const struct {
	const char *option, *when;
} preemption[] = {
	{ "PREEMPT_RT", "always" },
	{ "PREEMPT", "unless preempt= on the command line says otherwise" },
	{ "PREEMPT_LAZY", "by ticks, unless preempt= on the command line says otherwise" },
	{ "PREEMPT_DYNAMIC", "if booted with preempt=full" },
};

struct error *rule_preemption(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < ARRAY_SIZE(preemption); i++) {
		if (!target_config_is(c->target, preemption[i].option, 'y'))
			continue;
		struct finding *f = rule_finding(c, rule, NULL, preemption[i].option, NULL,
			"the target preempts kernel code (%s): a task may be about to enter a replacement "
			"when the livepatch is disabled or replaced", preemption[i].when);

		if (streq(preemption[i].option, "PREEMPT_DYNAMIC"))
			f->severity = SEVERITY_NOTE;
		finding_way_out(f, "do not remove the module of a disabled or replaced livepatch on such "
				   "a system");
		return NULL;
	}
	return NULL;
}
