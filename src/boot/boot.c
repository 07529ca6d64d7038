// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/progress.h"
#include "base/str.h"
#include "boot/console.h"
#include "boot/initramfs.h"
#include "boot/judge.h"
#include "boot/session.h"
#include "boot/snapshot.h"

enum { RESTORE_LIMIT = 10 }; /* seconds until a restored guest must have said something */

/* Everything that one test needs while it runs. */
struct run {
	struct target *target;
	const struct boot_request *request;
	struct boot_result *result;
	double started;
	char *dir;          /* scratch */
	char *kernel;       /* absolute path of what QEMU starts */
	char *console;      /* file in dir */
	struct cpio payload;
};

static void run_free(struct run *run)
{
	temp_dir_remove(&run->dir);
	free(run->kernel);
	free(run->console);
	cpio_free(&run->payload);
}

static struct error *choose_kernel(struct target *target, char **kernel)
{
	const char *path = NULL;

	if (target->vmlinux && vmlinux_has_pvh_entry(target->vmlinux))
		path = target->vmlinux;
	else if (target->bzimage && path_exists(target->bzimage))
		path = target->bzimage;
	if (!path)
		return error_hint(error_new("Q17", "%s: there is no image that QEMU can start",
					    target->name),
				  "needed is a vmlinux built with CONFIG_PVH=y, or a bzImage");
	*kernel = realpath(path, NULL);
	return *kernel ? NULL : error_errno("%s", path);
}

static struct error *check_livepatch(const struct boot_request *request, struct modinfo *info)
{
	if (!request->livepatch)
		return NULL;
	TRY(modinfo_read(request->livepatch, info));
	if (!info->livepatch)
		return error_hint(error_new("Q18", "%s: a kernel module, but not a livepatch",
					    request->livepatch),
				  "a livepatch says MODULE_INFO(livepatch, \"Y\")");
	return NULL;
}

/* The console as text: NUL bytes would end it early. */
static struct error *read_console(const char *path, char **text)
{
	size_t size;

	TRY(read_file(path, text, &size));
	for (size_t i = 0; i < size; i++)
		if (!(*text)[i])
			(*text)[i] = ' ';
	return NULL;
}

/* The kernel prints "suture: step end" before the guest reports its end; both come over different
 * lines, and QEMU buffers neither for long. */
static void wait_for_console(const struct session *s, const char *path)
{
	double limit = monotonic_seconds() + 1;

	while (s->end == SESSION_FINISHED && monotonic_seconds() < limit) {
		scoped_free char *text = NULL;
		scoped_error struct error *err = read_console(path, &text);

		if (err || strstr(text, "suture: step end"))
			return;
		usleep(10000);
	}
}

static struct error *not_booted(const struct run *run, const struct session *s,
				const char *console)
{
	scoped_free char *tail = console_tail(console, 5);
	const char *how = s->end == SESSION_EXITED ? "stopped" : "hung";

	return error_hint(error_new("Q17", "%s %s before the guest's shell came up; last of the "
				    "console: %s%s%s", run->kernel, how, tail,
				    s->protocol.noise.n ? "; QEMU: " : "",
				    s->protocol.noise.n ? s->protocol.noise.s : ""),
			  "the livepatch has no part in this: try the kernel alone, "
			  "and see the whole console with --console FILE");
}

static struct error *conclude(const struct run *run, struct session *s)
{
	scoped_free char *console = NULL;

	TRY(read_console(run->console, &console));
	run->result->total_seconds = monotonic_seconds() - run->started;
	if (run->request->console_log)
		TRY(write_file(run->request->console_log, console, strlen(console)));
	if (!s->ready)
		return not_booted(run, s, console);
	judge(s, console);
	return NULL;
}

static struct error *run_guest(const struct run *run, const struct qemu_setup *setup,
			       struct session *s)
{
	TRY(session_run(s, setup, false));
	wait_for_console(s, run->console);
	return NULL;
}

static struct error *run_cold(struct run *run)
{
	scoped_cpio struct cpio base = { 0 };
	scoped_free char *initrd = path_join(run->dir, "initrd");
	scoped_session struct session s;

	session_init(&s, run->request, run->result, run->started);
	TRY(initramfs_base(run->target, false, &base));
	str_add_bytes(&base.bytes, run->payload.bytes.s, run->payload.bytes.n);
	TRY(write_file(initrd, base.bytes.s, base.bytes.n));
	TRY(write_file(run->console, "", 0));
	struct qemu_setup setup = {
		.kernel = run->kernel,
		.initrd = initrd,
		.cmdline = run->request->cmdline,
		.console = run->console,
		.memory = GUEST_MEMORY + 4 * (base.bytes.n >> 20),
	};

	progress_step("test: booting %s", run->target->release);
	TRY(run_guest(run, &setup, &s));
	return conclude(run, &s);
}

/* The disk holds the payload and is padded to the size that the guest may know already. */
static struct error *write_disk(const struct run *run, const char *path)
{
	TRY(write_file(path, run->payload.bytes.s, run->payload.bytes.n));
	if (truncate(path, SNAPSHOT_DISK_SIZE))
		return error_errno("%s", path);
	return NULL;
}

/* *usable: the guest came back to life, so that the result counts. */
static struct error *run_restored(struct run *run, struct snapshot *snapshot, bool *usable)
{
	scoped_free char *disk = path_join(run->dir, "disk");
	scoped_session struct session s;

	session_init(&s, run->request, run->result, run->started);
	s.ready = true;
	s.silence_limit = RESTORE_LIMIT;
	TRY(write_disk(run, disk));
	TRY(copy_file(snapshot->console, run->console));
	struct qemu_setup setup = {
		.kernel = snapshot->kernel,
		.initrd = snapshot->initrd,
		.console = run->console,
		.disk = disk,
		.incoming = "state",
		.cwd = snapshot->dir,
		.memory = GUEST_MEMORY,
	};

	progress_step("test: restoring %s", run->target->release);
	TRY(run_guest(run, &setup, &s));
	*usable = s.reported;
	if (!s.reported) {
		scoped_free char *console = NULL;

		TRY(read_console(run->console, &console));
		scoped_free char *tail = console_tail(console, 3);

		if (verbose)
			fprintf(stderr, "the snapshot cannot be restored: %s %s\n",
				s.protocol.noise.n ? s.protocol.noise.s : "", tail);
		return NULL;
	}
	run->result->restored = true;
	return conclude(run, &s);
}

static bool may_restore(const struct run *run)
{
	return !run->request->cold && !run->request->cmdline &&
	       run->payload.bytes.n <= SNAPSHOT_DISK_SIZE;
}

/* Restores if that is possible; *done is false when the test must boot by itself. */
static struct error *try_restore(struct run *run, bool *done)
{
	scoped_snapshot struct snapshot snapshot = { 0 };
	struct error *err = snapshot_open(run->target, run->kernel, &snapshot);

	*done = false;
	if (err && !streq(err->id, "Y4") && !streq(err->id, "Q15") && !streq(err->id, "Q16")) {
		if (verbose)
			fprintf(stderr, "no snapshot: %s\n", err->message);
		error_free(err);
		return NULL;
	}
	TRY(err);
	TRY(run_restored(run, &snapshot, done));
	if (!*done)
		snapshot_discard(&snapshot);
	return NULL;
}

static struct error *make_test(struct run *run)
{
	scoped_modinfo struct modinfo info = { 0 };
	bool done = false;

	TRY(check_livepatch(run->request, &info));
	TRY(choose_kernel(run->target, &run->kernel));
	TRY(temp_dir_new("test", &run->dir));
	run->console = path_join(run->dir, "console");
	TRY(initramfs_payload(run->target, run->request, &info, &run->payload));
	if (may_restore(run))
		TRY(try_restore(run, &done));
	return done ? NULL : run_cold(run);
}

struct error *boot_test(struct target *target, const struct boot_request *request,
			struct boot_result *result)
{
	struct run run __attribute__((cleanup(run_free))) = {
		.target = target,
		.request = request,
		.result = result,
		.started = monotonic_seconds(),
	};

	*result = (struct boot_result){ .transition_seconds = -1, .untransition_seconds = -1 };
	struct error *err = make_test(&run);

	progress_end(err ? "failed" : NULL);
	return err;
}
