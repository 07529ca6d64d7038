// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { OUTPUT_LIMIT = 1 << 20 };

bool verbose;
static volatile sig_atomic_t interrupted;
static int wake[2] = { -1, -1 }; /* self-pipe: a signal makes poll() return */

static void on_signal(int sig)
{
	int saved = errno;

	interrupted = sig;
	if (wake[1] >= 0 && write(wake[1], "", 1) < 0)
		interrupted = sig; /* the pipe is full: poll() wakes anyway */
	errno = saved;
}

void process_setup_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	if (pipe2(wake, O_CLOEXEC | O_NONBLOCK))
		wake[0] = wake[1] = -1;
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
	/* What a killed child leaves running becomes ours, so that its end can be waited for. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

struct error *check_interrupted(void)
{
	if (!interrupted)
		return NULL;
	return error_new("Y4", "stopped by signal %d", (int)interrupted);
}

double monotonic_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static double cpu_of(const struct rusage *u)
{
	return u->ru_utime.tv_sec + u->ru_stime.tv_sec +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) / 1e6;
}

static double cpu_of_who(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return cpu_of(&u);
}

double children_cpu_seconds(void)
{
	return cpu_of_who(RUSAGE_CHILDREN);
}

double own_cpu_seconds(void)
{
	return cpu_of_who(RUSAGE_SELF);
}

static void show(const struct process *p)
{
	if (!verbose)
		return;
	fputs("+", stderr);
	if (p->cwd)
		fprintf(stderr, " cd %s &&", p->cwd);
	for (size_t i = 0; p->env && p->env[i]; i++)
		fprintf(stderr, " %s", p->env[i]);
	for (size_t i = 0; p->argv[i]; i++)
		fprintf(stderr, strpbrk(p->argv[i], " \"'$") ? " '%s'" : " %s", p->argv[i]);
	fputc('\n', stderr);
}

/* Runs in the child: only async-signal-safe calls matter little here, we are single-threaded. */
static void exec_child(const struct process *p, pid_t parent, int in, int out, int report)
{
	setpgid(0, 0);
	/* No child outlives us, however we end; SIGTERM lets it remove its temporary files. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() != parent)
		_exit(127);
	signal(SIGPIPE, SIG_DFL);
	if (p->cwd && chdir(p->cwd))
		goto fail;
	setenv("LC_ALL", "C", 1); /* messages are read, by us and by who gets our report */
	for (size_t i = 0; p->env && p->env[i]; i++) {
		const char *eq = strchr(p->env[i], '=');
		scoped_free char *name = xstrndup(p->env[i], eq ? (size_t)(eq - p->env[i]) : 0);

		if (eq)
			setenv(name, eq + 1, 1);
	}
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		goto fail;
	execvp(p->argv[0], (char *const *)p->argv);
fail:
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

/* Forks; the error of a failing exec comes back through a close-on-exec pipe. */
static struct error *spawn(const struct process *p, int in, int out, pid_t *pid)
{
	int report[2], code = 0;
	pid_t parent = getpid();

	show(p);
	if (pipe2(report, O_CLOEXEC))
		return error_errno("pipe");
	fflush(NULL);
	*pid = fork();
	if (*pid == 0)
		exec_child(p, parent, in, out, report[1]);
	close(report[1]);
	if (*pid < 0) {
		close(report[0]);
		return error_errno("fork");
	}
	setpgid(*pid, *pid);
	ssize_t n;
	do
		n = read(report[0], &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	close(report[0]);
	if (n == sizeof(code)) {
		waitpid(*pid, NULL, 0);
		return error_new("Y3", "cannot run %s%s%s: %s", p->argv[0], p->cwd ? " in " : "",
				 p->cwd ? p->cwd : "", strerror(code));
	}
	return NULL;
}

/* One child under way. */
struct job {
	const struct process *p;
	struct process_result *result;
	pid_t pid;
	int out; /* read end of the output pipe, -1 when closed or none */
	struct str text;
	double start;
	bool running;
};

static struct error *job_start(struct job *job, const struct process *p, struct process_result *r)
{
	scoped_fd int in = open(p->stdin_path ? p->stdin_path : "/dev/null", O_RDONLY | O_CLOEXEC);
	scoped_fd int out = -1;
	int pipefd[2] = { -1, -1 };

	*r = (struct process_result){ .output = xstrdup("") };
	*job = (struct job){ .p = p, .result = r, .out = -1, .start = monotonic_seconds() };
	if (in < 0)
		return error_errno("%s", p->stdin_path ? p->stdin_path : "/dev/null");
	if (p->stdout_path)
		out = open(p->stdout_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	else if (pipe2(pipefd, O_CLOEXEC) == 0)
		out = pipefd[1];
	if (out < 0)
		return error_errno("%s", p->stdout_path ? p->stdout_path : "pipe");
	struct error *err = spawn(p, in, out, &job->pid);

	if (err) {
		if (pipefd[0] >= 0)
			close(pipefd[0]);
		return err;
	}
	job->out = pipefd[0];
	job->running = true;
	return NULL;
}

static void job_read(struct job *job)
{
	char buffer[65536];
	ssize_t n = read(job->out, buffer, sizeof(buffer));

	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		close(job->out);
		job->out = -1;
		return;
	}
	str_add_bytes(&job->text, buffer, n);
	if (job->text.n > 2 * OUTPUT_LIMIT) {
		size_t excess = job->text.n - OUTPUT_LIMIT;

		memmove(job->text.s, job->text.s + excess, OUTPUT_LIMIT + 1);
		job->text.n = OUTPUT_LIMIT;
	}
}

static void job_reaped(struct job *job, int status, const struct rusage *u)
{
	struct process_result *r = job->result;

	while (job->out >= 0) {
		struct pollfd fd = { .fd = job->out, .events = POLLIN };

		/* A daemon that the child left behind may hold the pipe: take what is there. */
		if (poll(&fd, 1, 0) <= 0) {
			close(job->out);
			job->out = -1;
			break;
		}
		job_read(job);
	}
	r->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	r->cpu = cpu_of(u);
	r->wall = monotonic_seconds() - job->start;
	if (job->text.s) {
		free(r->output);
		r->output = take(job->text.s);
	}
	job->running = false;
}

/*
 * Ends a group, gently for a moment: the compiler removes its temporary files, make what is half
 * made. Then whoever is left, and nobody is when this returns. The leader's status and use.
 */
static void group_kill(pid_t group, int *status, struct rusage *u)
{
	double limit = monotonic_seconds() + 1;
	pid_t reaped;

	kill(-group, SIGTERM);
	kill(-group, SIGCONT);
	while ((reaped = wait4(group, status, WNOHANG, u)) == 0 && monotonic_seconds() < limit)
		poll(NULL, 0, 5);
	kill(-group, SIGKILL);
	while (reaped != group && (reaped = wait4(group, status, 0, u)) < 0 && errno == EINTR)
		;
	while (waitpid(-group, NULL, 0) > 0 || errno == EINTR)
		;
}

static void job_kill(struct job *job)
{
	struct rusage u = { 0 };
	int status = 0;

	group_kill(job->pid, &status, &u);
	job_reaped(job, status, &u);
}

/* Waits at most 0.2 s for output or an end; handles what there is. */
static void jobs_wait(struct job *jobs, size_t n)
{
	struct pollfd fds[n + 1];
	size_t nfds = 0;

	fds[nfds++] = (struct pollfd){ .fd = wake[0], .events = POLLIN };
	for (size_t i = 0; i < n; i++)
		if (jobs[i].running && jobs[i].out >= 0)
			fds[nfds++] = (struct pollfd){ .fd = jobs[i].out, .events = POLLIN };
	poll(fds, nfds, nfds > 1 ? 200 : 5);
	for (size_t i = 0, k = 1; i < n; i++) {
		if (!jobs[i].running || jobs[i].out < 0)
			continue;
		if (fds[k++].revents)
			job_read(&jobs[i]);
	}
	for (size_t i = 0; i < n; i++) {
		struct rusage u;
		int status;

		if (!jobs[i].running)
			continue;
		if (wait4(jobs[i].pid, &status, WNOHANG, &u) == jobs[i].pid) {
			job_reaped(&jobs[i], status, &u);
		} else if (jobs[i].p->timeout > 0 &&
			   monotonic_seconds() - jobs[i].start > jobs[i].p->timeout) {
			job_kill(&jobs[i]);
			jobs[i].result->timed_out = true;
		}
	}
}

static size_t free_slot(const struct job *jobs, size_t n)
{
	size_t i = 0;

	while (i < n && jobs[i].running)
		i++;
	return i;
}

static bool any_running(const struct job *jobs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (jobs[i].running)
			return true;
	return false;
}

/* A tool that found no room says so in its output: that is the cause, not what it was doing. */
static struct error *disk_full(const struct process *p, const struct process_result *r)
{
	const char *hit = r->status ? strstr(r->output, strerror(ENOSPC)) : NULL;

	if (!hit)
		return NULL;
	while (hit > r->output && hit[-1] != '\n')
		hit--;
	return error_new("Y2", "%s: %.*s", p->argv[0], (int)strcspn(hit, "\n"), hit);
}

struct error *process_run_all(const struct process *list, size_t n, unsigned int jobs,
			      struct process_result *results)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);
	size_t slots = jobs ? jobs : (online > 0 ? (size_t)online : 1);

	if (slots > n)
		slots = n ? n : 1;
	scoped_free struct job *running = xcalloc(slots, sizeof(*running));
	struct error *err = NULL;
	size_t next = 0;

	for (size_t i = 0; i < n; i++)
		results[i] = (struct process_result){ .output = xstrdup("") };
	while (!err && (next < n || any_running(running, slots))) {
		size_t slot = free_slot(running, slots);

		err = check_interrupted();
		if (!err && next < n && slot < slots) {
			process_result_free(&results[next]);
			err = job_start(&running[slot], &list[next], &results[next]);
			next++;
		} else if (!err) {
			jobs_wait(running, slots);
		}
	}
	for (size_t i = 0; i < slots; i++)
		if (running[i].running)
			job_kill(&running[i]);
	for (size_t i = 0; !err && i < n; i++)
		err = disk_full(&list[i], &results[i]);
	return err;
}

struct error *process_run(const struct process *p, struct process_result *result)
{
	return process_run_all(p, 1, 1, result);
}

void process_result_free(struct process_result *result)
{
	free(result->output);
	result->output = NULL;
}

struct error *process_start(const struct process *p, struct process_handle *handle)
{
	int in[2], out[2];

	*handle = (struct process_handle){ .pid = -1, .stdin_fd = -1, .stdout_fd = -1 };
	if (pipe2(in, O_CLOEXEC))
		return error_errno("pipe");
	if (pipe2(out, O_CLOEXEC)) {
		close(in[0]);
		close(in[1]);
		return error_errno("pipe");
	}
	struct error *err = spawn(p, in[0], out[1], &handle->pid);

	close(in[0]);
	close(out[1]);
	handle->stdin_fd = in[1];
	handle->stdout_fd = out[0];
	if (err) {
		close(in[1]);
		close(out[0]);
		*handle = (struct process_handle){ .pid = -1, .stdin_fd = -1, .stdout_fd = -1 };
	}
	return err;
}

int process_kill(struct process_handle *handle)
{
	int status = 0;

	if (handle->pid <= 0)
		return 0;
	close(handle->stdin_fd);
	close(handle->stdout_fd);
	kill(-handle->pid, SIGKILL);
	while (waitpid(handle->pid, &status, 0) < 0 && errno == EINTR)
		;
	*handle = (struct process_handle){ .pid = -1, .stdin_fd = -1, .stdout_fd = -1 };
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

struct error *lock_file(const char *path, int *fd)
{
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (*fd < 0)
		return error_errno("%s", path);
	while (flock(*fd, LOCK_EX)) {
		if (errno != EINTR)
			return error_errno("%s", path);
		TRY(check_interrupted());
	}
	return NULL;
}
