// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function of the livepatch and one of P that are not the same, but may be two compilations of the same:
 * asked of src/equiv/. What both refer to has names here that are equal when the places are.
 */
#include "equiv/equiv.h"

#include <dwarf.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "layout/dwarf.h"
#include "verify/code.h"
#include "verify/fidelity.h"

/* Something of the livepatch's own that may be what P's code refers to by that name. */
struct own {
	struct entity *mine, *theirs;
	const struct ref_site *x, *y;
	bool used[2], unclear;
};

struct question {
	struct fidelity *f;
	const struct claim *claim;
	struct map own;            /* key → struct own */
	struct dwarf_unit dwarf;   /* of P's unit */
	bool dwarf_read;
};

/* ---- names of places ---- */

static char *kernel_place(const struct image *image, uint64_t place, int64_t *offset)
{
	const struct image_symbol *s = image_symbol_at(image, place);
	unsigned int section_bits = 40;

	*offset = 0;
	if (s && s->type == STT_FUNC && s->place == place)
		return xasprintf("%s:%s@%llx", image->kobject, s->name, (unsigned long long)place);
	*offset = image->module ? (int64_t)(place & ((1ull << section_bits) - 1)) : (int64_t)place;
	return image->module ? xasprintf("%s %llu", image->kobject, (unsigned long long)(place >> section_bits)) :
			       xstrdup(image->kobject);
}

static bool is_constant(const struct entity *e)
{
	return !(e->section->flags & SHF_WRITE);
}

static char *text_of(const struct ref *ref, int64_t *offset)
{
	bool anonymous = ref->kind == REF_ENTITY && ref->entity->kind == ENTITY_ANON &&
			 is_constant(ref->entity) && !(ref->entity->section->flags & SHF_EXECINSTR);
	const char *text = ref->kind == REF_STRING || anonymous ?
			   livepatch_text(ref->entity->section, ref->entity->start + ref->offset) : NULL;

	*offset = 0;
	return text ? xasprintf("text %s", text) : NULL;
}

static char *own_name(struct question *q, unsigned int side, const struct entity *e, int64_t ref_offset,
		      int64_t *offset)
{
	struct own *own = map_get(&q->own, e->key);

	if (!own || own->unclear || (side ? own->theirs : own->mine) != e)
		return NULL;
	own->used[side] = true;
	*offset = ref_offset;
	return xasprintf("own %s", e->key);
}

static bool is_itself(const struct entity *e, const struct entity *f)
{
	return e == f || (e && e->parent == f);
}

/* Lock class keys where lockdep is off: there may be two. */
static bool has_no_bytes(const struct entity *e)
{
	return e && e->kind == ENTITY_DATA && !e->size;
}

static char *my_name(struct question *q, const struct ref *ref, int64_t *offset)
{
	const struct resolved *r;

	if (ref->kind == REF_EXTERN) {
		r = &q->f->lp->resolved[ref->symbol->index];
		return r->kind == TO_KERNEL ? kernel_place(r->image, r->place + ref->offset, offset) :
		       r->kind == TO_ABSENT ? xstrdup("absent") : NULL;
	}
	if (ref->kind == REF_PLACE || is_itself(ref->entity, q->claim->mine))
		return NULL;
	if (has_no_bytes(ref->entity))
		return xstrdup("no bytes");
	char *text = text_of(ref, offset);

	return text ? text : own_name(q, 0, ref->entity, ref->offset, offset);
}

static char *their_name(struct question *q, const struct ref *ref, int64_t *offset)
{
	char *text = ref->kind == REF_STRING ? text_of(ref, offset) : NULL, *own;

	if (text || ref->kind == REF_STRING || ref->kind == REF_BYTES)
		return text;
	struct target_place t = fixed_target(q->f, q->claim->unit, ref);

	free(t.why);
	if (t.absent)
		return xstrdup("absent");
	if (has_no_bytes(t.entity))
		return xstrdup("no bytes");
	if (is_itself(ref->entity, q->claim->theirs) || (t.entity && t.entity->ambiguous))
		return NULL;
	own = t.entity ? own_name(q, 1, t.entity, t.offset, offset) : NULL;
	if (own)
		return own;
	return t.image ? kernel_place(t.image, t.place, offset) : text_of(ref, offset);
}

static char *name_of(void *arg, unsigned int side, const struct ref *ref, int64_t *offset)
{
	*offset = 0;
	return side ? their_name(arg, ref, offset) : my_name(arg, ref, offset);
}

/* ---- prototypes ---- */

static bool size_of(const struct dwarf_unit *u, uint32_t type, bool whole, uint8_t *size)
{
	const struct die_type *t = &u->types.at[type_strip(u, type, true)];

	if (!t->size || t->size > (whole ? 16 : 8) || (!whole && tag_is_aggregate(t->tag)))
		return false;
	*size = t->size;
	return true;
}

/*
 * Functions whose last parameter is a format, which says what follows: __printf(n, n + 1) in the kernel's headers.
 * Other functions with "..." are not known.
 */
static const char *const formatted[] = {
	"_printk", "_printk_deferred", "panic", "__warn_printk", "warn_slowpath_fmt",      /* linux/printk.h, panic.h, bug.h */
	"_dev_printk", "_dev_emerg", "_dev_alert", "_dev_crit", "_dev_err", "_dev_warn",   /* linux/dev_printk.h */
	"_dev_notice", "_dev_info", "dev_err_probe", "dev_set_name",                       /* linux/device.h */
	"netdev_printk", "netdev_emerg", "netdev_alert", "netdev_crit", "netdev_err",      /* linux/netdevice.h */
	"netdev_warn", "netdev_notice", "netdev_info",
	"seq_printf", "snprintf", "scnprintf", "sprintf", "kasprintf", "devm_kasprintf",   /* linux/seq_file.h, sprintf.h */
	"sysfs_emit", "sysfs_emit_at", "kobject_set_name", "kobject_init_and_add",         /* linux/sysfs.h, kobject.h */
	"__dynamic_pr_debug", "__dynamic_dev_dbg", "__dynamic_netdev_dbg",                 /* linux/dynamic_debug.h */
	"kthread_create_on_node", "__request_module", "audit_log_format",                  /* linux/kthread.h, kmod.h, audit.h */
	"__ext4_error", "__ext4_warning", "__ext4_msg", "_btrfs_printk", "xfs_warn",       /* of the file systems */
};

static bool is_formatted(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(formatted); i++)
		if (streq(name, formatted[i]))
			return true;
	return false;
}

static struct signature signature_by(const struct dwarf_unit *u, const struct die_function *f)
{
	struct signature s = { .known = true, .format = f->variadic };
	Dwarf_Die die;

	if (!dwarf_offdie(u->dwarf, f->offset, &die) || !dwarf_hasattr(&die, DW_AT_prototyped) ||
	    (f->variadic && (!f->params.n || !is_formatted(f->name))) || f->params.n > 6 || (f->type && !size_of(u, f->type, true, &s.result)))
		return (struct signature){ 0 };
	for (uint32_t i = f->params.first; i; i = u->items.at[i].next)
		if (!size_of(u, u->items.at[i].type, false, &s.size[s.n++]))
			return (struct signature){ 0 };
	return s;
}

/* The compiler's own description of P: it decides what the registers of a call mean. */
static struct signature signature_of(void *arg, const char *name)
{
	struct question *q = arg;
	const char *colon = name ? strchr(name, ':') : NULL, *end = colon ? strchr(colon, '@') : NULL;
	scoped_free char *symbol = !name ? xstrdup(q->claim->theirs->name) :
				   colon && end ? xstrndup(colon + 1, end - colon - 1) :
				   starts_with(name, "own ") ? xstrdup(name + strlen("own ")) : NULL;
	struct signature found = { 0 };

	if (!q->dwarf_read)
		error_free(dwarf_unit_read(fixed_model(q->claim->unit)->object->path, &q->dwarf));
	q->dwarf_read = true;
	if (!symbol || strchr(symbol, '.') || !q->dwarf.dwarf)
		return found; /* a clone has another prototype than its origin */
	for (size_t i = 1; i < q->dwarf.functions.n; i++) {
		const struct die_function *f = &q->dwarf.functions.at[i];

		if (!f->name || !streq(f->name, symbol) || f->origin)
			continue;
		struct signature s = signature_by(&q->dwarf, f);

		if (found.known && (!s.known || memcmp(&s, &found, sizeof(s))))
			return (struct signature){ 0 };
		found = s;
		if (!s.known)
			return found;
	}
	return found;
}

/* ---- what is the livepatch's own ---- */

static struct own *own_slot(struct question *q, const struct entity *e)
{
	void **slot = map_slot(&q->own, e->key);

	if (!*slot)
		*slot = xcalloc(1, sizeof(struct own));
	return *slot;
}

static void gather(struct question *q, struct model *m, struct entity *function, bool theirs)
{
	const struct ref_site_vec *refs = entity_refs(m, function);

	for (size_t i = 0; i < refs->n; i++) {
		const struct ref *ref = &refs->at[i].ref;
		struct entity *e = ref->kind == REF_ENTITY ? ref->entity : NULL;

		if (!e || e->kind == ENTITY_ANON || is_itself(e, theirs ? q->claim->theirs : q->claim->mine) ||
		    (theirs && !map_has(&q->own, e->key)))
			continue;
		struct own *own = own_slot(q, e);
		struct entity **known = theirs ? &own->theirs : &own->mine;

		own->unclear |= *known && *known != e;
		*known = e;
		*(theirs ? &own->y : &own->x) = &refs->at[i];
	}
}

static void gather_all(struct question *q)
{
	struct model *mine = q->f->lp->model, *theirs = fixed_model(q->claim->unit);

	gather(q, mine, q->claim->mine, false);
	for (size_t i = 0; i < mine->entities.n; i++)
		if (mine->entities.at[i]->parent == q->claim->mine)
			gather(q, mine, mine->entities.at[i], false);
	gather(q, theirs, q->claim->theirs, true);
	for (size_t i = 0; i < theirs->entities.n; i++)
		if (theirs->entities.at[i]->parent == q->claim->theirs)
			gather(q, theirs, theirs->entities.at[i], true);
}

static void free_own(struct question *q)
{
	for (size_t i = 0; i < q->own.n; i++)
		free(q->own.entries[i].value);
	map_free(&q->own);
	dwarf_unit_free(&q->dwarf);
}

/* What was taken for the same has to be: claims are made of it, and looked at in turn. */
static bool confirm(struct question *q, struct comparison *c)
{
	for (size_t i = 0; i < q->own.n; i++) {
		const struct own *own = q->own.entries[i].value;

		if (!own->used[0] || !own->used[1])
			continue;
		struct ref_site x = *own->x, y = *own->y;
		struct ref_pair pair = { &x, &y, own->x->offset, own->y->offset, own->x->branch };

		x.ref.offset = y.ref.offset = 0; /* it is about the entities */
		if (!c->same(c, &pair))
			return false;
	}
	return true;
}

bool fidelity_equivalent(struct fidelity *f, const struct claim *claim, struct comparison *c, char **why)
{
	SCOPED(free_own) struct question q = { .f = f, .claim = claim };
	struct equiv_request rq = { .model = { f->lp->model, fixed_model(claim->unit) },
				    .function = { claim->mine, claim->theirs }, .target = name_of,
				    .signature = signature_of, .arg = &q };

	gather_all(&q);
	return equivalent(&rq, why) && confirm(&q, c);
}
