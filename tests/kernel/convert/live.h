/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Livepatches written by hand on a real kernel: the modules of modules/ are built with the target's
 * Kbuild and include/suture/livepatch.mk, guest.sh runs in the booted kernel, and what it read is
 * looked up here.
 */
#ifndef TEST_LIVE_H
#define TEST_LIVE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/process.h"
#include "base/str.h"
#include "boot/boot.h"
#include "target/target.h"

extern struct target *live_target;
extern char *live_dir; /* where the modules were built */

struct live_paths {
	const char *suture, *makefile, *directory; /* the program, livepatch.mk, this directory */
};
extern struct live_paths live_paths;
/* From the arguments of the test program; false when one is not there. */
bool live_set_paths(int argc, char **argv);

/*
 * Runs the tests for each target ($SUTURE_TEST_TARGETS, default: all of Debian's). setup() of the
 * group runs with live_target and an empty live_dir. Returns main()'s status.
 */
int live_run(const char *name, const struct CMUnitTest *tests, size_t n, CMFixtureFunction setup);

/* make in live_dir with the files of modules/ there; the output is the caller's. */
char *live_make(const char *goal, const char *const *more, int *status);
void live_copy_modules(void);
/* Runs a program; the output is the caller's. */
char *live_call(const char *const *argv, int *status);

/* The symbol table of the target's vmlinux as nm prints it: address of the nth symbol (from 1, in the
 * order of addresses) of that name; 0: none. Independent of the code under test. */
uint64_t nm_address(const char *name, unsigned int n);
unsigned int nm_count(const char *name);
void nm_forget(void);

/* ---- what the guest read ---- */

/* Sets the whole output; it stays the caller's. */
void guest_output(const char *text);
/* The text behind "KEY " in the nth line (from 0) of that key in a case; NULL: there is none. */
char *guest_find(const char *name, const char *key, unsigned int n);
/* Exactly this value. */
void guest_expect(const char *name, const char *key, const char *value);
void guest_expect_nth(const char *name, const char *key, unsigned int n, const char *value);
void guest_expect_none(const char *name, const char *key);
void guest_expect_address(const char *name, const char *key, uint64_t address);
uint64_t guest_address(const char *name, const char *key, unsigned int n);

#endif
