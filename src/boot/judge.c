// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/judge.h"

#include <ctype.h>

#include "boot/console.h"

enum { BLOCKERS_LIMIT = 5, FRAMES_LIMIT = 8, TAIL_LINES = 5 };

static struct finding *refuse(const struct session *s, const char *id, const char *step,
			      const char *symbol, const char *message)
{
	return finding_add(&s->result->findings, id, SEVERITY_REFUSAL, NULL, symbol, step, "%s",
			   message);
}

/* One task of the blockers' list: "task PID COMM" and lines "[<0>] name+0x.../0x..." */
struct blocker {
	char *task;
	char *function; /* innermost one named, or NULL */
	struct str stack;
	unsigned int frames;
};

static void take_frame(struct blocker *b, const char *line)
{
	const char *name = strchr(line, ']');

	if (!b->task || !name)
		return;
	name += 1 + strspn(name + 1, " ");
	size_t n = strcspn(name, "+ ");

	if (!n || b->frames++ >= FRAMES_LIMIT)
		return;
	str_add(&b->stack, "%s%.*s", b->stack.n ? " < " : "", (int)n, name);
	if (!b->function)
		b->function = xstrndup(name, n);
}

static void close_blocker(const struct session *s, struct blocker *b, const char *doing,
			  const char *step)
{
	if (b->task) {
		scoped_free char *message = xasprintf(
			"%s: task %s has not switched; its stack: %s", doing, b->task,
			b->stack.s ? b->stack.s : "empty");

		refuse(s, "Q9", step, b->function, message);
	}
	free(b->task);
	free(b->function);
	str_free(&b->stack);
	*b = (struct blocker){ 0 };
}

/* Returns the number of tasks. */
static size_t judge_blockers(const struct session *s, const char *doing, const char *step)
{
	struct blocker b = { 0 };
	size_t n = 0;

	for (const char *p = s->blockers ? s->blockers : ""; *p;) {
		size_t length = strcspn(p, "\n");
		scoped_free char *line = xstrndup(p, length);

		if (starts_with(line, "task ")) {
			close_blocker(s, &b, doing, step);
			if (n++ < BLOCKERS_LIMIT)
				b.task = xstrdup(line + strlen("task "));
		} else {
			take_frame(&b, line);
		}
		p += length + (p[length] == '\n');
	}
	close_blocker(s, &b, doing, step);
	return n;
}

static void on_transition(const struct session *s, const struct session_failure *f,
			  const struct console_report *report)
{
	(void)report;
	bool enabling = starts_with(f->detail, "enable");
	const char *limit = strchr(f->detail, ' ');
	scoped_free char *doing = xasprintf("%s is not complete after%s s of guest time",
					    enabling ? "the transition" : "going back",
					    limit ? limit : "");

	if (judge_blockers(s, doing, f->step))
		return;
	scoped_free char *message = xasprintf("%s, and no task is seen that blocks it", doing);

	refuse(s, "Q9", f->step, NULL, message);
}

/* Takes off the name of the program: the shell's words are of no interest. */
static const char *plain(const char *detail)
{
	const char *colon = strstr(detail, "': ");

	return colon ? colon + 3 : detail;
}

static void on_insmod(const struct session *s, const struct session_failure *f,
		      const struct console_report *report)
{
	scoped_free char *lines = console_refusals_of(report, f->step);
	scoped_free char *message = xasprintf("the kernel refused the livepatch: %s%s%s",
					      plain(f->detail), lines ? "; it said: " : "",
					      lines ? lines : "");

	refuse(s, "Q7", f->step, NULL, message);
}

static void on_absent(const struct session *s, const struct session_failure *f,
		      const struct console_report *report)
{
	(void)report;
	scoped_free char *message = xasprintf(
		"the module was loaded, but %s does not exist: no livepatch was enabled", f->detail);

	refuse(s, "Q7", f->step, NULL, message);
}

static void on_unload(const struct session *s, const struct session_failure *f,
		      const struct console_report *report)
{
	(void)report;
	scoped_free char *message = xasprintf("the livepatch cannot be %s: %s",
					      streq(f->kind, "disable") ? "disabled" : "unloaded",
					      plain(f->detail));

	refuse(s, "Q10", f->step, NULL, message);
}

static void on_script(const struct session *s, const struct session_failure *f,
		      const struct console_report *report)
{
	(void)report;
	const char *status = strchr(f->detail, ' ');
	const char *output = streq(f->step, "before") ? s->result->before :
			     streq(f->step, "with")   ? s->result->with :
							s->result->after;
	scoped_free char *tail = console_tail(output ? output : "", TAIL_LINES);
	scoped_free char *message =
		xasprintf("the script, called with '%s', ended with status%s; its last output: %s",
			  f->step, status ? status : "", *tail ? tail : "(none)");

	refuse(s, "Q11", f->step, NULL, message);
}

static void on_module(const struct session *s, const struct session_failure *f,
		      const struct console_report *report)
{
	size_t n = strcspn(f->detail, " ");
	scoped_free char *name = xstrndup(f->detail, n);
	scoped_free char *lines = console_refusals_of(report, f->step);

	finding_add(&s->result->findings, "Q12", SEVERITY_REFUSAL, name, NULL, f->step,
		    "the module cannot be loaded in the guest: %s%s%s", plain(f->detail + n),
		    lines ? "; " : "", lines ? lines : "");
}

static void judge_failures(const struct session *s, const struct console_report *report)
{
	static const struct {
		const char *kind;
		void (*judge)(const struct session *s, const struct session_failure *f,
			      const struct console_report *report);
	} kinds[] = {
		{ "transition", on_transition }, { "insmod", on_insmod }, { "absent", on_absent },
		{ "unload", on_unload },	 { "disable", on_unload }, { "script", on_script },
		{ "module", on_module },
	};

	for (size_t i = 0; i < s->failures.n; i++)
		for (size_t k = 0; k < ARRAY_SIZE(kinds); k++)
			if (streq(s->failures.at[i].kind, kinds[k].kind))
				kinds[k].judge(s, &s->failures.at[i], report);
}

static bool explained(const struct session *s, const char *step)
{
	for (size_t i = 0; i < s->failures.n; i++)
		if (streq(s->failures.at[i].step, step) &&
		    (streq(s->failures.at[i].kind, "insmod") ||
		     streq(s->failures.at[i].kind, "module")))
			return true;
	return false;
}

/* What the livepatch core refused although insmod went well: a module that is coming, a callback. */
static void judge_refusals(const struct session *s, const struct console_report *report)
{
	for (size_t i = 0; i < report->refusals.n; i++) {
		const struct console_refusal *r = &report->refusals.at[i];

		if (!explained(s, r->step))
			refuse(s, "Q8", r->step, NULL, r->line);
	}
}

static void judge_end(const struct session *s, const char *console, bool panicked)
{
	scoped_free char *tail = console_tail(console, TAIL_LINES);
	const char *step = session_step(s);
	scoped_free char *message = NULL;

	if (s->end == SESSION_SILENT)
		message = xasprintf("the guest fell silent for %.0f s in step '%s'; last of the "
				    "console: %s", s->silence_limit, step, tail);
	else if (s->end == SESSION_TIMEOUT)
		message = xasprintf("time is over after %.0f s, in step '%s'; last of the console: %s",
				    s->result->total_seconds, step, tail);
	if (message)
		refuse(s, "Q13", step, NULL, message);
	if (s->end != SESSION_EXITED || panicked)
		return;
	message = xasprintf("the guest stopped without a word in step '%s' (QEMU's exit status %d); "
			    "last of the console: %s", step, s->qemu_status, tail);
	refuse(s, "Q14", step, NULL, message);
}

/*
 * Taints that tell of trouble (Documentation/admin-guide/tainted-kernels.rst): a belt for complaints
 * that did not reach the console.
 */
static void judge_taint(const struct session *s)
{
	static const struct {
		unsigned int bit;
		const char *id, *what;
	} taints[] = {
		{ 4, "Q2", "machine check" }, { 5, "Q6", "bad page" },	  { 7, "Q2", "oops" },
		{ 9, "Q3", "warning" },	      { 14, "Q5", "soft lockup" },
	};
	unsigned long long fresh = s->taint_after & ~s->taint_before;

	for (size_t i = 0; i < ARRAY_SIZE(taints); i++) {
		if (!(fresh >> taints[i].bit & 1) || findings_refuse(&s->result->findings))
			continue;
		scoped_free char *message = xasprintf(
			"the kernel's taint flags tell of a %s that the console does not show",
			taints[i].what);

		refuse(s, taints[i].id, session_step(s), NULL, message);
	}
}

void judge(const struct session *s, const char *console)
{
	struct console_report report;

	console_scan(console, &s->result->findings, &report);
	judge_failures(s, &report);
	judge_refusals(s, &report);
	judge_end(s, console, report.panicked);
	judge_taint(s);
	console_report_free(&report);
	s->result->ok = !findings_refuse(&s->result->findings);
}
