// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/verify.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "impact/touched.h"
#include "layout/layout.h"
#include "verify/parts.h"

static const struct {
	const char *title;
	obligation_check *check;
} rows[OBLIGATIONS] = {
	{ "the rebuilt original is the running kernel", check_reproduction },
	{ "all that the fix changes is replaced", check_closure },
	{ "the new code is the fixed kernel's", check_fidelity },
	{ "every reference leads where the fixed kernel's does", check_targets },
	{ "no data duplicated, no initial value or layout changed", check_data },
	{ "old and new code agree on their contracts", check_contracts },
	{ "the kernel loads it and can attach its functions", check_loader },
	{ "the transition mixes nothing, and ends", check_convergence },
	{ "nothing moves between functions that switch apart", check_coupling },
	{ "callbacks, states and other code of its own are well formed", check_extras },
	{ "the target's configuration is one that livepatch is safe on", check_preconditions },
	{ "the data at that moment fits", check_assumption },
};

/* ---- the inputs ---- */

static struct error *hash_file(const char *path, char **text)
{
	scoped_free char *data = NULL;
	size_t size = 0;
	char hash[65];

	TRY(read_file(path, &data, &size));
	sha256_text(data, size, hash);
	*text = xstrdup(hash);
	return NULL;
}

/* The GNU build id in the notes of a linked kernel, in hexadecimal; "" if there is none. */
static char *build_id(const struct image *im)
{
	for (size_t i = 1; i < im->nsections; i++) {
		const struct image_section *s = &im->sections[i];
		const unsigned char *p = im->map.data + s->offset;
		struct str text = { 0 };

		if (s->type != SHT_NOTE)
			continue;
		for (uint64_t at = 0; at + 12 <= s->size;) {
			uint32_t name, size, type;

			memcpy(&name, p + at, 4);
			memcpy(&size, p + at + 4, 4);
			memcpy(&type, p + at + 8, 4);
			uint64_t data = at + 12 + ((name + 3ull) & ~3ull);

			if (data + size > s->size)
				break;
			if (name == 4 && type == 3 && !memcmp(p + at + 12, "GNU", 4)) {
				for (uint32_t k = 0; k < size; k++)
					str_add(&text, "%02x", p[data + k]);
				return text.s ? text.s : xstrdup("");
			}
			at = data + ((size + 3ull) & ~3ull);
		}
	}
	return xstrdup("");
}

static struct error *note_inputs(struct verification *v, const char *module, struct certificate *c)
{
	struct image *vmlinux = NULL;
	char *hash = NULL;

	c->module = xstrdup(module);
	TRY(hash_file(module, &c->module_sha256));
	for (size_t i = 0; i < v->rq->nfixes; i++) {
		TRY(hash_file(v->rq->fixes[i], &hash));
		str_vec_push(&c->fixes, xstrdup(v->rq->fixes[i]));
		str_vec_push(&c->fix_sha256, hash);
	}
	if (v->rq->description) {
		c->description = xstrdup(v->rq->description);
		TRY(hash_file(v->rq->description, &c->description_sha256));
	}
	c->target = xstrdup(v->rq->target->name);
	c->compiler = xstrdup(v->rq->target->cc);
	TRY(kernel_image(&v->images, "vmlinux", &vmlinux));
	c->build_id = build_id(vmlinux);
	return NULL;
}

static void note_replaced(const struct verification *v, struct certificate *c)
{
	for (size_t i = 0; i < v->lp.functions.n; i++)
		str_vec_push(&c->replaced, xasprintf("%s:%s,%llu", v->lp.functions.at[i].object,
						     v->lp.functions.at[i].name,
						     (unsigned long long)v->lp.functions.at[i].position));
}

/* ---- the stages that the obligations stand on ---- */

static bool counts(const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && e->change != UNCHANGED && !entity_is_init(e);
}

static struct error *compare_layouts(struct verification *v)
{
	for (size_t i = 0; i < v->p.at.n; i++) {
		struct fixed_unit *u = &v->p.at.at[i];
		SCOPED(str_vec_free) struct str_vec names = { 0 };

		for (size_t k = 0; k < u->b->entities.n; k++)
			if (counts(u->b->entities.at[k]))
				str_vec_push(&names, (char *)u->b->entities.at[k]->name);
		TRY(layout_compare(u->unit->original, u->unit->patched, u->unit->kobject,
				   (const char *const *)names.at, names.n, &v->layout));
	}
	return NULL;
}

static struct error *compile_fixed(struct verification *v, const char *workdir)
{
	struct target *target = v->rq->target;

	TRY(exports_read(target->symvers, &v->exports));
	progress_step("compiling the fixed kernel");
	TRY(fixed_kernel_make(target, v->rq->fixes, v->rq->nfixes, workdir, &v->images, &v->p));
	progress_step("looking for copies elsewhere in the kernel");
	v->impact_error = impact_check_build(target, &v->p.fix, &v->p.units, &v->impact);
	progress_step("comparing types");
	return compare_layouts(v);
}

static struct error *judge_all(struct verification *v, struct certificate *c)
{
	struct obligation *o = c->obligations;

	v->obligations = o;
	progress_step("comparing the livepatch with the fixed kernel");
	v->fidelity = (struct fidelity){ .lp = &v->lp, .p = &v->p, .images = &v->images,
					 .exports = &v->exports, .code = &o[2].statements,
					 .targets = &o[3].statements, .data = &o[4].statements,
					 .later = &o[11].statements };
	fidelity_check(&v->fidelity);
	for (size_t i = 0; i < OBLIGATIONS; i++) {
		TRY(check_interrupted());
		rows[i].check(v, &o[i].statements);
		o[i].verdict = PROVED;
		for (size_t k = 0; k < o[i].statements.n; k++) {
			enum verdict says = o[i].statements.at[k].severity == SEVERITY_REFUSAL ? REFUTED :
					    o[i].statements.at[k].severity == SEVERITY_WARNING ? OPEN :
					    PROVED;

			if (says > o[i].verdict)
				o[i].verdict = says;
		}
	}
	/* The solver and spin end early, too, and would leave questions open that are not. */
	return check_interrupted();
}

static void release(struct verification *v)
{
	fixed_kernel_free(&v->p);
	kernel_images_free(&v->images);
	exports_free(&v->exports);
	description_free(&v->description);
	instances_free(&v->instances);
	findings_free(&v->impact);
	findings_free(&v->layout);
	error_free(v->impact_error);
}

struct verifier {
	struct verify_request rq;
	struct verification v;
	char *workdir;
};

struct error *verifier_open(const struct verify_request *rq, struct verifier **verifier)
{
	struct verifier *r = xcalloc(1, sizeof(*r));

	*verifier = r;
	r->rq = *rq;
	r->v = (struct verification){ .rq = &r->rq, .images = { .target = rq->target } };
	if (rq->description)
		TRY(description_read(rq->description, &r->v.description));
	TRY(temp_dir_new("verify", &r->workdir));
	return compile_fixed(&r->v, r->workdir);
}

void verifier_close(struct verifier *r)
{
	if (!r)
		return;
	release(&r->v);
	temp_dir_remove(&r->workdir);
	free(r);
}

static void begin_certificate(struct certificate *c)
{
	*c = (struct certificate){ 0 };
	for (size_t i = 0; i < OBLIGATIONS; i++) {
		snprintf(c->obligations[i].id, sizeof(c->obligations[i].id), "O%zu", i + 1);
		c->obligations[i].title = rows[i].title;
		c->obligations[i].verdict = OPEN;
	}
}

struct error *verifier_check(struct verifier *r, const char *module, struct certificate *c)
{
	struct verification *v = &r->v;

	begin_certificate(c);
	TRY(note_inputs(v, module, c));
	progress_step("loading the livepatch into an emulated kernel");
	struct error *err = livepatch_load(module, &v->images, &v->exports, &v->lp);

	if (!err)
		err = judge_all(v, c);
	if (!err)
		note_replaced(v, c);
	fidelity_free(&v->fidelity);
	livepatch_free(&v->lp);
	progress_end(err ? "failed" : NULL);
	return err;
}

struct error *verify(const struct verify_request *rq, struct certificate *c)
{
	double start = monotonic_seconds(), own = own_cpu_seconds(), tools = children_cpu_seconds();
	scoped_verifier struct verifier *r = NULL;

	begin_certificate(c);
	TRY(verifier_open(rq, &r));
	TRY(verifier_check(r, rq->module, c));
	c->seconds = monotonic_seconds() - start;
	c->cpu_own = own_cpu_seconds() - own;
	c->cpu_tools = children_cpu_seconds() - tools;
	return NULL;
}
