// SPDX-License-Identifier: GPL-2.0-or-later
/* How make is run for a tree that we prepared; for kbuild.c alone. */
#ifndef SUTURE_UNITS_KBUILD_RUN_H
#define SUTURE_UNITS_KBUILD_RUN_H

#include "base/error.h"
#include "base/process.h"
#include "base/str.h"
#include "base/vec.h"
#include "target/target.h"

#define scoped_argv SCOPED(str_vec_free_all)

/* What scripts/Makefile.build needs, and from where it has to start. */
struct kbuild {
	char *cache;	   /* our directory in the target's cache */
	char *environment; /* NUL-separated */
	size_t environment_size;
	struct str_vec dirs; /* old Kbuild (before 6.2): top directories; else empty */
	bool by_goal;	     /* goals are handed down as arguments, not in KBUILD_SINGLE_TARGETS */
};

/* Captures the environment when the target's cache does not have it. Id U11. */
struct error *kbuild_open(const struct target *t, struct kbuild *k);
void kbuild_close(struct kbuild *k);
#define scoped_kbuild SCOPED(kbuild_close)

/* The rule by which a directory says what it has. */
extern const char kbuild_list_rule[];

/*
 * Runs make -n for these goals, from where Kbuild would start for each; adds what it prints. *whole: make
 * had nothing to complain about.
 */
struct error *kbuild_dry_run(const struct target *t, const struct kbuild *k,
			     const struct str_vec *goals, struct str *output, bool *whole);

/* Held as long as the descriptor is open; a lock of a killed process is gone with it. */
struct error *kbuild_lock(const char *dir, int *fd);
/* An environment with nothing of the caller's but where programs are. */
void kbuild_clean_environment(struct str_vec *argv);
/* make of the top Makefile for the build tree. */
void kbuild_top_make(const struct target *t, struct str_vec *argv);
/* Adds the NULL to argv and runs it. Id U10 when the program is missing. */
struct error *kbuild_run(struct str_vec *argv, const char *cwd, struct process_result *result);

#endif
