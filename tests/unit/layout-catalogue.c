// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The catalogue is complete and well formed: every string literal in src/ that has the form of an
 * id has a page. argv[1]: the directory src/.
 */
#include <ctype.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "rules/catalogue.h"

static const char *source_dir;
static struct map used; /* id → path of a file that uses it */

static const char families[] = "YPTUDRBQSFNXECLAKIMV";

/* Notes every literal "X1" ... "X99" of a known family. */
static void scan(const char *text, const char *path)
{
	for (const char *p = strchr(text, '"'); p; p = strchr(p + 1, '"')) {
		size_t n = strspn(p + 2, "0123456789");

		if (p[1] && strchr(families, p[1]) && n >= 1 && n <= 2 && p[2 + n] == '"') {
			char *id = xstrndup(p + 1, 1 + n);

			if (map_has(&used, id))
				free(id);
			else
				map_put(&used, id, xstrdup(path));
		}
	}
}

static int visit(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char *text;

	if (type != FTW_F || !(ends_with(path, ".c") || ends_with(path, ".h")))
		return 0;
	assert_null(read_file(path, &text, NULL));
	scan(text, path);
	free(text);
	return 0;
}

static void every_id_has_a_page(void **state)
{
	size_t missing = 0;

	assert_int_equal(nftw(source_dir, visit, 16, FTW_PHYS), 0);
	assert_true(map_has(&used, "Y1")); /* the scan sees something */
	for (size_t i = 0; i < used.n; i++) {
		if (!rule_find(used.entries[i].key)) {
			print_error("%s is used in %s and has no page docs/rules/%s.md\n",
				    used.entries[i].key, (char *)used.entries[i].value,
				    used.entries[i].key);
			missing++;
		}
		free((char *)used.entries[i].key);
		free(used.entries[i].value);
	}
	map_free(&used);
	assert_int_equal(missing, 0);
}

static void assert_section(const struct rule_page *p, const char *section)
{
	if (!strstr(p->text, section))
		fail_msg("%s.md has no section '%s'", p->id, section);
}

static void assert_lines_short(const struct rule_page *p)
{
	for (const char *line = p->text; *line;) {
		size_t n = strcspn(line, "\n");

		if (n > 120)
			fail_msg("%s.md: a line of %zu characters", p->id, n);
		line += n + (line[n] != 0);
	}
}

static void pages_are_well_formed(void **state)
{
	static const char *const severities[] = { "refusal", "warning", "note", "error" };

	for (size_t i = 0; i < rule_page_count; i++) {
		const struct rule_page *p = &rule_pages[i];
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(severities); k++)
			known |= streq(p->severity, severities[k]);
		if (!known)
			fail_msg("%s.md: severity '%s'", p->id, p->severity);
		assert_true(strchr(families, p->id[0]) && isdigit(p->id[1]));
		assert_true(strlen(p->title) > 5 && strlen(p->title) < 90);
		assert_section(p, "## Problem\n");
		/* What stops by itself, or changes nothing, is not dangerous. */
		bool dangerous = streq(p->severity, "refusal") || streq(p->severity, "warning");

		if (dangerous && !strstr(p->text, "## Cause\n"))
			assert_section(p, "## Why it is dangerous\n");
		assert_section(p, "## What to do\n");
		assert_true(ends_with(p->text, "\n"));
		assert_lines_short(p);
	}
}

static void find_and_near(void **state)
{
	struct rule_page_vec near = { 0 };

	assert_string_equal(rule_find("d1")->id, "D1");
	assert_string_equal(rule_find("o3")->id, "V3");
	assert_null(rule_find("O"));
	assert_null(rule_find("D99"));
	assert_null(rule_find(""));
	rule_near("D11", &near);
	assert_true(near.n >= 2);
	assert_string_equal(near.at[0]->id, "D1");
	near.n = 0;
	rule_near("!?", &near);
	assert_int_equal(near.n, 0);
	rule_page_vec_free(&near);
}

static void sorted_by_number(void **state)
{
	for (size_t i = 1; i < rule_page_count; i++) {
		const char *a = rule_pages[i - 1].id, *b = rule_pages[i].id;

		assert_true(*a < *b || (*a == *b && atoi(a + 1) < atoi(b + 1)));
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pages_are_well_formed),
		cmocka_unit_test(sorted_by_number),
		cmocka_unit_test(find_and_near),
		cmocka_unit_test(every_id_has_a_page),
	};

	source_dir = argc > 1 ? argv[1] : "src";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
