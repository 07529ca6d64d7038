// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The truth: an opaque asm statement is inserted at the start of the function's body, the unit is
 * compiled, and all functions of both objects are compared. Whatever changed must be among what
 * impact names (a miss otherwise); what it names and did not change is an extra.
 */
#include "sample.h"

#include <ctype.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/str.h"
#include "diff/objects.h"
#include "impact/mention.h"
#include "object/image.h"
#include "units/variant.h"

enum { HEADER_UNITS = 2 };

static uint64_t next_random(struct sample *s)
{
	/* xorshift64* */
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * 0x2545f4914f6cdd1du;
}

/* The choice of one function and its units depends on the seed and its number alone. */
static void seed_random(struct sample *s, bool headers, uint64_t number)
{
	s->random = (s->seed * 2 + 1) ^ (number * 2 + headers) * 0x9e3779b97f4a7c15u;
	s->random += !s->random;
	for (int i = 0; i < 8; i++)
		next_random(s);
}

void sample_free(struct sample *s)
{
	map_free(&s->logged);
	free(s->log_text);
	u32_vec_free(&s->extra_role);
	str_vec_free_all(&s->missed);
	str_vec_free_all(&s->extra);
}

/* ---- the edit ---- */

/* Steps over a comment, string or character constant that begins at p; p itself if none does. */
static const char *step_over(const char *p)
{
	const char *end = NULL;

	if (p[0] == '/' && p[1] == '*')
		end = strstr(p + 2, "*/");
	else if (p[0] == '/' && p[1] == '/')
		return p + strcspn(p, "\n");
	else if (*p != '"' && *p != '\'')
		return p;
	if (p[0] == '/')
		return end ? end + 2 : p + strlen(p);
	for (char quote = *p++; *p && *p != quote; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

/*
 * What a function of one of these macros is called in the source; the other functions that it makes
 * (include/linux/syscalls.h, asm/syscall_wrapper.h) have the same line and no body there.
 */
static const char *source_name(const char *name)
{
	static const char *const prefixes[] = { "__do_sys_", "__do_compat_sys_" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return name + strlen(prefixes[i]);
	return name;
}

/*
 * The brace that opens the body of the function whose declarator is at `line`, NULL if unclear. A
 * function whose name is not there is one that a macro makes: what stands behind is not its body.
 */
static const char *find_body(const char *text, uint32_t line, const char *name)
{
	const char *p = text;
	int depth = 0;

	for (uint32_t i = 1; i < line && p; i++) {
		p = strchr(p, '\n');
		p = p ? p + 1 : NULL;
	}
	if (!p || *p == '#' || p[strspn(p, " \t")] == '#')
		return NULL;
	p = str_find_word(p, source_name(name), strcspn(p, "{"));
	if (!p)
		return NULL;
	for (bool parameters = false; *p; p++) {
		const char *q = step_over(p);

		if (q != p) {
			p = q - 1;
			continue;
		}
		depth += *p == '(' ? 1 : *p == ')' ? -1 : 0;
		parameters |= *p == '(';
		if (depth == 0 && (*p == ';' || *p == '=' || *p == '#' || *p == '}' || *p == '\\'))
			return NULL;
		if (depth == 0 && *p == '{')
			return parameters ? p : NULL;
	}
	return NULL;
}

static char *edited(const char *text, uint32_t line, const char *name)
{
	const char *body = find_body(text, line, name);

	/* On the same line: no other line moves. */
	return body ? xasprintf("%.*s asm volatile(\"nop\");%s", (int)(body + 1 - text), text,
				body + 1) : NULL;
}

/* ---- one unit ---- */

static bool names_it(const struct impact_result *r, const struct sample *s, const char *name,
		     const char *unit)
{
	for (size_t i = 0; i < r->members.n; i++) {
		const struct impact_member *m = &r->members.at[i];

		if ((streq(m->unit, unit) || !*m->unit) && name_same_base(m->symbol, name) &&
		    !(s->blind && m->role != ROLE_BODY))
			return true;
	}
	return false;
}

/* Functions that changed, a .cold part under its function; the names are the model's. */
static void changed_functions(struct objects *x, struct map *changed)
{
	for (size_t i = 0; i < x->a->entities.n; i++) {
		const struct entity *e = x->a->entities.at[i];

		if (e->kind != ENTITY_FUNCTION || (e->change != CHANGED && e->change != REMOVED))
			continue;
		e = e->parent ? e->parent : e;
		map_put(changed, e->name, (void *)e);
	}
}

static void judge(struct sample *s, const struct impact_result *r, const char *unit,
		  struct objects *x)
{
	SCOPED(map_free) struct map changed = { 0 };

	changed_functions(x, &changed);
	s->changed += changed.n;
	for (size_t i = 0; i < changed.n; i++) {
		const struct entity *e = changed.entries[i].value;

		if (names_it(r, s, e->name, unit))
			continue;
		str_vec_push(&s->missed, xasprintf("%s:%s: %s changed in %s: %s", r->file,
						   r->function, e->name, unit,
						   e->why ? e->why : "gone"));
	}
	for (size_t i = 0; i < r->members.n; i++) {
		const struct impact_member *m = &r->members.at[i];
		bool found = false;

		if (!m->replace || !streq(m->unit, unit))
			continue;
		for (size_t k = 0; k < changed.n && !found; k++)
			found = name_same_base(changed.entries[k].key, m->symbol);
		if (found)
			continue;
		u32_vec_push(&s->extra_role, m->role);
		str_vec_push(&s->extra, xasprintf("%s:%s: %s (%s) in %s: %s", r->file, r->function,
						  m->symbol, impact_roles[m->role].name, unit,
						  m->why.n ? m->why.at[0] : ""));
	}
}

/* Compiles the unit with the changed text of `path` and compares. *done: it could be done. */
static struct error *try_unit(struct sample *s, const struct impact_result *r, const char *unit,
			      const char *path, const char *text, bool *done)
{
	scoped_temp_dir char *workdir = NULL;
	SCOPED(variants_free) struct variant_vec list = { 0 };
	scoped_objects struct objects x = { 0 };
	SCOPED(unit_free) struct unit original = { 0 };

	*done = false;
	TRY(temp_dir_new("sample", &workdir));
	TRY(unit_compile_original(s->target, unit, &original));
	variant_vec_push(&list, (struct variant){ 0 });
	TRY(unit_compile_variants(s->target, unit, path, text, workdir, &list));
	if (!list.at[0].object)
		return NULL;
	TRY(objects_open(original.original, list.at[0].object, &x));
	judge(s, r, unit, &x);
	s->units++;
	*done = true;
	return NULL;
}

/* ---- one function ---- */

/* Units to look at: the function's own; of a header's, some that have a copy. */
static struct error *choose_units(struct sample *s, const struct impact_result *r, bool header,
				  struct str_vec *units)
{
	SCOPED(str_vec_free_all) struct str_vec more = { 0 };
	SCOPED(map_free) struct map seen = { 0 };

	for (size_t i = 0; i < r->members.n; i++) {
		const char *unit = r->members.at[i].unit;

		if (!*unit || map_has(&seen, unit) || (!header && !streq(unit, r->file)))
			continue;
		map_put(&seen, unit, (void *)unit);
	}
	for (size_t i = 0; i < HEADER_UNITS && seen.n; i++) {
		const char *unit = seen.entries[next_random(s) % seen.n].key;
		bool known = false;

		for (size_t k = 0; k < units->n; k++)
			known |= streq(units->at[k], unit);
		if (!known)
			str_vec_push(units, xstrdup(unit));
	}
	/* And one that may use it without a trace. */
	if (header)
		TRY(mentioning_units(s->target, r->file, r->function, &seen, &more));
	if (more.n)
		str_vec_push(units, xstrdup(more.at[next_random(s) % more.n]));
	return NULL;
}

static bool is_unit_error(const struct error *err)
{
	return err->id[0] == 'U';
}

static struct error *try_function(struct sample *s, const char *file, const char *name,
				  bool header, bool *done)
{
	scoped_free char *path = path_join(s->target->srctree, file);
	scoped_free char *spec = xasprintf("%s:%s", file, name);
	scoped_free char *text = NULL, *changed = NULL;
	SCOPED(impact_result_free) struct impact_result r = { 0 };
	SCOPED(str_vec_free_all) struct str_vec units = { 0 };
	struct impact_request rq = { .target = s->target, .index = s->index, .function = spec,
				     .modules = false, .units = 0 };

	*done = false;
	if (!path_exists(path))
		return NULL;
	TRY(read_file(path, &text, NULL));
	TRY(impact_query(&rq, &r));
	changed = edited(text, r.line, name);
	TRY(choose_units(s, &r, header, &units));
	if (!changed || !units.n)
		return NULL;
	for (size_t i = 0; i < units.n; i++) {
		bool one;

		TRY(impact_probe_unit(&rq, &r, units.at[i], "vmlinux"));
		TRY(try_unit(s, &r, units.at[i], file, changed, &one));
		*done |= one;
	}
	return NULL;
}

/* A function with code that stays after boot, in a file of the wanted kind. */
static bool is_candidate(const struct index_part *part, const struct index_function *f, bool header)
{
	const char *file = index_string(part, f->file);
	const struct index_instance *i = index_instance(part, f->first_instance);
	const struct index_symbol *s = i && f->instances ? index_symbol(part, i->symbol) : NULL;

	if (s && s->flags & SYMBOL_INIT)
		return false;
	if (header)
		return ends_with(file, ".h") && f->inlines && f->inlines < 400;
	return ends_with(file, ".c") && (f->instances || f->inlines);
}

static struct error *sample_one(struct sample *s, const struct index_function *f, bool headers,
				const char *key, enum sample_fate *fate)
{
	const struct index_part *part = &s->index->parts[0];
	scoped_free char *name = xasprintf("%s:%s", index_string(part, f->file),
					   index_string(part, f->name));
	struct sample before = *s;
	bool fine;
	scoped_error struct error *err = try_function(s, index_string(part, f->file),
						      index_string(part, f->name), headers, &fine);

	if (err && !is_unit_error(err) && !streq(err->id, "I4"))
		return take(err);
	if (s->verbose)
		fprintf(stderr, "%s: %s\n", name, err ? err->message : fine ? "compared" :
			"skipped (no body found, or it does not compile)");
	*fate = !err && fine ? SAMPLE_COMPARED : SAMPLE_SKIPPED;
	*(*fate == SAMPLE_COMPARED ? &s->functions : &s->skipped) += 1;
	return s->log ? sample_log_add(s, &before, key, *fate, name) : NULL;
}

struct error *sample_run(struct sample *s, size_t n, bool headers)
{
	const struct index_part *part = &s->index->parts[0];
	uint32_t count = index_function_count(part);

	for (size_t done = 0, tries = 0; done < n && tries < 1000000; tries++) {
		scoped_free char *key = xasprintf("%c %zu", headers ? 'H' : 'C', tries);
		enum sample_fate fate = (uintptr_t)map_get(&s->logged, key);
		const struct index_function *f;

		seed_random(s, headers, tries);
		f = index_function(part, next_random(s) % count);
		if (!is_candidate(part, f, headers))
			continue;
		TRY(check_interrupted());
		if (fate == SAMPLE_UNKNOWN)
			TRY(sample_one(s, f, headers, key, &fate));
		done += fate == SAMPLE_COMPARED;
	}
	return NULL;
}
