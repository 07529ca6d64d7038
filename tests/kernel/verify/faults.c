// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verify-faults: livepatches that are right, and the same with seeded faults. Each fix is built as a
 * livepatch for the target, which must verify: nothing refuted, nothing of O1 to O7 open. Then the
 * module is damaged in each of the ways of damage.c, several times at different places, and every one
 * must be refuted at the obligation that is named there. Prints a table; exit status 0: all as it must be.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "damage.h"
#include "driver/build.h"
#include "verify/verify.h"

static const char help[] =
	"usage: verify-faults [--target T] [--each N] [--seed S] [-v] FIX.patch...\n\n"
	"  -t, --target T   default: those of $SUTURE_TEST_TARGETS, else all\n"
	"      --each N     how often each way of damage is tried on each livepatch (default 1)\n"
	"      --seed S     other places\n"
	"      --fuzz N     as well N files with bytes changed anywhere: nothing may crash\n"
	"      --livepatch FILE.ko  take this module in place of building one (one fix, one target)\n"
	"  -v               say what was done, and what the verifier said\n";

enum { OBLIGATIONS_PROVED = 7 }; /* O1 to O7 are for the tool to decide */

struct tally {
	unsigned int tried, refuted, elsewhere, missed, rejected;
};

struct run {
	unsigned long each, fuzz, fuzzed;
	uint32_t seed;
	struct tally *tallies; /* by damage */
	unsigned int livepatches, wrong, tried_replay;
	char *workdir;
	bool talk;
	const char *module; /* in place of building, or NULL */
};

static uint32_t next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* ---- the livepatch as it is ---- */

static void must_hold(struct run *r, const struct certificate *c, const char *fix)
{
	bool fine = certificate_verdict(c) != REFUTED;

	for (size_t i = 0; i < OBLIGATIONS_PROVED; i++)
		fine &= c->obligations[i].verdict == PROVED;
	printf("%s %s on %s\n", fine ? "holds " : "WRONG ", path_basename(fix), c->target);
	r->livepatches++;
	if (fine)
		return;
	r->wrong++;
	certificate_print(c, stdout);
}

static struct error *build(struct target *target, const char *fix_path, const char *workdir, char **ko)
{
	SCOPED(fix_free) struct fix fix = { 0 };
	SCOPED(build_report_free) struct build_report report = { 0 };
	char *paths[] = { (char *)fix_path };

	TRY(fix_read(paths, 1, &fix));
	struct build_request rq = { .target = target, .fix = &fix, .name = "livepatch-victim",
				    .out_dir = workdir, .replace = true };

	TRY(build_livepatch(&rq, &report));
	if (!report.module) {
		findings_print(&report.findings, stdout);
		return error_new("D8", "%s: refused", fix_path);
	}
	*ko = xstrdup(report.module);
	return NULL;
}

/* ---- damaged ---- */

static const struct obligation *expected(const struct certificate *c, const struct damage *d)
{
	for (size_t i = 0; i < OBLIGATIONS; i++)
		if (streq(c->obligations[i].id, d->expected))
			return &c->obligations[i];
	return NULL;
}

static const char *count(struct tally *t, const struct certificate *c, const struct damage *d)
{
	if (expected(c, d)->verdict == REFUTED)
		return t->refuted++, "refuted";
	if (certificate_verdict(c) == REFUTED)
		return t->elsewhere++, "elsewhere";
	return t->missed++, "MISSED";
}

static void tell(const struct certificate *c, const struct damage *d, const char *what,
		 const char *outcome)
{
	printf("  %s: %s: %s: ", outcome, d->name, what);
	for (size_t i = 0; i < OBLIGATIONS; i++)
		for (size_t k = 0; k < c->obligations[i].statements.n; k++) {
			const struct finding *f = &c->obligations[i].statements.at[k];

			if (f->severity == SEVERITY_REFUSAL)
				printf("\n      %s %s: %s", c->obligations[i].id,
				       f->symbol ? f->symbol : "", f->message);
		}
	putchar('\n');
}

static struct error *try_one(struct run *r, struct verifier *verifier, const struct damage *d,
			     const char *data, size_t size, uint32_t random)
{
	SCOPED(certificate_free) struct certificate c = { 0 };
	scoped_free char *path = path_join(r->workdir, "damaged.ko"), *what = NULL;
	struct tally *t = &r->tallies[d - damages];
	struct ko ko;

	ko_copy(data, size, &ko);
	bool done = d->apply(&ko, d, random, &what);
	struct error *err = done ? write_file(path, ko.data, ko.size) : NULL;

	ko_free(&ko);
	if (!done || err)
		return err;
	t->tried++;
	err = verifier_check(verifier, path, &c);
	if (err) { /* no module at all any more: that is an answer as well */
		error_free(err);
		t->rejected++;
		return NULL;
	}
	const char *outcome = count(t, &c, d);

	if (r->talk || streq(outcome, "MISSED"))
		tell(&c, d, what ? what : "", outcome);
	return NULL;
}

static struct error *damage_all(struct run *r, struct verifier *verifier, const char *ko)
{
	scoped_free char *data = NULL;
	uint32_t state = r->seed * 2654435761u | 1;
	size_t size;

	TRY(read_file(ko, &data, &size));
	for (size_t i = 0; i < damage_count; i++)
		for (unsigned long k = 0; k < r->each; k++)
			TRY(try_one(r, verifier, &damages[i], data, size, next(&state) >> 4));
	return NULL;
}

static struct error *write_certificate(const struct certificate *c, const char *path, bool forge)
{
	json_t *json = certificate_json(c);
	json_t *last = json_array_get(json_object_get(json, "obligations"), OBLIGATIONS - 1); /* open */

	if (forge)
		json_object_set_new(last, "verdict", json_string("proved"));
	scoped_free char *text = json_dumps(json, 0);

	json_decref(json);
	return write_file(path, text, strlen(text));
}

/* A certificate holds when it is checked again, and does not when its answer is made a better one. */
static struct error *must_replay(struct run *r, const struct certificate *c)
{
	scoped_free char *path = path_join(r->workdir, "certificate.json");

	for (int forge = 0; forge < 2; forge++) {
		SCOPED(certificate_free) struct certificate now = { 0 };
		scoped_error struct error *err = NULL;

		TRY(write_certificate(c, path, forge));
		err = certificate_replay(path, &now);
		bool fine = forge ? err && streq(err->id, "V13") : !err;

		printf("%s certificate, %s: %s\n", fine ? "holds " : "WRONG ", forge ? "forged" : "as it is",
		       err ? err->message : "the same answer");
		r->wrong += !fine;
	}
	return NULL;
}

/* Bytes changed anywhere: whatever the verifier says, it says something. */
static struct error *fuzz(struct run *r, struct verifier *verifier, const char *ko)
{
	scoped_free char *data = NULL, *path = path_join(r->workdir, "fuzzed.ko");
	uint32_t state = r->seed * 40503u | 1;
	size_t size;

	TRY(read_file(ko, &data, &size));
	for (unsigned long i = 0; i < r->fuzz; i++) {
		SCOPED(certificate_free) struct certificate c = { 0 };
		scoped_free char *copy = xmemdup(data, size);
		size_t front = next(&state) % 2 ? size : size / 50; /* headers and code, or anywhere */

		for (uint32_t k = next(&state) % 16; k < 16; k++)
			copy[next(&state) % front] ^= next(&state);
		for (uint32_t k = next(&state) % 4; k < 4; k++) /* section headers */
			copy[size - 1 - next(&state) % 3600] ^= 1 << next(&state) % 8;
		TRY(write_file(path, copy, size));
		error_free(verifier_check(verifier, path, &c));
		r->fuzzed++;
	}
	return NULL;
}

static struct error *try_fix(struct run *r, struct target *target, char *fix)
{
	SCOPED(certificate_free) struct certificate c = { 0 };
	scoped_verifier struct verifier *verifier = NULL;
	scoped_free char *ko = NULL;
	scoped_temp_dir char *dir = NULL;
	struct verify_request rq = { .target = target, .fixes = &fix, .nfixes = 1 };

	TRY(temp_dir_new("victim", &dir));
	if (r->module)
		ko = xstrdup(r->module);
	else
		TRY(build(target, fix, dir, &ko));
	TRY(verifier_open(&rq, &verifier));
	TRY(verifier_check(verifier, ko, &c));
	must_hold(r, &c, fix);
	if (!r->tried_replay++)
		TRY(must_replay(r, &c));
	TRY(damage_all(r, verifier, ko));
	return fuzz(r, verifier, ko);
}

static void print_table(const struct run *r, struct tally *sum)
{
	unsigned int ways = 0;

	printf("%-48s %-4s %5s %8s %9s %8s %6s\n", "fault", "at", "tried", "refuted", "elsewhere",
	       "rejected", "missed");
	for (size_t i = 0; i < damage_count; i++) {
		const struct tally *t = &r->tallies[i];

		printf("%-48s %-4s %5u %8u %9u %8u %6u\n", damages[i].name, damages[i].expected, t->tried,
		       t->refuted, t->elsewhere, t->rejected, t->missed);
		ways += t->tried > 0;
		sum->tried += t->tried;
		sum->refuted += t->refuted;
		sum->elsewhere += t->elsewhere;
		sum->rejected += t->rejected;
		sum->missed += t->missed;
	}
	printf("%u livepatches (%u wrong), %u damaged in %u ways: %u refuted as expected, %u elsewhere, "
	       "%u rejected, %u missed\n", r->livepatches, r->wrong, sum->tried, ways, sum->refuted,
	       sum->elsewhere, sum->rejected, sum->missed);
	if (r->fuzzed)
		printf("%lu files with changed bytes: no crash\n", r->fuzzed);
}

/* Those of $SUTURE_TEST_TARGETS, else all Debian kernels. */
static bool is_wanted(const struct target *t)
{
	const char *names = getenv("SUTURE_TEST_TARGETS");
	scoped_free char *padded = names && *names ? xasprintf(" %s ", names) : NULL;
	scoped_free char *name = xasprintf(" %s ", t->name);

	return padded ? strstr(padded, name) != NULL : starts_with(t->name, "debian:");
}

static struct error *try_targets(struct run *r, const char *name, char **fixes, size_t n)
{
	struct target_vec targets = { 0 };
	struct error *err = NULL;

	if (name) {
		struct target *t = NULL;

		TRY(target_open(name, &t));
		target_vec_push(&targets, t);
	} else {
		err = target_list(&targets);
	}
	for (size_t i = 0; i < targets.n; i++) {
		for (size_t k = 0; !err && k < n && (name || is_wanted(targets.at[i])); k++)
			err = error_context(try_fix(r, targets.at[i], fixes[k]), "%s", fixes[k]);
		target_free(targets.at[i]);
	}
	target_vec_free(&targets);
	return err;
}

static int usage(int code)
{
	fputs(help, code ? stderr : stdout);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "each", required_argument, NULL, 'e' },
		{ "fuzz", required_argument, NULL, 'f' },
		{ "livepatch", required_argument, NULL, 'l' },
		{ "seed", required_argument, NULL, 's' },   { "help", no_argument, NULL, 'h' }, { 0 },
	};
	struct run r = { .each = 1, .seed = 1, .tallies = xcalloc(damage_count, sizeof(struct tally)) };
	scoped_temp_dir char *workdir = NULL;
	const char *target = NULL;
	struct tally sum = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "t:hv", options, NULL)) != -1) {
		if (c == 't')
			target = optarg;
		else if (c == 'e')
			r.each = strtoul(optarg, NULL, 10);
		else if (c == 'f')
			r.fuzz = strtoul(optarg, NULL, 10);
		else if (c == 'l')
			r.module = optarg;
		else if (c == 's')
			r.seed = strtoul(optarg, NULL, 10);
		else if (c == 'v')
			r.talk = true;
		else if (c == 'h' || c == '?')
			return usage(c == 'h' ? 0 : 64);
	}
	if (optind == argc)
		return usage(64);
	quiet = true;
	process_setup_signals();
	struct error *err = temp_dir_new("faults", &workdir);

	r.workdir = workdir;
	if (!err)
		err = try_targets(&r, target, argv + optind, argc - optind);
	print_table(&r, &sum);
	if (err)
		fprintf(stderr, "verify-faults: %s: %s\n", err->id, err->message);
	bool fine = !err && !r.wrong && !sum.missed && !sum.elsewhere && (sum.tried || !r.livepatches);

	error_free(err);
	free(r.tallies);
	return fine ? r.livepatches ? 0 : 77 : 1;
}
