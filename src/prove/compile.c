// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "prove/prove.h"
#include "units/compile.h"

static bool is_source(const char *word, const char *source)
{
	size_t n = strlen(word), m = strlen(source);

	return word[0] != '-' && n >= m && streq(word + n - m, source) &&
	       (n == m || word[n - m - 1] == '/');
}

/* The unit's command for another file. */
static void command_for(const struct prove_compile *rq, const char *file, struct command *c)
{
	*c = (struct command){ .object_name = xasprintf("%s.o", rq->name),
			       .source = xstrdup(rq->command->source),
			       .tree = xstrdup(rq->command->tree),
			       .kobject = xstrdup(rq->command->kobject) };
	for (size_t i = 0; i < rq->command->argv.n; i++) {
		const char *word = rq->command->argv.at[i];

		str_vec_push(&c->argv, xstrdup(is_source(word, c->source) ? file : word));
	}
	str_vec_push(&c->argv, xasprintf("-I%s", rq->include_dir));
	for (size_t i = 0; rq->flags && rq->flags[i]; i++)
		str_vec_push(&c->argv, xstrdup(rq->flags[i]));
}

struct error *prove_compile(const struct prove_compile *rq, char **object, char **output)
{
	scoped_free char *file = xasprintf("%s/%s.c", rq->workdir, rq->name);
	SCOPED(compiles_free) struct compile_vec list = { 0 };
	SCOPED(command_free) struct command command = { 0 };

	*object = *output = NULL;
	TRY(write_file(file, rq->text, strlen(rq->text)));
	command_for(rq, file, &command);
	compile_add(&list, &command, NULL, rq->workdir);
	TRY(compile_run(rq->target, &list));
	*output = list.at[0].result.status ? compile_errors(&list.at[0]) :
					     xstrdup(list.at[0].result.output);
	if (!list.at[0].result.status)
		*object = xstrdup(list.at[0].object);
	return NULL;
}
