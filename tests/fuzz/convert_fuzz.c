// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fuzzer of the conversion of hand-written livepatches and of the readers of symbol lists.
 *
 *     convert-fuzz INCLUDE ITERATIONS [SEED]
 *
 * INCLUDE: the directory with suture/livepatch.h. Deterministic. A damaged module is either
 * refused, with an id and a message, or what comes out is readable and comes out the same once
 * more. Each input goes through `suture convert` as well, with files: there is an output when the exit
 * code is 0, and else nothing, not even a part of one.
 */
#include <dirent.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "commands/commands.h"
#include "convert/convert.h"

static const char list_text[] =
	"suture-symbols 1 debian:test\n*vmlinux\nE printk ffffffff81000100\n- hidden "
	"ffffffff81000200\n"
	"- twice ffffffff81000300 ffffffff81000400\n- early .init.text+ffffffff83000000\n*ext4\n"
	"- state .data+10\n- twice .text+30\n- key .data+20\n";
static const char klp_text[] = "klp-convert-symbol-data.0.1\n*vmlinux\n__ksymtab_printk\nprintk\n"
			       "hidden\ntwice\ntwice\n*ext4\nstate\ntwice\n";
static const char map_text[] = "ffffffff81000100 T printk\nffffffff81000200 t hidden\n"
			       "ffffffff82000000 r __ksymtab_printk\n                 U other\n";
static const char *const lists[] = {list_text, klp_text, map_text};

#define MODINFO                                                                                    \
	"__asm__(\".section .modinfo,\\\"a\\\"\\n.asciz \\\"livepatch=Y\\\"\\n.previous\");\n"
#define USE                                                                                        \
	"extern int printk(void), hidden(void), twice(void), state;\n"                             \
	"int f(void) { return printk() + hidden() + twice() + state; }\n"

static const char *const seeds[] = {
	"#include \"suture/livepatch.h\"\n" MODINFO USE "SUTURE_KLP_SYM(vmlinux, twice, 2);"
	"SUTURE_KLP_FOR(ext4, state, ext4, state, 1); int *p = &state;",
	MODINFO USE "static struct { void *s; unsigned int n; } __attribute__((packed)) v[]"
		    " __attribute__((used, aligned(4), section(\".klp.module_relocs.vmlinux\"))) ="
		    " { { twice, 1 }, { hidden, 0 } };",
	MODINFO "extern int a(void) __asm__(\"\\\".klp.sym.rela.ext4.ext4.twice.0\\\"\");"
		"extern int b(void) __asm__(\"\\\".klp.ref.vmlinux/vmlinux.twice,2\\\"\");"
		"int f(void) { return a() + b(); } __asm__(\".section __jump_table,\\\"aw\\\"\\n"
		".quad 0, hidden - .\\n.previous\");",
};

struct input {
	char *data;
	size_t size;
};
static struct input corpus[ARRAY_SIZE(seeds)];
static struct {
	unsigned long written, refused, errors;
} totals;
static char *dir_path, *in_path, *out_path, *list_path;
static uint64_t random_state;

static uint32_t rnd(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return below ? (uint32_t)(random_state >> 33) % below : 0;
}

static void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "convert-fuzz: %s\n", what);
	fflush(NULL);
	abort();
}

/* ---- one run ---- */

static struct error *convert(const struct input *in, const struct symlist *list,
			     struct convert_result *result)
{
	struct finding_vec findings = { 0 };
	struct convert_request rq = {"fuzz", in->data, in->size, list, &findings};
	struct error *err = convert_module(&rq, result);

	check(!err || (*err->id && *err->message), "an error without text");
	check(!err || !result->module, "an error and a module");
	check(err || !result->module == findings_refuse(&findings), "a refusal and a module");
	for (size_t i = 0; i < findings.n; i++)
		check(*findings.at[i].message, "a finding without text");
	findings_free(&findings);
	return err;
}

static void check_output(const struct convert_result *first, const struct symlist *list)
{
	struct input in = {first->module, first->size};
	struct convert_result second;
	scoped_error struct error *err = convert(&in, list, &second);

	if (err)
		fprintf(stderr, "%s: %s\n", err->id, err->message);
	check(!err && second.module, "the result is not accepted");
	check(second.size == first->size && !memcmp(second.module, first->module, first->size),
	      "converting once more changes it");
	convert_result_free(&second);
}

/* ---- the command, with files ---- */

static unsigned int count_files(void)
{
	DIR *d = opendir(dir_path);
	unsigned int n = 0;

	for (struct dirent *e; d && (e = readdir(d));)
		n++;
	if (d)
		closedir(d);
	return n;
}

/* Returns the exit code; what it prints goes nowhere. */
static int run_command(void)
{
	char *argv[] = {"convert", in_path, "-o", out_path, "--symbols", list_path, NULL};
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);

	optind = 0;
	check(freopen("/dev/null", "w", stdout) && freopen("/dev/null", "w", stderr), "freopen");
	int code = command_convert(ARRAY_SIZE(argv) - 1, argv);

	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	return code;
}

static void put_file(const char *path, const char *data, size_t size)
{
	struct error *err = write_file(path, data, size);

	check(!err, "a scratch file cannot be written");
}

static void check_written(const struct convert_result *want)
{
	scoped_free char *data = NULL;
	size_t size = 0;
	scoped_error struct error *err = read_file(out_path, &data, &size);

	check(!err && size == want->size && !memcmp(data, want->module, size), "another output");
	unlink(out_path);
}

/* want: what the stage said of the same input. */
static void try_command(const struct input *in, const struct convert_result *want)
{
	unsigned int before = count_files();

	put_file(in_path, in->data, in->size);
	int code = run_command();

	check(code == EXIT_FINE || code == EXIT_REFUSED || code == EXIT_ERROR, "an odd exit code");
	check((code == EXIT_FINE) == (want->module != NULL), "command and stage disagree");
	check((access(out_path, F_OK) == 0) == (code == EXIT_FINE), "an output and a failure");
	if (code == EXIT_FINE)
		check_written(want);
	unlink(in_path);
	check(count_files() == before, "files are left behind");
}

static void try_module(const struct input *in, const struct symlist *list)
{
	struct convert_result result;
	scoped_error struct error *err = convert(in, list, &result);

	if (result.module)
		check_output(&result, list);
	try_command(in, &result);
	totals.written += result.module != NULL;
	totals.errors += err != NULL;
	totals.refused += !err && !result.module;
	convert_result_free(&result);
}

static void try_list(char *text)
{
	struct symlist list;

	put_file(list_path, text, strlen(text));
	struct error *err = symlist_parse("fuzz", text, &list);

	check(!err || (*err->id && *err->message), "an error without text");
	error_free(err);
	if (err)
		return;
	try_module(&corpus[0], &list);
	symlist_free(&list);
}

/* ---- damage ---- */

static uint64_t interesting(size_t size)
{
	static const uint64_t values[] = {
		0,   1,	     2,	     4,		 7,	     8,		 12,	     24,	64,
		255, 0xff20, 0xffff, 0x7fffffff, 0xffffffff, 1ull << 62, 1ull << 63, UINT64_MAX};

	return rnd(3) ? values[rnd(ARRAY_SIZE(values))] : rnd(size + 1);
}

/* A field somewhere in [at, at + size). */
static void put(struct input *in, size_t at, size_t size)
{
	size_t width = 1u << rnd(4);
	uint64_t value = interesting(in->size);

	if (size < width)
		return;
	at += rnd(size / width) * width;
	if (at <= in->size && width <= in->size - at)
		memcpy(in->data + at, &value, width);
}

/* Contents of an annotation section, a symbol table, relocations, a header, or anything. */
static void damage(struct input *in, const struct input *from)
{
	Elf64_Ehdr eh;
	Elf64_Shdr sh;

	memcpy(&eh, from->data, sizeof(eh));
	size_t header = eh.e_shoff + rnd(eh.e_shnum) * sizeof(sh);

	memcpy(&sh, from->data + header, sizeof(sh));
	switch (rnd(8)) {
	case 0:
		put(in, 0, sizeof(eh));
		break;
	case 1:
	case 2:
		put(in, header, sizeof(sh));
		break;
	case 3:
		if (rnd(8) == 0)
			in->size = rnd(in->size + 1);
		break;
	default:
		if (sh.sh_type != SHT_NOBITS)
			put(in, sh.sh_offset, sh.sh_size);
	}
}

static void fuzz_modules(unsigned long iterations, const struct symlist *list)
{
	for (unsigned long i = 0; i < iterations; i++) {
		const struct input *from = &corpus[rnd(ARRAY_SIZE(corpus))];
		struct input in = {xmemdup(from->data, from->size), from->size};

		for (unsigned int k = 1 + rnd(4); k > 0; k--)
			damage(&in, from);
		in.data = xreallocarray(in.data, in.size ? in.size : 1, 1);
		try_module(&in, list);
		free(in.data);
	}
}

static void fuzz_lists(unsigned long iterations)
{
	for (unsigned long i = 0; i < iterations; i++) {
		const char *from = lists[rnd(ARRAY_SIZE(lists))];
		scoped_free char *text = xstrdup(from);
		size_t n = strlen(text);

		for (unsigned int k = 1 + rnd(4); k > 0; k--)
			text[rnd(n)] = rnd(3) ? from[rnd(n)] : (char)rnd(256);
		try_list(text);
	}
}

/* ---- corpus ---- */

static struct error *run(const char *const *argv)
{
	scoped_process_result struct process_result r = { 0 };

	TRY(process_run(&(struct process) {.argv = argv}, &r));
	return r.status ? error_new("Y3", "%s: %s", argv[0], r.output) : NULL;
}

static struct error *compile(const char *dir, const char *include, const char *text,
			     struct input *in)
{
	scoped_free char *source = path_join(dir, "seed.c"), *object = path_join(dir, "seed.o");
	scoped_free char *ko = path_join(dir, "seed.ko");
	const char *const cc[] = {
		"gcc",	"-O2",	 "-w", "-fno-pic", "-fno-asynchronous-unwind-tables",
		"-I",	include, "-c", "-o",	   object,
		source, NULL};
	const char *const ld[] = {"ld", "-r", "-o", ko, object, NULL};

	TRY(write_file(source, text, strlen(text)));
	TRY(run(cc));
	TRY(run(ld));
	return read_file(ko, &in->data, &in->size);
}

static void set_paths(char *dir)
{
	dir_path = dir;
	in_path = path_join(dir, "in.ko");
	out_path = path_join(dir, "out.ko");
	list_path = path_join(dir, "list");
	put_file(list_path, list_text, strlen(list_text));
}

static struct error *fuzz(const char *include, unsigned long iterations)
{
	scoped_temp_dir char *dir = NULL;
	scoped_free char *text = xstrdup(list_text);
	struct symlist list;

	TRY(temp_dir_new("fuzz", &dir));
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		TRY(compile(dir, include, seeds[i], &corpus[i]));
	set_paths(dir);
	TRY(symlist_parse("list", text, &list));
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		try_module(&corpus[i], &list);
	check(totals.written == ARRAY_SIZE(seeds), "an undamaged module is not converted");
	fuzz_modules(iterations, &list);
	fuzz_lists(iterations / 10);
	symlist_free(&list);
	for (size_t i = 0; i < ARRAY_SIZE(seeds); i++)
		free(corpus[i].data);
	free(in_path);
	free(out_path);
	free(list_path);
	return NULL;
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 64;
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0); /* thousands of files that nobody keeps */
	random_state = argc > 3 ? strtoull(argv[3], NULL, 0) : 1;
	struct error *err = fuzz(argv[1], strtoul(argv[2], NULL, 0));

	if (err) {
		fprintf(stderr, "convert-fuzz: %s\n", err->message);
		error_free(err);
		return 1;
	}
	printf("%lu written, %lu refused, %lu errors\n", totals.written, totals.refused,
	       totals.errors);
	return 0;
}
