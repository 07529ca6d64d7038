// SPDX-License-Identifier: GPL-2.0-or-later
#include "rules/catalogue.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

const struct rule_page *rule_find(const char *id)
{
	/* Obligation O3 of a certificate is explained where its findings are: V3. */
	char finding[8];

	if (toupper((unsigned char)*id) == 'O' && strlen(id) < sizeof(finding)) {
		snprintf(finding, sizeof(finding), "V%s", id + 1);
		id = finding;
	}
	for (size_t i = 0; i < rule_page_count; i++)
		if (strcasecmp(rule_pages[i].id, id) == 0)
			return &rule_pages[i];
	return NULL;
}

/* Is b a with one character replaced, inserted or removed (case aside)? */
static bool one_off(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	while (*a && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
		a++;
		b++;
	}
	if (n == m)
		return *a && strcasecmp(a + 1, b + 1) == 0;
	if (n == m + 1)
		return strcasecmp(a + 1, b) == 0;
	return n + 1 == m && strcasecmp(a, b + 1) == 0;
}

void rule_near(const char *id, struct rule_page_vec *near)
{
	for (size_t i = 0; i < rule_page_count; i++) {
		const struct rule_page *p = &rule_pages[i];

		if (tolower((unsigned char)*id) == tolower((unsigned char)*p->id) ||
		    one_off(id, p->id))
			rule_page_vec_push(near, p);
	}
}
