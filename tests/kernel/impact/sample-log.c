// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The log of a sample, so that one that takes hours may be interrupted. Lines, fields separated by tabs:
 *
 *     extra   ROLE  TEXT
 *     miss    TEXT
 *     function KEY  FATE  UNITS  CHANGED  NAME      after the lines that belong to it
 *
 * Lines without the function line behind them (an interrupted write) do not count.
 */
#include "sample.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { FIELDS = 6 };

static size_t split(char *line, char *fields[FIELDS])
{
	size_t n = 0;

	for (char *p = line; p && n < FIELDS; p = strchr(p, '\t')) {
		if (n)
			*p++ = 0;
		fields[n++] = p;
	}
	return n;
}

static enum impact_role role_named(const char *name)
{
	enum impact_role role = 0;

	while (role < IMPACT_ROLES - 1 && !streq(impact_roles[role].name, name))
		role++;
	return role;
}

/* Lines that wait for their function's. */
struct pending {
	struct str_vec missed, extra;
	struct u32_vec role;
};

static void take_function(struct sample *s, char *fields[FIELDS], struct pending *p)
{
	bool compared = streq(fields[2], "compared");

	map_put(&s->logged, fields[1],
		(void *)(uintptr_t)(compared ? SAMPLE_COMPARED : SAMPLE_SKIPPED));
	*(compared ? &s->functions : &s->skipped) += 1;
	s->units += strtoul(fields[3], NULL, 10);
	s->changed += strtoul(fields[4], NULL, 10);
	for (size_t i = 0; i < p->missed.n; i++)
		str_vec_push(&s->missed, p->missed.at[i]);
	for (size_t i = 0; i < p->extra.n; i++) {
		str_vec_push(&s->extra, p->extra.at[i]);
		u32_vec_push(&s->extra_role, p->role.at[i]);
	}
	p->missed.n = p->extra.n = p->role.n = 0;
}

static struct error *take_line(struct sample *s, char *line, struct pending *p)
{
	char *fields[FIELDS];
	size_t n = split(line, fields);

	if (n == 6 && streq(fields[0], "function")) {
		take_function(s, fields, p);
	} else if (n == 3 && streq(fields[0], "extra")) {
		u32_vec_push(&p->role, role_named(fields[1]));
		str_vec_push(&p->extra, xstrdup(fields[2]));
	} else if (n == 2 && streq(fields[0], "miss")) {
		str_vec_push(&p->missed, xstrdup(fields[1]));
	} else {
		return error_new("Y1", "%s: not a line of a log: %s", s->log, line);
	}
	return NULL;
}

struct error *sample_log_read(struct sample *s)
{
	struct pending p = { 0 };
	struct error *err = NULL;

	if (!s->log || !path_exists(s->log))
		return NULL;
	TRY(read_file(s->log, &s->log_text, NULL));
	for (char *line = s->log_text, *end; !err && (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		err = take_line(s, line, &p);
	}
	str_vec_free_all(&p.missed);
	str_vec_free_all(&p.extra);
	u32_vec_free(&p.role);
	return err;
}

static const char *const fates[] = { [SAMPLE_COMPARED] = "compared", [SAMPLE_SKIPPED] = "skipped" };

struct error *sample_log_add(const struct sample *s, const struct sample *before, const char *key,
			     enum sample_fate fate, const char *name)
{
	scoped_str struct str text = { 0 };
	FILE *out;

	for (size_t i = before->extra.n; i < s->extra.n; i++)
		str_add(&text, "extra\t%s\t%s\n", impact_roles[s->extra_role.at[i]].name,
			s->extra.at[i]);
	for (size_t i = before->missed.n; i < s->missed.n; i++)
		str_add(&text, "miss\t%s\n", s->missed.at[i]);
	str_add(&text, "function\t%s\t%s\t%zu\t%zu\t%s\n", key, fates[fate], s->units - before->units,
		s->changed - before->changed, name);
	out = fopen(s->log, "a");
	if (!out)
		return error_new("Y1", "%s: %s", s->log, strerror(errno));
	bool fine = fputs(text.s, out) >= 0;

	return fclose(out) == 0 && fine ? NULL : error_new("Y1", "%s: cannot be written", s->log);
}
