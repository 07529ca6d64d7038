// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * No false changes: units of the target's configuration, chosen by chance with a fixed seed, each
 * compared with itself, and with one blank line put atop its source. $SUTURE_TEST_UNITS says how
 * many (default 40), $SUTURE_TEST_SEED which.
 */
#include "road.h"

#include <ftw.h>
#include <stdio.h>

#include "base/map.h"
#include "diff/compare.h"
#include "object/model.h"
#include "units/classify.h"
#include "units/kbuild.h"

enum { TOGETHER = 20, DEFAULT_UNITS = 40, SPARE = 12 };

static struct str_vec sources; /* chosen */

/* ---- the choice ---- */

struct candidate {
	char *source, *object;
	uint64_t rank;
};
DEFINE_VEC(candidate_vec, struct candidate)

static struct candidate_vec candidates;
static uint64_t seed;

static unsigned long number_from(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text && *text ? strtoul(text, NULL, 10) : otherwise;
}

static int add_candidate(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *source = path + strlen(road_target->srctree) + 1;
	size_t n = strlen(path);

	if (type != FTW_F || !ends_with(path, ".c") || file_classify(source)->kind != FILE_UNIT)
		return 0;
	candidate_vec_push(&candidates, (struct candidate){
		.source = xstrdup(source),
		.object = xasprintf("%.*so", (int)(n - (source - path) - 1), source),
		.rank = hash_bytes(source, strlen(source), seed) });
	return 0;
}

static int by_rank(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->rank < y->rank ? -1 : x->rank > y->rank;
}

static void choose_built(size_t wanted)
{
	size_t tried = candidates.n < wanted * SPARE ? candidates.n : wanted * SPARE;
	struct str_vec objects = { 0 };
	struct map built = { 0 };

	for (size_t i = 0; i < tried; i++)
		str_vec_push(&objects, candidates.at[i].object);
	assert_null(kbuild_built(road_target, &objects, &built));
	for (size_t i = 0; i < tried && sources.n < wanted; i++)
		if (map_has(&built, candidates.at[i].object))
			str_vec_push(&sources, xstrdup(candidates.at[i].source));
	map_free(&built);
	str_vec_free(&objects);
}

static int choose(void **state)
{
	seed = number_from("SUTURE_TEST_SEED", 1);
	str_vec_free_all(&sources);
	if (nftw(road_target->srctree, add_candidate, 64, FTW_PHYS))
		return -1;
	qsort(candidates.at, candidates.n, sizeof(*candidates.at), by_rank);
	choose_built(number_from("SUTURE_TEST_UNITS", DEFAULT_UNITS));
	for (size_t i = 0; i < candidates.n; i++) {
		free(candidates.at[i].source);
		free(candidates.at[i].object);
	}
	candidate_vec_free(&candidates);
	print_message("%zu units chosen\n", sources.n);
	return sources.n ? 0 : -1;
}

/* ---- comparing ---- */

static size_t report_changes(const char *what, const struct model *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->entities.n; i++) {
		const struct entity *e = m->entities.at[i];

		if (e->change == UNCHANGED)
			continue;
		print_error("%s: '%s' is taken for changed: %s\n", what, e->name,
			    e->why ? e->why : "no reason given");
		n++;
	}
	return n;
}

/* How many things differ. */
static size_t compare_objects(const char *what, const char *from, const char *to)
{
	struct finding_vec findings = { 0 };
	struct object *x, *y;
	struct model *a, *b;

	assert_null(object_read(from, &x));
	assert_null(object_read(to, &y));
	assert_null(model_new(x, &findings, &a));
	assert_null(model_new(y, &findings, &b));
	correlate(a, b);
	compare(a, b);
	size_t n = report_changes(what, a) + report_changes(what, b);

	findings_print(&findings, stderr);
	n += findings.n;
	model_free(a);
	model_free(b);
	object_free(x);
	object_free(y);
	findings_free(&findings);
	return n;
}

static void test_same_object(void **state)
{
	size_t changes = 0;

	for (size_t i = 0; i < sources.n; i++) {
		struct unit unit = { 0 };
		struct error *err = unit_compile_original(road_target, sources.at[i], &unit);

		if (err)
			print_error("%s: %s: %s\n", sources.at[i], err->id, err->message);
		assert_null(err);
		changes += compare_objects(sources.at[i], unit.original, unit.original);
		unit_free(&unit);
	}
	assert_int_equal(changes, 0);
}

static char *blank_line_patch(size_t first, size_t end)
{
	scoped_free struct road_edit *edits = xcalloc(end - first, sizeof(*edits));

	for (size_t i = first; i < end; i++)
		edits[i - first] = (struct road_edit){ sources.at[i], "", "\n", true };
	return road_patch(edits, end - first, false);
}

/* Sources that boot code includes as well are refused, rightly: they are seen, and not compared. */
static size_t wrong_refusals(const struct finding_vec *findings, size_t *units_seen)
{
	size_t wrong = 0;

	for (size_t i = 0; i < findings->n; i++) {
		const struct finding *f = &findings->at[i];
		bool refused = f->severity == SEVERITY_REFUSAL;

		if (refused && !streq(f->id, "F2")) {
			print_error("%s %s: %s\n", f->id, f->location ? f->location : "", f->message);
			wrong++;
		}
		*units_seen += refused;
	}
	return wrong;
}

/* Units whose objects differ by a byte are compared; the others need no comparing. */
static size_t try_blank_lines(size_t first, size_t end, size_t *units_seen)
{
	scoped_free char *patch = blank_line_patch(first, end);
	scoped_temp_dir char *workdir = NULL;
	struct finding_vec findings = { 0 };
	struct unit_vec units = { 0 };
	struct fix fix = { 0 };
	size_t changes = 0;

	assert_null(temp_dir_new("blank", &workdir));
	assert_null(fix_parse(&fix, "blank", patch, strlen(patch)));
	assert_null(units_build(road_target, &fix, workdir, &units, &findings));
	changes += wrong_refusals(&findings, units_seen);
	for (size_t i = 0; i < units.n; i++)
		if (!units.at[i].identical)
			changes += compare_objects(units.at[i].source, units.at[i].original,
						   units.at[i].patched);
	*units_seen += units.n;
	units_free(&units);
	fix_free(&fix);
	findings_free(&findings);
	return changes;
}

static void test_blank_line(void **state)
{
	size_t changes = 0, units = 0;

	for (size_t i = 0; i < sources.n; i += TOGETHER)
		changes += try_blank_lines(i, i + TOGETHER < sources.n ? i + TOGETHER : sources.n,
					   &units);
	print_message("%zu units compiled with a blank line\n", units);
	assert_true(units >= sources.n);
	assert_int_equal(changes, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		/* The first compiles the originals side by side. */
		cmocka_unit_test_setup(test_blank_line, choose),
		cmocka_unit_test(test_same_object),
	};
	int status = road_run("same code", tests, ARRAY_SIZE(tests));

	str_vec_free_all(&sources);
	return status;
}
