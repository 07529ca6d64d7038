// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Child processes. Each runs in a process group of its own, so that Ctrl-C, a time limit or an
 * error ends it with all its descendants. With verbose set, every command line is shown.
 */
#ifndef SUTURE_BASE_PROCESS_H
#define SUTURE_BASE_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/vec.h"

extern bool verbose; /* -v: show every command that is run */

struct process {
	const char *const *argv; /* NULL-terminated; argv[0] is looked up in PATH */
	const char *cwd;         /* NULL: ours */
	const char *const *env;  /* NULL-terminated "NAME=value" list, added to ours; may be NULL */
	const char *stdin_path;  /* NULL: /dev/null */
	const char *stdout_path; /* NULL: captured into output together with stderr */
	double timeout;          /* seconds, 0 = none */
};

struct process_result {
	int status;     /* exit code, or 128 + signal */
	bool timed_out;
	char *output;   /* captured stdout + stderr, NUL-terminated, at most 1 MiB (its end); never NULL */
	double cpu;     /* user + system seconds of the child and its waited-for descendants */
	double wall;
};

/*
 * Runs to the end. An error is returned when the program cannot be started (id Y3), the user
 * interrupted us (id Y4), or it failed and says that the disk is full (id Y2); another non-zero exit
 * status is not an error here. Messages are those of the C locale. A child that is still running
 * when we die gets SIGTERM; what that child started itself may go on until its work is done.
 * The result is the caller's: process_result_free().
 */
struct error *process_run(const struct process *p, struct process_result *result);
void process_result_free(struct process_result *result);
#define scoped_process_result __attribute__((cleanup(process_result_free)))

/*
 * Runs all, at most `jobs` at a time (0: number of online processors). results[i] belongs to
 * list[i]. Stops early only when interrupted or when a program cannot be started.
 */
struct error *process_run_all(const struct process *list, size_t n, unsigned int jobs,
			      struct process_result *results);

/*
 * A child that the caller talks to (QEMU). Its pid is its process group. The caller must end with
 * process_kill(). stdin_fd/stdout_fd: our ends of pipes; stderr goes where stdout goes.
 */
struct process_handle {
	pid_t pid;
	int stdin_fd, stdout_fd;
};
struct error *process_start(const struct process *p, struct process_handle *handle);
/* Ends the whole group if it still runs, reaps it, closes the pipes. Returns the exit status. */
int process_kill(struct process_handle *handle);

/* Installs the handlers for SIGINT, SIGTERM and SIGHUP; SIGPIPE is ignored. Call once in main. */
void process_setup_signals(void);
/* NULL, or an error (id Y4) once the user asked to stop. Long loops ask now and then. */
struct error *check_interrupted(void);

/* CPU seconds that all finished children have used so far. */
double children_cpu_seconds(void);
double own_cpu_seconds(void);
double monotonic_seconds(void);

/*
 * Opens, or makes, the file and waits until no other process has it locked; closing *fd gives it up. An
 * interrupt ends the waiting. Ids: that of the system, that of an interrupt.
 */
struct error *lock_file(const char *path, int *fd);

#endif
