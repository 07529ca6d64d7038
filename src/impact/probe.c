// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/probe.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "diff/objects.h"
#include "impact/facts.h"

/*
 * Optimisations between functions, gcc(1) "Options That Control Optimization"; since: first release
 * whose manual has the option. In the order in which they are tried: the likeliest first.
 */
const struct ipa_option ipa_options[] = {
	{ "pure-const", "-fno-ipa-pure-const", 4,
	  "drops, merges or moves calls, because the body was seen to have no side effects, not to "
	  "throw or not to return" },
	{ "modref", "-fno-ipa-modref", 11,
	  "keeps values over the call, because the body was seen not to write (or read) that memory" },
	{ "vrp", "-fno-ipa-vrp", 7, "leaves tests out, because all values passed or returned lie in a range" },
	{ "bit-cp", "-fno-ipa-bit-cp", 7, "leaves operations out, because bits of all values passed are known" },
	{ "cp", "-fno-ipa-cp", 4, "has constants in it that all callers pass" },
	{ "sra", "-fno-ipa-sra", 4, "passes fewer or other parameters, because the body does not use all" },
	{ "icf", "-fno-ipa-icf", 5, "shares its code with a function of equal body" },
	{ "ra", "-fno-ipa-ra", 5, "keeps values in registers that the body was seen not to overwrite" },
	{ "stack-alignment", "-fno-ipa-stack-alignment", 9,
	  "does not align the stack, because the body was seen not to need it" },
	{ "reference", "-fno-ipa-reference", 4,
	  "keeps static variables in registers, because the body was seen not to use them" },
	{ "partial-inlining", "-fno-partial-inlining", 4, "has the first test of the body in it" },
	{ "inlining", "-fno-inline-functions-called-once", 4,
	  "inlines other functions, because what it inlined before left room" },
	{ "small inlining", "-fno-inline-small-functions", 4,
	  "inlines other functions, because what it inlined before left room" },
};
const size_t ipa_option_count = ARRAY_SIZE(ipa_options);

static void dependent_free(struct dependent *d)
{
	free(d->name);
	free(d->via);
	free(d->why);
	u32_vec_free(&d->options);
}

void probe_free(struct probe *p)
{
	for (size_t i = 0; i < p->dependents.n; i++)
		dependent_free(&p->dependents.at[i]);
	dependent_vec_free(&p->dependents);
	str_vec_free_all(&p->copies);
	str_vec_free_all(&p->facts);
	free(p->self);
	u32_vec_free(&p->self_options);
	free(p->impossible);
	*p = (struct probe){ 0 };
}

/* Is `name` the function, or one of its clones and parts ("f.isra.0")? */
static bool is_own(const char *name, const char *function)
{
	size_t n = strlen(function);

	return strncmp(name, function, n) == 0 && (!name[n] || name[n] == '.');
}

static bool is_cold(const char *name)
{
	const char *cold = strstr(name, ".cold");

	return cold && (!cold[5] || cold[5] == '.');
}

/* The clone of the function that e refers to, or NULL. */
static const char *called_clone(struct model *m, struct entity *e, const char *function)
{
	const struct ref_site_vec *refs = entity_refs(m, e);

	for (size_t i = 0; i < refs->n; i++) {
		const struct entity *to = refs->at[i].ref.kind == REF_ENTITY ? refs->at[i].ref.entity :
									      NULL;

		if (to && to->kind == ENTITY_FUNCTION && is_own(to->name, function) &&
		    !streq(to->name, function) && !is_cold(to->name))
			return to->name;
	}
	return NULL;
}

static bool contains(const struct str_vec *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++)
		if (streq(list->at[i], name))
			return true;
	return false;
}

static void note_self(struct probe *p, const struct entity *e)
{
	if (!p->self)
		p->self = xasprintf("%s: %s", e->name, e->why ? e->why : "it is not there any more");
}

static void note_dependent(struct probe *p, struct model *m, struct entity *e,
			   const char *function, const struct str_vec *into)
{
	const char *clone = called_clone(m, e, function);
	struct dependent d = { .name = xstrdup(e->name),
			       .why = xstrdup(e->why ? e->why : "it is not there any more") };

	if (contains(into, e->name)) {
		d.how = DEPENDS_INLINED;
	} else if (clone) {
		d.how = DEPENDS_CONVENTION;
		d.via = xstrdup(clone);
	} else {
		d.how = DEPENDS_CONTRACT;
	}
	dependent_vec_push(&p->dependents, d);
}

static bool is_different(const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && (e->change == CHANGED || e->change == REMOVED);
}

/* A .cold part counts with its function. */
static struct entity *whole(struct entity *e)
{
	return e->parent ? e->parent : e;
}

static void collect(struct probe *p, struct objects *s, const char *function,
		    const struct str_vec *into)
{
	SCOPED(map_free) struct map seen = { 0 };

	for (size_t i = 0; i < s->a->entities.n; i++) {
		struct entity *e = s->a->entities.at[i];

		if (!is_different(e))
			continue;
		e = whole(e);
		if (map_has_u64(&seen, (uintptr_t)e))
			continue;
		map_put_u64(&seen, (uintptr_t)e, e);
		if (is_own(e->name, function))
			note_self(p, e);
		else
			note_dependent(p, s->a, e, function, into);
	}
}

/* ---- compiling ---- */

/* The declaration stands behind everything else, so that no line moves. */
static char *cut_text(const struct variant_source *s)
{
	return xasprintf("%s\n#ifdef SUTURE_CUT\n__typeof__(SUTURE_CUT) SUTURE_CUT "
			 "__attribute__((__noipa__));\n#endif\n", s->text);
}

static void add_flag(struct variant *v, const char *fmt, const char *arg)
{
	str_vec_push(&v->flags, xasprintf(fmt, arg));
}

/*
 * clang has no noipa, and does not look at what is declared behind a definition; LLVM's pass
 * forceattrs gives attributes from outside. optnone keeps function passes from looking into the body,
 * naked the interprocedural ones (returned constants, parameters that are not used); they are why the
 * code of F itself says nothing there.
 */
static void add_cut(const struct variant_source *s, struct variant *v, const char *function)
{
	static const char *const attributes[] = { "noinline", "optnone", "naked" };

	if (!s->clang) {
		add_flag(v, "-DSUTURE_CUT=%s", function);
		return;
	}

	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		add_flag(v, "%s", "-mllvm");
		str_vec_push(&v->flags, xasprintf("-force-attribute=%s:%s", function, attributes[i]));
	}
}

/* The cut unit and, for the compiler's own account of clones, the whole one. */
static struct error *compile_first(const struct variant_source *s, const char *function,
				   const char *dump, struct variant_vec *list)
{
	scoped_free char *text = cut_text(s);
	struct variant cut = { 0 }, plain = { 0 };

	add_cut(s, &cut, function);
	variant_vec_push(list, cut);
	if (!s->clang && s->version >= 9) {
		add_flag(&plain, "-fdump-ipa-clones=%s", dump);
		facts_ask(&plain.flags, dump);
		variant_vec_push(list, plain);
	}
	return variants_compile(s, text, list);
}

/* ---- names ---- */

/* Does a function of this name differ (or is it in one of the objects only)? */
static bool differs(const struct objects *s, const char *name)
{
	for (size_t i = 0; i < s->a->entities.n; i++) {
		const struct entity *e = s->a->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && streq(e->name, name))
			return e->change != UNCHANGED;
	}
	return true;
}

static bool own_differs(const struct objects *s, const char *function)
{
	for (size_t i = 0; i < s->a->entities.n; i++)
		if (is_different(s->a->entities.at[i]) && is_own(s->a->entities.at[i]->name, function))
			return true;
	return false;
}

/* What is known while names are looked for. */
struct naming {
	const struct variant_source *source;
	const char *function;
	const char *cut; /* object with F cut off */
	struct probe *probe;
};

static struct error *compile_without(const struct naming *n, const char *flag,
				     struct variant_vec *list)
{
	scoped_free char *text = cut_text(n->source);
	struct variant whole = { 0 }, cut = { 0 };

	add_flag(&whole, "%s", flag);
	add_flag(&cut, "%s", flag);
	add_cut(n->source, &cut, n->function);
	variant_vec_push(list, whole);
	variant_vec_push(list, cut);
	return variants_compile(n->source, text, list);
}

/*
 * An optimisation makes a function depend on F if switching it off changes the function as it is, but
 * not when F is cut off: all its effect comes by way of F.
 */
static struct error *try_option(const struct naming *n, uint32_t k)
{
	SCOPED(variants_free) struct variant_vec list = { 0 };
	scoped_objects struct objects whole = { 0 }, cut = { 0 };
	struct probe *p = n->probe;

	TRY(compile_without(n, ipa_options[k].flag, &list));
	if (!list.at[0].object || !list.at[1].object)
		return NULL;
	TRY(objects_open(n->source->original, list.at[0].object, &whole));
	TRY(objects_open(n->cut, list.at[1].object, &cut));
	if (p->self && own_differs(&whole, n->function) && !own_differs(&cut, n->function))
		u32_vec_push(&p->self_options, k);
	for (size_t i = 0; i < p->dependents.n; i++) {
		struct dependent *d = &p->dependents.at[i];

		if (d->how != DEPENDS_INLINED && differs(&whole, d->name) && !differs(&cut, d->name))
			u32_vec_push(&d->options, k);
	}
	return NULL;
}

static bool all_named(const struct probe *p)
{
	for (size_t i = 0; i < p->dependents.n; i++)
		if (p->dependents.at[i].how != DEPENDS_INLINED && !p->dependents.at[i].options.n)
			return false;
	return !p->self || p->self_options.n;
}

static struct error *find_names(const struct variant_source *s, const char *function,
				const char *cut, struct probe *p)
{
	struct naming n = { s, function, cut, p };

	for (uint32_t k = 0; k < ipa_option_count && !all_named(p) && !s->clang; k++) {
		TRY(check_interrupted());
		if (s->version >= ipa_options[k].since)
			TRY(try_option(&n, k));
	}
	p->self_named = !s->clang;
	for (size_t i = 0; i < p->dependents.n; i++)
		p->dependents.at[i].named = !s->clang;
	return NULL;
}

static struct error *read_dump(const char *dump, const char *function, struct probe *p,
			       struct clone_vec *clones, struct str_vec *into)
{
	struct str_vec copies = { 0 };

	if (!path_exists(dump))
		return NULL;
	TRY(clones_read(dump, clones));
	p->dumps = true;
	clones_reach(clones, function, &copies, into);
	for (size_t i = 0; i < copies.n; i++)
		str_vec_push(&p->copies, xstrdup(copies.at[i]));
	str_vec_free(&copies);
	return NULL;
}

/* What the compiler inlined F into, but the comparison does not show: the copies came out equal. */
static void add_inlined(struct probe *p, const struct model *m, const struct str_vec *into)
{
	SCOPED(map_free) struct map known = { 0 };

	for (size_t i = 0; i < p->dependents.n; i++)
		map_put(&known, p->dependents.at[i].name, p);
	for (size_t i = 0; i < m->entities.n; i++) {
		const struct entity *e = m->entities.at[i];

		if (e->kind == ENTITY_FUNCTION && !map_has(&known, e->name) &&
		    contains(into, e->name))
			dependent_vec_push(&p->dependents, (struct dependent){
				.name = xstrdup(e->name), .how = DEPENDS_INLINED,
				.why = xstrdup("the compiler inlined it there") });
	}
}

struct error *probe_run(const struct variant_source *source, const char *function,
			bool name_contracts, struct probe *p)
{
	static unsigned int counter;
	SCOPED(variants_free) struct variant_vec list = { 0 };
	scoped_objects struct objects pair = { 0 };
	SCOPED(clones_free) struct clone_vec clones = { 0 };
	SCOPED(str_vec_free) struct str_vec into = { 0 };
	scoped_free char *dump = xasprintf("%s/clones%u", source->workdir, counter++);
	double start = children_cpu_seconds();

	*p = (struct probe){ 0 };
	TRY(compile_first(source, function, dump, &list));
	TRY(read_dump(dump, function, p, &clones, &into));
	TRY(facts_read(dump, function, &p->facts));
	if (!list.at[0].object) {
		p->impossible = take(list.at[0].failed);
		scoped_objects struct objects same = { 0 };

		TRY(objects_open(source->original, source->original, &same));
		add_inlined(p, same.a, &into);
		return NULL;
	}
	TRY(objects_open(source->original, list.at[0].object, &pair));
	collect(p, &pair, function, &into);
	add_inlined(p, pair.a, &into);
	if (source->clang)
		free(take(p->self));
	if (name_contracts)
		TRY(find_names(source, function, list.at[0].object, p));
	p->cpu = children_cpu_seconds() - start;
	return NULL;
}
