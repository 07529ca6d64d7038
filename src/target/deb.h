// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One file out of a large Debian package, without decompressing what lies before it.
 *
 * deb(5): an ar archive with a member data.tar.xz. dpkg-deb compresses with several threads, so the
 * xz stream consists of blocks (of 24 MiB) that can be decoded alone, and an index of them; and it
 * packs files in the order of their names. So the block is found by bisection: some seconds less
 * than unpacking from the start, when there are gigabytes before it.
 */
#ifndef SUTURE_TARGET_DEB_H
#define SUTURE_TARGET_DEB_H

#include <stdbool.h>

#include "base/error.h"

/*
 * Writes the regular file `member` ("./usr/...") of the package to `to` and sets *found. *found is
 * false, without an error, when the package is not laid out as described or the file was not found
 * where the order says: then unpack it the long way. Errors: T9 damaged package, Y1, Y2.
 */
struct error *deb_extract(const char *package, const char *member, const char *to, bool *found);

#endif
