// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * impact-sample TARGET SEED FUNCTIONS HEADER-FUNCTIONS [--blind]
 *
 * Prints what was missed and what was named without need; exit code 1 when anything was missed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/process.h"
#include "base/str.h"
#include "sample.h"

static void print_result(const struct sample *s)
{
	for (size_t i = 0; i < s->extra.n; i++)
		printf("extra %s\n", s->extra.at[i]);
	for (size_t i = 0; i < s->missed.n; i++)
		printf("MISS  %s\n", s->missed.at[i]);
	printf("%zu functions in %zu compiled units (%zu others were not usable): %zu functions "
	       "changed, %zu misses, %zu extras\n", s->functions, s->units, s->skipped, s->changed,
	       s->misses, s->extras);
	for (size_t i = 0; i < IMPACT_ROLES; i++)
		if (s->extras_by_role[i])
			printf("  extras with role %-10s %zu\n", impact_roles[i].name,
			       s->extras_by_role[i]);
}

static struct error *run(char **argv, bool blind, int *code)
{
	scoped_target struct target *target = NULL;
	scoped_index struct impact_index index = { 0 };
	struct sample s = { .random = strtoull(argv[2], NULL, 10) * 2 + 1, .verbose = true,
			    .blind = blind };

	TRY(target_open(argv[1], &target));
	TRY(index_open(target, &index));
	s.target = target;
	s.index = &index;
	struct error *err = sample_run(&s, strtoul(argv[3], NULL, 10), false);

	if (!err)
		err = sample_run(&s, strtoul(argv[4], NULL, 10), true);
	print_result(&s);
	*code = s.misses > 0;
	sample_free(&s);
	return err;
}

int main(int argc, char **argv)
{
	int code = 2;

	process_setup_signals();
	if (argc < 5) {
		fprintf(stderr, "usage: impact-sample TARGET SEED FUNCTIONS HEADER-FUNCTIONS [--blind]\n");
		return 64;
	}
	struct error *err = run(argv, argc > 5 && streq(argv[5], "--blind"), &code);

	if (err)
		fprintf(stderr, "%s: %s\n", err->id, err->message);
	error_free(err);
	return err ? 2 : code;
}
