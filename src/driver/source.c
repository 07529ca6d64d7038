// SPDX-License-Identifier: GPL-2.0-or-later
#include "driver/source.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "module/module.h"

/* ---- units ---- */

static struct error *find_functions(const struct patch_source_request *rq, struct source_unit *u)
{
	const struct pair *p = u->pair;

	if (rq->function)
		return replacements_of_function(p->a, &p->resolver, rq->function, rq->findings, &u->set);
	replacements_of_fix(p->a, &p->resolver, rq->findings, &u->set);
	prove_coverage(p->a, &u->set, &p->resolver, rq->findings);
	return NULL;
}

static char *stem_of(const char *name)
{
	char *stem = xstrdup(name);

	for (char *p = stem; *p; p++)
		if (!isalnum((unsigned char)*p))
			*p = '_';
	return stem;
}

/*
 * The first unit's file has the livepatch's name, further ones that of their unit as well; so has the first, if the
 * module's object would be called like its own.
 */
static char *file_of(const struct patch_source *s, const char *module, size_t index)
{
	const char *base = path_basename(s->units.at[index].pair->unit->source);
	scoped_free char *unit = xstrndup(base, strcspn(base, "."));
	scoped_free char *name = index ? xasprintf("%s_%zu_%s", s->stem, index + 1, unit) :
				 streq(s->stem, module) ? xasprintf("%s_1_%s", s->stem, unit) :
							  xstrdup(s->stem);
	scoped_free char *clean = stem_of(name);

	return xasprintf("%s.c", clean);
}

static struct error *add_units(const struct patch_source_request *rq, const struct pair_vec *pairs,
			       struct patch_source *s)
{
	for (size_t i = 0; i < pairs->n; i++) {
		struct source_unit u = { .pair = &pairs->at[i] };

		if (!u.pair->a)
			continue;
		struct error *err = find_functions(rq, &u);

		if (err || !u.set.list.n)
			replacements_free(&u.set);
		else
			source_unit_vec_push(&s->units, u);
		TRY(err);
	}
	for (size_t i = 0; i < s->units.n; i++)
		s->units.at[i].file = file_of(s, rq->name, i);
	return NULL;
}

/* An ordinary unit of the kernel proper, whose flags a module's files have by themselves. */
static const char ordinary[] = "kernel/fork.o";

static const struct command *command_of(const struct patch_source *s, const char *object)
{
	for (size_t i = 0; i < s->commands.n; i++)
		if (streq(s->commands.at[i].object_name, object))
			return &s->commands.at[i];
	return NULL;
}

static struct error *find_commands(const struct patch_source_request *rq, struct patch_source *s)
{
	SCOPED(str_vec_free) struct str_vec objects = { 0 };

	for (size_t i = 0; i < s->units.n; i++)
		if (!streq(s->units.at[i].pair->unit->object_name, ordinary))
			str_vec_push(&objects, s->units.at[i].pair->unit->object_name);
	str_vec_push(&objects, (char *)ordinary);
	TRY(unit_commands(rq->target, &objects, &s->commands));
	for (size_t i = 0; i < s->units.n; i++) {
		struct source_unit *u = &s->units.at[i];
		scoped_free char *object = xasprintf("%.*so", (int)strlen(u->file) - 1, u->file);

		u->command = command_of(s, u->pair->unit->object_name);
		u->build_flags = patch_source_flags(u->command, command_of(s, ordinary), object);
	}
	return NULL;
}

static void add_namespaces(struct patch_source *s, const struct source_unit *u, const struct proof *proof)
{
	for (size_t i = 0; i < proof->exports.n; i++) {
		const struct export *e = export_find(u->pair->resolver.exports, proof->exports.at[i]);
		bool known = !*e->namespace_;

		for (size_t k = 0; k < s->namespaces.n; k++)
			known |= streq(s->namespaces.at[k], e->namespace_);
		if (!known)
			str_vec_push(&s->namespaces, (char *)e->namespace_);
	}
}

static struct error *make_units(const struct patch_source_request *rq, struct patch_source *s)
{
	bool patched = rq->fix && !rq->no_fix;
	scoped_free char *farm = path_join(rq->workdir, "source-tree");

	if (patched)
		TRY(units_plain_view(rq->target, rq->fix, &s->commands, farm));
	for (size_t i = 0; i < s->units.n; i++) {
		struct source_unit *u = &s->units.at[i];

		if (patched)
			TRY(patch_source_attempt(rq, s, u, true, farm, true));
		TRY(patch_source_attempt(rq, s, u, false, NULL, !patched));
		add_namespaces(s, u, patched ? &u->patched : &u->original);
	}
	return NULL;
}

static void make_texts(const struct patch_source_request *rq, struct patch_source *s)
{
	for (size_t i = 0; i < s->units.n; i++)
		if (s->units.at[i].result.text)
			s->units.at[i].text = patch_source_unit_text(rq, s, i);
	s->main = patch_source_main(rq, s);
	s->kbuild = patch_source_kbuild(rq, s);
	s->list = patch_source_list(rq, s);
}

struct error *patch_source_make(const struct patch_source_request *rq, const struct pair_vec *pairs,
			  struct patch_source *s)
{
	scoped_free char *headers = path_join(rq->workdir, "headers");

	*s = (struct patch_source){ .stem = stem_of(rq->name) };
	TRY(patch_source_write(s, headers)); /* no unit yet: suture/livepatch.h */
	TRY(add_units(rq, pairs, s));
	if (!s->units.n)
		return NULL;
	TRY(find_commands(rq, s));
	TRY(make_units(rq, s));
	TRY(module_code(rq->description, &s->code));
	make_texts(rq, s);
	return NULL;
}

void patch_source_free(struct patch_source *s)
{
	for (size_t i = 0; i < s->units.n; i++) {
		struct source_unit *u = &s->units.at[i];

		replacements_free(&u->set);
		extract_result_free(&u->result);
		free(u->file);
		free(u->text);
		free(u->build_flags);
		proof_free(&u->original);
		proof_free(&u->patched);
	}
	source_unit_vec_free(&s->units);
	commands_free(&s->commands);
	str_vec_free(&s->namespaces);
	free(s->stem);
	free(s->kbuild);
	free(s->main);
	free(s->code);
	free(s->list);
	*s = (struct patch_source){ 0 };
}
