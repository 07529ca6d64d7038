// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * verify-faults: livepatches that are right, and the same with seeded faults. Each fix is built as a
 * livepatch for the target, which must verify: nothing refuted, nothing of O1 to O7 open. Then the
 * module is damaged in each of the ways of damage-*.c, several times at different places; and modules are
 * built with the hidden faults of hidden.c. Every one must be refuted at the obligation that is named there.
 * Prints a table; exit status 0: all as it must be.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/process.h"
#include "base/progress.h"
#include "campaign.h"
#include "damage.h"
#include "hidden.h"

static const char help[] =
	"usage: verify-faults [--target T] [--each N] [--seed S] [-v] FIX.patch...\n\n"
	"  -t, --target T   default: those of $SUTURE_TEST_TARGETS, else all\n"
	"      --each N     how often each way of damage is tried on each livepatch (default 1)\n"
	"      --seed S     other places, another sample\n"
	"      --hidden N   the first N ways of hidden faults, too; \"all\"; or those whose name has this text\n"
	"      --boot N     N of all faults, by chance, are booted as well, to see what the guest shows\n"
	"      --record F   writes both tables to a file, as they are in docs/\n"
	"      --fuzz N     as well N files with bytes changed anywhere: nothing may crash\n"
	"      --livepatch FILE.ko  take this module in place of building one (one fix, one target)\n"
	"  -v               say what was done, and what the verifier said\n"
	"FIX.sh beside FIX.patch shows what the fix does, for --boot.\n";

struct run {
	struct campaign c;
	unsigned long each, fuzz, fuzzed;
	uint32_t seed;
	const char *hidden; /* NULL: none */
	unsigned int tried_replay, rights;
	const char *module; /* in place of building, or NULL */
	char **fixes;
	size_t nfixes;
	const char *record;
};

static struct error *build(const char *fix_path, const char *workdir, char **ko)
{
	SCOPED(fix_free) struct fix fix = { 0 };
	SCOPED(build_report_free) struct build_report report = { 0 };
	char *paths[] = { (char *)fix_path };

	TRY(fix_read(paths, 1, &fix));
	struct build_request rq = { .target = road_target, .fix = &fix, .name = "livepatch-victim",
				    .out_dir = workdir, .replace = true };

	TRY(build_livepatch(&rq, &report));
	if (!report.module) {
		findings_print(&report.findings, stdout);
		return error_new("D8", "%s: refused", fix_path);
	}
	*ko = xstrdup(report.module);
	return NULL;
}

/* A name for a livepatch that is right; it stays until the end, for the guest. */
static char *right_path(struct run *r)
{
	return xasprintf("%s/right%u.ko", r->c.workdir, r->rights++);
}

/* ---- damaged bytes ---- */

static struct error *damage_one(struct run *r, struct verifier *verifier, const struct damage *d,
				const char *data, size_t size, uint32_t random, struct fault fault)
{
	scoped_free char *path = path_join(r->c.workdir, "damaged.ko"), *what = NULL;
	struct ko ko;

	ko_copy(data, size, &ko);
	bool done = d->apply(&ko, d, random, &what);
	struct error *err = done ? write_file(path, ko.data, ko.size) : NULL;

	ko_free(&ko);
	if (!done || err)
		return err;
	fault.way = d->name;
	fault.expected = d->expected;
	fault.what = what;
	return campaign_try(&r->c, verifier, path, &fault);
}

static struct error *damage_all(struct run *r, struct verifier *verifier, const char *ko,
				struct fault fault)
{
	static const struct damage *const tables[] = { damages_of_relocs, damages_of_symbols,
						       damages_of_code, damages_of_entries,
						       damages_of_loader };
	scoped_free char *data = NULL;
	uint32_t state = r->seed * 2654435761u | 1;
	size_t size;

	TRY(read_file(ko, &data, &size));
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++)
		for (const struct damage *d = tables[t]; d->name; d++) {
			campaign_way(&r->c, d->name, d->expected);
			for (unsigned long k = 0; k < r->each; k++)
				TRY(damage_one(r, verifier, d, data, size, random_next(&state) >> 4,
					       fault));
		}
	return NULL;
}

/* Bytes changed anywhere: whatever the verifier says, it says something. */
static struct error *fuzz(struct run *r, struct verifier *verifier, const char *ko)
{
	scoped_free char *data = NULL, *path = path_join(r->c.workdir, "fuzzed.ko");
	uint32_t state = r->seed * 40503u | 1;
	size_t size;

	TRY(read_file(ko, &data, &size));
	for (unsigned long i = 0; i < r->fuzz; i++) {
		SCOPED(certificate_free) struct certificate c = { 0 };
		scoped_free char *copy = xmemdup(data, size);
		size_t front = random_next(&state) % 2 ? size : size / 50; /* headers and code, or anywhere */

		for (uint32_t k = random_next(&state) % 16; k < 16; k++)
			copy[random_next(&state) % front] ^= random_next(&state);
		for (uint32_t k = random_next(&state) % 4; k < 4; k++) /* section headers */
			copy[size - 1 - random_next(&state) % 3600] ^= 1 << random_next(&state) % 8;
		TRY(write_file(path, copy, size));
		error_free(verifier_check(verifier, path, &c));
		r->fuzzed++;
	}
	return NULL;
}

/* ---- certificates ---- */

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
	scoped_free char *path = path_join(r->c.workdir, "certificate.json");

	for (int forge = 0; forge < 2; forge++) {
		SCOPED(certificate_free) struct certificate now = { 0 };
		scoped_error struct error *err = NULL;

		TRY(write_certificate(c, path, forge));
		err = certificate_replay(path, &now);
		bool fine = forge ? err && streq(err->id, "V13") : !err;

		printf("%s certificate, %s: %s\n", fine ? "holds " : "WRONG ", forge ? "forged" : "as it is",
		       err ? err->message : "the same answer");
		r->c.wrong += !fine;
	}
	return NULL;
}

/* ---- one fix of the command line ---- */

static char *script_beside(const char *fix)
{
	scoped_free char *base = ends_with(fix, ".patch") ? xstrndup(fix, strlen(fix) - 6) : xstrdup(fix);
	char *path = xasprintf("%s.sh", base);

	if (path_exists(path))
		return path;
	free(path);
	return NULL;
}

static struct error *try_fix(struct run *r, char *fix)
{
	SCOPED(certificate_free) struct certificate c = { 0 };
	scoped_verifier struct verifier *verifier = NULL;
	scoped_free char *ko = NULL, *right = right_path(r), *script = script_beside(fix);
	struct verify_request rq = { .target = road_target, .fixes = &fix, .nfixes = 1 };

	if (r->module)
		ko = xstrdup(r->module);
	else
		TRY(build(fix, road_dir, &ko));
	TRY(copy_file(ko, right));
	TRY(verifier_open(&rq, &verifier));
	TRY(verifier_check(verifier, right, &c));
	campaign_must_hold(&r->c, &c, fix);
	if (!r->tried_replay++)
		TRY(must_replay(r, &c));
	TRY(damage_all(r, verifier, right,
		       (struct fault){ .fix = fix, .target = road_target->name, .right = right,
				       .script = script }));
	return fuzz(r, verifier, right);
}

/* ---- hidden faults ---- */

/* A fix of hidden.c, and the livepatch that is right. */
struct held {
	const struct road_edit *fix;
	struct verifier *verifier;
	char *path, *right, *script;
};

static void held_free(struct held *h)
{
	verifier_close(h->verifier);
	free(h->path);
	free(h->right);
	free(h->script);
	*h = (struct held){ 0 };
}

static struct error *write_script(struct run *r, const char *text, char **path)
{
	if (!text)
		return NULL;
	scoped_free char *whole = xasprintf("[ \"$1\" = with ] || exit 0\n%s\nexit 0\n", text);

	*path = xasprintf("%s/script%u.sh", r->c.workdir, r->rights);
	return write_file(*path, whole, strlen(whole));
}

static struct error *hold_right(struct run *r, const struct hidden *row, struct held *h)
{
	SCOPED(certificate_free) struct certificate c = { 0 };
	scoped_free char *patch = road_patch(row->fix, hidden_edits(row->fix), false);
	size_t touched;

	h->right = right_path(r);
	TRY(line_build(road_target, patch, NULL, NULL, h->right, &touched));
	TRY(verifier_check(h->verifier, h->right, &c));
	campaign_must_hold(&r->c, &c, row->name);
	return NULL;
}

static struct error *hold(struct run *r, const struct hidden *row, struct held *h)
{
	scoped_free char *patch = road_patch(row->fix, hidden_edits(row->fix), false);
	struct verify_request rq = { .target = road_target, .fixes = &h->path, .nfixes = 1 };

	h->fix = row->fix;
	TRY(write_script(r, row->script, &h->script));
	h->path = xasprintf("%s/hidden%u.patch", r->c.workdir, r->rights);
	TRY(write_file(h->path, patch, strlen(patch)));
	TRY(verifier_open(&rq, &h->verifier));
	return row->refused ? NULL : hold_right(r, row, h);
}

static bool wants(const struct run *r, size_t i)
{
	char *end;
	unsigned long n = strtoul(r->hidden, &end, 10);

	return streq(r->hidden, "all") || (*end ? strstr(hidden_faults[i].name, r->hidden) != NULL : i < n);
}

static struct error *try_hidden(struct run *r, const struct hidden *row, struct held *h)
{
	scoped_free char *path = path_join(r->c.workdir, "damaged.ko");
	bool made;

	TRY(hidden_build(row, path, &made));
	if (!made) {
		printf("none    %s on %s\n", row->name, road_target->name);
		return NULL;
	}
	if (row->fix != h->fix) {
		held_free(h);
		TRY(hold(r, row, h));
	}
	return campaign_try(&r->c, h->verifier, path,
			    &(struct fault){ .way = row->name, .expected = row->expected,
					     .witness = row->witness, .what = row->what,
					     .fix = row->fix->path, .target = road_target->name,
					     .right = h->right, .script = h->script,
					     .module = row->module });
}

/* What cannot be built is wrong here, and the others are tried all the same. */
static void try_all_hidden(struct run *r)
{
	struct held h = { 0 };

	for (size_t i = 0; hidden_faults[i].name; i++) {
		if (!wants(r, i))
			continue;
		campaign_way(&r->c, hidden_faults[i].name, hidden_faults[i].expected);
		scoped_error struct error *err = try_hidden(r, &hidden_faults[i], &h);

		if (!err)
			continue;
		printf("WRONG  %s: %s: %s\n", hidden_faults[i].name, err->id, err->message);
		r->c.wrong++;
		held_free(&h);
	}
	held_free(&h);
}

/* ---- all ---- */

static int run_here(void *arg)
{
	struct run *r = arg;
	struct error *err = NULL;

	for (size_t k = 0; !err && k < r->nfixes; k++)
		err = error_context(try_fix(r, r->fixes[k]), "%s", r->fixes[k]);
	if (!err && r->hidden)
		try_all_hidden(r);
	if (!err)
		return 0;
	fprintf(stderr, "verify-faults: %s: %s\n", err->id, err->message);
	error_free(err);
	return 1;
}

static struct error *record(const struct run *r)
{
	FILE *out = fopen(r->record, "w");

	if (!out)
		return error_errno("%s", r->record);
	campaign_print(&r->c, out, true);
	if (r->c.sample.n) {
		fputc('\n', out);
		guest_print(&r->c, out);
	}
	fclose(out);
	return NULL;
}

static int conclude(struct run *r, int status)
{
	struct error *err = r->c.wanted ? guest_boot_sample(&r->c) : NULL;

	if (!err && r->record)
		err = record(r);
	bool fine = campaign_print(&r->c, stdout, false) && !err;

	if (r->fuzzed)
		printf("%lu files with changed bytes: no crash\n", r->fuzzed);
	if (err)
		fprintf(stderr, "verify-faults: %s: %s\n", err->id, err->message);
	error_free(err);
	return status ? status : !fine;
}

static int usage(int code)
{
	fputs(help, code ? stderr : stdout);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' },    { "each", required_argument, NULL, 'e' },
		{ "fuzz", required_argument, NULL, 'f' },      { "hidden", required_argument, NULL, 'H' },
		{ "livepatch", required_argument, NULL, 'l' }, { "boot", required_argument, NULL, 'b' },
		{ "record", required_argument, NULL, 'r' },    { "seed", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },	       { 0 },
	};
	struct run r = { .each = 1, .seed = 1 };
	scoped_temp_dir char *workdir = NULL;
	int c;

	while ((c = getopt_long(argc, argv, "t:hv", options, NULL)) != -1) {
		if (c == 't')
			setenv("SUTURE_TEST_TARGETS", optarg, 1);
		else if (c == 'e')
			r.each = strtoul(optarg, NULL, 10);
		else if (c == 'f')
			r.fuzz = strtoul(optarg, NULL, 10);
		else if (c == 'l')
			r.module = optarg;
		else if (c == 's')
			r.seed = strtoul(optarg, NULL, 10);
		else if (c == 'H')
			r.hidden = optarg;
		else if (c == 'b')
			r.c.wanted = strtoul(optarg, NULL, 10);
		else if (c == 'r')
			r.record = optarg;
		else if (c == 'v')
			r.c.talk = true;
		else if (c == 'h' || c == '?')
			return usage(c == 'h' ? 0 : 64);
	}
	r.fixes = argv + optind;
	r.nfixes = argc - optind;
	if (!r.nfixes && !r.hidden)
		return usage(64);
	r.c.random = r.seed * 2246822519u | 1;
	struct error *err = temp_dir_new("faults", &workdir);

	if (err)
		return fprintf(stderr, "verify-faults: %s\n", err->message), 1;
	r.c.workdir = workdir;
	int status = road_for_each_target("seeded faults", run_here, &r);

	if (status != ROAD_SKIP)
		status = conclude(&r, status);
	campaign_free(&r.c);
	return status;
}
