// SPDX-License-Identifier: GPL-2.0-or-later
/* What the installed apt knows and can fetch. */
#ifndef SUTURE_TARGET_APT_H
#define SUTURE_TARGET_APT_H

#include "base/error.h"
#include "base/vec.h"

/* One version of one package. */
struct apt_package {
	char *name, *version;
	char *depends; /* the Depends line, "" when there is none */
	unsigned long long size; /* of the .deb */
};
DEFINE_VEC(apt_package_vec, struct apt_package)
void apt_packages_free(struct apt_package_vec *list);

/*
 * Every known version of every package named, appended to *list. A package that apt does not know
 * adds nothing: that is not an error. `name` is an exact name.
 */
struct error *apt_show(const char *const *names, size_t n, struct apt_package_vec *list);

/* For tests: appends the packages of apt-cache show's output. */
void apt_parse(const char *text, struct apt_package_vec *list);

/* Names of all packages that start with the prefix, the caller's. */
struct error *apt_names(const char *prefix, struct str_vec *names);

/* apt-get update. Error T3 with apt's own last words. */
struct error *apt_update(void);

/*
 * Fetches the packages into dir (verified by apt). What an earlier run already fetched is used
 * again. Error T3, or Y2 when the disk is full.
 */
struct error *apt_download(const struct apt_package_vec *list, const char *dir);

/* Path of a fetched package, the caller's. Error T3 when it is not there. */
struct error *apt_file(const struct apt_package *package, const char *dir, char **path);

/*
 * Looks for a dependency in a Depends line: the first whose name starts with prefix and ends with
 * suffix. Returns its name (the caller's) or NULL; *exact is the version V of "(= V)", or NULL.
 */
char *apt_dependency(const char *depends, const char *prefix, const char *suffix, char **exact);

#endif
