// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>

#include "driver/build.h"

void build_report_free(struct build_report *r)
{
	free(r->module);
	free(r->name);
	free(r->subject);
	free(r->target);
	for (size_t i = 0; i < r->units.n; i++) {
		free(r->units.at[i].source);
		free(r->units.at[i].kobject);
	}
	unit_report_vec_free(&r->units);
	replaced_free(&r->replaced);
	hunk_accounts_free(&r->hunks);
	findings_free(&r->findings);
	str_vec_free_all(&r->source_files);
	free(r->proof);
	free(r->why);
	json_decref(r->source);
}

/* A fix of a header may change hundreds of functions: the JSON report has them all. */
static void print_replaced(const struct build_report *r, FILE *out)
{
	enum { LIMIT = 12 };

	for (size_t i = 0; i < r->replaced.n && (i < LIMIT || r->replaced.n == LIMIT + 1); i++) {
		const struct replaced *f = &r->replaced.at[i];

		fprintf(out, "%s %s:%s,%u (%s)\n", r->module || r->source_files.n ? "replace" : "changed", f->kobject,
			f->name, f->sympos, f->why ? f->why : "changed");
	}
	if (r->replaced.n > LIMIT + 1)
		fprintf(out, "        ... and %zu more functions\n", r->replaced.n - LIMIT);
}

void build_report_print(const struct build_report *r, FILE *out)
{
	fprintf(out, "fix:    %s\ntarget: %s\n", r->subject ? r->subject : r->name, r->target);
	for (size_t i = 0; i < r->units.n; i++) {
		const struct unit_report *u = &r->units.at[i];

		if (u->identical)
			fprintf(out, "unit    %s (%s): same code\n", u->source, u->kobject);
		else
			fprintf(out, "unit    %s (%s): %zu of %zu functions reproduced, %zu changed, "
				"%zu new\n", u->source, u->kobject, u->reproduced, u->functions,
				u->stats.functions_changed, u->stats.functions_new);
	}
	print_replaced(r, out);
	hunk_accounts_print(&r->hunks, out);
	fputs(r->proof ? r->proof : "", out);
	findings_print(&r->findings, out);
	fputs(r->why ? r->why : "", out);
	for (size_t i = 0; i < r->source_files.n; i++)
		fprintf(out, "source  %s\n", r->source_files.at[i]);
	if (r->module)
		fprintf(out, "module  %s\n", r->module);
	else if (!r->source_files.n || findings_refuse(&r->findings))
		fprintf(out, "refused: no livepatch was made\n");
	fprintf(out, "time    %.1f s; CPU: tools %.1f s, own work %.2f s\n", r->seconds, r->cpu_tools,
		r->cpu_own);
}

static json_t *units_json(const struct build_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->units.n; i++) {
		const struct unit_report *u = &r->units.at[i];

		json_array_append_new(list, json_pack(
			"{ss ss sb si si si si si}", "source", u->source, "object", u->kobject,
			"identical", u->identical, "functions", (int)u->functions, "reproduced",
			(int)u->reproduced, "changed", (int)u->stats.functions_changed, "new",
			(int)u->stats.functions_new, "klp_symbols", (int)u->stats.klp_symbols));
	}
	return list;
}

static json_t *replaced_json(const struct build_report *r)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->replaced.n; i++) {
		const struct replaced *f = &r->replaced.at[i];

		json_array_append_new(list, json_pack("{ss ss si ss ss ss*}", "object", f->kobject,
						      "function", f->name, "sympos", (int)f->sympos,
						      "symbol", f->symbol, "source", f->source,
						      "why", f->why));
	}
	return list;
}

json_t *build_report_json(const struct build_report *r)
{
	return json_pack("{ss ss* ss* ss* so so so so sO* s{sf sf sf}}", "name", r->name, "subject",
			 r->subject, "target", r->target, "module", r->module, "units",
			 units_json(r), "replaced", replaced_json(r), "hunks",
			 hunk_accounts_json(&r->hunks), "findings",
			 findings_json(&r->findings), "source", r->source, "time", "wall", r->seconds, "cpu_tools",
			 r->cpu_tools, "cpu_own", r->cpu_own);
}
