// SPDX-License-Identifier: GPL-2.0-or-later
#include "boot/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/map.h"
#include "base/progress.h"
#include "boot/initramfs.h"

static const char unfinished[] = "new-";

/* Everything that a snapshot depends on; a file counts by size, time and inode. */
static struct error *snapshot_key(const char *kernel, const struct cpio *base, char **key)
{
	scoped_free char *version = NULL;
	struct stat st;
	uint64_t hash;

	TRY(qemu_version(&version));
	if (stat(kernel, &st))
		return error_errno("%s", kernel);
	scoped_free char *facts = xasprintf("%s|%s|%jd|%jd.%09ld|%ju|%u", version, kernel,
					    (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
					    st.st_mtim.tv_nsec, (uintmax_t)st.st_ino,
					    (unsigned int)GUEST_MEMORY);

	hash = hash_bytes(facts, strlen(facts), 0);
	hash = hash_bytes(base->bytes.s, base->bytes.n, hash);
	*key = xasprintf("%016" PRIx64, hash);
	return NULL;
}

/* Another process may be making a snapshot: "new-PID" of a living one is left alone. */
static bool in_the_making(const char *name)
{
	if (!starts_with(name, unfinished))
		return false;
	pid_t pid = atoi(name + strlen(unfinished));

	return pid > 0 && (kill(pid, 0) == 0 || errno == EPERM);
}

/* Removes snapshots of other kernels, QEMUs and versions of ours, and those left unfinished. */
static void sweep(const char *parent, const char *key)
{
	DIR *dir = opendir(parent);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		scoped_free char *path = path_join(parent, entry->d_name);

		if (entry->d_name[0] != '.' && !streq(entry->d_name, key) &&
		    !in_the_making(entry->d_name))
			error_free(remove_tree(path));
	}
	if (dir)
		closedir(dir);
}

/* Boots the kernel up to the guest's shell and saves its state in dir. */
static struct error *boot_and_save(const struct snapshot *snapshot, const char *dir)
{
	static const struct boot_request request = { .timeout = 60 };
	struct boot_result result __attribute__((cleanup(boot_result_free))) = { 0 };
	scoped_free char *console = path_join(dir, "console");
	scoped_free char *initrd = path_join(dir, "initrd");
	scoped_free char *disk = path_join(dir, "disk");
	scoped_session struct session s;
	struct qemu_setup setup = {
		.kernel = snapshot->kernel,
		.initrd = initrd,
		.console = console,
		.disk = disk,
		.cwd = dir,
		.memory = GUEST_MEMORY,
		.monitor = true,
	};

	session_init(&s, &request, &result, monotonic_seconds());
	TRY(session_run(&s, &setup, true));
	if (!s.ready)
		return error_new("Q17", "%s did not come up to make a snapshot", snapshot->kernel);
	TRY(qemu_save(&s.qemu, "state"));
	unlink(disk); /* each test brings its own */
	return NULL;
}

static struct error *prepare(const struct cpio *base, const char *dir)
{
	scoped_free char *initrd = path_join(dir, "initrd");
	scoped_free char *disk = path_join(dir, "disk");

	TRY(make_dirs(dir));
	TRY(write_file(initrd, base->bytes.s, base->bytes.n));
	TRY(write_file(disk, "", 0));
	if (truncate(disk, SNAPSHOT_DISK_SIZE))
		return error_errno("%s", disk);
	return NULL;
}

static struct error *make_snapshot(const struct snapshot *snapshot, const char *parent,
				   const struct cpio *base)
{
	scoped_free char *name = xasprintf("%s%d", unfinished, (int)getpid());
	scoped_free char *dir = path_join(parent, name);
	struct error *err = prepare(base, dir);

	progress_step("test: booting once, for a snapshot");
	if (!err)
		err = boot_and_save(snapshot, dir);
	/* The other one that made it at the same time may have been faster. */
	if (!err && rename(dir, snapshot->dir) && !path_is_dir(snapshot->dir))
		err = error_errno("%s", snapshot->dir);
	scoped_error struct error *left = remove_tree(dir);

	(void)left;
	progress_end(err ? "failed" : NULL);
	return err;
}

struct error *snapshot_open(struct target *target, const char *kernel, struct snapshot *snapshot)
{
	scoped_free char *parent = path_join(target->dir, "boot");
	scoped_cpio struct cpio base = { 0 };
	scoped_free char *key = NULL;

	TRY(initramfs_base(target, true, &base));
	TRY(snapshot_key(kernel, &base, &key));
	snapshot->dir = path_join(parent, key);
	snapshot->initrd = path_join(snapshot->dir, "initrd");
	snapshot->console = path_join(snapshot->dir, "console");
	snapshot->kernel = xstrdup(kernel);
	if (path_is_dir(snapshot->dir))
		return NULL;
	TRY(make_dirs(parent));
	sweep(parent, key);
	return make_snapshot(snapshot, parent, &base);
}

void snapshot_discard(struct snapshot *snapshot)
{
	error_free(remove_tree(snapshot->dir));
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->dir);
	free(snapshot->initrd);
	free(snapshot->console);
	free(snapshot->kernel);
	*snapshot = (struct snapshot){ 0 };
}
