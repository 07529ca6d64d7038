// SPDX-License-Identifier: GPL-2.0-or-later
/* Waivers: what the author of the livepatch has looked at and stands for. */
#include "base/cleanup.h"
#include "base/str.h"
#include "rules/check.h"

/* Needs the symbol by name: a waiver for "all" would hide what comes later. */
static bool fits(const struct described_waiver *w, const struct finding *f)
{
	const char *symbol = f->symbol ? f->symbol : f->object ? f->object : "-";

	return !w->declaration && streq(w->id, f->id) && streq(w->symbol, symbol);
}

static const struct described_waiver *waiver_of(const struct description *d, const struct finding *f,
						bool *used)
{
	for (size_t i = 0; i < d->waivers.n; i++) {
		if (!fits(&d->waivers.at[i], f))
			continue;
		used[i] = true;
		return &d->waivers.at[i];
	}
	return NULL;
}

void check_waive(const struct description *d, struct check_report *report)
{
	scoped_free bool *used = xcalloc(d->waivers.n + 1, sizeof(*used));
	size_t kept = 0;

	for (size_t i = 0; i < report->findings.n; i++) {
		const struct finding f = report->findings.at[i];
		const struct described_waiver *w = waiver_of(d, &f, used);

		if (w)
			waived_vec_push(&report->waived, (struct waived){ f, w });
		else
			report->findings.at[kept++] = f;
	}
	report->findings.n = kept;
	for (size_t i = 0; i < d->waivers.n; i++) {
		const struct described_waiver *w = &d->waivers.at[i];
		scoped_free char *place = xasprintf("%s:%zu", d->path, w->line);

		if (!w->declaration && !used[i])
			finding_add(&report->findings, "L3", SEVERITY_WARNING, NULL, w->symbol, place,
				    "the waiver of %s fits no finding", w->id);
	}
}
