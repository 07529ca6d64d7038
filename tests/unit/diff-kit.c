// SPDX-License-Identifier: GPL-2.0-or-later
#include "diff-kit.h"

#include "base/file.h"
#include "base/process.h"

char *kit_dir;

int kit_setup(void **state)
{
	
	process_setup_signals();
	return temp_dir_new("test", &kit_dir) != NULL;
}

int kit_teardown(void **state)
{
	
	temp_dir_remove(&kit_dir);
	return 0;
}

void kit_run(const char *command)
{
	struct str_vec words = { 0 };
	scoped_process_result struct process_result r = { 0 };

	assert_true(str_split_shell(command, &words));
	str_vec_push(&words, NULL);
	assert_fine(process_run(&(struct process){ .argv = (const char *const *)words.at,
						   .cwd = kit_dir }, &r));
	if (r.status)
		fail_msg("%s: %s", command, r.output);
	words.n--;
	str_vec_free_all(&words);
}

bool kit_has(const char *program)
{
	const char *const argv[] = { program, "--version", NULL };
	scoped_process_result struct process_result r = { 0 };
	scoped_error struct error *err = process_run(&(struct process){ .argv = argv }, &r);

	return !err && r.status == 0;
}

char *kit_path(const char *name)
{
	return path_join(kit_dir, name);
}

char *kit_compile(const char *cc, const char *flags, const char *name, const char *text)
{
	scoped_free char *source = kit_path(name);
	char *object = xasprintf("%s.o", source);
	scoped_free char *command = xasprintf("%s %s -w -c -o %s %s", cc, flags, object, source);

	assert_fine(write_file(source, text, strlen(text)));
	kit_run(command);
	return object;
}

void kit_open(struct kit_pair *k, const char *original, const char *patched)
{
	*k = (struct kit_pair){ 0 };
	assert_fine(object_read(original, &k->o));
	assert_fine(object_read(patched, &k->p));
	assert_fine(model_new(k->o, &k->findings, &k->a));
	assert_fine(model_new(k->p, &k->findings, &k->b));
	correlate(k->a, k->b);
	compare(k->a, k->b);
}

void kit_close(struct kit_pair *k)
{
	model_free(k->a);
	model_free(k->b);
	object_free(k->o);
	object_free(k->p);
	findings_free(&k->findings);
}

struct entity *kit_entity(struct model *m, const char *name)
{
	for (size_t i = 0; i < m->entities.n; i++)
		if (m->entities.at[i]->symbol && streq(m->entities.at[i]->name, name))
			return m->entities.at[i];
	fail_msg("no entity '%s'", name);
	return NULL;
}

struct entity *kit_used(struct model *m, const char *function, const char *key, size_t nth)
{
	const struct ref_site_vec *refs = entity_refs(m, kit_entity(m, function));
	struct entity_vec seen = { 0 };
	struct entity *found = NULL;

	for (size_t i = 0; i < refs->n && !found; i++) {
		struct entity *e = refs->at[i].ref.kind == REF_ENTITY ? refs->at[i].ref.entity : NULL;
		bool known = false;

		for (size_t k = 0; k < seen.n; k++)
			known |= seen.at[k] == e;
		if (!e || known || !streq(e->key, key))
			continue;
		if (seen.n == nth)
			found = e;
		entity_vec_push(&seen, e);
	}
	entity_vec_free(&seen);
	if (!found)
		fail_msg("'%s' does not use a %zu. '%s'", function, nth, key);
	return found;
}

static void add_line(struct str *out, const struct entity *e)
{
	static const char *const names[] = { "unchanged", "changed", "new", "removed" };

	str_add(out, "%s %s %s%s%s\n", names[e->change],
		e->kind == ENTITY_FUNCTION ? "function" : "data", e->name, e->why ? ": " : "",
		e->why ? e->why : "");
}

static bool is_shown(const struct entity *e)
{
	return e->change != UNCHANGED && (e->kind != ENTITY_ANON || e->change == CHANGED);
}

char *kit_report(const struct kit_pair *k)
{
	struct str out = { 0 };

	str_add_bytes(&out, "", 0);
	for (size_t i = 0; i < k->a->entities.n; i++)
		if (k->a->entities.at[i]->change == REMOVED && is_shown(k->a->entities.at[i]))
			add_line(&out, k->a->entities.at[i]);
	for (size_t i = 0; i < k->b->entities.n; i++)
		if (is_shown(k->b->entities.at[i]))
			add_line(&out, k->b->entities.at[i]);
	for (size_t i = 0; i < k->findings.n; i++)
		str_add(&out, "finding %s %s: %s\n", k->findings.at[i].id,
			k->findings.at[i].symbol ? k->findings.at[i].symbol : "-",
			k->findings.at[i].message);
	return out.s;
}
