// SPDX-License-Identifier: GPL-2.0-or-later
#include "line.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "module/module.h"

static struct error *compare_units(struct line *l)
{
	TRY(exports_read(l->target->symvers, &l->exports));
	l->pairs.at = xcalloc(l->units.n + 1, sizeof(struct pair));
	for (size_t i = 0; i < l->units.n; i++) {
		if (l->units.at[i].identical)
			continue;
		struct pair *p = &l->pairs.at[l->pairs.n++];

		TRY(pair_open(p, &l->units.at[i], l->target, &l->images, &l->exports, &l->provided,
			      &l->findings));
		TRY(pair_avoid_runtime_constants(p, l->target, l->workdir, &l->findings));
		for (size_t k = 0; k < p->b->entities.n; k++) {
			struct entity *e = p->b->entities.at[k];

			if (e->symbol && e->symbol->bind == STB_GLOBAL && !e->twin && !entity_is_init(e))
				map_put(&l->provided, e->name, e);
		}
	}
	return NULL;
}

static struct error *collect(struct line *l)
{
	for (size_t i = 0; i < l->pairs.n; i++) {
		struct pair *p = &l->pairs.at[i];
		struct closure_stats stats = { 0 };
		scoped_free char *path = xasprintf("%s/change%zu.o", l->workdir, i);
		struct closure_request rq = {
			.original = p->a, .patched = p->b, .resolver = &p->resolver,
			.source = p->unit->source, .names = &l->names, .replaced = &l->replaced,
			.findings = &l->findings,
		};
		bool written = false;

		TRY(closure_write(&rq, path, &stats, &written));
		if (written)
			str_vec_push(&l->objects, take(path));
	}
	return NULL;
}

static struct error *link_module(struct line *l, const char *to)
{
	scoped_free char *dir = path_join(l->workdir, "module"), *ko = NULL;
	struct str_vec namespaces = { 0 };
	struct module_request rq = {
		.target = l->target, .name = "livepatch-victim", .subject = "seeded", .replace = true,
		.functions = &l->replaced, .objects = &l->objects, .namespaces = &namespaces,
		.workdir = dir, .findings = &l->findings,
	};

	TRY(make_dirs(dir));
	if (!l->replaced.n)
		return error_new("D8", "nothing is left to be replaced");
	TRY(module_build(&rq, &ko));
	return ko ? copy_file(ko, to) : error_new("B2", "objtool gave up");
}

static struct error *run(struct line *l, const struct hand *hand, const char *what, const char *to)
{
	TRY(units_build(l->target, &l->fix, l->workdir, &l->units, &l->findings));
	TRY(compare_units(l));
	if (hand && hand->compared)
		hand->compared(l, what);
	TRY(collect(l));
	if (hand && hand->collected)
		hand->collected(l, what);
	if (findings_refuse(&l->findings)) {
		findings_print(&l->findings, stderr);
		return error_new("D8", "refused");
	}
	return link_module(l, to);
}

static void line_free(struct line *l)
{
	for (size_t i = 0; i < l->pairs.n; i++)
		pair_close(&l->pairs.at[i]);
	pair_vec_free(&l->pairs);
	images_free(&l->images);
	exports_free(&l->exports);
	units_free(&l->units);
	map_free(&l->provided);
	map_free(&l->names);
	replaced_free(&l->replaced);
	str_vec_free_all(&l->objects);
	findings_free(&l->findings);
	fix_free(&l->fix);
}

struct error *line_build(struct target *target, const char *patch, const struct hand *hand,
			 const char *what, const char *to, size_t *touched)
{
	struct line l = { .target = target };
	scoped_temp_dir char *workdir = NULL;
	struct error *err = temp_dir_new("line", &workdir);

	l.workdir = workdir;
	if (!err)
		err = fix_parse(&l.fix, "seeded", patch, strlen(patch));
	if (!err)
		err = run(&l, hand, what, to);
	*touched = l.touched;
	line_free(&l);
	return err;
}

/* ---- hands ---- */

static void leave_as_it_is(struct line *l, struct entity *e)
{
	if (e->change == UNCHANGED)
		return;
	l->touched++;
	e->change = UNCHANGED;
	if (e->twin)
		e->twin->change = UNCHANGED;
}

/* A function, with its cold part, is taken for one that does not change. */
static void forget_compared(struct line *l, const char *what)
{
	for (size_t i = 0; i < l->pairs.n; i++)
		for (size_t k = 0; k < l->pairs.at[i].b->entities.n; k++) {
			struct entity *e = l->pairs.at[i].b->entities.at[k];

			if (streq(e->name, what) || (e->parent && streq(e->parent->name, what)))
				leave_as_it_is(l, e);
		}
}

static void forget_unit_compared(struct line *l, const char *what)
{
	for (size_t i = 0; i < l->pairs.n; i++)
		for (size_t k = 0; k < l->pairs.at[i].b->entities.n; k++)
			if (streq(l->pairs.at[i].unit->source, what))
				leave_as_it_is(l, l->pairs.at[i].b->entities.at[k]);
}

/* The new function jumps to the part that was split off the old one: by way of another name it has no
 * function that it is part of. */
static void reuse_compared(struct line *l, const char *what)
{
	for (size_t i = 0; i < l->pairs.n; i++)
		for (size_t k = 0; k < l->pairs.at[i].b->entities.n; k++) {
			struct entity *e = l->pairs.at[i].b->entities.at[k];

			if (!e->parent || !streq(e->parent->name, what) || !e->twin)
				continue;
			e->parent = NULL;
			e->change = e->twin->change = UNCHANGED;
			l->touched++;
		}
}

/* The static variable is taken for a new one. */
static void fresh_compared(struct line *l, const char *what)
{
	for (size_t i = 0; i < l->pairs.n; i++)
		for (size_t k = 0; k < l->pairs.at[i].b->entities.n; k++) {
			struct entity *e = l->pairs.at[i].b->entities.at[k];

			if (e->kind != ENTITY_DATA || !e->twin || !streq(e->key, what))
				continue;
			e->twin->twin = NULL;
			e->twin = NULL;
			e->change = NEW;
			l->touched++;
		}
}

static void drop_collected(struct line *l, const char *what)
{
	size_t kept = 0;

	for (size_t i = 0; i < l->replaced.n; i++) {
		struct replaced *r = &l->replaced.at[i];

		if (!streq(r->name, what)) {
			l->replaced.at[kept++] = *r;
			continue;
		}
		l->touched++;
		free(r->kobject);
		free(r->name);
		free(r->symbol);
		free(r->source);
		free(r->why);
	}
	l->replaced.n = kept;
}

static void other_collected(struct line *l, const char *what)
{
	for (size_t i = 0; i < l->replaced.n; i++) {
		free(l->replaced.at[i].kobject);
		l->replaced.at[i].kobject = xstrdup(what);
		l->replaced.at[i].sympos = 0;
		l->touched++;
	}
}

const struct hand forget_function = { .compared = forget_compared };
const struct hand forget_unit = { .compared = forget_unit_compared };
const struct hand reuse_cold = { .compared = reuse_compared };
const struct hand fresh_variable = { .compared = fresh_compared };
const struct hand drop_replaced = { .collected = drop_collected };
const struct hand other_object = { .collected = other_collected };
