// SPDX-License-Identifier: GPL-2.0-or-later
#include "account/account.h"

#include <string.h>

#include "account/attribute.h"
#include "base/cleanup.h"
#include "base/str.h"

struct accounting {
	struct source_file *sources; /* of the files that some unit reads */
	size_t nsources;
	struct facts_vec facts; /* one for each hunk, in order */
};

static void accounting_free(struct accounting *a)
{
	for (size_t i = 0; i < a->nsources; i++)
		source_file_free(&a->sources[i]);
	free(a->sources);
	facts_free(&a->facts);
}

static bool some_unit_reads(const struct account_unit *units, size_t n, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (names_have(units[i].files, path))
			return true;
	return false;
}

static struct error *read_sources(struct accounting *a, const struct fix *fix, const char *srctree,
				  const struct account_unit *units, size_t n)
{
	a->sources = xcalloc(fix->files.n + 1, sizeof(*a->sources));
	for (size_t i = 0; i < fix->files.n; i++) {
		const struct fix_file *file = &fix->files.at[i];
		bool read = some_unit_reads(units, n, file->path);
		struct source_file *source = read ? &a->sources[a->nsources++] : NULL;

		if (read)
			TRY(source_file_read(srctree, file, source));
		for (size_t h = 0; h < file->hunks.n; h++)
			facts_vec_push(&a->facts,
				       (struct facts) {.file = file, .source = source, .hunk = h});
	}
	return NULL;
}

/* What an earlier stage said about the file (its location is the file's first line in the patch).
 */
static const struct finding *said_about(const struct finding_vec *findings,
					const struct fix_file *file)
{
	scoped_free char *location = xasprintf("%s:%zu", file->patch, file->patch_line);
	size_t n = strlen(file->path);

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->at[i];

		if (f->location && streq(f->location, location) &&
		    starts_with(f->message, file->path) && f->message[n] == ':')
			return f;
	}
	return NULL;
}

/* A hunk of a file that no compiled unit reads. */
static struct hunk_account without_unit(const struct facts *f, struct finding_vec *findings)
{
	struct hunk_account a = {.file = f->file, .hunk = f->hunk, .fate = HUNK_NO_CODE};
	const struct finding *said = said_about(findings, f->file);

	if (said) {
		a.fate = said->severity == SEVERITY_REFUSAL ? HUNK_REFUSED : HUNK_NO_CODE;
		a.why = xasprintf("%s (%s)", said->message + strlen(f->file->path) + 2, said->id);
		return a;
	}
	const struct hunk *h = &f->file->hunks.at[f->hunk];
	scoped_free char *location =
		xasprintf("%s:%zu", h->patch ? h->patch : f->file->path, h->patch_line);
	struct finding *finding =
		finding_add(findings, "A1", SEVERITY_REFUSAL, NULL, NULL, location,
			    "hunk %zu of %s was in no compiled unit, and no stage said why",
			    f->hunk + 1, f->file->path);

	finding_way_out(finding, "report this fix and target as a defect of Suture");
	a.fate = HUNK_LOST;
	a.why = xstrdup("no compiled unit reads the file");
	return a;
}

struct error *account_hunks(const struct fix *fix, const char *srctree,
			    const struct account_unit *units, size_t n,
			    struct hunk_account_vec *result, struct finding_vec *findings)
{
	SCOPED(accounting_free) struct accounting a = {0};

	TRY(read_sources(&a, fix, srctree, units, n));
	for (size_t i = 0; i < n; i++)
		TRY(attribute_unit(&units[i], a.sources, a.nsources, &a.facts, findings));
	for (size_t i = 0; i < a.facts.n; i++) {
		struct facts *f = &a.facts.at[i];

		hunk_account_vec_push(result, f->compiled ? fate_of(f, findings)
							  : without_unit(f, findings));
	}
	return NULL;
}

void hunk_accounts_free(struct hunk_account_vec *result)
{
	for (size_t i = 0; i < result->n; i++) {
		str_vec_free_all(&result->at[i].functions);
		str_vec_free_all(&result->at[i].init);
		str_vec_free_all(&result->at[i].init_inlined);
		free(result->at[i].why);
	}
	hunk_account_vec_free(result);
}

bool account_touches_function(const struct hunk_account_vec *result, const char *name)
{
	bool inlined = false;

	for (size_t i = 0; i < result->n; i++) {
		if (names_have(&result->at[i].init, name))
			return true;
		inlined |= names_have(&result->at[i].init_inlined, name);
	}
	return !inlined;
}

const char *hunk_fate_name(enum hunk_fate fate)
{
	static const char *const names[] = {
		[HUNK_REPLACED] = "replaced",
		[HUNK_NO_CODE] = "no code",
		[HUNK_REFUSED] = "refused",
		[HUNK_LOST] = "lost",
	};

	return names[fate];
}

void hunk_accounts_print(const struct hunk_account_vec *result, FILE *out)
{
	for (size_t i = 0; i < result->n; i++) {
		const struct hunk_account *a = &result->at[i];

		fprintf(out, "hunk    %s:%zu (%zu): %s: %s\n", a->file->path,
			a->file->hunks.at[a->hunk].old_start, a->hunk + 1, hunk_fate_name(a->fate),
			a->why);
	}
}

json_t *hunk_accounts_json(const struct hunk_account_vec *result)
{
	json_t *list = json_array();

	for (size_t i = 0; i < result->n; i++) {
		const struct hunk_account *a = &result->at[i];
		json_t *functions = json_array();

		for (size_t k = 0; k < a->functions.n; k++)
			json_array_append_new(functions, json_string(a->functions.at[k]));
		json_array_append_new(list, json_pack("{ss si si ss so ss}", "file", a->file->path,
						      "hunk", (int)a->hunk + 1, "line",
						      (int)a->file->hunks.at[a->hunk].old_start,
						      "fate", hunk_fate_name(a->fate), "functions",
						      functions, "why", a->why));
	}
	return list;
}
