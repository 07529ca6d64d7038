// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boot tests: the target's own kernel in QEMU, with a small initramfs, the target's modules and the
 * livepatch under test. The guest reports over a serial line in a line protocol (docs/test.md).
 */
#ifndef SUTURE_BOOT_BOOT_H
#define SUTURE_BOOT_BOOT_H

#include <jansson.h>
#include <stdbool.h>

#include "base/error.h"
#include "base/finding.h"
#include "target/target.h"

struct boot_request {
	const char *livepatch;       /* path of the .ko; NULL: boot only */
	const char *script;          /* shell script run in the guest before, with, after; or NULL */
	const struct str_vec *modules; /* names of target modules to load before; may be NULL */
	const struct str_vec *extra; /* host files put into the guest's /test directory; may be NULL */
	const char *cmdline;         /* added to the kernel command line; may be NULL */
	unsigned int rounds;         /* load/unload rounds under load after the main cycle */
	double timeout;              /* wall seconds for the whole test, 0: default (180, more if the machine is busy) */
	unsigned int transition_limit; /* seconds of guest time for one transition, 0: default (60) */
	const char *console_log;     /* where the console is written; NULL: nowhere */
	bool cold;                   /* boot from the start, even if a snapshot could be restored */
};

/* A step that the guest began: "modules", "before", "enable", ... and the guest's uptime then. */
struct boot_step {
	char *name;
	double at;
};
DEFINE_VEC(boot_step_vec, struct boot_step)

struct boot_result {
	bool ok;       /* no finding of severity REFUSAL */
	bool restored; /* from a snapshot, not booted */
	double boot_seconds, total_seconds; /* of wall time; boot: until the guest's shell was ready */
	double transition_seconds, untransition_seconds; /* enabling, disabling; -1 if not reached */
	unsigned int rounds_done;
	char *before, *with, *after; /* output of the script; NULL if not run */
	struct boot_step_vec steps;
	struct finding_vec findings; /* what went wrong: ids Q1... */
};

/*
 * Boots and tries the livepatch. An error means that the test could not be made (Q15 no QEMU, Q16 no
 * static busybox, Q17 the kernel does not boot, Q18 not a livepatch, Y4 interrupted); a test that was
 * made and failed is result->ok == false with findings. The result is the caller's in any case:
 * boot_result_free().
 */
struct error *boot_test(struct target *target, const struct boot_request *request,
			struct boot_result *result);
void boot_result_free(struct boot_result *result);
/* A new reference; output that is not UTF-8 has U+FFFD in place of the bad bytes. */
json_t *boot_result_json(const struct boot_result *result);

#endif
