// SPDX-License-Identifier: GPL-2.0-or-later
#include "verified.h"

#include <string.h>

static const char *const roads[ROADS] = { "objects", "source " };
static const char signs[] = { [PROVED] = '+', [OPEN] = '?', [REFUTED] = '!' };
static const char begin[] = "    verify ";
enum { DECIDABLE = 7 }; /* O1 to O7 are for the tool to decide */

static void add_causes(const struct obligation *o, struct str *lines)
{
	for (size_t i = 0; i < o->statements.n; i++) {
		const struct finding *f = &o->statements.at[i];

		if (f->severity == SEVERITY_NOTE)
			continue;
		str_add(lines, "        %s %s: %s%s%s\n", o->id,
			f->severity == SEVERITY_WARNING ? "open" : "refuted", f->symbol ? f->symbol : "",
			f->symbol ? ": " : "", f->message);
	}
}

static struct error *verify_one(struct verifier *verifier, const char *module, enum road road,
				struct str *lines)
{
	struct certificate c = { 0 };
	struct error *err = verifier_check(verifier, module, &c);

	if (!err) {
		str_add(lines, "%s%s ", begin, roads[road]);
		for (size_t i = 0; i < OBLIGATIONS; i++)
			str_add(lines, " %c", signs[c.obligations[i].verdict]);
		str_add(lines, "\n");
		for (size_t i = 0; i < OBLIGATIONS; i++)
			if (i < DECIDABLE || c.obligations[i].verdict == REFUTED)
				add_causes(&c.obligations[i], lines);
	}
	certificate_free(&c);
	return err;
}

struct error *verify_roads(struct target *target, const char *fix, char *const modules[ROADS],
			   struct str *lines)
{
	char *fixes[] = { (char *)fix };
	struct verify_request rq = { .target = target, .fixes = fixes, .nfixes = 1 };
	scoped_verifier struct verifier *verifier = NULL;

	TRY(verifier_open(&rq, &verifier));
	for (enum road r = 0; r < ROADS; r++)
		if (modules[r])
			TRY(verify_one(verifier, modules[r], r, lines));
	return NULL;
}

void verify_totals_add(struct verify_totals *t, const char *line)
{
	for (enum road r = 0; r < ROADS && starts_with(line, begin); r++) {
		const char *p = line + strlen(begin);
		bool refuted = false;

		if (!starts_with(p, roads[r]))
			continue;
		p += strlen(roads[r]);
		for (size_t i = 0; i < OBLIGATIONS && strlen(p) > 2; i++) {
			p += 1 + !i;
			const char *sign = memchr(signs, *p++, sizeof(signs));

			if (!sign)
				return;
			t->counts[r][i][sign - signs]++;
			refuted |= sign - signs == REFUTED;
		}
		t->livepatches[r]++;
		t->refuted += refuted;
	}
}

void verify_totals_print(const struct verify_totals *t, FILE *out)
{
	for (enum road r = 0; r < ROADS; r++) {
		if (!t->livepatches[r])
			continue;
		fprintf(out, "%zu livepatches by %s:", t->livepatches[r], roads[r]);
		for (enum verdict v = PROVED; v <= REFUTED; v++) {
			fprintf(out, "\n    %-8s", verdict_name(v));
			for (size_t i = 0; i < OBLIGATIONS; i++)
				fprintf(out, " O%zu %-3zu", i + 1, t->counts[r][i][v]);
		}
		fprintf(out, "\n");
	}
}
