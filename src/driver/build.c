// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver/build.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "diff/policy.h"
#include "driver/pair.h"
#include "driver/function.h"
#include "driver/publish.h"
#include "driver/source.h"
#include "convert/symbols.h"
#include "impact/touched.h"
#include "layout/layout.h"
#include "module/module.h"
#include "target/exports.h"

/* All that the stages of one build hand to each other. */
struct build {
	const struct build_request *rq;
	struct build_report *report;
	char *workdir;
	struct unit_vec units;
	struct exports exports;
	struct images images;
	struct pair_vec pairs;
	struct map provided;     /* global functions that the livepatch brings */
	struct map names;        /* symbols taken in the module */
	struct str_vec objects;  /* livepatch objects */
	struct ptr_vec written;  /* for each unit its livepatch object, or NULL */
	struct str_vec namespaces;
	struct patch_source source;
	char *ko;
};

static struct finding_vec *findings(struct build *b)
{
	return &b->report->findings;
}

/* Stage: translation units, compiled twice. */
static struct error *stage_units(struct build *b)
{
	if (!b->rq->fix)
		return function_unit(b->rq->target, b->rq->function, b->rq->unit, &b->units);
	progress_step("compiling the units that the fix reaches");
	TRY(units_build(b->rq->target, b->rq->fix, b->workdir, &b->units, findings(b)));
	return impact_check_build(b->rq->target, b->rq->fix, &b->units, findings(b));
}

static void note_provided(struct build *b, const struct model *m)
{
	for (size_t i = 0; i < m->entities.n; i++) {
		struct entity *e = m->entities.at[i];

		if (e->symbol && e->symbol->bind == STB_GLOBAL && !e->twin && !entity_is_init(e))
			map_put(&b->provided, e->name, e);
	}
}

/* Stage: what changed, and is the rebuilt original what was shipped. */
static struct error *stage_compare(struct build *b)
{
	progress_step("comparing with the original and with the shipped kernel");
	TRY(exports_read(b->rq->target->symvers, &b->exports));
	b->pairs.at = xcalloc(b->units.n, sizeof(struct pair));
	for (size_t i = 0; i < b->units.n; i++) {
		struct pair *p = &b->pairs.at[b->pairs.n++];

		if (b->units.at[i].identical)
			continue;
		TRY(check_interrupted());
		TRY(pair_open(p, &b->units.at[i], b->rq->target, &b->images, &b->exports,
			      &b->provided, findings(b)));
		if (!b->rq->from_source)
			TRY(pair_avoid_runtime_constants(p, b->rq->target, b->workdir, findings(b)));
		note_provided(b, p->b);
	}
	return NULL;
}

static void report_unit(struct build *b, const struct pair *p, const struct unit *unit,
			const struct closure_stats *stats)
{
	unit_report_vec_push(&b->report->units, (struct unit_report){
		.source = xstrdup(unit->source), .kobject = xstrdup(unit->kobject),
		.identical = unit->identical, .functions = p->repro.functions,
		.reproduced = p->repro.same, .stats = *stats });
}

/*
 * A source has no need of what objects need: its constants of the boot are loaded (source_text.c).
 */
static void take_findings(struct build *b, struct finding_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->at[i];

		if (b->rq->from_source && streq(f->id, "X11"))
			continue;
		finding_way_out(finding_add(findings(b), f->id, f->severity, f->object, f->symbol,
					    f->location, "%s", f->message), "%s",
				f->way_out ? f->way_out : "");
	}
	findings_free(list);
}

/* Stage: the livepatch object of each unit. */
static struct error *stage_closure(struct build *b)
{
	progress_step("collecting what the livepatch needs");
	for (size_t i = 0; i < b->units.n; i++) {
		struct pair *p = &b->pairs.at[i];
		struct closure_stats stats = { 0 };
		struct finding_vec said = { 0 };
		scoped_free char *path = xasprintf("%s/change%zu.o", b->workdir, i);
		struct closure_request rq = {
			.original = p->a, .patched = p->b, .resolver = &p->resolver,
			.source = b->units.at[i].source, .names = &b->names,
			.replaced = &b->report->replaced, .findings = &said,
		};
		bool written = false;

		struct error *err = p->a ? closure_write(&rq, path, &stats, &written) : NULL;

		take_findings(b, &said);
		TRY(err);
		ptr_vec_push(&b->written, written ? path : NULL);
		if (written)
			str_vec_push(&b->objects, take(path));
		report_unit(b, p, &b->units.at[i], &stats);
	}
	return NULL;
}

static bool is_new_or_changed(const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && e->change != UNCHANGED && !entity_is_init(e);
}

/* Stage: types that the fix changes under code that stays. */
static struct error *stage_layout(struct build *b)
{
	progress_step("comparing types");
	for (size_t i = 0; i < b->units.n; i++) {
		const struct pair *p = &b->pairs.at[i];
		struct str_vec names = { 0 };

		for (size_t k = 0; p->b && k < p->b->entities.n; k++)
			if (is_new_or_changed(p->b->entities.at[k]))
				str_vec_push(&names, (char *)p->b->entities.at[k]->name);
		struct error *err = p->b ? layout_compare(p->unit->original, p->unit->patched,
							  p->unit->kobject,
							  (const char *const *)names.at, names.n,
							  findings(b)) : NULL;
		str_vec_free(&names);
		TRY(err);
	}
	return NULL;
}

static bool touched_by_fix(void *arg, const char *function)
{
	return account_touches_function(arg, function);
}

/* Stage: what became of every hunk. With that, changed init functions can be judged. */
static struct error *stage_account(struct build *b)
{
	progress_step("accounting for every hunk");
	struct error *err = pairs_account(b->rq->fix, b->rq->target->srctree, &b->pairs, &b->units,
					  &b->written, &b->report->hunks, findings(b));

	for (size_t i = 0; !err && i < b->pairs.n; i++)
		if (b->pairs.at[i].b)
			policy_for_gone(b->pairs.at[i].b, &b->pairs.at[i].resolver, touched_by_fix,
					&b->report->hunks, findings(b));
	return err;
}

static void check_empty(struct build *b)
{
	if (b->report->replaced.n || findings_refuse(findings(b)))
		return;
	struct finding *f = finding_add(findings(b), "D8", SEVERITY_REFUSAL, NULL, NULL, NULL,
					"the fix changes no function of the target: there is nothing to "
					"replace");

	finding_way_out(f, "check that the fix is for this kernel and this configuration");
}

static void collect_namespaces(struct build *b)
{
	struct map seen = { 0 };

	for (size_t i = 0; i < b->pairs.n; i++)
		for (size_t k = 0; b->pairs.at[i].patched && k < b->pairs.at[i].patched->nsymbols; k++) {
			const struct obj_symbol *s = &b->pairs.at[i].patched->symbols[k];
			const struct export *e = s->shndx == SHN_UNDEF && *s->name ?
						 export_find(&b->exports, s->name) : NULL;

			if (!e || !*e->namespace_ || map_has(&seen, e->namespace_))
				continue;
			map_put(&seen, e->namespace_, (void *)1);
			str_vec_push(&b->namespaces, (char *)e->namespace_);
		}
	map_free(&seen);
}

/* Stage: link by the target's Kbuild, klp relocations. */
static struct error *stage_module(struct build *b)
{
	scoped_free char *dir = path_join(b->workdir, "module");

	progress_step("linking the module with the target's Kbuild");
	collect_namespaces(b);
	TRY(make_dirs(dir));
	struct module_request rq = {
		.target = b->rq->target, .name = b->rq->name, .subject = b->rq->fix->subject,
		.replace = b->rq->replace, .functions = &b->report->replaced,
		.objects = &b->objects, .namespaces = &b->namespaces, .workdir = dir,
		.description = b->rq->description,
		.findings = findings(b),
	};
	return module_build(&rq, &b->ko);
}

/* A callback of an object that never comes is never called: a misspelt name would go unnoticed. */
static struct error *check_description(struct build *b)
{
	const struct description *d = b->rq->description;

	for (size_t i = 0; d && i < d->objects.n; i++) {
		const struct described_object *o = &d->objects.at[i];
		scoped_free char *path = NULL, *place = xasprintf("%s:%zu", d->path, o->line);

		if (streq(o->name, "vmlinux"))
			continue;
		struct error *err = target_module(b->rq->target, o->name, &path);

		if (err && !streq(err->id, "T5"))
			return err;
		if (err)
			finding_add(findings(b), "L2", SEVERITY_WARNING, o->name, NULL, place,
				    "%s: callbacks are called only if some module of that name is "
				    "loaded", err->message);
		error_free(err);
	}
	return NULL;
}

/* ---- by way of a source ---- */

static void report_source(struct build *b)
{
	size_t size;
	FILE *out = open_memstream(&b->report->proof, &size);

	patch_source_print_proof(&b->source, out);
	fclose(out);
	b->report->source = patch_source_json(&b->source);
	replaced_free(&b->report->replaced);
	patch_source_replaced(&b->source, &b->report->replaced);
	if (!b->rq->why)
		return;
	out = open_memstream(&b->report->why, &size);
	if (!patch_source_print_why(&b->source, b->rq->why, out))
		fprintf(out, "%s: the livepatch's source does not mention it\n", b->rq->why);
	fclose(out);
}

/* Stage: the source of the livepatch, held against the units. */
static struct error *stage_source(struct build *b)
{
	const struct patch_source_request rq = {
		.target = b->rq->target, .name = b->rq->name, .subject = b->report->subject,
		.replace = b->rq->replace, .fix = b->rq->fix, .function = b->rq->function,
		.no_fix = b->rq->no_fix, .description = b->rq->description, .workdir = b->workdir,
		.findings = findings(b),
	};

	progress_step("extracting the source, and holding it against the unit");
	TRY(patch_source_make(&rq, &b->pairs, &b->source));
	patch_source_waive(b->rq->description, findings(b));
	report_source(b);
	return NULL;
}

/* Stage: from the source to the module, as a person would. */
static struct error *stage_source_module(struct build *b)
{
	scoped_free char *dir = path_join(b->workdir, "module");
	SCOPED(symlist_free) struct symlist symbols = { 0 };
	struct module_request rq = { .target = b->rq->target, .name = b->rq->name, .workdir = dir,
				     .findings = findings(b) };

	TRY(patch_source_write(&b->source, dir));
	TRY(symlist_of_target(b->rq->target, &symbols));
	progress_step("building the module with the target's Kbuild");
	return module_build_source(&rq, &symbols, &b->ko);
}

static struct error *write_source(struct build *b)
{
	TRY(patch_source_write(&b->source, b->rq->out_dir));
	patch_source_files(&b->source, &b->report->source_files);
	return NULL;
}

/* Nothing but the proof stands against it? */
static bool is_only_unproved(struct build *b)
{
	for (size_t i = 0; i < findings(b)->n; i++)
		if (findings(b)->at[i].severity == SEVERITY_REFUSAL &&
		    !streq(findings(b)->at[i].id, "M30"))
			return false;
	return b->source.units.n > 0;
}

/* For reading: in a place of its own, and each file says what it is. */
static struct error *write_unproved(struct build *b)
{
	scoped_free char *dir = path_join(b->rq->out_dir, UNPROVED_DIR);
	SCOPED(str_vec_free_all) struct str_vec names = { 0 };

	patch_source_mark_unproved(&b->source);
	TRY(patch_source_write(&b->source, dir));
	patch_source_files(&b->source, &names);
	for (size_t i = 0; i < names.n; i++)
		str_vec_push(&b->report->source_files,
			     xasprintf("%s/%s", UNPROVED_DIR, names.at[i]));
	return NULL;
}

static struct error *judge_fix(struct build *b)
{
	if (!b->rq->fix)
		return NULL;
	TRY(stage_closure(b));
	TRY(stage_layout(b));
	TRY(stage_account(b));
	check_empty(b);
	return NULL;
}

static struct error *run_stages(struct build *b)
{
	TRY(check_description(b));
	TRY(stage_units(b));
	if (findings_refuse(findings(b)))
		return NULL;
	TRY(stage_compare(b));
	TRY(judge_fix(b));
	if (!findings_refuse(findings(b)) && b->rq->from_source)
		TRY(stage_source(b));
	if (findings_refuse(findings(b)))
		return b->rq->source_only && is_only_unproved(b) ? write_unproved(b) : NULL;
	if (b->rq->source_only)
		return write_source(b);
	TRY(b->rq->from_source ? stage_source_module(b) : stage_module(b));
	if (!b->ko)
		return NULL;
	return publish(b->rq, &b->units, b->ko, b->workdir, &b->source, &b->report->module);
}

struct error *build_livepatch(const struct build_request *rq, struct build_report *report)
{
	struct build b = { .rq = rq, .report = report };
	scoped_temp_dir char *workdir = NULL;
	double start = monotonic_seconds(), own = own_cpu_seconds(), tools = children_cpu_seconds();

	*report = (struct build_report){ .name = xstrdup(rq->name),
					 .subject = rq->fix ? xstrdup(rq->fix->subject) :
						 xasprintf("%s as it is", rq->function),
					 .target = xstrdup(rq->target->name) };
	TRY(temp_dir_new("build", &workdir));
	b.workdir = workdir;
	struct error *err = run_stages(&b);

	progress_end(err ? "failed" : NULL);
	patch_source_free(&b.source);
	for (size_t i = 0; i < b.pairs.n; i++)
		if (b.pairs.at[i].unit)
			pair_close(&b.pairs.at[i]);
	pair_vec_free(&b.pairs);
	images_free(&b.images);
	exports_free(&b.exports);
	units_free(&b.units);
	map_free(&b.provided);
	map_free(&b.names);
	str_vec_free_all(&b.objects);
	ptr_vec_free(&b.written);
	str_vec_free(&b.namespaces);
	free(b.ko);
	report->seconds = monotonic_seconds() - start;
	report->cpu_own = own_cpu_seconds() - own;
	report->cpu_tools = children_cpu_seconds() - tools;
	return err;
}
