// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fix-table: builds each of many fixes as a livepatch, tries the livepatches in the booted target if
 * asked to, and prints one line for each. A fix is built, or refused with a finding, or it FAILED;
 * the exit status is 0 only if nothing failed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <getopt.h>
#include <stdio.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "boot/boot.h"
#include "driver/build.h"
#include "findings.h"
#include "roads.h"
#include "verified.h"

static const char help[] =
	"usage: fix-table [--target T] [--boot] [--findings LIST.md] [-o DIR] [--jobs N]\n"
	"                 FIX.patch...|DIR...\n\n"
	"Builds each fix by itself and prints one line for it:\n"
	"  built NAME functions klp-relocations seconds   the livepatch was made\n"
	"  refused NAME ID[,ID...] reason                 it must not be made\n"
	"  FAILED NAME error                              anything else\n"
	"then the totals. Exit status 0 only if nothing FAILED, and nothing in LIST.md is wrong.\n\n"
	"  -t, --target T   default: the only target\n"
	"      --boot       boot the target and load, observe, unload each livepatch; fixes of modules\n"
	"                   that do not load in the guest are counted apart\n"
	"  -o, --output DIR keep livepatches and console logs there, a directory each\n"
	"      --from-source also make each that is made by way of a source, say how the two differ,\n"
	"                   and boot that one\n"
	"      --findings LIST.md\n"
	"                   run `suture check` on each livepatch, and compare the findings with the table\n"
	"                   in LIST.md: rows | fix | symbol | id | reason |\n"
	"      --verify     verify each that is made, and say what of each obligation is proved (+), open (?)\n"
	"                   or refuted (!), and why\n"
	"      --jobs N     fixes at a time (default 1; each build uses all processors anyway)\n";

enum outcome { BUILT, REFUSED, FAILED, NO_MODULE, NO_SOURCE, OUTCOMES };

struct table {
	const char *target, *out_dir, *findings;
	bool boot, from_source, verify;
	unsigned int jobs;
	struct target *opened; /* in a worker */
	struct str_vec fixes;
	size_t counts[OUTCOMES], wrong_findings;
	struct verify_totals verified;
};

/* What a worker says about its fix. */
struct word {
	enum outcome outcome;
	struct str line, more; /* the line, and whole lines below it */
	char *modules[ROADS];
};

/* A child that works at one fix; its verdict comes through the pipe, outcome first. */
struct worker {
	pid_t pid;
	int fd;
};

static bool is_klp_relocation(Elf *elf, size_t strings, const GElf_Shdr *shdr)
{
	const char *name = elf_strptr(elf, strings, shdr->sh_name);

	return name && shdr->sh_type == SHT_RELA && starts_with(name, ".klp.rela.");
}

static size_t count_relocations(const char *path)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t strings, n = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;

	elf_version(EV_CURRENT);
	Elf *elf = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);

	if (elf && !elf_getshdrstrndx(elf, &strings))
		while ((scn = elf_nextscn(elf, scn)))
			if (gelf_getshdr(scn, &shdr) && is_klp_relocation(elf, strings, &shdr))
				n += shdr.sh_size / sizeof(Elf64_Rela);
	elf_end(elf);
	return n;
}

/* "net__ipv4__ipmr" of "x/net__ipv4__ipmr.patch". The caller's. */
static char *fix_name(const char *path)
{
	const char *base = path_basename(path);
	size_t n = strlen(base);

	return xstrndup(base, ends_with(base, ".patch") ? n - strlen(".patch") : n);
}

/* A module's name has at most 55 characters; the end of a path says more than its beginning. */
static char *module_name(const char *fix)
{
	size_t n = strlen(fix), most = 40;
	char *name = xasprintf("livepatch-%s", n > most ? fix + n - most : fix);

	for (char *p = name; *p; p++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", *p))
			*p = '-';
	return name;
}

/* Names of the modules that the livepatch replaces functions of; they point into the report. */
static void patched_modules(const struct build_report *report, struct str_vec *modules)
{
	for (size_t i = 0; i < report->replaced.n; i++) {
		char *kobject = report->replaced.at[i].kobject;
		bool known = streq(kobject, "vmlinux");

		for (size_t k = 0; k < modules->n; k++)
			known |= streq(modules->at[k], kobject);
		if (!known)
			str_vec_push(modules, kobject);
	}
}

static const struct finding *first_refusal(const struct finding_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].severity == SEVERITY_REFUSAL)
			return &list->at[i];
	return NULL;
}

/* Does nothing but modules of the target stand in the way of the test? */
static bool only_modules_missing(const struct finding_vec *list)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->at[i].severity == SEVERITY_REFUSAL && !streq(list->at[i].id, "Q12"))
			return false;
	return true;
}

static void judge_boot(const struct boot_result *result, struct word *v)
{
	const struct finding *f = first_refusal(&result->findings);

	if (result->ok) {
		str_add(&v->line, ", booted: transition %.1f s, back %.1f s",
			result->transition_seconds, result->untransition_seconds);
	} else if (f && only_modules_missing(&result->findings)) {
		v->outcome = NO_MODULE;
		str_add(&v->line, ", module %s does not load in the guest",
			f->object ? f->object : "");
	} else {
		v->outcome = FAILED;
		str_add(&v->line, ", in the guest: %s %s", f ? f->id : "?", f ? f->message : "");
	}
}

static struct error *try_in_guest(struct target *target, const struct build_report *report,
				  const char *dir, struct word *v)
{
	scoped_free char *console = path_join(dir, "console.log");
	struct str_vec modules = { 0 };
	struct boot_result result = { 0 };

	patched_modules(report, &modules);
	struct boot_request request = { .livepatch = report->module, .modules = &modules,
					.console_log = console };
	struct error *err = boot_test(target, &request, &result);

	if (!err)
		judge_boot(&result, v);
	boot_result_free(&result);
	str_vec_free(&modules);
	return err;
}

static bool is_first_of_id(const struct finding_vec *list, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (list->at[k].severity == SEVERITY_REFUSAL && streq(list->at[k].id, list->at[i].id))
			return false;
	return true;
}

/* "S3,D8 vmlinux:function: the beginning of the message" */
static void describe_refusal(const struct finding_vec *list, struct str *line)
{
	enum { MESSAGE_LIMIT = 150 };
	const struct finding *f = first_refusal(list);
	const char *comma = "";

	for (size_t i = 0; i < list->n; i++) {
		if (list->at[i].severity != SEVERITY_REFUSAL || !is_first_of_id(list, i))
			continue;
		str_add(line, "%s%s", comma, list->at[i].id);
		comma = ",";
	}
	str_add(line, " ");
	if (f->object && f->symbol)
		str_add(line, "%s:%s: ", f->object, f->symbol);
	str_add(line, "%.*s%s", MESSAGE_LIMIT, f->message,
		strlen(f->message) > MESSAGE_LIMIT ? "..." : "");
}

static struct error *judge_build(const struct table *t, struct target *target, const char *dir,
				 const struct build_report *report, struct word *v)
{
	if (!report->module && !findings_refuse(&report->findings))
		return error_new("B4", "no livepatch was made, and no finding says why");
	if (!report->module) {
		v->outcome = REFUSED;
		describe_refusal(&report->findings, &v->line);
		return NULL;
	}
	v->outcome = BUILT;
	v->modules[ROAD_OBJECTS] = xstrdup(report->module);
	str_add(&v->line, "%zu functions, %zu klp relocations, %.1f s", report->replaced.n,
		count_relocations(report->module), report->seconds);
	return t->boot && !t->from_source ? try_in_guest(target, report, dir, v) : NULL;
}

/* The other road to the same livepatch. Refusing what the first one makes is an answer, not a failure. */
static struct error *build_source(const struct table *t, struct build_request *request,
				  const struct build_report *objects, const char *dir,
				  struct word *v)
{
	scoped_free char *source_dir = path_join(dir, "source");
	struct build_report report = { 0 };
	struct error *err = make_dirs(source_dir);

	request->from_source = true;
	request->out_dir = source_dir;
	if (!err)
		err = build_livepatch(request, &report);
	if (!err && !report.module) {
		v->outcome = NO_SOURCE;
		str_add(&v->line, "; by source refused: ");
		describe_refusal(&report.findings, &v->line);
	} else if (!err) {
		v->modules[ROAD_SOURCE] = xstrdup(report.module);
		str_add(&v->line, "; by source %zu functions, %zu klp relocations, %.1f s",
			report.replaced.n, count_relocations(report.module), report.seconds);
		compare_roads(objects, &report, &v->line);
		err = t->boot ? try_in_guest(t->opened, &report, source_dir, v) : NULL;
	}
	build_report_free(&report);
	return error_context(err, "by source");
}

static struct error *build_fix(const struct table *t, char *path, const char *name,
			       struct word *v)
{
	scoped_target struct target *target = NULL;
	scoped_free char *dir = path_join(t->out_dir, name);
	scoped_free char *module = module_name(name);
	struct build_report report = { 0 };
	struct fix fix = { 0 };

	TRY(target_open(t->target, &target));
	TRY(make_dirs(dir));
	struct build_request request = { .target = target, .fix = &fix, .name = module,
					 .out_dir = dir, .replace = true };
	struct error *err = fix_read(&path, 1, &fix);

	if (!err)
		err = build_livepatch(&request, &report);
	if (!err)
		err = judge_build(t, target, dir, &report, v);
	if (!err && t->findings && report.module) {
		scoped_free char *file = path_join(dir, "findings");

		err = findings_write(target, name, &report, file);
	}
	if (!err && t->from_source && report.module)
		err = build_source(&(struct table){ .boot = t->boot, .opened = target }, &request,
				   &report, dir, v);
	if (!err && t->verify && report.module)
		err = error_context(verify_roads(target, path, v->modules, &v->more), "verifying");
	build_report_free(&report);
	fix_free(&fix);
	return err;
}

static void one_line(char *text)
{
	for (char *p = text; p && *p; p++)
		if (*p == '\n')
			*p = ' ';
}

/* In the worker: never returns. */
static void work(const struct table *t, char *path, int fd)
{
	static const char *const words[] = { "built", "refused", "FAILED", "built",
					     "objects" };
	scoped_free char *name = fix_name(path);
	struct word v = { 0 };
	struct error *err = build_fix(t, path, name, &v);

	if (err) {
		v.outcome = FAILED;
		str_add(&v.line, "%s%s: %s", v.line.n ? ", " : "", err->id, err->message);
	}
	one_line(v.line.s);
	dprintf(fd, "%d%-7s %s %s\n%s", v.outcome, words[v.outcome], name, v.line.s, v.more.s ? v.more.s : "");
	error_free(err);
	str_free(&v.line);
	str_free(&v.more);
	for (enum road r = 0; r < ROADS; r++)
		free(v.modules[r]);
	_exit(0);
}

static struct error *start_worker(const struct table *t, char *path, struct worker *w)
{
	int ends[2];

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC))
		return error_errno("pipe");
	w->pid = fork();
	if (w->pid < 0)
		return error_errno("fork");
	if (!w->pid)
		work(t, path, ends[1]);
	close(ends[1]);
	w->fd = ends[0];
	return NULL;
}

/* Waits for the worker and prints its line; a worker that dies without a word has failed. */
static void finish_worker(struct table *t, const char *path, struct worker *w)
{
	scoped_file FILE *in = fdopen(w->fd, "r");
	scoped_free char *line = NULL;
	size_t room = 0;
	int status = 0;
	bool said = getline(&line, &room, in) > 1;

	if (said) {
		t->counts[line[0] - '0']++;
		fputs(line + 1, stdout);
	}
	while (said && getline(&line, &room, in) > 1) {
		verify_totals_add(&t->verified, line);
		fputs(line, stdout);
	}
	while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!said || status) {
		scoped_free char *name = fix_name(path);

		t->counts[FAILED]++;
		printf("%-7s %s the program ended with status %#x\n", "FAILED", name, status);
	}
	fflush(stdout);
}

/* Lines come in the order of the fixes, so that two runs print the same. */
static struct error *run_all(struct table *t)
{
	scoped_free struct worker *workers = xcalloc(t->fixes.n, sizeof(*workers));
	struct error *err = NULL;
	size_t started = 0;

	for (size_t done = 0; done < started || (done < t->fixes.n && !err); done++) {
		while (!err && started < t->fixes.n && started < done + t->jobs) {
			err = check_interrupted();
			if (!err)
				err = start_worker(t, t->fixes.at[started], &workers[started]);
			started += !err;
		}
		if (done < started)
			finish_worker(t, t->fixes.at[done], &workers[done]);
	}
	return err;
}

/* The workers left one file for each livepatch. */
static struct error *judge_findings(struct table *t)
{
	scoped_str struct str all = { 0 };

	for (size_t i = 0; i < t->fixes.n; i++) {
		scoped_free char *name = fix_name(t->fixes.at[i]), *dir = path_join(t->out_dir, name);
		scoped_free char *file = path_join(dir, "findings"), *text = NULL;

		if (!path_exists(file))
			continue;
		TRY(read_file(file, &text, NULL));
		str_add(&all, "%s", text);
	}
	TRY(findings_compare(all.s ? all.s : "", t->findings, &t->wrong_findings));
	printf("findings: %zu not as in %s\n", t->wrong_findings, t->findings);
	return NULL;
}

static int is_patch(const struct dirent *e)
{
	return ends_with(e->d_name, ".patch");
}

static struct error *add_fixes(struct table *t, const char *path)
{
	struct dirent **entries = NULL;

	if (!path_is_dir(path)) {
		str_vec_push(&t->fixes, xstrdup(path));
		return NULL;
	}
	int n = scandir(path, &entries, is_patch, alphasort);

	if (n < 0)
		return error_errno("%s", path);
	for (int i = 0; i < n; i++) {
		str_vec_push(&t->fixes, path_join(path, entries[i]->d_name));
		free(entries[i]);
	}
	free(entries);
	return NULL;
}

static struct error *run(struct table *t, char **paths, size_t n)
{
	scoped_temp_dir char *scratch = NULL;

	if (!t->out_dir) {
		TRY(temp_dir_new("fix-table", &scratch));
		t->out_dir = scratch;
	}
	for (size_t i = 0; i < n; i++)
		TRY(add_fixes(t, paths[i]));
	TRY(run_all(t));
	printf("%zu fixes: %zu built", t->fixes.n, t->counts[BUILT] + t->counts[NO_MODULE]);
	if (t->from_source)
		printf(" both ways, %zu from objects only", t->counts[NO_SOURCE]);
	if (t->boot)
		printf(" (%zu passed the boot test, %zu of modules that do not load in the guest)",
		       t->counts[BUILT], t->counts[NO_MODULE]);
	printf(", %zu refused, %zu FAILED\n", t->counts[REFUSED], t->counts[FAILED]);
	verify_totals_print(&t->verified, stdout);
	return t->findings ? judge_findings(t) : NULL;
}

static bool parse(int argc, char **argv, struct table *t)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "boot", no_argument, NULL, 'b' },
		{ "output", required_argument, NULL, 'o' }, { "jobs", required_argument, NULL, 'j' },
		{ "verbose", no_argument, NULL, 'v' },	    { "from-source", no_argument, NULL, 's' },
		{ "findings", required_argument, NULL, 'f' }, { "verify", no_argument, NULL, 'V' },
			    { 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "t:o:j:v", options, NULL)) != -1) {
		if (c == 't')
			t->target = optarg;
		else if (c == 'b')
			t->boot = true;
		else if (c == 'o')
			t->out_dir = optarg;
		else if (c == 's')
			t->from_source = true;
		else if (c == 'f')
			t->findings = optarg;
		else if (c == 'V')
			t->verify = true;
		else if (c == 'v')
			verbose = true;
		else if (c == 'j')
			t->jobs = strtoul(optarg, NULL, 10);
		else
			return false;
	}
	return t->jobs > 0 && optind < argc;
}

int main(int argc, char **argv)
{
	struct table t = { .jobs = 1 };

	if (!parse(argc, argv, &t)) {
		fputs(help, stderr);
		return 64;
	}
	quiet = true;
	process_setup_signals();
	struct error *err = run(&t, argv + optind, argc - optind);

	if (err)
		fprintf(stderr, "fix-table: %s: %s\n", err->id, err->message);
	str_vec_free_all(&t.fixes);
	int status = err ? 2 : t.counts[FAILED] > 0 || t.wrong_findings || t.verified.refuted;

	error_free(err);
	return status;
}
