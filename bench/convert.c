// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What does converting a large livepatch cost? A made-up module with N relocations to M symbols, a
 * made-up list of S names, both as files in memory.
 *
 *     build/bench/bench-convert [RELOCATIONS [SYMBOLS]]      default 10000 200000
 *
 * Prints CPU seconds for reading the list and for converting; shows at 1, 2 and 4 times the
 * relocations that it is linear.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "convert/convert.h"

static double cpu_seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* Every tenth relocation's symbol is a module's; every name is referred to by two relocations. */
static struct error *make_module(const char *dir, unsigned int relocations, char **data,
				 size_t *size)
{
	scoped_free char *source = path_join(dir, "bench.s"), *object = path_join(dir, "bench.o");
	const char *const argv[] = {"gcc", "-c", "-o", object, source, NULL};
	scoped_process_result struct process_result r = { 0 };
	scoped_str struct str text = { 0 };

	str_add(&text, ".section .modinfo,\"a\"\n.asciz \"livepatch=Y\"\n");
	for (unsigned int i = 0; i < relocations; i++)
		str_add(&text, ".section .text.f%u,\"ax\"\ncall kernel_symbol_%u\n", i % 50,
			i / 2 * 10);
	TRY(write_file(source, text.s, text.n));
	TRY(process_run(&(struct process) {.argv = argv}, &r));
	if (r.status)
		return error_new("Y3", "gcc: %s", r.output);
	return read_file(object, data, size);
}

static char *make_list(unsigned int symbols)
{
	struct str text = { 0 };

	str_add(&text, "suture-symbols 1 bench\n*vmlinux\n");
	for (unsigned int i = 0; i < symbols; i++) {
		if (i == symbols - symbols / 10)
			str_add(&text, "*some_module\n");
		str_add(&text, "- kernel_symbol_%u %lx\n", i, 0xffffffff81000000 + 16ul * i);
	}
	return text.s;
}

static struct error *measure(const char *dir, unsigned int relocations, unsigned int symbols)
{
	scoped_free char *data = NULL, *text = make_list(symbols);
	struct convert_result result;
	struct finding_vec findings = { 0 };
	struct symlist list;
	size_t size;

	TRY(make_module(dir, relocations, &data, &size));
	double start = cpu_seconds();

	TRY(symlist_parse("bench", text, &list));
	double read = cpu_seconds();
	struct convert_request rq = {.name = "bench", .data = data, .size = size,
				     .symbols = &list, .findings = &findings};
	struct error *err = convert_module(&rq, &result);
	double end = cpu_seconds();

	if (!err && !result.module)
		err = error_new("Y3", "refused: %s", findings.at[0].message);
	if (!err)
		printf("%8u relocations %8u names: list %.3f s, conversion %.3f s, together %.3f s "
		       "CPU\n",
		       relocations, symbols, read - start, end - read, end - start);
	convert_result_free(&result);
	findings_free(&findings);
	symlist_free(&list);
	return err;
}

int main(int argc, char **argv)
{
	unsigned int relocations = argc > 1 ? atoi(argv[1]) : 10000;
	unsigned int symbols = argc > 2 ? atoi(argv[2]) : 200000;
	scoped_temp_dir char *dir = NULL;
	struct error *err = temp_dir_new("bench", &dir);

	for (unsigned int k = 1; !err && k <= 4; k *= 2)
		err = measure(dir, k * relocations, symbols);
	if (!err)
		return 0;
	fprintf(stderr, "bench-convert: %s\n", err->message);
	error_free(err);
	return 1;
}
