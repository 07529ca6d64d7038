// SPDX-License-Identifier: GPL-2.0-or-later
/* Family S: data that is gone, doubled, or dies with the module. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "rules/detectors.h"
#include "rules/handed.h"

/* ---- S1 ---- */

/* Init memory is freed after boot; exit code of vmlinux is not there at all. */
static bool is_gone_section(const struct image *im, const char *section)
{
	return starts_with(section, ".init.") || (!im->module && starts_with(section, ".exit."));
}

static void judge_gone(struct check *c, const struct rule *rule, const struct image *im,
		       const struct image_symbol *s, const char *what)
{
	const char *section = image_section_of(im, s);

	if (is_gone_section(im, section))
		rule_finding(c, rule, im->kobject, s->name, section,
			     "%s is in memory that the kernel has given back after its start", what);
}

struct error *rule_init(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->replaced.n; i++)
		if (c->replaced.at[i].symbol)
			judge_gone(c, rule, c->replaced.at[i].image, c->replaced.at[i].symbol,
				   "the replaced function");
	for (size_t i = 0; i < c->in->relocs.n; i++) {
		const struct inspect_reloc *r = &c->in->relocs.at[i];
		const struct image_symbol *s;
		struct image *im;
		size_t count;

		TRY(check_image(c, r->object, &im));
		s = im ? check_symbol(im, r->symbol, strtoull(r->position, NULL, 10), &count) : NULL;
		if (s)
			judge_gone(c, rule, im, s, "what a livepatch relocation refers to");
	}
	return NULL;
}

/* ---- the module's own variables ---- */

static bool is_variable(const struct obj_symbol *s)
{
	return s->type == STT_OBJECT && s->section && s->section->flags & SHF_ALLOC &&
	       !(s->section->flags & SHF_EXECINSTR) && s->size;
}

static bool is_once(const struct obj_symbol *s)
{
	return s->section && (starts_with(s->section->name, ".data.once") ||
			      starts_with(s->section->name, ".data..once") ||
			      starts_with(s->name, "__already_done") || starts_with(s->name, "__warned"));
}

static bool is_key(const struct obj_symbol *s)
{
	return s->section && (streq(s->name, "__key") || starts_with(s->name, "__key."));
}

/* Names that many units have and that mean the unit's own: nothing to do with the kernel's. */
static bool is_own(const struct obj_symbol *s)
{
	static const char *const names[] = { "__func__", "__PRETTY_FUNCTION__", "_entry", "_entry_ptr",
					     "descriptor", "__this_module", "patch", "funcs", "objs",
					     "__UNIQUE_ID", "___tp_str", "_rs" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (starts_with(s->name, names[i]) && (s->name[strlen(names[i])] == 0 ||
						       strchr("._", s->name[strlen(names[i])]) ||
						       starts_with(names[i], "__UNIQUE")))
			return true;
	return is_once(s) || is_key(s) || starts_with(s->section->name, ".modinfo") ||
	       starts_with(s->section->name, "__param") || starts_with(s->section->name, "__kcrctab");
}

/* Was the object of this function looked at for an earlier one? */
static bool is_repeated(const struct check *c, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (c->replaced.at[i].image == c->replaced.at[at].image)
			return true;
	return false;
}

/* A data symbol of that name (but for a number at its end) and size in a patched object. */
static const struct image_symbol *kernel_has(const struct check *c, const struct obj_symbol *v,
					     const struct image **im)
{
	scoped_free char *base = xstrndup(v->name, name_base_length(v->name));

	for (size_t i = 0; i < c->replaced.n; i++) {
		*im = c->replaced.at[i].image;
		for (size_t k = 0; *im && !is_repeated(c, i) && k < (*im)->nby_place; k++) {
			const struct image_symbol *s = (*im)->by_place[k];

			if (s->type == STT_OBJECT && s->size == v->size && starts_with(s->name, base) &&
			    name_same_base(s->name, v->name))
				return s;
		}
	}
	return NULL;
}

struct error *rule_copied_variable(struct check *c, const struct rule *rule)
{
	for (size_t i = 1; i < c->in->object->nsymbols; i++) {
		const struct obj_symbol *v = &c->in->object->symbols[i];
		const struct image *im = NULL;
		const struct image_symbol *s;

		if (!is_variable(v) || !(v->section->flags & SHF_WRITE) || is_own(v))
			continue;
		s = kernel_has(c, v, &im);
		if (s)
			finding_way_out(rule_finding(c, rule, im->kobject, v->name, v->section->name,
				"the livepatch has a variable of its own of this name and size, and so has "
				"%s (%s): new code sees another value than old code", im->kobject, s->name),
				"refer to the kernel's by a livepatch relocation");
	}
	return NULL;
}

/* Read-only table of pointers to functions. */
static bool is_ops_table(const struct obj_symbol *s)
{
	size_t first, n;

	if (!is_variable(s) || is_own(s) || !starts_with(s->section->name, ".rodata"))
		return false;
	n = object_relocs_in(s->section, s->value, s->value + s->size, &first);
	for (size_t i = first; i < first + n; i++) {
		const struct obj_symbol *to = s->section->relocs[i].symbol;

		if (to->section && to->section->flags & SHF_EXECINSTR)
			return true;
	}
	return false;
}

struct error *rule_copied_ops(struct check *c, const struct rule *rule)
{
	for (size_t i = 1; i < c->in->object->nsymbols; i++) {
		const struct obj_symbol *v = &c->in->object->symbols[i];
		const struct image *im = NULL;

		if (is_ops_table(v) && kernel_has(c, v, &im))
			rule_finding(c, rule, im->kobject, v->name, v->section->name,
				     "a second copy of a table of functions that %s has: comparisons of its "
				     "address fail, and what keeps it points into the livepatch", im->kobject);
	}
	return NULL;
}

static bool is_at_start_or_end(const struct obj_section *s)
{
	return starts_with(s->name, ".init") || starts_with(s->name, ".exit");
}

/*
 * Does anything refer to a variable but the module's code for its own start and end, which the kernel does
 * not have? A pc-relative field may have an operand of up to four bytes behind it.
 */
static bool is_used_later(const struct object *o, const struct obj_symbol *v)
{
	int64_t from = (int64_t)v->value - 8, to = (int64_t)(v->value + v->size);

	for (size_t i = 1; i < o->nsections; i++) {
		const struct obj_section *s = &o->sections[i];

		for (size_t k = 0; (s->flags & SHF_ALLOC) && !is_at_start_or_end(s) && k < s->nrelocs; k++) {
			const struct obj_reloc *r = &s->relocs[k];
			int64_t at = (int64_t)r->symbol->value + r->addend;

			if (r->symbol->section == v->section && at >= from && at < to)
				return true;
		}
	}
	return false;
}

struct error *rule_once(struct check *c, const struct rule *rule)
{
	for (size_t i = 1; i < c->in->object->nsymbols; i++) {
		const struct obj_symbol *s = &c->in->object->symbols[i];

		if (is_once(s) && s->type == STT_OBJECT && is_used_later(c->in->object, s))
			rule_finding(c, rule, NULL, s->name, s->section->name,
				     "the state of something that is done once is new in the livepatch: it "
				     "is done once more");
	}
	return NULL;
}

struct error *rule_percpu(struct check *c, const struct rule *rule)
{
	for (size_t i = 1; i < c->in->object->nsymbols; i++) {
		const struct obj_symbol *s = &c->in->object->symbols[i];

		if (s->section && starts_with(s->section->name, ".data..percpu") && s->size &&
		    s->type == STT_OBJECT)
			rule_finding(c, rule, NULL, s->name, s->section->name,
				     "a per-CPU variable of the livepatch's own, %llu bytes a processor: it "
				     "starts with its initial value, and code that stays does not see it",
				     (unsigned long long)s->size);
	}
	return NULL;
}

/* ---- S12 ---- */

/* include/linux/mutex.h, rwsem.h, spinlock.h, lockdep.h: called by the initialisers. */
static const char *const lock_initialisers[] = {
	"__mutex_init", "__init_rwsem", "__raw_spin_lock_init", "__rwlock_init", "lockdep_init_map_type",
	"__init_waitqueue_head", "__init_swait_queue_head",
};

struct error *rule_lock_class(struct check *c, const struct rule *rule)
{
	for (size_t i = 1; i < c->in->object->nsymbols; i++) {
		const struct obj_symbol *s = &c->in->object->symbols[i];

		if (is_key(s) && s->size)
			rule_finding(c, rule, NULL, s->name, s->section->name,
				     "a lock class key of the livepatch's own: lockdep takes locks of old and "
				     "new code for different classes");
	}
	for (size_t i = 0; i < c->in->imports.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(lock_initialisers); k++)
			if (streq(c->in->imports.at[i].name, lock_initialisers[k]))
				rule_finding(c, rule, NULL, lock_initialisers[k], NULL,
					     "the livepatch initialises a lock or a queue: make sure that it is "
					     "not one that is in use");
	return NULL;
}

/* ---- S8 ---- */

struct handed_to {
	struct check *c;
	const struct rule *rule;
};

static void report_data(void *arg, const struct handed *h)
{
	const struct handed_to *to = arg;

	if (h->runs_code || h->undone || !h->to->outlives)
		return;
	rule_finding(to->c, to->rule, NULL, h->what->name, h->in ? h->in->name : NULL,
		     "its address goes to %s, and nothing in the livepatch takes it back: the kernel keeps "
		     "a pointer into the module", h->callee);
}

struct error *rule_escaping_data(struct check *c, const struct rule *rule)
{
	handed_each(c->in->object, report_data, &(struct handed_to){ c, rule });
	return NULL;
}
