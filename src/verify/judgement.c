// SPDX-License-Identifier: GPL-2.0-or-later
/* O3, O4 (from the comparison), and O8 to O12: convergence, coupling, extras, configuration, data. */
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

/* ---- O8 ---- */

/* Functions that kernel threads never leave (kernel/kthread.c and the files named). */
static const struct {
	const char *function, *source;
} roots[] = {
	{ "kthreadd", "kernel/kthread.c" },
	{ "kthread", "kernel/kthread.c" },
	{ "kthread_worker_fn", "kernel/kthread.c" },
	{ "worker_thread", "kernel/workqueue.c" },
	{ "rescuer_thread", "kernel/workqueue.c" },
	{ "smpboot_thread_fn", "kernel/smpboot.c" },
	{ "rcu_gp_kthread", "kernel/rcu/tree.c" },
	{ "rcu_gp_fqs_loop", "kernel/rcu/tree.c" },
	{ "kswapd", "mm/vmscan.c" },
	{ "kcompactd", "mm/compaction.c" },
	{ "khugepaged", "mm/khugepaged.c" },
	{ "ksm_scan_thread", "mm/ksm.c" },
	{ "kauditd_thread", "kernel/audit.c" },
	{ "oom_reaper", "mm/oom_kill.c" },
	{ "irq_thread", "kernel/irq/manage.c" },
	{ "do_idle", "kernel/sched/idle.c" },
	{ "cpu_startup_entry", "kernel/sched/idle.c" },
	{ "kernel_init", "init/main.c" },
	{ "rest_init", "init/main.c" },
	{ "kjournald2", "fs/jbd2/journal.c" },
	{ "io_wq_worker", "io_uring/io-wq.c" },
	{ "io_sq_thread", "io_uring/sqpoll.c" },
	{ "vhost_task_fn", "kernel/vhost_task.c" },
};

/* What the loops of kernel threads ask. */
static const char *const loop_marks[] = { "kthread_should_stop", "kthread_freezable_should_stop",
					  "kthread_should_park" };

static const char *root_of(const struct verification *v, const struct claim *c)
{
	const struct ref_site_vec *refs = entity_refs(v->lp.model, c->mine);

	for (size_t i = 0; i < ARRAY_SIZE(roots); i++)
		if (streq(c->function->name, roots[i].function))
			return roots[i].source;
	for (size_t i = 0; i < refs->n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(loop_marks); k++) {
			const struct obj_symbol *s = refs->at[i].ref.kind == REF_EXTERN ?
						     refs->at[i].ref.symbol : NULL;

			if (s && ends_with(s->name, loop_marks[k]))
				return loop_marks[k];
		}
	return NULL;
}

void check_convergence(struct verification *v, struct finding_vec *list)
{
	for (size_t i = 0; i < v->fidelity.claims.n; i++) {
		const struct claim *c = &v->fidelity.claims.at[i];
		const char *root = c->function ? root_of(v, c) : NULL;

		if (root)
			finding_add(list, "V8", SEVERITY_WARNING, c->function->object, c->function->name,
				    NULL, "a kernel thread may never leave it (%s): the transition then does "
				    "not end", root);
	}
	finding_add(list, "V8", SEVERITY_WARNING, NULL, NULL, NULL,
		    "no instance of the transition's model was made for these functions: whether every "
		    "task leaves them sooner or later is for a person to say");
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
