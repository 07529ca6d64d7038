// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/story.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { KINDS = 3, VERSIONS = 3 };

struct frame {
	unsigned int function, version;
};

struct story_task {
	bool known;
	unsigned int kind;
	size_t depth;
	struct frame stack[STORY_FUNCTIONS];
};

struct teller {
	const struct story_names *names;
	struct story_task tasks[STORY_TASKS];
	struct str text;
};

void story_names_read(const char *instance, struct story_names *names)
{
	*names = (struct story_names){ 0 };
	for (const char *at = instance; (at = strstr(at, "name "));) {
		unsigned int function;
		char word[128];

		at += strlen("name ");
		if (sscanf(at, "%1u %127[A-Za-z0-9_.]", &function, word) != 2 ||
		    function >= STORY_FUNCTIONS || names->of[function])
			continue;
		names->of[function] = xstrdup(word);
	}
}

void story_names_free(struct story_names *names)
{
	for (size_t i = 0; i < STORY_FUNCTIONS; i++)
		free(names->of[i]);
}

static void add_function(struct teller *t, unsigned int function, unsigned int version)
{
	static const char *const versions[VERSIONS] = { "old", "new (patch 1)", "new (patch 2)" };

	str_add(&t->text, "%s ", versions[version]);
	if (t->names->of[function])
		str_add(&t->text, "%s()", t->names->of[function]);
	else
		str_add(&t->text, "function %u", function);
}

static void add_task(struct teller *t, unsigned int number)
{
	static const char *const kinds[KINDS] = { "task", "kernel thread", "idle task" };

	str_add(&t->text, "%s %u", kinds[t->tasks[number].kind], number);
}

/* The call chain of a task, innermost first. */
static void add_stack(struct teller *t, const struct story_task *task)
{
	for (size_t i = task->depth; i-- > 0;) {
		add_function(t, task->stack[i].function, task->stack[i].version);
		if (i)
			str_add(&t->text, " < ");
	}
}

static void tell_enter(struct teller *t, unsigned int task, const unsigned int *arg)
{
	struct story_task *own = &t->tasks[task];

	if (own->depth == STORY_FUNCTIONS)
		return;
	own->stack[own->depth++] = (struct frame){ arg[0], arg[1] };
	add_task(t, task);
	str_add(&t->text, " runs ");
	add_stack(t, own);
	str_add(&t->text, "\n");
}

static void tell_return(struct teller *t, unsigned int task, const unsigned int *arg)
{
	struct story_task *own = &t->tasks[task];

	if (!own->depth)
		return;
	own->depth--;
	add_task(t, task);
	str_add(&t->text, " returns from ");
	add_function(t, own->stack[own->depth].function, own->stack[own->depth].version);
	str_add(&t->text, "\n");
}

static void tell_chose(struct teller *t, unsigned int task, const unsigned int *arg)
{
	str_add(&t->text, "klp_ftrace_handler() sends ");
	add_task(t, task);
	str_add(&t->text, " to ");
	add_function(t, arg[0], arg[1]);
	str_add(&t->text, "\n");
}

static void tell_away(struct teller *t, unsigned int task, const unsigned int *arg)
{
	static const char *const ways[] = { "leaves its processor, of its own will", "is preempted",
					    "is preempted in the ftrace trampoline" };

	add_task(t, task);
	str_add(&t->text, " %s\n", ways[arg[0]]);
}

static void tell_state(struct teller *t, unsigned int task, const unsigned int *arg)
{
	add_task(t, task);
	str_add(&t->text, " is switched: %s\n", arg[0] == 1 ? "patched" : "unpatched");
}

static void tell_task(struct teller *t, unsigned int task, const unsigned int *arg)
{
	t->tasks[task].known = true;
	t->tasks[task].kind = arg[0];
}

static void tell_core(struct teller *t, unsigned int what, const unsigned int *arg)
{
	static const char *const acts[] = { "is being disabled", "is being enabled",
					    "goes the other way", "has completed its transition",
					    "may be removed" };

	if (what < ARRAY_SIZE(acts))
		str_add(&t->text, "patch %u %s\n", arg[0], acts[what]);
}

/* An event of the model: its word, the bounds of its numbers after the first, who tells it. */
static const struct event {
	const char *word;
	unsigned int numbers, limit[2];
	void (*tell)(struct teller *t, unsigned int first, const unsigned int *arg);
} events[] = {
	{ "task", 2, { KINDS }, tell_task },
	{ "chose", 3, { STORY_FUNCTIONS, VERSIONS }, tell_chose },
	{ "enter", 3, { STORY_FUNCTIONS, VERSIONS }, tell_enter },
	{ "return", 2, { STORY_FUNCTIONS }, tell_return },
	{ "away", 2, { 3 }, tell_away },
	{ "state", 2, { 2 }, tell_state },
	{ "core", 2, { VERSIONS }, tell_core },
};

/* The text behind "story: ", up to the end of its line. */
static bool tell_event(struct teller *t, const char *text)
{
	char word[16];
	unsigned int first, arg[2] = { 0 };
	int n = sscanf(text, "%15[a-z] %u %u %u", word, &first, &arg[0], &arg[1]);

	for (size_t i = 0; n > 1 && i < ARRAY_SIZE(events); i++) {
		const struct event *e = &events[i];

		if (!streq(e->word, word))
			continue;
		if ((unsigned int)n != e->numbers + 1 || first >= STORY_TASKS ||
		    arg[0] >= e->limit[0] || (e->numbers == 3 && arg[1] >= e->limit[1]))
			return false;
		e->tell(t, first, arg);
		return true;
	}
	return false;
}

static void tell_end(struct teller *t)
{
	for (unsigned int i = 0; i < STORY_TASKS; i++) {
		if (!t->tasks[i].known || !t->tasks[i].depth)
			continue;
		str_add(&t->text, "in the end, ");
		add_task(t, i);
		str_add(&t->text, " has on its stack: ");
		add_stack(t, &t->tasks[i]);
		str_add(&t->text, "\n");
	}
}

bool story_tell(const char *replay, const struct story_names *names, struct str *story)
{
	static const char mark[] = "story: ";
	struct teller t = { .names = names };
	bool any = false;

	for (const char *at = replay; (at = strstr(at, mark));) {
		at += strlen(mark);
		const char *end = strchr(at, '\n');
		scoped_free char *line = end ? xstrndup(at, end - at) : xstrdup(at);

		any |= tell_event(&t, line);
	}
	if (any) {
		tell_end(&t);
		if (t.text.n)
			str_add_bytes(story, t.text.s, t.text.n);
	}
	str_free(&t.text);
	return any;
}
