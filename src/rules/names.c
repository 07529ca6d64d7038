// SPDX-License-Identifier: GPL-2.0-or-later
/* Family N: do the names of the livepatch lead to the symbols that are meant? */
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "convert/versions.h"
#include "rules/detectors.h"

struct error *rule_inspected(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->findings.n; i++) {
		const struct finding *f = &c->in->findings.at[i];

		if (streq(f->id, rule->id))
			rule_finding(c, rule, f->object, f->symbol, f->location, "%s", f->message);
	}
	return NULL;
}

/* ---- N1, N4: functions and late symbols against the shipped symbol table ---- */

/* Calls judge() for each name that the kernel will look up, with the image that has it or NULL. */
typedef void name_judge(struct check *c, const struct rule *rule, const struct image *image,
			const char *kobject, const char *name, uint64_t position);

static struct error *each_name(struct check *c, const struct rule *rule, name_judge *judge)
{
	for (size_t i = 0; i < c->replaced.n; i++) {
		const struct replaced_symbol *r = &c->replaced.at[i];

		judge(c, rule, r->image, r->func->kobject, r->func->name, r->func->sympos);
	}
	for (size_t i = 0; i < c->in->relocs.n; i++) {
		const struct inspect_reloc *r = &c->in->relocs.at[i];
		struct image *image;

		TRY(check_image(c, r->object, &image));
		judge(c, rule, image, r->object, r->symbol, strtoull(r->position, NULL, 10));
	}
	return NULL;
}

static void judge_ambiguous(struct check *c, const struct rule *rule, const struct image *image,
			    const char *kobject, const char *name, uint64_t position)
{
	size_t count;
	struct finding *f;

	if (!image || check_symbol(image, name, position, &count) || count < 2 || position)
		return;
	f = rule_finding(c, rule, kobject, name, NULL,
			 "%zu symbols of this name, and position 0 claims that there is one", count);
	finding_way_out(f, "give the position of the one that is meant, 1 to %zu", count);
}

struct error *rule_ambiguous_name(struct check *c, const struct rule *rule)
{
	return each_name(c, rule, judge_ambiguous);
}

static void judge_missing(struct check *c, const struct rule *rule, const struct image *image,
			  const char *kobject, const char *name, uint64_t position)
{
	size_t count;

	if (!image || check_symbol(image, name, position, &count))
		return;
	if (!count)
		rule_finding(c, rule, kobject, name, NULL, "the shipped symbol table has no such symbol");
	else if (position)
		rule_finding(c, rule, kobject, name, NULL,
			     "position %llu, and there are only %zu of this name",
			     (unsigned long long)position, count);
}

/* Undefined symbols of the module that the kernel does not export. */
static void judge_import(struct check *c, const struct rule *rule, const char *name)
{
	bool there = image_find(c->vmlinux, name);
	struct finding *f;

	if (export_find(&c->exports, name))
		return;
	f = rule_finding(c, rule, NULL, name, NULL, there ?
			 "the kernel has this symbol, but does not export it: the module cannot be loaded" :
			 "neither exported nor in vmlinux: the module cannot be loaded");
	finding_way_out(f, "%s", there ? "refer to it by a livepatch relocation (suture convert)" :
					 "was the module built for this kernel?");
}

/* Not wrong, but nothing about it was looked at. */
static void note_unknown_objects(struct check *c, const struct rule *rule)
{
	struct map seen = { 0 };

	for (size_t i = 0; i < c->replaced.n; i++) {
		const char *kobject = c->replaced.at[i].func->kobject;

		if (c->replaced.at[i].image || map_has(&seen, kobject))
			continue;
		map_put(&seen, kobject, (void *)rule);
		rule_finding(c, rule, kobject, NULL, NULL,
			     "the target ships no such module: its functions were not looked at, and the "
			     "livepatch waits for it")->severity = SEVERITY_NOTE;
	}
	map_free(&seen);
}

struct error *rule_missing_symbol(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->imports.n; i++)
		judge_import(c, rule, c->in->imports.at[i].name);
	note_unknown_objects(c, rule);
	return each_name(c, rule, judge_missing);
}

/* ---- N2: the position belongs to the symbol of another file ---- */

/* Name of the source file that the replacement's symbol stands under (STT_FILE), or NULL. */
static const char *file_of(const struct object *o, const char *name)
{
	const char *file = NULL;

	for (size_t i = 1; i < o->nsymbols; i++) {
		const struct obj_symbol *s = &o->symbols[i];

		if (s->type == STT_FILE)
			file = s->name;
		else if (s->type == STT_FUNC && s->bind == STB_LOCAL && streq(s->name, name))
			return file;
	}
	return NULL;
}

static const char *image_file_of(const struct image *im, const struct image_symbol *s)
{
	return s->file >= 0 ? im->files.at[s->file].name : NULL;
}

/* The one symbol of that name under that file; NULL when there is none or more than one. */
static const struct image_symbol *only_one_in(const struct image *im, const char *name,
					      const char *file)
{
	const struct image_symbol *found = NULL;

	for (const struct image_symbol *s = image_find(im, name); s; s = s->next_same_name) {
		const char *at = image_file_of(im, s);

		if (!at || !streq(at, file))
			continue;
		if (found)
			return NULL;
		found = s;
	}
	return found;
}

struct error *rule_foreign_position(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->replaced.n; i++) {
		const struct replaced_symbol *r = &c->replaced.at[i];
		const char *file = r->symbol && r->same_name > 1 && r->func->new_name ?
				   file_of(c->in->object, r->func->new_name) : NULL;
		const char *meant = r->symbol ? image_file_of(r->image, r->symbol) : NULL;
		const struct image_symbol *better;

		if (!file || !meant || streq(file, meant))
			continue;
		better = only_one_in(r->image, r->func->name, file);
		if (better)
			finding_way_out(rule_finding(c, rule, r->func->kobject, r->func->name, file,
				"position %llu is the one of %s in the shipped kernel, and the replacement "
				"comes from %s", (unsigned long long)r->func->sympos, meant, file),
				"position %u", image_sympos(r->image, better));
	}
	return NULL;
}

/* ---- N3: against the livepatch before ---- */

static uint64_t canonical(uint64_t position)
{
	return position ? position : 1;
}

struct error *rule_changed_position(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->functions.n; i++)
		for (size_t k = 0; k < c->previous->functions.n; k++) {
			const struct inspect_func *f = &c->in->functions.at[i];
			const struct inspect_func *old = &c->previous->functions.at[k];

			if (!streq(f->kobject, old->kobject) || !streq(f->name, old->name) ||
			    f->sympos == old->sympos)
				continue;
			bool same = canonical(f->sympos) == canonical(old->sympos);
			struct finding *finding = rule_finding(c, rule, f->kobject, f->name, NULL,
				"position %llu, and %llu in the livepatch before: %s",
				(unsigned long long)f->sympos, (unsigned long long)old->sympos, same ?
				"the same function under two numbers" :
				"another function; is the one of the livepatch before still replaced?");

			if (same)
				finding->severity = SEVERITY_NOTE;
		}
	return NULL;
}

/* ---- N5: what the kernel's formats can carry ---- */

static size_t name_limit(const struct check *c)
{
	scoped_free char *release = c->target ? xstrdup(c->target->release) : check_release(c->in);
	const struct klp_release *row = klp_release(release);

	return (row ? row : klp_release_oldest())->symbol_name_len;
}

static void judge_form(struct check *c, const struct rule *rule, const char *kobject, const char *name)
{
	size_t limit = name_limit(c);

	if (strlen(name) >= limit)
		rule_finding(c, rule, kobject, name, NULL, "a name of %zu characters; the kernel takes %zu",
			     strlen(name), limit - 1);
	if (strchr(name, ','))
		rule_finding(c, rule, kobject, name, NULL, "a comma in the name ends it too early");
	if (strlen(kobject) >= KLP_OBJECT_NAME_LEN || strpbrk(kobject, ".,-/") || !*kobject)
		rule_finding(c, rule, kobject, name, NULL,
			     "'%s' cannot be the name of a loaded object: at most %d characters, '_' for "
			     "'-', no path and no .ko", kobject, KLP_OBJECT_NAME_LEN - 1);
}

struct error *rule_name_form(struct check *c, const struct rule *rule)
{
	for (size_t i = 0; i < c->in->functions.n; i++)
		judge_form(c, rule, c->in->functions.at[i].kobject, c->in->functions.at[i].name);
	for (size_t i = 0; i < c->in->relocs.n; i++)
		judge_form(c, rule, c->in->relocs.at[i].object, c->in->relocs.at[i].symbol);
	return NULL;
}
