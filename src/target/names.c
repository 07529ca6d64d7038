// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

bool name_is_safe(const char *name)
{
	size_t n = strlen(name);

	if (n == 0 || n > 128 || *name == '.' || *name == '-')
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr(".+~-", *p))
			return false;
	return true;
}

/* Length of "N.N" at s, or 0. */
static size_t series_length(const char *s)
{
	size_t n = strspn(s, "0123456789"), m;

	if (n == 0 || s[n] != '.')
		return 0;
	m = strspn(s + n + 1, "0123456789");
	return m ? n + 1 + m : 0;
}

static void put(char *to, size_t room, const char *from, size_t n)
{
	snprintf(to, room, "%.*s", (int)n, from);
}

bool release_parse(const char *release, struct release_name *out)
{
	static const char *const flavours[] = { "-cloud-amd64", "-rt-amd64", "-amd64" };
	size_t series = series_length(release), n = strlen(release);

	if (!name_is_safe(release) || !series || release[series] != '.' || n > 90)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(flavours); i++) {
		if (!ends_with(release, flavours[i]))
			continue;
		size_t abi = n - strlen(flavours[i]);

		if (abi <= series + 1 || series >= sizeof(out->series) || abi >= sizeof(out->abi))
			return false;
		put(out->series, sizeof(out->series), release, series);
		put(out->abi, sizeof(out->abi), release, abi);
		put(out->flavour, sizeof(out->flavour), flavours[i] + 1, strlen(flavours[i]) - 1);
		return true;
	}
	return false;
}

bool latest_parse(const char *name, struct latest_name *out)
{
	*out = (struct latest_name){ 0 };
	if (!starts_with(name, "latest") && !starts_with(name, "previous"))
		return false;
	out->previous = *name == 'p';
	name += strlen(out->previous ? "previous" : "latest");
	if (*name == '-' && series_length(name + 1)) {
		size_t n = series_length(name + 1);

		if (n >= sizeof(out->series))
			return false;
		put(out->series, sizeof(out->series), name + 1, n);
		name += 1 + n;
	}
	out->cloud = streq(name, "-cloud");
	return out->cloud || *name == 0;
}

bool latest_matches(const struct latest_name *want, const struct release_name *release)
{
	return streq(release->flavour, want->cloud ? "cloud-amd64" : "amd64") &&
	       (!*want->series || streq(want->series, release->series));
}

/* Weight of a character outside digits: '~' sorts before the end, letters before the rest. */
static int weight(char c)
{
	if (c == '~')
		return -1;
	if (!c || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? (unsigned char)c : (unsigned char)c + 256;
}

static int compare_part(const char *a, const char *b)
{
	while (*a || *b) {
		while ((*a && !isdigit((unsigned char)*a)) || (*b && !isdigit((unsigned char)*b))) {
			int wa = weight(*a), wb = weight(*b);

			if (wa != wb)
				return wa - wb;
			a++;
			b++;
		}
		a += strspn(a, "0");
		b += strspn(b, "0");
		size_t na = strspn(a, "0123456789"), nb = strspn(b, "0123456789");
		int order = na != nb ? (na < nb ? -1 : 1) : strncmp(a, b, na);

		if (order)
			return order;
		a += na;
		b += nb;
	}
	return 0;
}

/* Splits "upstream-revision" at the last '-'; a missing revision counts as "0". */
static void split_revision(const char *version, char **upstream, const char **revision)
{
	const char *dash = strrchr(version, '-');

	*upstream = dash ? xstrndup(version, dash - version) : xstrdup(version);
	*revision = dash ? dash + 1 : "0";
}

int debian_version_compare(const char *a, const char *b)
{
	const char *colon_a = strchr(a, ':'), *colon_b = strchr(b, ':');
	unsigned long epoch_a = colon_a ? strtoul(a, NULL, 10) : 0;
	unsigned long epoch_b = colon_b ? strtoul(b, NULL, 10) : 0;
	scoped_free char *upstream_a = NULL, *upstream_b = NULL;
	const char *revision_a, *revision_b;

	if (epoch_a != epoch_b)
		return epoch_a < epoch_b ? -1 : 1;
	split_revision(colon_a ? colon_a + 1 : a, &upstream_a, &revision_a);
	split_revision(colon_b ? colon_b + 1 : b, &upstream_b, &revision_b);
	int order = compare_part(upstream_a, upstream_b);

	return order ? order : compare_part(revision_a, revision_b);
}

size_t edit_distance(const char *a, const char *b)
{
	size_t n = strlen(b);
	scoped_free size_t *row = xcalloc(n + 1, sizeof(*row));

	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 0; a[i]; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < n; j++) {
			size_t best = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j + 1] + 1 < best)
				best = row[j + 1] + 1;
			row[j + 1] = best;
		}
	}
	return row[n];
}

char *near_names(const char *name, const struct str_vec *from, size_t limit)
{
	scoped_free bool *used = xcalloc(from->n + 1, sizeof(*used));
	struct str text = { 0 };

	for (size_t k = 0; k < limit; k++) {
		size_t best = from->n, best_distance = strlen(name) / 2 + 2;

		for (size_t i = 0; i < from->n; i++) {
			size_t d = used[i] ? best_distance : edit_distance(name, from->at[i]);

			if (d < best_distance) {
				best = i;
				best_distance = d;
			}
		}
		if (best == from->n)
			break;
		used[best] = true;
		str_add(&text, "%s%s", text.n ? ", " : "", from->at[best]);
	}
	return text.s;
}
