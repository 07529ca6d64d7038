// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * impact-sample TARGET SEED FUNCTIONS HEADER-FUNCTIONS [--blind] [--log FILE]
 *
 * Prints what was missed and what was named without need; exit code 1 when anything was missed. With
 * --log, each function's result is appended to FILE, and functions that FILE has are not done again: a
 * run that was interrupted goes on, and prints the totals of all. A log belongs to one target and seed.
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
	       s->missed.n, s->extra.n);
	for (size_t role = 0; role < IMPACT_ROLES; role++) {
		size_t n = 0;

		for (size_t i = 0; i < s->extra_role.n; i++)
			n += s->extra_role.at[i] == role;
		if (n)
			printf("  extras with role %-10s %zu\n", impact_roles[role].name, n);
	}
}

static struct error *run(char **argv, bool blind, const char *log, int *code)
{
	scoped_target struct target *target = NULL;
	scoped_index struct impact_index index = { 0 };
	struct sample s = { .seed = strtoull(argv[2], NULL, 10), .verbose = true, .blind = blind,
			    .log = log };

	TRY(target_open(argv[1], &target));
	TRY(index_open(target, &index));
	s.target = target;
	s.index = &index;
	struct error *err = sample_log_read(&s);

	if (!err)
		err = sample_run(&s, strtoul(argv[3], NULL, 10), false);
	if (!err)
		err = sample_run(&s, strtoul(argv[4], NULL, 10), true);
	print_result(&s);
	*code = s.missed.n > 0;
	sample_free(&s);
	return err;
}

static int usage(void)
{
	fprintf(stderr, "usage: impact-sample TARGET SEED FUNCTIONS HEADER-FUNCTIONS [--blind] "
		"[--log FILE]\n");
	return 64;
}

int main(int argc, char **argv)
{
	const char *log = NULL;
	bool blind = false;
	int code = 2;

	process_setup_signals();
	if (argc < 5)
		return usage();
	for (int i = 5; i < argc; i++) {
		if (streq(argv[i], "--blind"))
			blind = true;
		else if (streq(argv[i], "--log") && i + 1 < argc)
			log = argv[++i];
		else
			return usage();
	}
	struct error *err = run(argv, blind, log, &code);

	if (err)
		fprintf(stderr, "%s: %s\n", err->id, err->message);
	error_free(err);
	return err ? 2 : code;
}
