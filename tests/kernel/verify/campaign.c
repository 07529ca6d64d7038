// SPDX-License-Identifier: GPL-2.0-or-later
#include "campaign.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { OBLIGATIONS_PROVED = 7, WORDS = 160 }; /* O1 to O7 are for the tool to decide */

uint32_t random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

void campaign_must_hold(struct campaign *c, const struct certificate *certificate, const char *fix)
{
	bool fine = certificate_verdict(certificate) != REFUTED;

	for (size_t i = 0; i < OBLIGATIONS_PROVED; i++)
		fine &= certificate->obligations[i].verdict == PROVED;
	printf("%s %s on %s\n", fine ? "holds " : "WRONG ", path_basename(fix), certificate->target);
	fflush(stdout);
	c->livepatches++;
	if (fine)
		return;
	c->wrong++;
	certificate_print(certificate, stdout);
}

struct way *campaign_way(struct campaign *c, const char *name, const char *expected)
{
	for (size_t i = 0; i < c->ways.n; i++)
		if (streq(c->ways.at[i].name, name))
			return &c->ways.at[i];
	way_vec_push(&c->ways, (struct way){ .name = name, .expected = expected });
	return &c->ways.at[c->ways.n - 1];
}

/* ---- one module ---- */

static bool names(const char *text, const char *witness)
{
	return text && strstr(text, witness);
}

/* The refutation of the obligation that names the witness; NULL: there is none. */
static const struct finding *refutation(const struct obligation *o, const char *witness)
{
	for (size_t k = 0; k < o->statements.n; k++) {
		const struct finding *f = &o->statements.at[k];

		if (f->severity != SEVERITY_REFUSAL)
			continue;
		if (!witness || names(f->symbol, witness) || names(f->location, witness) ||
		    names(f->message, witness))
			return f;
	}
	return NULL;
}

static void tell(const struct certificate *certificate, const struct fault *fault, const char *outcome)
{
	printf("  %s: %s: %s, %s on %s", outcome, fault->way, fault->what ? fault->what : "",
	       path_basename(fault->fix), fault->target);
	for (size_t i = 0; i < OBLIGATIONS; i++)
		for (size_t k = 0; k < certificate->obligations[i].statements.n; k++) {
			const struct finding *f = &certificate->obligations[i].statements.at[k];

			if (f->severity == SEVERITY_REFUSAL)
				printf("\n      %s %s: %s", certificate->obligations[i].id,
				       f->symbol ? f->symbol : "", f->message);
		}
	putchar('\n');
}

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static void sampled_free(struct sampled *s)
{
	char **const all[] = { &s->way, &s->what, &s->fix, &s->target, &s->right, &s->script, &s->module,
			       &s->file, &s->said, &s->seen };

	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		free(*all[i]);
}

/* Keeps each of the faults so far in the sample with the same probability. */
static struct error *maybe_sample(struct campaign *c, const char *module, const struct fault *fault,
				  const char *said)
{
	uint32_t place = c->seen++;

	if (place >= c->wanted)
		place = random_next(&c->random) % c->seen;
	if (place >= c->wanted)
		return NULL;
	if (place >= c->sample.n)
		sampled_vec_push(&c->sample, (struct sampled){ 0 });
	struct sampled *s = &c->sample.at[place];

	sampled_free(s);
	*s = (struct sampled){
		.way = copy(fault->way), .what = copy(fault->what), .fix = copy(fault->fix),
		.target = copy(fault->target), .right = copy(fault->right),
		.script = copy(fault->script), .module = copy(fault->module), .said = copy(said),
		.file = xasprintf("%s/sample%u.ko", c->workdir, place),
	};
	return copy_file(module, s->file);
}

struct error *campaign_try(struct campaign *c, struct verifier *verifier, const char *module,
			   const struct fault *fault)
{
	SCOPED(certificate_free) struct certificate certificate = { 0 };
	struct way *way = campaign_way(c, fault->way, fault->expected);
	struct error *err = verifier_check(verifier, module, &certificate);
	const struct finding *f = NULL;
	const char *outcome = "refuted";

	way->tried++;
	if (err) { /* no module at all any more: that is an answer as well */
		error_free(err);
		way->rejected++;
		return maybe_sample(c, module, fault, "not a module");
	}
	for (size_t i = 0; i < OBLIGATIONS; i++)
		if (streq(certificate.obligations[i].id, fault->expected))
			f = refutation(&certificate.obligations[i], fault->witness);
	if (f)
		way->refuted++;
	else if (certificate_verdict(&certificate) == REFUTED)
		way->elsewhere++, outcome = "ELSEWHERE";
	else
		way->missed++, outcome = "MISSED";
	if (c->talk || !f)
		tell(&certificate, fault, outcome);
	scoped_free char *said = f ? xasprintf("%s %s%s%.*s", fault->expected, f->symbol ? f->symbol : "",
					       f->symbol ? ": " : "", WORDS, f->message) :
				     xstrdup(outcome);

	return maybe_sample(c, module, fault, said);
}

/* ---- the table ---- */

static void print_row(const struct way *w, FILE *out, bool markdown)
{
	fprintf(out, markdown ? "| %s | %s | %u | %u | %u | %u | %u |\n" :
				"%-48s %-4s %5u %8u %9u %8u %6u\n",
		w->name, w->expected, w->tried, w->refuted, w->elsewhere, w->rejected, w->missed);
}

bool campaign_print(const struct campaign *c, FILE *out, bool markdown)
{
	struct way sum = { .name = "all", .expected = "" };
	unsigned int ways = 0;

	if (markdown)
		fprintf(out, "| fault | at | tried | refuted there | elsewhere | no module any more | missed |\n"
			     "|---|---|---|---|---|---|---|\n");
	else
		fprintf(out, "%-48s %-4s %5s %8s %9s %8s %6s\n", "fault", "at", "tried", "refuted",
			"elsewhere", "rejected", "missed");
	for (size_t i = 0; i < c->ways.n; i++) {
		const struct way *w = &c->ways.at[i];

		print_row(w, out, markdown);
		ways += w->tried > 0;
		sum.tried += w->tried;
		sum.refuted += w->refuted;
		sum.elsewhere += w->elsewhere;
		sum.rejected += w->rejected;
		sum.missed += w->missed;
	}
	fprintf(out, "%s%u livepatches that are right (%u of them not taken for right), %u with a fault in %u "
		"ways: %u refuted as expected, %u elsewhere, %u rejected, %u missed\n",
		markdown ? "\n" : "", c->livepatches, c->wrong, sum.tried, ways, sum.refuted,
		sum.elsewhere, sum.rejected, sum.missed);
	return !c->wrong && !sum.missed && !sum.elsewhere && (sum.tried || !c->livepatches);
}

void campaign_free(struct campaign *c)
{
	for (size_t i = 0; i < c->sample.n; i++)
		sampled_free(&c->sample.at[i]);
	sampled_vec_free(&c->sample);
	way_vec_free(&c->ways);
}
