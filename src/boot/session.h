// SPDX-License-Identifier: GPL-2.0-or-later
/* One run of the guest: QEMU started, its reports collected, QEMU ended. */
#ifndef SUTURE_BOOT_SESSION_H
#define SUTURE_BOOT_SESSION_H

#include "boot/boot.h"
#include "boot/protocol.h"
#include "boot/qemu.h"

enum session_end {
	SESSION_RUNNING,
	SESSION_FINISHED, /* the guest reported "end" */
	SESSION_EXITED,   /* QEMU went away before: panic, triple fault, QEMU's own failure */
	SESSION_SILENT,   /* neither reports nor console output for a while */
	SESSION_TIMEOUT,  /* the time for the whole test is over */
};

/* A report "fail KIND DETAIL", and the step in which it came. */
struct session_failure {
	char *kind, *detail, *step;
};
DEFINE_VEC(session_failure_vec, struct session_failure)

struct session {
	const struct boot_request *request;
	struct boot_result *result; /* steps, script output, transition times go there */
	struct protocol protocol;
	struct qemu qemu;
	enum session_end end;
	bool ready;           /* the guest's shell came up */
	bool reported;        /* some report came since the start */
	int qemu_status;      /* exit status of QEMU, when SESSION_EXITED */
	double started, last_sign;
	double cpu_at_sign;   /* processor seconds of QEMU then */
	double silence_limit; /* seconds */
	struct session_failure_vec failures;
	char *blockers;       /* tasks and stacks, as the guest wrote them */
	unsigned long long taint_before, taint_after;
	/* private */
	const char *console;
	long long console_size;
};

/* Sets up a session that reports into result. started: when the test began (monotonic_seconds()). */
void session_init(struct session *s, const struct boot_request *request,
		  struct boot_result *result, double started);
/* Runs the guest to its end, or, with until_ready, until its shell is up; QEMU then still runs. */
struct error *session_run(struct session *s, const struct qemu_setup *setup, bool until_ready);
/* Ends QEMU if it runs and frees everything but the result. */
void session_free(struct session *s);
#define scoped_session __attribute__((cleanup(session_free)))

/* Name of the step that the guest began last, "boot" before the first. */
const char *session_step(const struct session *s);

#endif
