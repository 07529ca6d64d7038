// SPDX-License-Identifier: GPL-2.0-or-later
/* The report of `suture check` as text and as JSON. */
#include <string.h>

#include "base/str.h"
#include "rules/check.h"

static void print_waived(const struct check_report *r, FILE *out)
{
	for (size_t i = 0; i < r->waived.n; i++) {
		const struct waived *w = &r->waived.at[i];

		fprintf(out, "waived %s %s (line %zu): %s\n", w->finding.id, w->waiver->symbol,
			w->waiver->line, w->waiver->reason);
	}
	for (size_t i = 0; r->description && i < r->description->waivers.n; i++) {
		const struct described_waiver *w = &r->description->waivers.at[i];

		if (w->declaration)
			fprintf(out, "declared %s%s%s: %s\n", w->id, w->symbol ? " " : "",
				w->symbol ? w->symbol : "", w->reason);
	}
}

static size_t count(const struct check_report *r, enum severity severity)
{
	size_t n = 0;

	for (size_t i = 0; i < r->findings.n; i++)
		n += r->findings.at[i].severity == severity;
	return n;
}

/* A rule of two rows is named once. */
static bool is_first(const struct check_report *r, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (streq(r->not_run.at[i], r->not_run.at[at]))
			return false;
	return true;
}

void check_report_print(const struct check_report *r, FILE *out)
{
	findings_print(&r->findings, out);
	print_waived(r, out);
	fprintf(out, "%s: %zu rules%s%s; %zu refusals, %zu warnings, %zu notes, %zu waived\n", r->file,
		r->rules, r->target ? " against " : "", r->target ? r->target : "",
		count(r, SEVERITY_REFUSAL), count(r, SEVERITY_WARNING), count(r, SEVERITY_NOTE),
		r->waived.n);
	if (!r->not_run.n)
		return;
	fputs("not decided (no target, previous livepatch or running system given):", out);
	for (size_t i = 0; i < r->not_run.n; i++)
		if (is_first(r, i))
			fprintf(out, " %s", r->not_run.at[i]);
	fputc('\n', out);
}

static json_t *waiver_json(const struct described_waiver *w)
{
	return json_pack("{so so so sI}", "id", json_from_text(w->id), "symbol", json_from_text(w->symbol), "reason",
			 json_from_text(w->reason), "line", (json_int_t)w->line);
}

json_t *check_report_json(const struct check_report *r)
{
	json_t *waived = json_array(), *declared = json_array(), *not_run = json_array();

	for (size_t i = 0; i < r->waived.n; i++)
		json_array_append_new(waived, waiver_json(r->waived.at[i].waiver));
	for (size_t i = 0; r->description && i < r->description->waivers.n; i++)
		if (r->description->waivers.at[i].declaration)
			json_array_append_new(declared, waiver_json(&r->description->waivers.at[i]));
	for (size_t i = 0; i < r->not_run.n; i++)
		if (is_first(r, i))
			json_array_append_new(not_run, json_string(r->not_run.at[i]));
	return json_pack("{so so sI so so so so}", "file", json_from_text(r->file), "target", json_from_text(r->target),
			 "rules", (json_int_t)r->rules, "findings", findings_json(&r->findings),
			 "waived", waived, "declared", declared, "not_run", not_run);
}
