// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff/policy.h"

#include "base/str.h"

static bool in_module(const struct resolver *r)
{
	return !streq(r->kobject, "vmlinux");
}

bool is_gone(const struct entity *e, const char *kobject)
{
	if (!e->row)
		return false;
	return e->row->action == SPECIAL_INIT ||
	       (e->row->action == SPECIAL_EXIT && streq(kobject, "vmlinux"));
}

static bool is_action(const struct entity *e, enum special_action action)
{
	return e->row && e->row->action == action;
}

static bool is_writable(const struct entity *e)
{
	return e->section->flags & SHF_WRITE;
}

/* ---- references ---- */

static enum policy refuse_gone(const struct entity *e, const struct entity *owner,
			       const struct resolver *r, struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "S1", SEVERITY_REFUSAL, r->kobject, owner->name,
					e->section->name,
					"the fixed code refers to '%s' in %s, which the running kernel "
					"has freed", e->name, e->section->name);

	finding_way_out(f, "leave init and exit code out of the fix");
	return POLICY_REFUSED;
}

static enum policy refuse_percpu(const struct entity *e, const struct entity *owner,
				 const struct resolver *r, struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "S10", SEVERITY_REFUSAL, r->kobject, owner->name,
					e->section->name, "the fix adds the per-cpu variable '%s'",
					e->name);

	finding_way_out(f, "allocate it at run time (alloc_percpu() in a pre_patch callback)");
	return POLICY_REFUSED;
}

static enum policy refuse_ambiguous(const struct entity *e, const struct entity *owner,
				    const struct resolver *r, struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "D6", SEVERITY_REFUSAL, r->kobject, owner->name,
					e->section->name,
					"the fixed code uses a variable '%s', and which of the several "
					"of that name in the running kernel it is cannot be told",
					e->key);

	finding_way_out(f, "give the variables that the fix touches distinct names");
	return POLICY_REFUSED;
}

static enum policy function_policy(const struct entity *e, const struct entity *owner)
{
	if (!e->twin || e->change == CHANGED || e->change == NEW)
		return POLICY_INCLUDE;
	if (e == owner || e->parent == owner || (e->parent && e->parent->change != UNCHANGED))
		return POLICY_INCLUDE;
	return POLICY_LIVE;
}

/* Constants without pointers may be copied where the shipped kernel has no symbol for them. */
static bool can_copy(const struct entity *e)
{
	size_t first;

	return !is_writable(e) && e->section->data &&
	       !object_relocs_in(e->section, e->start, e->start + e->size, &first);
}

static enum policy data_policy(const struct entity *e, const struct entity *owner,
			       const struct resolver *r, struct finding_vec *findings)
{
	if (is_action(e, SPECIAL_PERCPU) && !e->twin)
		return refuse_percpu(e, owner, r, findings);
	if (e->size == 0)
		return POLICY_INCLUDE; /* no state: nothing to be shared */
	if (e->ambiguous && !is_action(e, SPECIAL_DESCRIPTOR))
		return refuse_ambiguous(e, owner, r, findings);
	if (e->kind == ENTITY_ANON && !is_writable(e))
		return POLICY_INCLUDE;
	if (!e->twin || (e->change == CHANGED && !is_writable(e)))
		return POLICY_INCLUDE;
	if (is_action(e, SPECIAL_DESCRIPTOR) && in_module(r))
		return POLICY_INCLUDE;
	if (!resolver_reaches(r, e->twin) && can_copy(e))
		return POLICY_INCLUDE;
	return POLICY_LIVE;
}

enum policy policy_for(struct entity *e, const struct entity *owner, const struct resolver *r,
		       struct finding_vec *findings)
{
	if (is_gone(e, r->kobject) && e != owner && e->parent != owner)
		return refuse_gone(e, owner, r, findings);
	return e->kind == ENTITY_FUNCTION ? function_policy(e, owner) :
					    data_policy(e, owner, r, findings);
}

/* ---- special section entries ---- */

static enum entry_policy refuse_unknown(const struct special_entry *entry,
					const struct entity *owner, const struct resolver *r,
					struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "D5", SEVERITY_REFUSAL, r->kobject, owner->name,
					entry->section->name,
					"the function has an entry in section %s, which Suture does "
					"not know how to carry into a module", entry->section->name);

	finding_way_out(f, "change the fix so that this function stays as it is, or add the section "
			   "to the table of special sections");
	return ENTRY_REFUSED;
}

static enum entry_policy refuse_runtime(const struct special_entry *entry,
					const struct entity *owner, const struct resolver *r,
					struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "X11", SEVERITY_REFUSAL, r->kobject, owner->name,
					entry->section->name,
					"the function has a constant that the kernel fills in at boot "
					"(%s), in vmlinux only: a copy would keep the placeholder",
					entry->section->name);

	finding_way_out(f, "compile the unit so that it loads the variable instead");
	return ENTRY_REFUSED;
}

/* Does the key live in a module (the patched one, or another that exports it)? */
static bool key_in_module(const struct ref *key, const struct resolver *r)
{
	if (key->kind == REF_ENTITY)
		return in_module(r) && key->entity->twin &&
		       !is_action(key->entity, SPECIAL_DESCRIPTOR);
	if (key->kind != REF_EXTERN || (r->provided && map_has(r->provided, key->symbol->name)))
		return false;
	return resolver_by_name(r) ? in_module(r) : !image_find(r->vmlinux, key->symbol->name);
}

static enum entry_policy module_key(const char *key, const struct special_entry *entry,
				    const struct entity *owner, const struct resolver *r,
				    struct finding_vec *findings)
{
	struct finding *f;

	if (starts_with(key, "__tracepoint_")) {
		f = finding_add(findings, "X2", SEVERITY_WARNING, r->kobject, owner->name,
				entry->section->name,
				"tracepoint '%s' of the module is off in the new function",
				key + strlen("__tracepoint_"));
		finding_way_out(f, "trace the function with a kprobe while the livepatch is loaded");
		return ENTRY_SILENCE;
	}
	f = finding_add(findings, "X1", SEVERITY_REFUSAL, r->kobject, owner->name,
			entry->section->name,
			"the function tests the static key '%s', which lives in a module: the "
			"entry would be processed before the key is resolved", key);
	finding_way_out(f, "in the fix, use static_key_enabled(&%s) in this function", key);
	return ENTRY_REFUSED;
}

static enum entry_policy keyed_entry(struct model *patched, const struct special_entry *entry,
				     const struct entity *owner, const struct resolver *r,
				     struct finding_vec *findings)
{
	size_t first, n = object_relocs_in(entry->section, entry->offset,
					   entry->offset + entry->size, &first);

	if ((size_t)entry->row->key >= n)
		return refuse_unknown(entry, owner, r, findings);
	struct ref key = model_ref(patched, &entry->section->relocs[first + entry->row->key], 0);

	if (!key_in_module(&key, r))
		return ENTRY_KEEP;
	return module_key(ref_name(&key), entry, owner, r, findings);
}

enum entry_policy policy_for_entry(struct model *patched, const struct special_entry *entry,
				   const struct entity *owner, const struct resolver *r,
				   struct finding_vec *findings)
{
	switch (entry->row->action) {
	case SPECIAL_COPY:
		return entry->row->key >= 0 ? keyed_entry(patched, entry, owner, r, findings) :
					      ENTRY_KEEP;
	case SPECIAL_SLICE:
		return ENTRY_KEEP;
	case SPECIAL_RUNTIME:
		return refuse_runtime(entry, owner, r, findings);
	default:
		return refuse_unknown(entry, owner, r, findings);
	}
}

/* ---- functions to be replaced ---- */

/* ftrace needs its call at the entry: "call __fentry__", or a NOP where the compiler records it. */
static bool is_traceable(const struct entity *e)
{
	for (size_t i = 0; i < e->entries.n; i++)
		if (streq(e->entries.at[i].section->name, "__mcount_loc"))
			return true;
	for (size_t i = 0; i < e->refs.n && e->refs.at[i].offset < 16; i++)
		if (e->refs.at[i].ref.kind == REF_EXTERN &&
		    streq(e->refs.at[i].ref.symbol->name, "__fentry__"))
			return true;
	return false;
}

/* Of this unit's weak definition only the name was linked, for a strong one of another unit. */
static bool is_overridden(const struct entity *e, const struct resolver *r)
{
	if (e->parent || !e->twin->symbol || e->twin->symbol->bind != STB_WEAK || !r->image)
		return false;
	for (const struct image_symbol *s = image_find(r->image, e->name); s; s = s->next_same_name)
		if (s->bind == STB_GLOBAL)
			return true;
	return false;
}

static void refuse_overridden(const struct entity *e, const struct resolver *r,
			      struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "F9", SEVERITY_REFUSAL, r->kobject, e->name, NULL,
					"the function is a weak default, and '%s' of the shipped %s is "
					"a strong definition from another unit", e->name, r->kobject);

	finding_way_out(f, "leave this hunk out, or fix the strong definition");
}

static void refuse_root(const struct entity *e, const struct resolver *r,
			struct finding_vec *findings)
{
	const struct reproduction *repro = r->repro;
	struct finding *f;

	if (repro->status[e->twin->index] == REPRO_ABSENT) {
		bool weak = e->symbol->bind == STB_WEAK;

		f = finding_add(findings, weak ? "F9" : "N4", SEVERITY_REFUSAL, r->kobject, e->name,
				NULL, "the shipped %s has no function '%s'%s", r->kobject, e->name,
				weak ? " of this unit: a strong definition overrides it" : "");
		finding_way_out(f, "check that the unit is part of the shipped kernel");
		return;
	}
	f = finding_add(findings, "R1", SEVERITY_REFUSAL, r->kobject, e->name, NULL,
			"the unit compiled from the target's source does not give the shipped "
			"function: %s", repro->why[e->twin->index]);
	finding_way_out(f, "check compiler, configuration and source version of the target; %zu of "
			   "%zu functions of this unit are reproduced", repro->same,
			repro->functions);
}

void policy_for_root(const struct entity *e, const struct resolver *r, struct finding_vec *findings)
{
	if (!e->twin)
		return;
	if (is_overridden(e, r)) {
		refuse_overridden(e, r, findings);
		return;
	}
	if (r->repro && r->repro->status[e->twin->index] != REPRO_SAME) {
		refuse_root(e, r, findings);
		return;
	}
	if (e->parent || is_traceable(e->twin))
		return;
	struct finding *f = finding_add(findings, "F1", SEVERITY_REFUSAL, r->kobject, e->name, NULL,
					"the shipped function has no ftrace entry (notrace, noinstr or "
					"assembled): it cannot be redirected");

	finding_way_out(f, "change its callers instead, if they can be traced");
}

/* ---- the unit as a whole ---- */

static void refuse_gone_function(const struct entity *e, const struct resolver *r,
				 struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "S1", SEVERITY_REFUSAL, r->kobject, e->name,
					e->section->name,
					"the fix changes '%s' in %s, which has run and is freed (%s)",
					e->name, e->section->name, e->why ? e->why : "new");

	finding_way_out(f, "leave this part out of the livepatch; what it sets up must be set up "
			   "by a pre_patch callback");
}

static void warn_gone_function(const struct entity *e, const struct resolver *r,
			       struct finding_vec *findings)
{
	struct finding *f = finding_add(
		findings, "S1", SEVERITY_WARNING, r->kobject, e->name, e->section->name,
		in_module(r) ? "'%s' in %s has an inlined copy of fixed code: when the module is loaded "
			       "later, it still runs the old one" :
			       "'%s' in %s has an inlined copy of fixed code: it has run with the old one",
		e->name, e->section->name);

	finding_way_out(f, "check that what it did with the old code needs no repair");
}

void policy_for_gone(struct model *patched, const struct resolver *r, gone_touched *touched, void *arg,
		     struct finding_vec *findings)
{
	for (size_t i = 0; i < patched->entities.n; i++) {
		const struct entity *e = patched->entities.at[i];

		if (e->kind != ENTITY_FUNCTION || e->change != CHANGED || !is_gone(e, r->kobject) ||
		    (e->parent && e->parent->change == CHANGED && is_gone(e->parent, r->kobject)))
			continue;
		if (!touched || touched(arg, e->parent ? e->parent->name : e->name))
			refuse_gone_function(e, r, findings);
		else
			warn_gone_function(e, r, findings);
	}
}

static void data_changed(const struct entity *e, const struct resolver *r,
			 struct finding_vec *findings)
{
	struct finding *f = finding_add(findings, "S2", SEVERITY_REFUSAL, r->kobject, e->name,
					e->section->name,
					"the fix changes the initial value of '%s' (%s); the running "
					"kernel's copy would stay as it is", e->name, e->why);

	finding_way_out(f, "set the live variable in a pre_patch or post_patch callback, or fix the "
			   "code that uses it");
}

static void unit_changed(const struct entity *e, const struct resolver *r,
			 struct finding_vec *findings)
{
	finding_add(findings, "D7", SEVERITY_WARNING, r->kobject, e->name, e->section->name,
		    "'%s' in %s %s: this has no effect in a livepatch", e->name, e->section->name,
		    e->change == NEW ? "is new" : "differs");
}

/* A changed constant that only functions of the unit read: they take a new copy along. */
static bool only_functions_read(struct model *m, const struct entity *data)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *e = m->entities.at[i];
		const struct ref_site_vec *refs = entity_refs(m, e);

		if (e->kind == ENTITY_FUNCTION)
			continue;
		for (size_t k = 0; k < refs->n; k++)
			if (refs->at[k].ref.entity == data)
				return false;
	}
	return data->symbol && data->symbol->bind == STB_LOCAL;
}

static void mark_readers(struct model *m, const struct entity *data)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *e = m->entities.at[i];
		const struct ref_site_vec *refs = entity_refs(m, e);

		if (e->kind != ENTITY_FUNCTION || e->change != UNCHANGED)
			continue;
		for (size_t k = 0; k < refs->n; k++) {
			if (refs->at[k].ref.entity != data || e->change != UNCHANGED)
				continue;
			e->change = e->twin->change = CHANGED;
			e->why = xasprintf("it reads the changed constant '%s'", data->name);
		}
	}
}

static void check_data(struct model *patched, struct entity *e, const struct resolver *r,
		       struct finding_vec *findings)
{
	if (is_gone(e, r->kobject))
		return; /* its readers are judged */
	if (is_action(e, SPECIAL_UNIT)) {
		unit_changed(e, r, findings);
	} else if (e->change == CHANGED && !is_action(e, SPECIAL_DESCRIPTOR)) {
		size_t first;
		bool pointers = object_relocs_in(e->section, e->start, e->start + e->size, &first);

		if (is_writable(e) || pointers || !only_functions_read(patched, e))
			data_changed(e, r, findings);
		else
			mark_readers(patched, e);
	}
}

static bool is_anonymous(const struct entity *e)
{
	return e->kind == ENTITY_ANON;
}

void policy_for_unit(struct model *original, struct model *patched, const struct resolver *r,
		     struct finding_vec *findings)
{
	(void)original;
	for (size_t i = 0; i < patched->entities.n; i++) {
		struct entity *e = patched->entities.at[i];

		if (e->change == UNCHANGED || is_anonymous(e))
			continue;
		if (e->kind != ENTITY_FUNCTION)
			check_data(patched, e, r, findings);
	}
}
