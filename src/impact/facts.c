// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/facts.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

/* The passes that find them, gcc/ipa-pure-const.cc: before and after inlining, and between functions. */
static const struct {
	const char *flag, *end;
} dumps[] = {
	{ "-fdump-tree-local-pure-const1", "early" },
	{ "-fdump-tree-local-pure-const2", "late" },
	{ "-fdump-ipa-pure-const", "ipa" },
};

void facts_ask(struct str_vec *flags, const char *base)
{
	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++)
		str_vec_push(flags, xasprintf("%s=%s.%s", dumps[i].flag, base, dumps[i].end));
}

static void add(struct str_vec *facts, char *fact)
{
	for (size_t i = 0; i < facts->n; i++)
		if (streq(facts->at[i], fact)) {
			free(fact);
			return;
		}
	str_vec_push(facts, fact);
}

/* "Function found to be looping pure: f/12" */
void facts_parse(const char *text, const char *function, struct str_vec *facts)
{
	static const char head[] = "Function found to be ";
	size_t length = strlen(function);

	for (const char *p = text; (p = strstr(p, head)); p++) {
		const char *fact = p + strlen(head);
		const char *colon = fact + strcspn(fact, ":\n");

		if (starts_with(colon, ": ") && strncmp(colon + 2, function, length) == 0 &&
		    strchr("/\n", colon[2 + length]))
			add(facts, xstrndup(fact, colon - fact));
	}
}

struct error *facts_read(const char *base, const char *function, struct str_vec *facts)
{
	for (size_t i = 0; i < ARRAY_SIZE(dumps); i++) {
		scoped_free char *path = xasprintf("%s.%s", base, dumps[i].end);
		scoped_free char *text = NULL;

		if (!path_exists(path))
			continue;
		TRY(read_file(path, &text, NULL));
		facts_parse(text, function, facts);
	}
	return NULL;
}
