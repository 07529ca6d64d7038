// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/session.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "base/progress.h"

enum { DEFAULT_TIMEOUT = 180, SILENCE_LIMIT = 45 };

void session_init(struct session *s, const struct boot_request *request,
		  struct boot_result *result, double started)
{
	*s = (struct session){
		.request = request,
		.result = result,
		.qemu = { .process = { .pid = -1 }, .monitor = -1 },
		.silence_limit = SILENCE_LIMIT,
		.started = started,
	};
}

const char *session_step(const struct session *s)
{
	const struct boot_step_vec *steps = &s->result->steps;

	return steps->n ? steps->at[steps->n - 1].name : "boot";
}

static void on_step(struct session *s, const struct report *r)
{
	struct boot_step step = { .name = xstrdup(r->what), .at = atof(r->detail) };

	boot_step_vec_push(&s->result->steps, step);
	progress_step("test: %s", r->what);
}

static void on_fail(struct session *s, const struct report *r)
{
	struct session_failure f = { xstrdup(r->what), xstrdup(r->detail),
				     xstrdup(session_step(s)) };

	session_failure_vec_push(&s->failures, f);
}

/* The script's runs, in which the word of the block, argument of the script and step agree. */
static char **output_slot(struct boot_result *result, const char *run)
{
	if (streq(run, "before"))
		return &result->before;
	if (streq(run, "with"))
		return &result->with;
	return streq(run, "after") ? &result->after : NULL;
}

static void on_block(struct session *s, const struct report *r)
{
	char **slot = streq(r->what, "blockers") ? &s->blockers : output_slot(s->result, r->what);

	if (!slot)
		return;
	free(*slot);
	*slot = xmemdup(r->bytes, r->size + 1);
	if (slot != &s->blockers && r->status) {
		struct session_failure f = { xstrdup("script"), xasprintf("%s %d", r->what, r->status),
					     xstrdup(r->what) };

		session_failure_vec_push(&s->failures, f);
	}
}

static void on_transition(struct session *s, const struct report *r)
{
	double seconds = atof(r->detail) / 100;
	double *slot = streq(r->what, "enable") ? &s->result->transition_seconds :
						  &s->result->untransition_seconds;

	if (*slot < 0) /* the rounds repeat what the main cycle measured */
		*slot = seconds;
}

static void on_round(struct session *s, const struct report *r)
{
	s->result->rounds_done = atoi(r->what);
}

static void on_taint(struct session *s, const struct report *r)
{
	s->taint_before = strtoull(r->what, NULL, 10);
	s->taint_after = strtoull(r->detail, NULL, 10);
}

static void on_ready(struct session *s, const struct report *r)
{
	(void)r;
	s->ready = true;
}

static void on_end(struct session *s, const struct report *r)
{
	(void)r;
	s->end = SESSION_FINISHED;
}

static void on_alive(struct session *s, const struct report *r)
{
	(void)s;
	(void)r;
}

static void on_report(void *context, const struct report *report)
{
	static const struct {
		const char *kind;
		void (*handle)(struct session *s, const struct report *r);
	} kinds[] = {
		{ "ready", on_ready }, { "step", on_step },	      { "alive", on_alive },
		{ "fail", on_fail },   { "block", on_block },	      { "taint", on_taint },
		{ "round", on_round }, { "transition", on_transition }, { "end", on_end },
	};
	struct session *s = context;

	if (verbose)
		fprintf(stderr, "guest: %s %s %s\n", report->kind, report->what, report->detail);
	if (!s->reported) {
		s->result->boot_seconds = monotonic_seconds() - s->started;
		s->silence_limit = SILENCE_LIMIT;
	}
	s->reported = true;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (streq(report->kind, kinds[i].kind))
			kinds[i].handle(s, report);
}

/* Processor seconds that QEMU has had; 0 when it cannot be told. */
static double qemu_cpu(const struct session *s)
{
	struct timespec t;
	clockid_t clock;

	if (clock_getcpuclockid(s->qemu.process.pid, &clock) || clock_gettime(clock, &t))
		return 0;
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void note_sign(struct session *s)
{
	s->last_sign = monotonic_seconds();
	s->cpu_at_sign = qemu_cpu(s);
}

/* Takes what QEMU wrote; an end of file means that it is gone. */
static void take_output(struct session *s)
{
	char buffer[65536];
	ssize_t n = read(s->qemu.process.stdout_fd, buffer, sizeof(buffer));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		s->end = SESSION_EXITED;
		return;
	}
	note_sign(s);
	protocol_feed(&s->protocol, buffer, n);
}

/* A console that grows is a sign of life as well. */
static void look_at_console(struct session *s)
{
	struct stat st;

	if (stat(s->console, &st) == 0 && st.st_size != s->console_size) {
		s->console_size = st.st_size;
		note_sign(s);
	}
}

/*
 * On a busy machine a guest that is well may need many times the time. One that got less than a third
 * of a processor is given up to four times as much.
 */
static bool is_over(double wall, double cpu, double limit)
{
	return wall > 4 * limit || (wall > limit && cpu > limit / 3);
}

static void check_limits(struct session *s)
{
	double now = monotonic_seconds();
	double timeout = s->request->timeout, cpu;

	if (s->end != SESSION_RUNNING)
		return;
	cpu = qemu_cpu(s);
	if (timeout > 0 ? now - s->started > timeout :
			  is_over(now - s->started, cpu, DEFAULT_TIMEOUT))
		s->end = SESSION_TIMEOUT;
	else if (is_over(now - s->last_sign, cpu - s->cpu_at_sign, s->silence_limit))
		s->end = SESSION_SILENT;
}

/* A restored guest waits for a line. One that comes while QEMU still loads the state is lost, so
 * it is sent again until the guest answers. */
static void wake_restored(struct session *s)
{
	static const char line[] = "go\n";

	if (!s->reported && write(s->qemu.process.stdin_fd, line, strlen(line)) < 0)
		s->end = SESSION_EXITED;
}

static struct error *wait_for_reports(struct session *s, const struct qemu_setup *setup,
				      bool until_ready)
{
	while (s->end == SESSION_RUNNING && !(until_ready && s->ready)) {
		struct pollfd fd = { .fd = s->qemu.process.stdout_fd, .events = POLLIN };

		TRY(check_interrupted());
		if (setup->incoming)
			wake_restored(s);
		if (poll(&fd, 1, s->reported || !setup->incoming ? 100 : 20) > 0)
			take_output(s);
		look_at_console(s);
		check_limits(s);
	}
	return NULL;
}

struct error *session_run(struct session *s, const struct qemu_setup *setup, bool until_ready)
{
	s->protocol.handle = on_report;
	s->protocol.context = s;
	s->console = setup->console;
	note_sign(s);
	TRY(qemu_start(setup, &s->qemu));
	TRY(wait_for_reports(s, setup, until_ready));
	if (!until_ready || s->end != SESSION_RUNNING)
		s->qemu_status = qemu_kill(&s->qemu);
	return NULL;
}

void session_free(struct session *s)
{
	qemu_kill(&s->qemu);
	protocol_free(&s->protocol);
	for (size_t i = 0; i < s->failures.n; i++) {
		free(s->failures.at[i].kind);
		free(s->failures.at[i].detail);
		free(s->failures.at[i].step);
	}
	session_failure_vec_free(&s->failures);
	free(s->blockers);
	s->blockers = NULL;
}
