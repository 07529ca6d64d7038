// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Extracts functions chosen at random over the units of a target, and says of each whether the result
 * compiles and how it compares with the unit's own object. The same seed chooses the same functions.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/progress.h"
#include "base/str.h"
#include "diff/policy.h"
#include "driver/function.h"
#include "kit.h"

static const char help[] =
	"usage: extract-sample [-t TARGET] [-n FUNCTIONS] [--per-unit K] [--seed S] [--modules M]\n"
	"                      [--skip UNITS]\n"
	"       extract-sample [-t TARGET] --again FILE\n"
	"       extract-sample --totals FILE\n\n"
	"Prints a line a function:\n"
	"  CLASS    UNIT FUNCTION [detail]     it compiles; the worst class of its functions\n"
	"  refused  UNIT FUNCTION ID message   the kernel or a rule does not allow it\n"
	"  FAILED   UNIT FUNCTION ID message   anything else\n"
	"then the totals. Functions that trace headers make are not chosen. Exit status 0 only if at least 95 %\n"
	"of those not refused compile.\n\n"
	"  -n, --functions N   default 24\n"
	"      --per-unit K    functions of one unit, default 4\n"
	"      --modules M     of ten units, how many are of modules; default 4\n"
	"      --seed S        default 1\n"
	"      --skip UNITS    pass over the first units that the seed draws: goes on where a run ended\n"
	"      --again FILE    the functions of these lines, which an earlier run printed\n"
	"      --totals FILE   only the totals of such lines; of several about one function the last counts\n";

enum outcome { REFUSED = PROVE_CLASSES, FAILED, OUTCOMES };

struct sample {
	struct target *target;
	size_t wanted, per_unit, modules, skip, drawn;
	const char *again, *totals;
	uint64_t random;
	struct str_vec units; /* of vmlinux */
	struct str_vec names; /* of modules */
	size_t done, count[OUTCOMES];
};

/* xorshift64*: the same numbers everywhere. */
static uint64_t next(struct sample *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * 0x2545f4914f6cdd1dull;
}

/* ---- one function ---- */

static void say(int fd, unsigned int outcome, const char *word, const char *unit,
		const char *function, const char *detail)
{
	scoped_free char *line = xasprintf("%-20s %s %s%s%.300s", word, unit, function,
					   detail ? " " : "", detail ? detail : "");

	for (char *p = line; *p; p++)
		if (*p == '\n')
			*p = ' ';
	dprintf(fd, "%c%s\n", 'a' + outcome, line);
}

/* Rules about the kernel, as against shortcomings of the extraction. */
static bool is_shortcoming(const char *id)
{
	return streq(id, "M32") || streq(id, "M33") || streq(id, "M34");
}

static const struct finding *first_refusal(const struct finding_vec *list)
{
	const struct finding *first = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct finding *f = &list->at[i];

		if (f->severity != SEVERITY_REFUSAL || streq(f->id, "M30")) /* a class of its own */
			continue;
		if (is_shortcoming(f->id))
			return f;
		if (!first)
			first = f;
	}
	return first;
}

/* The first difference of a class. */
static const char *line_of(const struct proof *p, enum prove_class class)
{
	scoped_free char *word = xasprintf(": %s", prove_class_name(class));

	for (size_t i = 0; i < p->lines.n; i++)
		if (strstr(p->lines.at[i], word))
			return p->lines.at[i];
	return NULL;
}

static void judge(int fd, const char *unit, const char *function, struct patch_source *source,
		  struct finding_vec *findings)
{
	const struct finding *f = first_refusal(findings);

	if (f) {
		scoped_free char *text = xasprintf("%s %s", f->id, f->message);
		bool failed = is_shortcoming(f->id);

		say(fd, failed ? FAILED : REFUSED, failed ? "FAILED" : "refused", unit, function, text);
	} else if (!source->units.n || !source->units.at[0].has_original) {
		say(fd, FAILED, "FAILED", unit, function, "nothing came out");
	} else {
		const struct proof *p = &source->units.at[0].original;
		enum prove_class class = kit_worst(p);

		say(fd, class, prove_class_name(class), unit, function,
		    line_of(p, class));
	}
}

static void extract_one(int fd, struct kit_unit *k, const char *function)
{
	struct finding_vec findings = { 0 };
	struct patch_source source = { 0 };
	const char *unit = k->unit.source;
	struct error *err = kit_extract(k, function, &source, &findings);

	if (err) {
		scoped_free char *text = xasprintf("%s %s", err->id, err->message);

		bool elsewhere = streq(err->id, "M4"); /* assembly in the unit's text makes it */

		say(fd, elsewhere ? REFUSED : FAILED, elsewhere ? "refused" : "FAILED", unit, function,
		    text);
		error_free(err);
	} else {
		judge(fd, unit, function, &source, &findings);
	}
	patch_source_free(&source);
	findings_free(&findings);
}

/* ---- one unit ---- */

/*
 * What the text does not define: functions that trace headers make when they are included once more
 * (include/trace/define_trace.h), and the names under which a module's init and exit are known.
 */
static bool is_made(const char *name)
{
	static const char *const prefixes[] = { "__traceiter_", "__probestub_", "__bpf_trace_",
						"perf_trace_", "trace_event_raw_event_",
						"trace_raw_output_", "trace_event_get_offsets_", "__SCT__",
						"init_module", "cleanup_module" };

	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (starts_with(name, prefixes[i]))
			return true;
	return false;
}

static bool is_candidate(const struct pair *p, const struct entity *e)
{
	return e->kind == ENTITY_FUNCTION && !e->parent && !is_clone(e) && !is_made(e->name) &&
	       !is_gone(e, p->unit->kobject) && p->repro.status[e->index] == REPRO_SAME;
}

static void choose(struct sample *s, const struct pair *p, struct str_vec *functions)
{
	struct str_vec all = { 0 };

	for (size_t i = 0; i < p->a->entities.n; i++)
		if (is_candidate(p, p->a->entities.at[i]))
			str_vec_push(&all, (char *)p->a->entities.at[i]->name);
	for (size_t i = 0; i < s->per_unit && all.n; i++) {
		size_t k = next(s) % all.n;

		str_vec_push(functions, all.at[k]);
		all.at[k] = all.at[--all.n];
	}
	str_vec_free(&all);
}

/* In a child: what crashes there is counted as failed. given: these functions, NULL: by chance. */
static struct error *work(struct sample *s, const char *source, const struct str_vec *given, int fd)
{
	SCOPED(str_vec_free) struct str_vec functions = { 0 };
	SCOPED(kit_close) struct kit_unit k = { 0 };

	TRY(kit_open(&k, s->target, source));
	for (size_t i = 0; given && i < given->n; i++)
		str_vec_push(&functions, given->at[i]);
	if (!given)
		choose(s, &k.pair, &functions);
	for (size_t i = 0; i < functions.n; i++)
		extract_one(fd, &k, functions.at[i]);
	return NULL;
}

/* A unit that is no unit of the configuration, or has no functions, does not count. */
static struct error *try_unit(struct sample *s, const char *source, const struct str_vec *given)
{
	scoped_free char *line = NULL;
	size_t room = 0;
	int ends[2], status = 0;

	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC))
		return error_errno("pipe");
	pid_t pid = fork();

	if (pid < 0)
		return error_errno("fork");
	if (!pid) {
		struct error *err = work(s, source, given, ends[1]);

		_exit(err ? 3 : 0);
	}
	close(ends[1]);
	scoped_file FILE *in = fdopen(ends[0], "r");

	while (getline(&line, &room, in) > 1) {
		s->count[line[0] - 'a']++;
		s->done++;
		fputs(line + 1, stdout);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status && WEXITSTATUS(status) != 3) {
		printf("%-20s %s: the program ended with status %#x\n", "FAILED", source, status);
		s->count[FAILED]++;
		s->done++;
	}
	fflush(stdout);
	return NULL;
}

/* ---- all ---- */

static struct error *pick_unit(struct sample *s, char **source)
{
	SCOPED(str_vec_free_all) struct str_vec units = { 0 };

	if (!s->names.n || next(s) % 10 >= s->modules) {
		*source = xstrdup(s->units.at[next(s) % s->units.n]);
		return NULL;
	}
	TRY(function_units(s->target, s->names.at[next(s) % s->names.n], &units));
	*source = units.n ? xstrdup(units.at[next(s) % units.n]) : NULL;
	return NULL;
}

static struct error *run(struct sample *s)
{
	TRY(function_units(s->target, "vmlinux", &s->units));
	TRY(target_modules(s->target, &s->names));
	for (size_t tries = 0; s->done < s->wanted && tries < 4 * s->wanted + s->skip; tries++) {
		scoped_free char *source = NULL;

		TRY(check_interrupted());
		TRY(pick_unit(s, &source));
		if (s->drawn++ >= s->skip && source && ends_with(source, ".c"))
			TRY(try_unit(s, source, NULL));
		next(s); /* the child's numbers are its own */
	}
	return NULL;
}

/* ---- lines of an earlier run ---- */

struct line {
	unsigned int outcome;
	char *unit, *function;
};
DEFINE_VEC(line_vec, struct line)

static bool parse_line(char *text, struct line *line)
{
	static const char *const others[] = { [REFUSED - PROVE_CLASSES] = "refused",
					      [FAILED - PROVE_CLASSES] = "FAILED" };
	char *save = NULL;

	for (unsigned int i = 0; i < OUTCOMES; i++) {
		const char *word = i < PROVE_CLASSES ? prove_class_name(i) : others[i - PROVE_CLASSES];

		if (!starts_with(text, word))
			continue;
		char *unit = strtok_r(text + strlen(word), " \n", &save);
		char *function = unit ? strtok_r(NULL, " \n", &save) : NULL;

		if (!function || !strchr(unit, '/') || !ends_with(unit, ".c"))
			return false;
		*line = (struct line){ i, xstrdup(unit), xstrdup(function) };
		return true;
	}
	return false;
}

static struct error *read_lines(const char *path, struct line_vec *lines)
{
	scoped_file FILE *in = streq(path, "-") ? fdopen(dup(0), "r") : fopen(path, "re");
	scoped_free char *text = NULL;
	size_t room = 0;
	struct line line;

	if (!in)
		return error_errno("%s", path);
	while (getline(&text, &room, in) > 0)
		if (parse_line(text, &line))
			line_vec_push(lines, line);
	return NULL;
}

static void free_lines(struct line_vec *lines)
{
	for (size_t i = 0; i < lines->n; i++) {
		free(lines->at[i].unit);
		free(lines->at[i].function);
	}
	line_vec_free(lines);
}

/* Lines of one unit that stand together are done together. */
static struct error *again(struct sample *s, const struct line_vec *lines)
{
	for (size_t i = 0, end; i < lines->n; i = end) {
		SCOPED(str_vec_free) struct str_vec functions = { 0 };

		for (end = i; end < lines->n && streq(lines->at[end].unit, lines->at[i].unit); end++)
			str_vec_push(&functions, lines->at[end].function);
		TRY(check_interrupted());
		TRY(try_unit(s, lines->at[i].unit, &functions));
	}
	return NULL;
}

static void add_up(struct sample *s, const struct line_vec *lines)
{
	SCOPED(map_free) struct map last = { 0 };
	SCOPED(str_vec_free_all) struct str_vec keys = { 0 };

	for (size_t i = 0; i < lines->n; i++) {
		const struct line *l = &lines->at[i];
		char *key = *str_vec_push(&keys, xasprintf("%s %s", l->unit, l->function));

		map_put(&last, key, (void *)(uintptr_t)(l->outcome + 1));
	}
	for (size_t i = 0; i < last.n; i++)
		s->count[(uintptr_t)last.entries[i].value - 1]++;
	s->done = last.n;
}

static struct error *with_lines(struct sample *s, const char *path)
{
	SCOPED(free_lines) struct line_vec lines = { 0 };

	TRY(read_lines(path, &lines));
	if (s->again)
		return again(s, &lines);
	add_up(s, &lines);
	return NULL;
}

static bool print_totals(const struct sample *s)
{
	size_t tried = s->done - s->count[REFUSED], compiled = tried - s->count[FAILED];

	printf("%zu functions: %zu refused; of %zu others %zu compile (%.1f %%)", s->done,
	       s->count[REFUSED], tried, compiled, tried ? 100.0 * compiled / tried : 0.0);
	for (enum prove_class c = 0; c < PROVE_CLASSES; c++)
		printf("%s %zu %s", c ? "," : ":", s->count[c], prove_class_name(c));
	putchar('\n');
	if (!s->again && !s->totals)
		printf("# %zu units were drawn: --skip %zu goes on behind them\n", s->drawn, s->drawn);
	return tried && compiled * 100 >= tried * 95;
}

static bool parse(int argc, char **argv, struct sample *s, const char **target)
{
	static const struct option options[] = {
		{ "target", required_argument, NULL, 't' }, { "functions", required_argument, NULL, 'n' },
		{ "per-unit", required_argument, NULL, 'k' }, { "seed", required_argument, NULL, 's' },
		{ "modules", required_argument, NULL, 'm' }, { "skip", required_argument, NULL, 'x' },
		{ "again", required_argument, NULL, 'a' }, { "totals", required_argument, NULL, 'T' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "t:n:", options, NULL)) != -1) {
		if (c == 't')
			*target = optarg;
		else if (c == 'n')
			s->wanted = strtoul(optarg, NULL, 10);
		else if (c == 'k')
			s->per_unit = strtoul(optarg, NULL, 10);
		else if (c == 's')
			s->random = strtoull(optarg, NULL, 10);
		else if (c == 'm')
			s->modules = strtoul(optarg, NULL, 10);
		else if (c == 'x')
			s->skip = strtoul(optarg, NULL, 10);
		else if (c == 'a')
			s->again = optarg;
		else if (c == 'T')
			s->totals = optarg;
		else
			return false;
	}
	s->random = s->random * 0x9e3779b97f4a7c15ull + 1;
	return optind == argc && s->wanted && s->per_unit;
}

int main(int argc, char **argv)
{
	struct sample s = { .wanted = 24, .per_unit = 4, .modules = 4, .random = 1 };
	const char *name = NULL;

	if (!parse(argc, argv, &s, &name)) {
		fputs(help, stderr);
		return 64;
	}
	quiet = true;
	process_setup_signals();
	struct error *err = s.totals ? NULL :
			    target_open(name ? name : getenv("SUTURE_TEST_TARGET"), &s.target);

	if (!err)
		err = s.totals ? with_lines(&s, s.totals) : s.again ? with_lines(&s, s.again) : run(&s);
	if (err)
		fprintf(stderr, "extract-sample: %s: %s\n", err->id, err->message);
	bool fine = print_totals(&s) && !err;

	printf("%s 1 - functions chosen by chance\n", fine ? "ok" : "not ok");

	error_free(err);
	str_vec_free_all(&s.units);
	str_vec_free_all(&s.names);
	target_free(s.target);
	return err ? 2 : !fine;
}
