// SPDX-License-Identifier: GPL-2.0-or-later
/* What becomes of each undefined symbol of a module. */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "convert/convert.h"
#include "convert/versions.h"

struct decider {
	const struct object *object;
	const struct symlist *list;
	struct finding_vec *findings;
	struct convert_result *result;
	const struct convert_request *rq;
};

/* ---- hints: annotation lines to be pasted ---- */

enum { HINT_LINES = 12, OBJECTS_SHOWN = 3 };

/* The macro call for occurrence n of an entry; what it says is accepted when pasted. */
static void add_line(const struct decider *d, const struct obj_symbol *s, const struct sym_entry *e,
		     unsigned int n, struct str *out)
{
	const struct sym_place *p = symlist_place(d->list, e, n);
	unsigned int position = e->count > 1 ? n : 0;

	if (streq(s->name, e->name))
		str_add(out, "SUTURE_KLP_SYM(%s, %s, %u)", e->object, e->name, position);
	else
		str_add(out, "SUTURE_KLP_ALIAS(%s, %s, %s, %u)", s->name, e->object, e->name,
			position);
	str_add(out, ";");
	if (p && p->known)
		str_add(out, " /* %s%s0x%lx */", p->section ? p->section : "",
			p->section ? "+" : "", (unsigned long)p->value);
	str_add(out, "\n    ");
}

static void add_entry_lines(const struct decider *d, const struct obj_symbol *s,
			    const struct sym_entry *e, size_t *lines, struct str *out)
{
	for (unsigned int n = 1; n <= e->count; n++) {
		const struct sym_place *p = symlist_place(d->list, e, n);

		if (sym_place_is_init(p))
			continue;
		if ((*lines)++ < HINT_LINES)
			add_line(d, s, e, n, out);
	}
}

/* Lines for one entry, or for all of the name (only == NULL). */
static void hint(struct decider *d, struct finding *f, const struct obj_symbol *s, const char *name,
		 const struct sym_entry *only)
{
	scoped_str struct str text = { 0 };
	size_t lines = 0;

	for (const struct sym_entry *e = symlist_find(d->list, name); e;
	     e = symlist_next(d->list, e))
		if (!only || e == only)
			add_entry_lines(d, s, e, &lines, &text);
	if (!lines)
		return;
	if (lines > HINT_LINES)
		str_add(&text, "... and %zu more\n    ", lines - HINT_LINES);
	finding_way_out(f, "#include <suture/livepatch.h> and add one of these lines:\n    %.*s",
			(int)(text.n - 5), text.s);
}

/* ---- decisions ---- */

void convert_check_names(const struct symlist *l, const struct klp_decision *k, const char *symbol,
			 struct finding_vec *findings)
{
	const struct klp_release *row = klp_release(l->release ? l->release : l->target);
	size_t n = strlen(k->name), limit = (row ? row : klp_release_newest())->symbol_name_len;
	size_t oldest = klp_release_oldest()->symbol_name_len;

	if (strlen(k->object) >= KLP_OBJECT_NAME_LEN || n >= limit)
		finding_add(findings, "N5", SEVERITY_REFUSAL, k->object, symbol, NULL,
			    "names of %zu and %zu characters; the kernel reads %d and %zu",
			    strlen(k->object), n, KLP_OBJECT_NAME_LEN - 1, limit - 1);
	else if (!row && n >= oldest)
		finding_add(findings, "N5", SEVERITY_WARNING, k->object, symbol, NULL,
			    "a name of %zu characters; kernels before %u.%u read %zu, and the symbol list does "
			    "not say of which kernel it is",
			    n, klp_release_newest()->major, klp_release_newest()->minor, oldest - 1);
}

static void decide(struct decider *d, const struct obj_symbol *s, const char *patched,
		   const char *object, const char *name, unsigned int position)
{
	d->result->decisions[s->index] =
		(struct klp_decision) {xstrdup(patched), xstrdup(object), xstrdup(name), position};
	d->result->converted++;
	convert_check_names(d->list, &d->result->decisions[s->index], s->name, d->findings);
}

static bool refuse_init(struct decider *d, const struct obj_symbol *s, const struct sym_entry *e,
			unsigned int position)
{
	const struct sym_place *p = symlist_place(d->list, e, position ? position : 1);

	if (!p || !sym_place_is_init(p))
		return false;
	struct finding *f =
		finding_add(d->findings, "K8", SEVERITY_REFUSAL, e->object, s->name, p->section,
			    "'%s' is in init memory of %s, which is freed "
			    "once that is up",
			    e->name, e->object);

	finding_way_out(f, "bring a copy of it in the livepatch, without __init or __initdata");
	return true;
}

/* ---- without an annotation ---- */

static bool is_exported(const struct decider *d, const char *name)
{
	for (const struct sym_entry *e = symlist_find(d->list, name); e;
	     e = symlist_next(d->list, e))
		if (e->exported)
			return true;
	return false;
}

static size_t count_all(const struct decider *d, const char *name, struct sym_entry **last)
{
	size_t n = 0;

	for (struct sym_entry *e = symlist_find(d->list, name); e; e = symlist_next(d->list, e)) {
		n += e->count;
		if (e->count)
			*last = e;
	}
	return n;
}

/* A list of vmlinux alone says nothing about modules, which a target has all. */
static void way_out_of_unknown(struct decider *d, struct finding *f, bool known)
{
	if (d->list->objects.n == 1)
		finding_way_out(
			f,
			"the symbol list has %s only: if it is a module's, give that as well "
			"(--module FILE.ko)",
			d->list->objects.at[0]);
	else if (known)
		finding_way_out(f, "copy it into the livepatch, with what it needs; a clone has other "
				   "parameters or less code than the source says (suture explain K1)");
	else
		finding_way_out(
			f, "look for it in the target's sources: what has no symbol of its own "
			   "must be copied into the livepatch");
}

static void refuse_unknown(struct decider *d, const struct obj_symbol *s)
{
	const struct convert_request *rq = d->rq;
	scoped_free char *where = rq->whereabouts ? rq->whereabouts(s->name, rq->context) : NULL;
	scoped_free char *near = convert_near(d->list, s->name);
	const char *guess = rq->whereabouts ? ": misspelt, or no function"
					    : ": misspelt, or inlined everywhere";
	struct finding *f = finding_add(d->findings, "K1", SEVERITY_REFUSAL, NULL, s->name, NULL,
					"no object of %s has '%s'%s%s",
					d->list->target ? d->list->target : d->list->path, s->name,
					where ? where : "", near ? near : where ? "" : guess);

	way_out_of_unknown(d, f, where);
}

static void refuse_ambiguous(struct decider *d, const struct obj_symbol *s, size_t n)
{
	struct finding *f =
		finding_add(d->findings, "K2", SEVERITY_REFUSAL, NULL, s->name, NULL,
			    "the name occurs %zu times: the livepatch must say which one "
			    "it means",
			    n);

	hint(d, f, s, s->name, NULL);
}

/* Names that the loader or the linker takes care of. */
static bool is_provided(const char *name)
{
	return streq(name, "_GLOBAL_OFFSET_TABLE_") || streq(name, "__this_module");
}

static void decide_by_name(struct decider *d, const struct obj_symbol *s)
{
	struct sym_entry *e = NULL;
	size_t n;

	if (is_provided(s->name) || is_exported(d, s->name)) {
		d->result->exported++;
		return;
	}
	n = count_all(d, s->name, &e);
	if (n == 0 && s->bind == STB_WEAK)
		d->result->exported++; /* the kernel takes it for NULL */
	else if (n == 0)
		refuse_unknown(d, s);
	else if (n > 1)
		refuse_ambiguous(d, s, n);
	else if (!refuse_init(d, s, e, 0))
		decide(d, s, e->object, e->object, e->name, 0);
}

/* ---- with an annotation ---- */

static bool check_object(struct decider *d, const struct obj_symbol *s, const char *object)
{
	if (symlist_has_object(d->list, object))
		return true;
	struct finding *f = finding_add(d->findings, "K3", SEVERITY_REFUSAL, object, s->name, NULL,
					"the annotation names '%s', of which %s knows nothing",
					object, d->list->path);

	finding_way_out(f, "correct the name, or give a symbol list that has this module, or the "
			   "module itself (--module FILE.ko)");
	return false;
}

/* Which objects have it; none: what may have become of it, or NULL. The caller's. */
static char *where_else(struct decider *d, const char *name)
{
	struct str text = { 0 };
	size_t n = 0;

	for (struct sym_entry *e = symlist_find(d->list, name); e; e = symlist_next(d->list, e))
		if (e->count && n++ < OBJECTS_SHOWN)
			str_add(&text, "%s%s", n == 1 ? ", but in " : ", ", e->object);
	if (n > OBJECTS_SHOWN)
		str_add(&text, " and %zu more", n - OBJECTS_SHOWN);
	if (n)
		return text.s;
	char *where = d->rq->whereabouts ? d->rq->whereabouts(name, d->rq->context) : NULL;

	return where ? where : convert_near(d->list, name);
}

static struct sym_entry *annotated_entry(struct decider *d, const struct obj_symbol *s,
					 const struct annotation *a)
{
	struct sym_entry *e = symlist_find_in(d->list, a->name, a->object);
	struct finding *f;

	if (!e || !e->count) {
		scoped_free char *elsewhere = where_else(d, a->name);

		f = finding_add(d->findings, "K3", SEVERITY_REFUSAL, a->object, s->name, NULL,
				"the annotation says that '%s' is in %s; it is not%s", a->name,
				a->object, elsewhere ? elsewhere : "");
		hint(d, f, s, a->name, NULL);
		return NULL;
	}
	if (a->position <= e->count && (a->position || e->count == 1))
		return e;
	f = finding_add(d->findings, "K3", SEVERITY_REFUSAL, a->object, s->name, NULL,
			a->position
				? "the annotation says occurrence %u of '%s'; %s has %u"
				: "the annotation says that '%2$s' is unique (position %1$u); %3$s "
				  "has %4$u",
			a->position, a->name, a->object, e->count);
	hint(d, f, s, a->name, e);
	return NULL;
}

/* A symbol of vmlinux is relocated when the livepatch is loaded, whatever it patches (since 5.8).
 */
static const char *patched_object(struct decider *d, const struct obj_symbol *s,
				  const struct annotation *a)
{
	if (!a->patched || streq(a->patched, a->object))
		return a->object;
	if (streq(a->object, "vmlinux")) {
		finding_add(d->findings, "K9", SEVERITY_NOTE, a->object, s->name, NULL,
			    "annotated as for patched object %s; symbols of vmlinux are relocated "
			    "when the livepatch is loaded",
			    a->patched);
		return a->object;
	}
	if (streq(a->patched, "vmlinux")) {
		struct finding *f =
			finding_add(d->findings, "K3", SEVERITY_REFUSAL, a->object, s->name, NULL,
				    "the annotation wants the symbol of "
				    "module %s when vmlinux is patched: %s may not be "
				    "loaded then",
				    a->object, a->object);

		finding_way_out(f, "name the patched module, or %s itself, as patched object",
				a->object);
		return NULL;
	}
	return check_object(d, s, a->patched) ? a->patched : NULL;
}

static void decide_annotated(struct decider *d, const struct obj_symbol *s,
			     const struct annotation *a)
{
	const char *patched;
	struct sym_entry *e;
	unsigned int position = a->position;

	if (!check_object(d, s, a->object))
		return;
	e = annotated_entry(d, s, a);
	patched = e ? patched_object(d, s, a) : NULL;
	if (!patched || refuse_init(d, s, e, position))
		return;
	if (position && e->count == 1) {
		finding_add(d->findings, "K9", SEVERITY_NOTE, a->object, s->name, NULL,
			    "annotated with position %u; the name is unique in %s and gets "
			    "position 0",
			    position, a->object);
		position = 0;
	}
	decide(d, s, patched, a->object, a->name, position);
}

void convert_decide(const struct object *o, const struct annotations *annotations,
		    const struct convert_request *rq, struct convert_result *result)
{
	struct decider d = {o, rq->symbols, rq->findings, result, rq};

	result->nsymbols = o->nsymbols;
	result->decisions = xcalloc(o->nsymbols, sizeof(*result->decisions));
	for (size_t i = 1; i < o->nsymbols; i++) {
		const struct obj_symbol *s = &o->symbols[i];

		if (s->shndx != SHN_UNDEF || !*s->name)
			continue;
		if (annotations->at[i].object)
			decide_annotated(&d, s, &annotations->at[i]);
		else if (!starts_with(s->name, KLP_SYM_RELA))
			decide_by_name(&d, s);
	}
}
