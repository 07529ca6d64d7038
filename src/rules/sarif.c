// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The report as SARIF 2.1.0 (Static Analysis Results Interchange Format, OASIS standard of 2020):
 * what editors and code review tools read. Waived findings are results with a suppression.
 */
#include <string.h>

#include "base/cleanup.h"
#include "base/map.h"
#include "base/str.h"
#include "config.h"
#include "rules/catalogue.h"
#include "rules/check.h"

/* SARIF 3.27.10 */
static const char *level(enum severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[severity];
}

static json_t *rule_json(const char *id)
{
	const struct rule_page *page = rule_find(id);

	return json_pack("{ss s{so} s{so}}", "id", id, "shortDescription", "text",
			 json_from_text(page ? page->title : id), "fullDescription", "text",
			 json_from_text(page ? page->text : id));
}

/* "file.c:12" is a place in a file; anything else ("section+0x10") a property of the result. */
static json_t *physical(const struct check_report *r, const struct finding *f)
{
	const char *colon = f->location ? strrchr(f->location, ':') : NULL;
	long line = colon ? strtol(colon + 1, NULL, 10) : 0;
	scoped_free char *file = line > 0 ? xstrndup(f->location, colon - f->location) : NULL;
	json_t *place = json_pack("{s{so}}", "artifactLocation", "uri", json_from_text(file ? file : r->file));

	if (line > 0)
		json_object_set_new(place, "region", json_pack("{sI}", "startLine", (json_int_t)line));
	return place;
}

static json_t *location(const struct check_report *r, const struct finding *f)
{
	json_t *location = json_pack("{so}", "physicalLocation", physical(r, f));
	scoped_free char *name = xasprintf("%s%s%s", f->object ? f->object : "",
					   f->object && f->symbol ? ":" : "",
					   f->symbol ? f->symbol : "");

	if (*name)
		json_object_set_new(location, "logicalLocations",
				    json_pack("[{so}]", "fullyQualifiedName", json_from_text(name)));
	return location;
}

static json_t *result(const struct check_report *r, const struct finding *f, size_t rule)
{
	scoped_free char *message = xasprintf("%s%s%s", f->message, f->way_out ? " What to do: " : "",
					      f->way_out ? f->way_out : "");
	json_t *json = json_pack("{ss sI ss s{so} s[o]}", "ruleId", f->id, "ruleIndex",
				 (json_int_t)rule, "level", level(f->severity), "message", "text",
				 json_from_text(message), "locations", location(r, f));

	if (f->location)
		json_object_set_new(json, "properties", json_pack("{so}", "place", json_from_text(f->location)));
	return json;
}

/* Index of the rule in the run's list, which grows. */
static size_t rule_index(struct map *seen, json_t *list, const char *id)
{
	void **slot = map_slot(seen, id);

	if (!*slot) {
		json_array_append_new(list, rule_json(id));
		*slot = (void *)json_array_size(list);
	}
	return (size_t)*slot - 1;
}

json_t *check_report_sarif(const struct check_report *r)
{
	json_t *list = json_array(), *results = json_array();
	struct map seen = { 0 };

	for (size_t i = 0; i < r->findings.n; i++) {
		const struct finding *f = &r->findings.at[i];

		json_array_append_new(results, result(r, f, rule_index(&seen, list, f->id)));
	}
	for (size_t i = 0; i < r->waived.n; i++) {
		const struct finding *f = &r->waived.at[i].finding;
		json_t *json = result(r, f, rule_index(&seen, list, f->id));

		json_object_set_new(json, "suppressions",
				    json_pack("[{ss so}]", "kind", "external", "justification",
					      json_from_text(r->waived.at[i].waiver->reason)));
		json_array_append_new(results, json);
	}
	map_free(&seen);
	return json_pack("{ss ss s[{s{s{ss ss so}} so}]}", "$schema",
			 "https://json.schemastore.org/sarif-2.1.0.json", "version", "2.1.0", "runs",
			 "tool", "driver", "name", "suture", "version", SUTURE_VERSION, "rules", list,
			 "results", results);
}
