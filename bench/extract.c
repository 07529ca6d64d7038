// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What extraction costs, and what comes out, without the decisions of a build: a name that the
 * target's symbol list has is reached there, everything else is copied.
 *
 *     bench-extract TARGET SOURCE [OUT FUNCTION...]
 *
 * Without OUT: lists the functions that SOURCE defines. DECISIONS=1 shows the decisions.
 * Prints lines of the result, CPU seconds of the preprocessor, CPU seconds and peak memory of our
 * own.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "convert/symbols.h"
#include "extract/extract.h"
#include "extract/preprocess.h"
#include "units/kbuild.h"

struct policy {
	struct symlist symbols;
	const struct extract_request *request;
};

static bool asked_for(const struct policy *p, const struct name_question *q)
{
	for (size_t i = 0; i < p->request->functions->n && !q->function; i++)
		if (streq(p->request->functions->at[i], q->name))
			return true;
	return false;
}

/* The symbol that the name probably is: in vmlinux, or anywhere. */
static const struct sym_entry *find_symbol(const struct policy *p, const struct name_question *q)
{
	const struct sym_entry *e =
		symlist_find_in(&p->symbols, q->name, p->request->command->kobject);

	return e ? e : symlist_find(&p->symbols, q->name);
}

static void decide(void *arg, const struct name_question *q, struct name_fate *fate)
{
	const struct policy *p = arg;
	const struct sym_entry *e = q->function ? NULL : find_symbol(p, q);

	fate->reason = xstrdup("by name");
	if (asked_for(p, q)) {
		fate->fate = FATE_REPLACE;
		fate->new_name = xasprintf("livepatch_%s", q->name);
	} else if (q->function && !q->in_macro) {
		fate->fate = FATE_KLP;
	} else if (e && !q->is_inline) {
		fate->fate = e->exported ? FATE_PLAIN : FATE_KLP;
	} else {
		fate->fate = q->defined ? FATE_COPY : FATE_PLAIN;
	}
	if (fate->fate == FATE_KLP || (e && fate->fate == FATE_REPLACE)) {
		fate->object = xstrdup(e ? e->object : p->request->command->kobject);
		fate->symbol = e ? xstrdup(e->name) : xasprintf("%s.1", q->name);
		fate->position = e && e->count > 1;
	}
}

static struct error *find_command(struct target *t, const char *source, struct command_vec *list)
{
	SCOPED(str_vec_free_all) struct str_vec objects = {0};
	struct error_vec problems = {0};

	str_vec_push(&objects, xasprintf("%.*so", (int)strlen(source) - 1, source));
	struct error *err = kbuild_commands(t, &objects, list, &problems);

	for (size_t i = 0; i < problems.n; i++)
		error_free(problems.at[i]);
	error_vec_free(&problems);
	if (!err && !list->n)
		err = error_new("U1", "%s is not part of the configuration", source);
	return err;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static struct error *extract(struct target *target, const struct command *command, const char *out,
			     struct policy *policy, const struct str_vec *functions)
{
	scoped_temp_dir char *dir = NULL;
	SCOPED(extract_result_free) struct extract_result result = {0};
	struct finding_vec findings = {0};
	struct rusage usage;

	TRY(temp_dir_new("bench", &dir));
	struct extract_request rq = {.target = target,
				     .command = command,
				     .workdir = dir,
				     .functions = functions,
				     .fate_of = decide,
				     .fate_arg = policy,
				     .findings = &findings};
	double before = own_cpu_seconds();

	policy->request = &rq;
	TRY(extract_unit(&rq, &result));
	double own = own_cpu_seconds() - before;

	getrusage(RUSAGE_SELF, &usage);
	findings_free(&findings);
	printf("%s: %zu lines; CPU: preprocessor %.2f s, own %.2f s; peak %ld MB\n", out,
	       count_lines(result.text), result.cpp_cpu, own, usage.ru_maxrss / 1024);
	for (size_t i = 0; i < result.decisions.n && getenv("DECISIONS"); i++) {
		const struct extract_decision *d = &result.decisions.at[i];

		printf("  %s: %s (%s; %s)\n", d->what, d->how, d->reason,
		       d->needed_by ? d->needed_by : "asked for");
	}
	return write_file(out, result.text, strlen(result.text));
}

/* The functions that are defined in the unit's own file, one a line. */
static struct error *list_functions(struct target *target, const struct command *command)
{
	scoped_temp_dir char *dir = NULL;
	SCOPED(tu_free) struct tu tu = {0};
	double cpu;

	TRY(temp_dir_new("bench", &dir));
	TRY(preprocess(target, command, NULL, dir, &tu, &cpu));
	for (size_t i = 0; i < tu.declared.n; i++) {
		const struct declared *d = &tu.declared.at[i];
		scoped_free char *name = name_string(&tu.names, d->name);

		if (d->kind == DECLARED_FUNCTION && d->definition &&
		    tu_token(&tu, d->token)->file == tu.main_file)
			printf("%s %u\n", name, tu_token(&tu, d->token)->line);
	}
	return NULL;
}

static struct error *run(int argc, char **argv)
{
	scoped_target struct target *target = NULL;
	SCOPED(commands_free) struct command_vec commands = {0};
	SCOPED(str_vec_free_all) struct str_vec functions = {0};
	struct policy policy = {0};

	TRY(target_open(argv[1], &target));
	TRY(symlist_of_target(target, &policy.symbols));
	TRY(find_command(target, argv[2], &commands));
	if (argc == 3)
		return list_functions(target, &commands.at[0]);
	for (int i = 4; i < argc; i++)
		str_vec_push(&functions, xstrdup(argv[i]));
	struct error *err = extract(target, &commands.at[0], argv[3], &policy, &functions);

	symlist_free(&policy.symbols);
	return err;
}

int main(int argc, char **argv)
{
	if (argc != 3 && argc < 5) {
		fprintf(stderr, "usage: bench-extract TARGET SOURCE [OUT FUNCTION...]\n");
		return 2;
	}
	scoped_error struct error *err = run(argc, argv);

	if (err)
		fprintf(stderr, "bench-extract: %s: %s\n", err->id, err->message);
	return err ? 1 : 0;
}
