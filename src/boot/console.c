// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/console.h"

#include <ctype.h>

#include "base/mem.h"
#include "base/str.h"

enum { TRACE_LIMIT = 10 };

/* Functions that report a trouble; they are not where it is. */
static const char *const reporters[] = { "panic", "vpanic", "dump_stack", "dump_stack_lvl",
					  "show_stack" };

static bool is_reporter(const char *function)
{
	for (size_t i = 0; i < ARRAY_SIZE(reporters); i++)
		if (streq(function, reporters[i]))
			return true;
	return false;
}

/*
 * What the kernel prints, and what it means; the first row that fits is taken, so special texts stand
 * before general ones. Sources: kernel/panic.c, arch/x86/kernel/{dumpstack,traps,alternative}.c,
 * arch/x86/mm/fault.c, kernel/locking/lockdep.c, kernel/rcu/tree_stall.h, kernel/watchdog.c,
 * kernel/hung_task.c, mm/kasan/report.c, mm/kfence/report.c, lib/ubsan.c, kernel/kcsan/report.c.
 */
static const struct complaint {
	const char *text;
	const char *id;
	bool start; /* only at the start of the line */
} complaints[] = {
	{ "Kernel panic - not syncing", "Q1", true },
	{ "BUG: KASAN:", "Q6", true },
	{ "BUG: KFENCE:", "Q6", true },
	{ "BUG: KCSAN:", "Q6", true },
	{ "BUG: KMSAN:", "Q6", true },
	{ "UBSAN:", "Q6", true },
	{ "BUG: Bad page state", "Q6", true },
	{ "BUG: Bad rss-counter state", "Q6", true },
	{ "slab error in", "Q6", false },
	{ "list_add corruption", "Q6", true },
	{ "list_del corruption", "Q6", true },
	{ "possible circular locking dependency detected", "Q4", false },
	{ "possible recursive locking detected", "Q4", false },
	{ "possible irq lock inversion dependency detected", "Q4", false },
	{ "inconsistent lock state", "Q4", false },
	{ "bad unlock balance detected", "Q4", false },
	{ "held lock freed", "Q4", false },
	{ "lock held when returning to user space", "Q4", false },
	{ "suspicious RCU usage", "Q4", false },
	{ "BUG: Invalid wait context", "Q4", false },
	{ "DEBUG_LOCKS_WARN_ON", "Q4", false },
	{ "BUG: sleeping function called from invalid context", "Q4", true },
	{ "BUG: scheduling while atomic", "Q4", true },
	{ "BUG: workqueue leaked lock", "Q4", true },
	{ "BUG: spinlock", "Q4", true },
	{ "detected stalls on CPUs", "Q5", false },
	{ "detected expedited stalls", "Q5", false },
	{ "self-detected stall on CPU", "Q5", false },
	{ "watchdog: BUG: soft lockup", "Q5", true },
	{ "Watchdog detected hard LOCKUP", "Q5", false },
	{ "BUG: workqueue lockup", "Q5", true },
	{ " blocked for more than ", "Q5", false },
	{ "BUG: unable to handle", "Q2", true },
	{ "BUG: kernel NULL pointer dereference", "Q2", true },
	{ "kernel BUG at", "Q2", true },
	{ "general protection fault", "Q2", true },
	{ "invalid opcode:", "Q2", true },
	{ "divide error:", "Q2", true },
	{ "stack segment:", "Q2", true },
	{ "double fault:", "Q2", true },
	{ "int3:", "Q2", true },
	{ "Missing ENDBR:", "Q2", true },
	{ "kernel tried to execute", "Q2", false },
	{ "stack guard page was hit", "Q2", false },
	{ "Oops:", "Q2", false },
	{ "unchecked MSR access error", "Q3", false },
	{ "WARNING:", "Q3", true },
	{ "BUG:", "Q2", true },
};

/* Texts of a refusal (kernel/module/, kernel/livepatch/core.c). */
static const char *const refusals[] = {
	"Unknown symbol",
	"disagrees about version of symbol",
	"no symbol version for",
	"disagrees with vermagic",
	"version magic",
	"Invalid relocation target",
	"Unknown rela relocation",
	"section .gnu.linkonce.this_module",
	"uses symbols from namespace",
	"uses symbol",
	"exports duplicate symbol",
};
static const char *const livepatch_refusals[] = {
	"failed", "not found", "error", "invalid", "unresolvable", "already exists", "not supported",
	"not compatible", "refusing", "unable",
};

struct scan {
	struct finding_vec *findings;
	struct console_report *report;
	char *step;             /* NULL: the kernel is still booting */
	bool open;              /* inside the report of findings->at[n - 1] */
	bool in_trace;          /* inside its call trace */
	struct str text;        /* message of the open finding */
	struct str trace;
	unsigned int traced;
};

/* Skips "[   12.345678] " and "[  T123] " at the start of a line. */
static const char *skip_stamps(const char *line)
{
	for (int i = 0; i < 2 && *line == '['; i++) {
		const char *end = strchr(line, ']');

		if (!end || end[1] != ' ' || end - line > 24)
			break;
		line = end + 2;
	}
	return line;
}

static const struct complaint *find_complaint(const char *line)
{
	for (size_t i = 0; i < ARRAY_SIZE(complaints); i++) {
		const struct complaint *c = &complaints[i];

		if (c->start ? starts_with(line, c->text) : strstr(line, c->text) != NULL)
			return c;
	}
	return NULL;
}

static void close_finding(struct scan *s)
{
	if (s->open) {
		struct finding *f = &s->findings->at[s->findings->n - 1];

		if (s->trace.n)
			str_add(&s->text, "; call trace: %s", s->trace.s);
		free(f->message);
		f->message = take(s->text.s);
	}
	str_free(&s->text);
	str_free(&s->trace);
	s->open = s->in_trace = false;
	s->traced = 0;
}

/* "name+0x12/0x34 ..." → name, or NULL. The caller frees it. */
static char *function_name(const char *text)
{
	size_t n = strcspn(text, "+ ");

	return n && starts_with(text + n, "+0x") ? xstrndup(text, n) : NULL;
}

/* "RIP: 0010:name+0x12/0x34" and "... at file:line name+0x12/0x34" name the function. */
static void take_symbol(struct finding *f, const char *line)
{
	const char *plus = strstr(line, "+0x");

	if (f->symbol || !plus)
		return;
	while (plus > line && !strchr(" :(", plus[-1]))
		plus--;
	f->symbol = function_name(plus);
}

static void open_finding(struct scan *s, const struct complaint *c, const char *line)
{
	enum severity severity = s->step ? SEVERITY_REFUSAL : SEVERITY_NOTE;
	struct finding *f;

	close_finding(s);
	f = finding_add(s->findings, c->id, severity, NULL, NULL, s->step ? s->step : "boot", "%s",
			"");
	take_symbol(f, line);
	str_add(&s->text, "%s", line);
	s->open = true;
	if (streq(c->id, "Q1"))
		s->report->panicked = true;
}

static void take_trace(struct scan *s, const char *line)
{
	while (isspace((unsigned char)*line))
		line++;
	struct finding *f = &s->findings->at[s->findings->n - 1];
	scoped_free char *name = *line == '?' ? NULL : function_name(line);

	if (!name || is_reporter(name))
		return;
	if (s->traced++ < TRACE_LIMIT)
		str_add(&s->trace, "%s%s", s->trace.n ? " < " : "", name);
	if (!f->symbol)
		f->symbol = xstrdup(name);
}

/* A line inside the report of the open finding. */
static void take_detail(struct scan *s, const char *line)
{
	struct finding *f = &s->findings->at[s->findings->n - 1];

	if (starts_with(line, "RIP: 0010:")) {
		if (!strstr(s->text.s, "RIP: "))
			str_add(&s->text, "; %s", line);
		take_symbol(f, line);
		s->in_trace = false;
	} else if (starts_with(line, "Call Trace:")) {
		s->in_trace = s->traced == 0;
	} else if (s->in_trace && (isspace((unsigned char)*line) || *line == '<')) {
		take_trace(s, line);
	} else if (starts_with(line, "---[ end")) {
		s->in_trace = false;
	}
}

/* One trouble prints several of these lines: "BUG: ..." is followed by "Oops: ..." and, as we boot
 * with oops=panic, by a panic. They belong to the finding that is open. */
static bool continues(struct scan *s, const struct complaint *c, const char *line)
{
	if (!s->open)
		return false;
	const struct finding *f = &s->findings->at[s->findings->n - 1];

	if (streq(c->id, "Q1") && strstr(line, "Fatal exception") && streq(f->id, "Q2")) {
		str_add(&s->text, "; %s", line);
		s->report->panicked = true;
		return true;
	}
	if (streq(f->id, "Q1") && strstr(line, "end Kernel panic"))
		return true;
	return !strstr(s->text.s, "Oops:") && streq(c->text, "Oops:") && streq(f->id, "Q2");
}

static bool is_refusal(const struct scan *s, const char *line)
{
	if (!s->step)
		return false;
	if (starts_with(line, "livepatch: "))
		for (size_t i = 0; i < ARRAY_SIZE(livepatch_refusals); i++)
			if (strstr(line, livepatch_refusals[i]))
				return true;
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++)
		if (strstr(line, refusals[i]))
			return true;
	return false;
}

static void take_line(struct scan *s, const char *line)
{
	const struct complaint *c = find_complaint(line);

	if (starts_with(line, "suture: step ")) {
		close_finding(s);
		free(s->step);
		s->step = xstrdup(line + strlen("suture: step "));
	} else if (c && !starts_with(line, "---[")) {
		if (!continues(s, c, line))
			open_finding(s, c, line);
	} else if (is_refusal(s, line)) {
		console_refusal_vec_push(&s->report->refusals,
					 (struct console_refusal){ xstrdup(s->step), xstrdup(line) });
	} else if (s->open) {
		take_detail(s, line);
	}
}

/* Calls for each line, without its time stamps and carriage return. */
static void each_line(const char *text, void (*take_it)(struct scan *, const char *),
		      struct scan *s)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		scoped_free char *line = xstrndup(text, n);

		line[strcspn(line, "\r")] = 0;
		take_it(s, skip_stamps(line));
		text += n + (text[n] == '\n');
	}
}

void console_scan(const char *text, struct finding_vec *findings, struct console_report *report)
{
	struct scan s = { .findings = findings, .report = report };

	*report = (struct console_report){ 0 };
	each_line(text, take_line, &s);
	close_finding(&s);
	free(s.step);
}

void console_report_free(struct console_report *report)
{
	for (size_t i = 0; i < report->refusals.n; i++) {
		free(report->refusals.at[i].step);
		free(report->refusals.at[i].line);
	}
	console_refusal_vec_free(&report->refusals);
}

char *console_refusals_of(const struct console_report *report, const char *step)
{
	struct str joined = { 0 };

	for (size_t i = 0; i < report->refusals.n; i++) {
		const struct console_refusal *r = &report->refusals.at[i];

		/* insmod tries two system calls: each line comes twice */
		if (streq(r->step, step) && !(joined.s && strstr(joined.s, r->line)))
			str_add(&joined, "%s%s", joined.n ? "; " : "", r->line);
	}
	return joined.s;
}

char *console_tail(const char *text, size_t n)
{
	const char *start = text + strlen(text);
	struct str joined = { 0 };

	while (start > text && start[-1] == '\n')
		start--;
	for (size_t lines = 0; start > text; start--)
		if (start[-1] == '\n' && ++lines == n)
			break;
	while (*start) {
		size_t length = strcspn(start, "\r\n");
		scoped_free char *line = xstrndup(start, length);

		if (length)
			str_add(&joined, "%s%s", joined.n ? " | " : "", skip_stamps(line));
		start += length;
		start += strspn(start, "\r\n");
	}
	return joined.s ? joined.s : xstrdup("");
}
