// SPDX-License-Identifier: GPL-2.0-or-later
/* Waivers, the report as SARIF, and docs/check.md against the table of rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "rules/catalogue.h"
#include "rules/check.h"
#include "rules/known.h"

static const char waivers[] = "[waive S9]\n"
			      "symbol = __already_done.0\n"
			      "reason = may come once more\n"
			      "[waive S9]\n"
			      "symbol = __already_done.1\n"
			      "reason = not there\n"
			      "[declare S5]\n"
			      "reason = the flag means the same\n";

static void read_waivers(struct description *d)
{
	assert_null(description_parse("x.klp", waivers, d));
	assert_int_equal(d->waivers.n, 3);
}

static void fill(struct check_report *r, const struct description *d)
{
	*r = (struct check_report){ .file = xstrdup("x.ko"), .description = d };
	finding_add(&r->findings, "S9", SEVERITY_WARNING, NULL, "__already_done.0", ".data.once", "once");
	finding_add(&r->findings, "S9", SEVERITY_WARNING, NULL, "__already_done.2", "a.c:12", "again");
	finding_add(&r->findings, "N1", SEVERITY_REFUSAL, "vmlinux", "m_start", NULL, "three \xff");
}

static void waivers_take_one_finding_each(void **state)
{
	struct description d;
	struct check_report r;

	read_waivers(&d);
	fill(&r, &d);
	check_waive(&d, &r);
	assert_int_equal(r.waived.n, 1);
	assert_string_equal(r.waived.at[0].finding.symbol, "__already_done.0");
	assert_string_equal(r.waived.at[0].waiver->reason, "may come once more");
	assert_int_equal(r.findings.n, 3);
	assert_string_equal(r.findings.at[0].symbol, "__already_done.2");
	assert_string_equal(r.findings.at[2].id, "L3");
	assert_string_equal(r.findings.at[2].symbol, "__already_done.1");
	assert_string_equal(r.findings.at[2].location, "x.klp:4");
	check_report_free(&r);
	description_free(&d);
}

static void bad_waivers_are_errors(void **state)
{
	static const char *const texts[] = {
		"[waive S9]\nreason = x\n",                       /* no symbol */
		"[waive S9]\nsymbol = x\n",                       /* no reason */
		"[waive s9]\nsymbol = x\nreason = x\n",           /* no id */
		"[waive S]\nsymbol = x\nreason = x\n",
		"[waive S9x]\nsymbol = x\nreason = x\n",
		"[waive]\nsymbol = x\nreason = x\n",
		"[declare S5]\n",
		"[declare S5]\nreason =\n",
		"[waive S9]\nsymbol = x\nreason = x\nscope = all\n", /* unknown key */
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct description d;
		struct error *err = description_parse("x.klp", texts[i], &d);

		if (!err)
			fail_msg("accepted: %s", texts[i]);
		assert_string_equal(err->id, "L1");
		error_free(err);
		description_free(&d);
	}
}

static const char *string_at(json_t *json, const char *path)
{
	scoped_free char *copy = xstrdup(path);
	char *rest = copy, *key;

	while ((key = strsep(&rest, "/")))
		json = json_is_array(json) ? json_array_get(json, strtoul(key, NULL, 10)) :
					     json_object_get(json, key);
	return json_string_value(json);
}

/* What SARIF 2.1.0 requires of each part: sections 3.13, 3.14, 3.19, 3.27, 3.35. */
static void sarif_has_what_the_standard_requires(void **state)
{
	struct description d;
	struct check_report r;

	read_waivers(&d);
	fill(&r, &d);
	check_waive(&d, &r);
	json_t *sarif = check_report_sarif(&r);

	assert_non_null(sarif);
	assert_string_equal(string_at(sarif, "version"), "2.1.0");
	assert_string_equal(string_at(sarif, "runs/0/tool/driver/name"), "suture");
	assert_string_equal(string_at(sarif, "runs/0/tool/driver/rules/0/id"), "S9");
	assert_string_equal(string_at(sarif, "runs/0/results/0/level"), "warning");
	assert_string_equal(string_at(sarif, "runs/0/results/0/message/text"), "again");
	assert_string_equal(string_at(sarif, "runs/0/results/0/locations/0/physicalLocation/"
					     "artifactLocation/uri"), "a.c");
	assert_string_equal(string_at(sarif, "runs/0/results/1/level"), "error");
	assert_string_equal(string_at(sarif, "runs/0/results/1/message/text"), "three ?");
	assert_string_equal(string_at(sarif, "runs/0/results/1/locations/0/logicalLocations/0/"
					     "fullyQualifiedName"), "vmlinux:m_start");
	assert_string_equal(string_at(sarif, "runs/0/results/1/locations/0/physicalLocation/"
					     "artifactLocation/uri"), "x.ko");
	/* the waived one comes last, with its reason */
	assert_string_equal(string_at(sarif, "runs/0/results/3/suppressions/0/kind"), "external");
	assert_string_equal(string_at(sarif, "runs/0/results/3/suppressions/0/justification"),
			    "may come once more");
	json_decref(sarif);
	check_report_free(&r);
	description_free(&d);
}

/* ruleIndex leads to the rule of that id. */
static void sarif_indexes_fit(void **state)
{
	struct check_report r;

	fill(&r, NULL);
	json_t *sarif = check_report_sarif(&r), *run = json_array_get(json_object_get(sarif, "runs"), 0);
	json_t *rules_list = json_object_get(json_object_get(json_object_get(run, "tool"), "driver"), "rules");
	json_t *results = json_object_get(run, "results");

	assert_int_equal(json_array_size(rules_list), 2);
	for (size_t i = 0; i < json_array_size(results); i++) {
		json_t *result = json_array_get(results, i);
		json_t *rule = json_array_get(rules_list, json_integer_value(json_object_get(result, "ruleIndex")));

		assert_string_equal(string_at(result, "ruleId"), string_at(rule, "id"));
	}
	json_decref(sarif);
	check_report_free(&r);
}

static char *text; /* of the document, for one test */

static void document(void)
{
	assert_null(read_file(SOURCE_ROOT "/docs/check.md", &text, NULL));
}

static unsigned int needs_of(const char *id)
{
	unsigned int needs = 0;

	for (size_t i = 0; i < rule_count; i++)
		if (streq(rules[i].id, id))
			needs |= rules[i].needs;
	return needs;
}

/* Each rule has a page, and its row in the document with severity and needs. */
static void document_has_each_rule(void **state)
{
	document();

	for (size_t i = 0; i < rule_count; i++) {
		unsigned int needs = needs_of(rules[i].id);
		scoped_free char *row = xasprintf("\n| %s | %s | ", rules[i].id,
						  severity_name(rules[i].severity));
		const char *at = strstr(text, row), *end;

		if (!at)
			fail_msg("docs/check.md has no row '%s'", row + 1);
		if (!rule_find(rules[i].id))
			fail_msg("%s has no page", rules[i].id);
		at += strlen(row);
		end = strchr(at, '|');
		assert_int_equal(!!(needs & NEEDS_TARGET), !!memchr(at, 'T', end - at));
		assert_int_equal(!!(needs & NEEDS_PREVIOUS), !!memchr(at, 'P', end - at));
		assert_int_equal(!!(needs & NEEDS_RUNNING), !!memchr(at, 'R', end - at));
	}
	free(text);
}

/* And no row there without a rule. */
static void document_has_no_other_rule(void **state)
{
	char *section, *end;
	size_t rows = 0;

	document();
	section = strstr(text, "## Rules");
	end = strstr(text, "## Ids of the build's stages");
	assert_true(section && end);
	*end = 0;
	for (char *p = section; (p = strstr(p, "\n| ")); p++) {
		char id[8] = "";
		bool known = false;

		if (sscanf(p, "\n| %7[A-Z0-9] |", id) != 1)
			continue;
		for (size_t i = 0; i < rule_count; i++)
			known |= streq(rules[i].id, id);
		if (!known)
			fail_msg("docs/check.md: there is no rule %s", id);
		rows++;
	}
	assert_true(rows > 40);
	free(text);
}

static void known_functions_are_found(void **state)
{
	assert_non_null(known_find(KNOWN_LIVEPATCH, "klp_try_switch_task"));
	assert_non_null(known_find(KNOWN_INTERRUPT, "handle_edge_irq"));
	assert_null(known_find(KNOWN_INTERRUPT, "handle_edge_irq_not"));
	assert_null(known_find(KNOWN_ON_STACK, "do_exit"));
	assert_non_null(registrar_find("request_threaded_irq"));
	assert_null(registrar_find("request"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waivers_take_one_finding_each),
		cmocka_unit_test(bad_waivers_are_errors),
		cmocka_unit_test(sarif_has_what_the_standard_requires),
		cmocka_unit_test(sarif_indexes_fit),
		cmocka_unit_test(document_has_each_rule),
		cmocka_unit_test(document_has_no_other_rule),
		cmocka_unit_test(known_functions_are_found),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
