// SPDX-License-Identifier: GPL-2.0-or-later
/* The source of a livepatch: to the disk, and to the report. */
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "driver/source.h"
#include "driver/livepatch-header.h"

static const char livepatch_header[] = LIVEPATCH_HEADER;

static struct error *put(const char *dir, const char *name, const char *text)
{
	scoped_free char *path = path_join(dir, name);

	return write_file(path, text, strlen(text));
}

struct error *patch_source_write(const struct patch_source *s, const char *dir)
{
	scoped_free char *headers = path_join(dir, "suture");
	scoped_free char *main = xasprintf("%s_main.c", s->stem);
	scoped_free char *code = xasprintf("%s_code.c", s->stem);
	scoped_free char *list = xasprintf("%s.json", s->stem);

	TRY(make_dirs(headers));
	TRY(put(headers, "livepatch.h", livepatch_header));
	for (size_t i = 0; i < s->units.n; i++)
		TRY(put(dir, s->units.at[i].file, s->units.at[i].text));
	if (!s->list)
		return NULL;
	TRY(put(dir, main, s->main));
	if (s->code)
		TRY(put(dir, code, s->code));
	TRY(put(dir, "Kbuild", s->kbuild));
	return put(dir, list, s->list);
}

static bool fits(const struct described_waiver *w, const struct finding *f)
{
	return !w->declaration && f->severity == SEVERITY_REFUSAL && streq(f->id, "M30") &&
	       streq(w->id, f->id) && f->symbol && streq(w->symbol, f->symbol);
}

void patch_source_waive(const struct description *d, struct finding_vec *findings)
{
	for (size_t i = 0; d && i < findings->n; i++)
		for (size_t k = 0; k < d->waivers.n; k++) {
			struct finding *f = &findings->at[i];
			const struct described_waiver *w = &d->waivers.at[k];

			if (!fits(w, f))
				continue;
			char *message = xasprintf("%s; waived (%s:%zu): %s", f->message, d->path,
						  w->line, w->reason);

			free(f->message);
			f->message = message;
			f->severity = SEVERITY_NOTE;
		}
}

/* Behind the line with the licence. */
static void mark(char **text)
{
	size_t n = strcspn(*text, "\n");
	char *marked = xasprintf("%.*s\n/* NOT PROVED: it differs from the kernel's own code, and it is not "
				 "explained (M30). For reading only. */%s", (int)n, *text, *text + n);

	free(*text);
	*text = marked;
}

void patch_source_mark_unproved(struct patch_source *s)
{
	for (size_t i = 0; i < s->units.n; i++)
		if (s->units.at[i].text)
			mark(&s->units.at[i].text);
	if (s->main)
		mark(&s->main);
}

void patch_source_files(const struct patch_source *s, struct str_vec *names)
{
	for (size_t i = 0; i < s->units.n; i++)
		str_vec_push(names, xstrdup(s->units.at[i].file));
	str_vec_push(names, xasprintf("%s_main.c", s->stem));
	if (s->code)
		str_vec_push(names, xasprintf("%s_code.c", s->stem));
	str_vec_push(names, xstrdup("Kbuild"));
	str_vec_push(names, xasprintf("%s.json", s->stem));
}

void patch_source_replaced(const struct patch_source *s, struct replaced_vec *replaced)
{
	for (size_t i = 0; i < s->units.n; i++)
		for (size_t k = 0; k < s->units.at[i].set.list.n; k++) {
			const struct unit *unit = s->units.at[i].pair->unit;
			const struct replacement *r = &s->units.at[i].set.list.at[k];

			replaced_vec_push(replaced, (struct replaced){
				.kobject = xstrdup(unit->kobject), .name = xstrdup(r->name),
				.sympos = r->sympos, .symbol = xstrdup(r->new_name),
				.source = xstrdup(unit->source), .why = xstrdup(r->why) });
		}
}

/* ---- what the proof found ---- */

static void print_proof(const struct source_unit *u, const char *which, const struct proof *p,
			FILE *out)
{
	fprintf(out, "proof   %s, %s: %zu functions:", u->file, which, p->functions);
	for (size_t c = 0; c < PROVE_CLASSES; c++)
		if (p->count[c] || c == PROVE_IDENTICAL)
			fprintf(out, " %zu %s%s", p->count[c], prove_class_name(c),
				c + 1 < PROVE_CLASSES ? "," : "");
	fprintf(out, " %zu symbols exported, %zu by livepatch relocation\n", p->exported, p->annotated);
	for (size_t i = 0; i < p->lines.n; i++)
		fprintf(out, "        %s\n", p->lines.at[i]);
}

void patch_source_print_proof(const struct patch_source *s, FILE *out)
{
	for (size_t i = 0; i < s->units.n; i++) {
		const struct source_unit *u = &s->units.at[i];

		if (u->has_original)
			print_proof(u, "unpatched", &u->original, out);
		if (u->has_patched)
			print_proof(u, "patched", &u->patched, out);
	}
}

static json_t *proof_json(const struct proof *p)
{
	json_t *json = json_pack("{si si si}", "functions", (int)p->functions, "exported",
				 (int)p->exported, "annotated", (int)p->annotated);
	json_t *lines = json_array();

	for (size_t c = 0; c < PROVE_CLASSES; c++)
		json_object_set_new(json, prove_class_name(c), json_integer((json_int_t)p->count[c]));
	for (size_t i = 0; i < p->lines.n; i++)
		json_array_append_new(lines, json_string(p->lines.at[i]));
	json_object_set_new(json, "differences", lines);
	return json;
}

json_t *patch_source_json(const struct patch_source *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->units.n; i++) {
		const struct source_unit *u = &s->units.at[i];
		json_t *json = json_pack("{ss ss ss}", "file", u->file, "unit", u->pair->unit->source,
					 "object", u->pair->unit->kobject);

		if (u->has_original)
			json_object_set_new(json, "unpatched", proof_json(&u->original));
		if (u->has_patched)
			json_object_set_new(json, "patched", proof_json(&u->patched));
		json_array_append_new(list, json);
	}
	return list;
}

/* ---- --why ---- */

/* "function tcp_ack" is about tcp_ack. */
static bool is_about(const struct extract_decision *d, const char *name)
{
	const char *last = strrchr(d->what, ' ');

	return streq(d->what, name) || (last && streq(last + 1, name));
}

bool patch_source_print_why(const struct patch_source *s, const char *name, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < s->units.n; i++)
		for (size_t k = 0; k < s->units.at[i].result.decisions.n; k++) {
			const struct extract_decision *d = &s->units.at[i].result.decisions.at[k];

			if (!is_about(d, name))
				continue;
			any = true;
			fprintf(out, "%s: %s: %s\n", d->what, d->how, d->reason);
			fprintf(out, "    needed by %s\n", d->needed_by ? d->needed_by :
				"nothing else: it was asked for");
		}
	return any;
}
