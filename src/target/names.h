// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of kernel releases and versions of Debian packages. Nothing here touches a file. */
#ifndef SUTURE_TARGET_NAMES_H
#define SUTURE_TARGET_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/vec.h"

/* May the string be a release or a label: [A-Za-z0-9.+~-]+, not starting with '.' or '-'? */
bool name_is_safe(const char *name);

/* "6.12.113+deb12-cloud-amd64" taken apart. */
struct release_name {
	char series[16];  /* "6.12" */
	char abi[64];     /* "6.12.113+deb12", "6.1.0-56" */
	char flavour[32]; /* "cloud-amd64", "amd64" */
};

/* False when the string is no release of a Debian x86_64 kernel. */
bool release_parse(const char *release, struct release_name *out);

/*
 * "latest", "latest-6.1", "latest-cloud", "latest-6.1-cloud"; "previous..." is the newest but one of
 * the same, the kernel that a fix in the newest is made for.
 */
struct latest_name {
	char series[16]; /* "" = any */
	bool cloud, previous;
};
bool latest_parse(const char *name, struct latest_name *out);
bool latest_matches(const struct latest_name *want, const struct release_name *release);

/*
 * Order of two Debian version strings ([epoch:]upstream[-revision]), as deb-version(7) defines it:
 * negative, 0, positive.
 */
int debian_version_compare(const char *a, const char *b);

/* Number of insertions, deletions and replacements that make b out of a. */
size_t edit_distance(const char *a, const char *b);

/*
 * The (at most `limit`) strings of `from` nearest to `name`, joined by ", "; the caller's, NULL
 * when nothing is near enough to be worth showing.
 */
char *near_names(const char *name, const struct str_vec *from, size_t limit);

#endif
