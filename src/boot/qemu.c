// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/qemu.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"

static const char program[] = "qemu-system-x86_64";

/*
 * oops=panic, panic=-1 and -no-reboot end the guest at the first oops, its text being the last of the
 * console. no_timer_check: on a busy machine the emulated timer may come too late for check_timer()
 * (arch/x86/kernel/apic/io_apic.c), which then panics. The second serial line carries the protocol.
 */
static const char base_cmdline[] =
	"console=ttyS0 rdinit=/init panic=-1 oops=panic loglevel=7 printk.devkmsg=on "
	"random.trust_cpu=on no_timer_check";

static struct error *not_installed(struct error *err)
{
	if (!err || !streq(err->id, "Y3"))
		return err;
	error_free(err);
	return error_hint(error_new("Q15", "%s is not installed", program),
			  "install the package qemu-system-x86");
}

/* A pair of connected sockets; ours is closed on exec, theirs is handed to QEMU. */
static struct error *open_monitor(int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return error_errno("socketpair");
	fcntl(pair[1], F_SETFD, 0);
	*ours = pair[0];
	*theirs = pair[1];
	return NULL;
}

struct arguments {
	const char *at[64];
	size_t n;
	char *made[8];
	size_t nmade;
};

static void cleanup_arguments(struct arguments *a)
{
	for (size_t i = 0; i < a->nmade; i++)
		free(a->made[i]);
}

static void add2(struct arguments *a, const char *option, const char *value)
{
	a->at[a->n++] = option;
	a->at[a->n++] = value;
}

static void add2_made(struct arguments *a, const char *option, char *value)
{
	a->made[a->nmade++] = value;
	add2(a, option, value);
}

/* In QEMU's option values a comma is written twice. */
static char *escape_commas(const char *text)
{
	struct str out = { 0 };

	for (const char *p = text; *p; p++)
		str_add(&out, *p == ',' ? ",," : "%c", *p);
	return out.s ? out.s : xstrdup("");
}

static void add_devices(struct arguments *a, const struct qemu_setup *setup, int monitor)
{
	scoped_free char *console = escape_commas(setup->console);

	add2_made(a, "-chardev",
		  xasprintf("file,id=console,path=%s,append=on", console));
	add2(a, "-serial", "chardev:console");
	add2(a, "-chardev", "stdio,id=protocol,signal=off");
	add2(a, "-serial", "chardev:protocol");
	if (setup->disk) {
		scoped_free char *disk = escape_commas(setup->disk);

		add2_made(a, "-drive",
			  xasprintf("if=virtio,format=raw,read-only=on,file=%s", disk));
	}
	if (monitor >= 0) {
		add2_made(a, "-chardev", xasprintf("socket,id=monitor,fd=%d", monitor));
		add2(a, "-mon", "chardev=monitor,mode=control");
	}
	if (setup->incoming)
		add2_made(a, "-incoming", xasprintf("exec:cat %s", setup->incoming));
}

static void add_machine(struct arguments *a, const struct qemu_setup *setup)
{
	add2(a, "-M", "q35");
	add2(a, "-accel", "tcg,thread=single");
	add2(a, "-cpu", "max");
	add2(a, "-smp", "1");
	add2_made(a, "-m", xasprintf("%u", setup->memory));
	add2(a, "-display", "none");
	a->at[a->n++] = "-nodefaults";
	a->at[a->n++] = "-no-user-config";
	a->at[a->n++] = "-no-reboot";
	add2(a, "-kernel", setup->kernel);
	add2(a, "-initrd", setup->initrd);
	add2_made(a, "-append", xasprintf("%s%s%s", base_cmdline, setup->cmdline ? " " : "",
					  setup->cmdline ? setup->cmdline : ""));
}

struct error *qemu_start(const struct qemu_setup *setup, struct qemu *qemu)
{
	struct arguments a __attribute__((cleanup(cleanup_arguments))) = { .at = { program }, .n = 1 };
	scoped_fd int theirs = -1;

	*qemu = (struct qemu){ .process = { .pid = -1 }, .monitor = -1 };
	if (setup->monitor)
		TRY(open_monitor(&qemu->monitor, &theirs));
	add_machine(&a, setup);
	add_devices(&a, setup, theirs);
	struct process p = { .argv = a.at, .cwd = setup->cwd };
	struct error *err = not_installed(process_start(&p, &qemu->process));

	if (err)
		qemu_kill(qemu);
	return err;
}

int qemu_kill(struct qemu *qemu)
{
	if (qemu->monitor >= 0)
		close(qemu->monitor);
	qemu->monitor = -1;
	return process_kill(&qemu->process);
}

struct error *qemu_version(char **version)
{
	const char *const argv[] = { program, "--version", NULL };
	scoped_process_result struct process_result result = { 0 };

	TRY(not_installed(process_run(&(struct process){ .argv = argv }, &result)));
	*version = xstrndup(result.output, strcspn(result.output, "\n"));
	return NULL;
}

/* Reads from the monitor up to the end of a line. */
static struct error *monitor_line(struct qemu *qemu, struct str *line)
{
	double limit = monotonic_seconds() + 30;

	line->n = 0;
	for (;;) {
		struct pollfd fd = { .fd = qemu->monitor, .events = POLLIN };
		char c;

		TRY(check_interrupted());
		if (monotonic_seconds() > limit)
			return error_new("Q17", "QEMU's monitor does not answer");
		if (poll(&fd, 1, 100) <= 0)
			continue;
		if (read(qemu->monitor, &c, 1) != 1)
			return error_new("Q17", "QEMU closed its monitor");
		if (c == '\n')
			return NULL;
		str_add_bytes(line, &c, 1);
	}
}

/* Sends a command and waits for its answer, passing over events. The answer is the caller's. */
static struct error *monitor_command(struct qemu *qemu, const char *command, json_t **answer)
{
	scoped_str struct str line = { 0 };
	size_t n = strlen(command);

	if (write(qemu->monitor, command, n) != (ssize_t)n)
		return error_new("Q17", "QEMU's monitor cannot be written to");
	for (;;) {
		TRY(monitor_line(qemu, &line));
		json_t *json = line.n ? json_loads(line.s, 0, NULL) : NULL;
		json_t *failure = json_object_get(json, "error");

		if (failure) {
			struct error *err = error_new("Q17", "QEMU: %s: %s", command,
				json_string_value(json_object_get(failure, "desc")));
			json_decref(json);
			return err;
		}
		if (json_object_get(json, "return")) {
			*answer = json;
			return NULL;
		}
		json_decref(json);
	}
}

static struct error *monitor_do(struct qemu *qemu, const char *command)
{
	json_t *answer;

	TRY(monitor_command(qemu, command, &answer));
	json_decref(answer);
	return NULL;
}

static struct error *wait_for_migration(struct qemu *qemu)
{
	for (;;) {
		json_t *answer;

		TRY(monitor_command(qemu, "{\"execute\":\"query-migrate\"}\n", &answer));
		const char *status = json_string_value(
			json_object_get(json_object_get(answer, "return"), "status"));
		bool done = status && streq(status, "completed");
		bool failed = !status || streq(status, "failed") || streq(status, "cancelled");

		json_decref(answer);
		if (done)
			return NULL;
		if (failed)
			return error_new("Q17", "QEMU could not write the snapshot");
		poll(NULL, 0, 20);
	}
}

struct error *qemu_save(struct qemu *qemu, const char *file)
{
	scoped_free char *migrate = xasprintf(
		"{\"execute\":\"migrate\",\"arguments\":{\"uri\":\"exec:cat > %s\"}}\n", file);

	TRY(monitor_do(qemu, "{\"execute\":\"qmp_capabilities\"}\n"));
	TRY(monitor_do(qemu, "{\"execute\":\"migrate-set-parameters\","
			     "\"arguments\":{\"max-bandwidth\":10000000000}}\n"));
	TRY(monitor_do(qemu, migrate));
	return wait_for_migration(qemu);
}
