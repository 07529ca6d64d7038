// SPDX-License-Identifier: GPL-2.0-or-later
/* O3, O4 (from the comparison), and O9 to O12: coupling, extras, configuration, data. */
#include "base/cleanup.h"
#include "base/str.h"
#include "verify/parts.h"

void check_fidelity(struct verification *v, struct finding_vec *list)
{
	finding_add(list, "V3", SEVERITY_NOTE, NULL, NULL, NULL,
		    "%zu functions compared, instruction by instruction", v->fidelity.functions);
	if (!v->fidelity.functions)
		finding_add(list, "V3", SEVERITY_WARNING, NULL, NULL, NULL, "nothing could be compared");
	for (size_t i = 0; i < v->p.at.n; i++)
		if (v->p.at.at[i].plain)
			finding_add(list, "V3", SEVERITY_NOTE, v->p.at.at[i].image->kobject, NULL,
				    v->p.at.at[i].unit->source,
				    "constants that the kernel fills in at boot are loaded from their "
				    "variables");
}

void check_targets(struct verification *v, struct finding_vec *list)
{
	finding_add(list, "V4", SEVERITY_NOTE, NULL, NULL, NULL, "%zu references followed",
		    v->fidelity.references);
}

/* ---- O9 ---- */

void check_coupling(struct verification *v, struct finding_vec *list)
{
	if (v->lp.functions.n <= 1) {
		finding_add(list, "V9", SEVERITY_NOTE, NULL, NULL, NULL,
			    "one function is replaced: there is nothing that could come apart");
		return;
	}
	finding_add(list, "V9", SEVERITY_WARNING, NULL, NULL, NULL,
		    "%zu functions are replaced: a task may be in the new version of one while another "
		    "task is in the old version of another; a person must say that locking, reference "
		    "counts and the like did not move between them", v->lp.functions.n);
}

/* ---- O10 ---- */

static bool uses_shadow(const struct livepatch *lp)
{
	for (size_t i = 1; i < lp->object->nsymbols; i++)
		if (lp->object->symbols[i].shndx == 0 && starts_with(lp->object->symbols[i].name, "klp_shadow_"))
			return true;
	return false;
}

/* Code that no function of the fixed kernel accounts for, glue and padding aside. */
static bool is_extra(const struct verification *v, const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && !e->row && !starts_with(e->name, "__pfx_") &&
	       !fidelity_claimed(&v->fidelity, e);
}

void check_extras(struct verification *v, struct finding_vec *list)
{
	if (v->lp.callbacks)
		finding_add(list, "V10", SEVERITY_WARNING, NULL, NULL, NULL, "it has callbacks");
	if (v->lp.states)
		finding_add(list, "V10", SEVERITY_WARNING, NULL, NULL, NULL, "it declares states");
	if (uses_shadow(&v->lp))
		finding_add(list, "V10", SEVERITY_WARNING, NULL, NULL, NULL, "it uses shadow variables");
	for (size_t i = 0; i < v->lp.model->entities.n; i++) {
		const struct entity *e = v->lp.model->entities.at[i];

		if (is_extra(v, e))
			finding_add(list, "V10", SEVERITY_WARNING, NULL, e->name, e->section->name,
				    "code of the livepatch's own, which the fix does not account for");
	}
	if (!list->n)
		finding_add(list, "V10", SEVERITY_NOTE, NULL, NULL, NULL,
			    "no callbacks, no states, no shadow variables, no other code");
}

/* ---- O11 ---- */

static const struct {
	const char *option;
	bool wanted;
	const char *why;
} preconditions[] = {
	{ "LIVEPATCH", true, "the kernel takes no livepatches" },
	{ "UNWINDER_ORC", true, "stacks are not reliable: sleeping tasks are never checked" },
	{ "DYNAMIC_FTRACE_WITH_REGS", true, "functions cannot be redirected" },
	{ "KALLSYMS_ALL", true, "variables are not found" },
	{ "PREEMPT_RT", false, "the transition under PREEMPT_RT has a defect: see model/" },
	{ "PREEMPT", false, "the transition under full preemption has a defect: see model/" },
	{ "PREEMPT_LAZY", false, "the transition under lazy preemption has a defect: see model/" },
	{ "PREEMPT_DYNAMIC", false, "the kernel may be booted with preempt=full, under which the "
				    "transition has a defect: see model/" },
};

void check_preconditions(struct verification *v, struct finding_vec *list)
{
	for (size_t i = 0; i < ARRAY_SIZE(preconditions); i++)
		if (target_config_is(v->rq->target, preconditions[i].option, 'y') !=
		    preconditions[i].wanted)
			finding_add(list, "V11", preconditions[i].wanted ? SEVERITY_REFUSAL :
				    SEVERITY_WARNING, NULL, NULL, preconditions[i].option, "%s",
				    preconditions[i].why);
	if (!list->n)
		finding_add(list, "V11", SEVERITY_NOTE, NULL, NULL, NULL,
			    "all that the transition needs is configured");
}

/* ---- O12 ---- */

void check_assumption(struct verification *v, struct finding_vec *list)
{
	finding_add(list, "V12", SEVERITY_WARNING, NULL, NULL, NULL,
		    "assumed, as it cannot be decided: data that the old code left behind is data that the "
		    "fixed kernel could have made, and when the livepatch is disabled the other way round");
}
