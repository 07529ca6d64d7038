// SPDX-License-Identifier: GPL-2.0-or-later
#include "convert_kit.h"

#include <dirent.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "commands/commands.h"

const char list_text[] =
	"suture-symbols 1 debian:test\n*vmlinux\nE printk ffffffff81000100\n- hidden "
	"ffffffff81000200\n"
	"- twice ffffffff81000300 ffffffff81000400\n- early .init.text+ffffffff83000000\n*ext4\n"
	"- state .data+10\n- twice .text+30\n- key .data+20\n";

static char *dir_path, *in_path, *out_path, *list_path;
static const char *include_path;
static uint64_t random_state = 1;

void fuzz_seed(uint64_t seed)
{
	random_state = seed;
}

uint32_t rnd(uint32_t below)
{
	random_state = random_state * 6364136223846793005u + 1442695040888963407u;
	return below ? (uint32_t)(random_state >> 33) % below : 0;
}

void check(bool fine, const char *what)
{
	if (fine)
		return;
	fprintf(stderr, "convert: %s\n", what);
	fflush(NULL);
	abort();
}

/* ---- scratch files ---- */

static void put_file(const char *path, const char *data, size_t size)
{
	struct error *err = write_file(path, data, size);

	check(!err, "a scratch file cannot be written");
}

void set_command_list(const char *text)
{
	put_file(list_path, text, strlen(text));
}

struct error *kit_open(const char *include)
{
	if (access("/dev/shm", W_OK) == 0)
		setenv("TMPDIR", "/dev/shm", 0); /* thousands of files that nobody keeps */
	TRY(temp_dir_new("fuzz", &dir_path));
	include_path = include;
	in_path = path_join(dir_path, "in.ko");
	out_path = path_join(dir_path, "out.ko");
	list_path = path_join(dir_path, "list");
	set_command_list(list_text);
	return NULL;
}

void kit_close(void)
{
	temp_dir_remove(&dir_path);
	free(in_path);
	free(out_path);
	free(list_path);
}

static struct error *run(const char *const *argv)
{
	scoped_process_result struct process_result r = { 0 };

	TRY(process_run(&(struct process) {.argv = argv}, &r));
	return r.status ? error_new("Y3", "%s: %s", argv[0], r.output) : NULL;
}

struct error *kit_compile(const char *text, struct input *in)
{
	scoped_free char *source = path_join(dir_path, "seed.c");
	scoped_free char *object = path_join(dir_path, "seed.o");
	scoped_free char *ko = path_join(dir_path, "seed.ko");
	const char *const cc[] = {
		"gcc",	"-O2",	      "-w", "-fno-pic", "-fno-asynchronous-unwind-tables",
		"-I",	include_path, "-c", "-o",	object,
		source, NULL};
	const char *const ld[] = {"ld", "-r", "-o", ko, object, NULL};

	TRY(write_file(source, text, strlen(text)));
	TRY(run(cc));
	TRY(run(ld));
	TRY(read_file(ko, &in->data, &in->size));
	unlink(source);
	unlink(object);
	unlink(ko);
	return NULL;
}

/* ---- one run ---- */

void verdict_free(struct verdict *v)
{
	convert_result_free(&v->result);
	findings_free(&v->findings);
	error_free(v->err);
	*v = (struct verdict) {0};
}

void run_stage(const struct input *in, const struct symlist *list, struct verdict *v)
{
	*v = (struct verdict) {0};
	struct convert_request rq = {.name = "fuzz",
				     .data = in->data,
				     .size = in->size,
				     .symbols = list,
				     .findings = &v->findings};

	v->err = convert_module(&rq, &v->result);
	check(!v->err || (*v->err->id && *v->err->message), "an error without text");
	check(!v->err || !v->result.module, "an error and a module");
	check(v->err || !v->result.module == findings_refuse(&v->findings),
	      "a refusal and a module");
	for (size_t i = 0; i < v->findings.n; i++)
		check(*v->findings.at[i].id && *v->findings.at[i].message, "a finding without text");
}

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
static int call(void)
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

static void check_written(const struct convert_result *want)
{
	scoped_free char *data = NULL;
	size_t size = 0;
	scoped_error struct error *err = read_file(out_path, &data, &size);

	check(!err && size == want->size && !memcmp(data, want->module, size), "another output");
	unlink(out_path);
}

void run_command(const struct input *in, const struct verdict *want)
{
	unsigned int before = count_files();

	put_file(in_path, in->data, in->size);
	int code = call();

	check(code == EXIT_FINE || code == EXIT_REFUSED || code == EXIT_ERROR, "an odd exit code");
	check((code == EXIT_FINE) == (want->result.module != NULL), "command and stage disagree");
	check((code == EXIT_ERROR) == (want->err != NULL), "command and stage disagree on an error");
	check((access(out_path, F_OK) == 0) == (code == EXIT_FINE), "an output and a failure");
	if (code == EXIT_FINE)
		check_written(&want->result);
	unlink(in_path);
	check(count_files() == before, "files are left behind");
}
