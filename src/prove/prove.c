// SPDX-License-Identifier: GPL-2.0-or-later
#include "prove/prove.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "diff/compare.h"
#include "prove/parts.h"

/* Both objects side by side, with some differences taken out. */
struct pass {
	struct object *reference, *extraction;
	struct model *a, *b;
	struct normal normal;
	struct map functions;        /* of a: name → entity */
	struct map constants;        /* the same of data that cannot be written */
	struct finding_vec findings; /* of the models: they were made before */
};

struct prover {
	const struct prove_request *rq;
	struct proof *proof;
	struct mapping_of_names names;
};

const char *prove_class_name(enum prove_class class)
{
	static const char *const names[] = {
		[PROVE_IDENTICAL] = "identical",
		[PROVE_POSITION] = "source position",
		[PROVE_ENDBR] = "endbr",
		[PROVE_REGISTERS] = "registers and order",
		[PROVE_INLINING] = "inlining",
		[PROVE_ALONE] = "interprocedural",
		[PROVE_TRACEPOINT] = "tracepoint off",
		[PROVE_UNEXPLAINED] = "not explained",
	};

	return names[class];
}

static bool is_compared(const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && !e->parent;
}

static bool is_constant(const struct entity *e)
{
	return e->kind == ENTITY_DATA && e->symbol && e->section->data && !(e->section->flags & SHF_WRITE);
}

/* Sections stand in the order of their first use in the unit, which says nothing. */
static int by_section(const void *p, const void *q)
{
	const struct special_entry *x = p, *y = q;
	int c = strcmp(x->section->name, y->section->name);

	return c ? c : x->offset < y->offset ? -1 : x->offset > y->offset;
}

static void order_entries(struct model *m)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		struct special_entry_vec *list = &m->entities.at[i]->entries;

		if (list->n > 1)
			qsort(list->at, list->n, sizeof(*list->at), by_section);
	}
}

static struct error *pass_open(struct prover *p, unsigned int normalise, struct pass *pass)
{
	*pass = (struct pass){ 0 };
	TRY(object_read(p->rq->reference, &pass->reference));
	TRY(object_read(p->rq->extraction, &pass->extraction));
	normal_rename(pass->extraction, p->rq, &p->names, &pass->normal);
	normal_detach(pass->reference, p->rq->like ? p->rq->like : p->rq->model, &p->names, &pass->normal);
	normal_apply(pass->reference, normalise);
	normal_apply(pass->extraction, normalise);
	TRY(model_new(pass->reference, &pass->findings, &pass->a));
	TRY(model_new(pass->extraction, &pass->findings, &pass->b));
	for (size_t i = 0; i < pass->a->entities.n; i++)
		if (is_compared(pass->a->entities.at[i]))
			map_put(&pass->functions, pass->a->entities.at[i]->name,
				pass->a->entities.at[i]);
	for (size_t i = 0; i < pass->a->entities.n; i++)
		if (is_constant(pass->a->entities.at[i]))
			map_put(&pass->constants, pass->a->entities.at[i]->name,
				pass->a->entities.at[i]);
	order_entries(pass->a);
	order_entries(pass->b);
	correlate(pass->a, pass->b);
	compare(pass->a, pass->b);
	return NULL;
}

static void pass_close(struct pass *pass)
{
	model_free(pass->a);
	model_free(pass->b);
	object_free(pass->reference);
	object_free(pass->extraction);
	normal_free(&pass->normal);
	map_free(&pass->functions);
	map_free(&pass->constants);
	findings_free(&pass->findings);
}

/* Both the function and its .cold part. */
static bool is_same(const struct model *m, const struct entity *e)
{
	if (!e->twin || e->change != UNCHANGED)
		return false;
	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.at[i]->parent == e &&
		    (!m->entities.at[i]->twin || m->entities.at[i]->change != UNCHANGED))
			return false;
	return true;
}

/* ---- what is left ---- */

static void add_line(struct prover *p, const char *function, enum prove_class class,
		     const char *detail)
{
	str_vec_push(&p->proof->lines, xasprintf("%s: %s%s%s", function, prove_class_name(class),
						 detail ? ": " : "", detail ? detail : ""));
}

static void unexplained(struct prover *p, const struct entity *e, const char *lacks,
			const char *brings)
{
	scoped_free char *text = xasprintf("%s%s%s%s%s", lacks ? "without " : "", lacks ? lacks : "",
					   lacks && brings ? "; " : "", brings ? "with " : "",
					   brings ? brings : "");

	add_line(p, e->name, PROVE_UNEXPLAINED, text);
	str_vec_push(&p->proof->unexplained, xstrdup(e->name));
}

static bool same_keys(const struct map *a, const struct map *b)
{
	bool same = a->n == b->n;

	for (size_t i = 0; same && i < a->n; i++)
		same = map_has(b, a->entries[i].key);
	return same;
}

static enum prove_class explain(struct prover *p, struct pass *pass, struct entity *e)
{
	struct common c = { .model = pass->a, .by_name = &pass->functions,
			    .constants = &pass->constants };
	enum prove_class class = PROVE_UNEXPLAINED;

	skeleton_make(pass->a, e->twin, &c.s);
	skeleton_make(pass->b, e, &c.t);
	common_make(&c);
	scoped_free char *lacks = common_lacks(&c, &c.s.refs, &c.t.refs);
	scoped_free char *brings = common_lacks(&c, &c.t.refs, &c.s.refs);

	if (p->rq->silenced && !brings && lacks) {
		class = PROVE_TRACEPOINT;
		add_line(p, e->name, class, lacks);
	} else if (lacks || brings) {
		unexplained(p, e, lacks, brings);
	} else {
		class = !c.hidden.n && same_keys(&c.s.functions, &c.t.functions) ? PROVE_REGISTERS :
										   PROVE_INLINING;
		add_line(p, e->name, class, e->why);
	}
	common_free(&c);
	return class;
}

/*
 * A helper that the unit has only as part of its callers: it is counted in where they are explained.
 * A replaced function must be there.
 */
static enum prove_class without_twin(struct prover *p, const struct entity *e)
{
	add_line(p, e->name, PROVE_INLINING, "a helper that the unit has only inlined or as clones");
	return PROVE_INLINING;
}

static struct error *classify_rest(struct prover *p, bool *done, size_t n)
{
	static const struct {
		unsigned int normalise;
		enum prove_class class;
	} passes[] = {
		{ 0, PROVE_IDENTICAL },
		{ NORMAL_POSITION, PROVE_POSITION },
		{ NORMAL_POSITION | NORMAL_ENDBR, PROVE_ENDBR },
	};
	struct error *err = NULL;
	size_t left = 1;

	for (size_t k = 0; !err && left && k < ARRAY_SIZE(passes); k++) {
		bool last = k + 1 == ARRAY_SIZE(passes);
		struct pass pass;

		left = 0;
		err = pass_open(p, passes[k].normalise, &pass);
		for (size_t i = 0; !err && i < pass.b->entities.n && i < n; i++) {
			struct entity *e = pass.b->entities.at[i];
			enum prove_class class = passes[k].class;

			if (!is_compared(e) || done[i])
				continue;
			if (!is_same(pass.b, e) && !last) {
				left++;
				continue;
			}
			if (!is_same(pass.b, e))
				class = e->twin ? explain(p, &pass, e) : without_twin(p, e);
			p->proof->count[class]++;
			done[i] = true;
			if (e->twin)
				str_vec_push(&p->proof->compared,
					     xstrndup(e->name, strcspn(e->name, ".")));
		}
		pass_close(&pass);
	}
	return err;
}

/* ---- the whole ---- */

/* The functions that are to be replaced must be there, each under its new name. */
static struct error *check_present(struct prover *p, size_t *entities)
{
	scoped_object struct object *o = NULL;
	struct finding_vec ignored = { 0 };
	struct model *m = NULL;

	TRY(object_read(p->rq->extraction, &o));
	TRY(model_new(o, &ignored, &m));
	*entities = m->entities.n;
	for (size_t i = 0; i < m->entities.n; i++)
		p->proof->functions += is_compared(m->entities.at[i]);
	for (size_t i = 0; i < p->rq->set->list.n; i++) {
		const struct replacement *r = &p->rq->set->list.at[i];

		if (map_has(&o->globals, r->new_name))
			continue;
		struct finding *f = finding_add(p->rq->findings, "M34", SEVERITY_REFUSAL,
						p->rq->resolver->kobject, r->name, NULL,
						"the livepatch's source does not define '%s'",
						r->new_name);

		finding_way_out(f, "build the livepatch from objects");
	}
	model_free(m);
	findings_free(&ignored);
	return NULL;
}

struct error *prove(const struct prove_request *rq, struct proof *proof)
{
	struct prover p = { .rq = rq, .proof = proof };
	size_t entities = 0;

	*proof = (struct proof){ 0 };
	struct error *err = check_present(&p, &entities);

	if (!err)
		err = mapping_make(rq, proof, &p.names);
	scoped_free bool *done = xcalloc(entities + 1, sizeof(bool));

	if (!err)
		err = classify_rest(&p, done, entities);
	mapping_free(&p.names);
	return err;
}

void proof_free(struct proof *proof)
{
	str_vec_free_all(&proof->exports);
	str_vec_free_all(&proof->lines);
	str_vec_free_all(&proof->compared);
	str_vec_free_all(&proof->unexplained);
	*proof = (struct proof){ 0 };
}
