// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The cache of targets.
 *
 *     CACHE/targets/KIND/LABEL/              a target; complete when target.json is in it
 *     CACHE/targets/KIND/LABEL/target.json   written last, in one step
 *     CACHE/locks/KIND-LABEL                 flock()ed by whoever adds or removes the target
 *     CACHE/downloads/LABEL/                 packages on their way in
 *     CACHE/models/HASH                      searches of the model (verify/searched.h)
 *
 * KIND is "debian" or "build". A tree is built where it stays, because Kbuild writes absolute
 * paths into it; it becomes a target when target.json appears, and stops being one when that file
 * goes, so that no half target is ever seen.
 */
#ifndef SUTURE_TARGET_CACHE_H
#define SUTURE_TARGET_CACHE_H

#include <jansson.h>

#include "target/target.h"

/* Directory of the cache, made when missing, without symbolic links; the caller's. */
struct error *cache_dir(char **dir);
/* CACHE/targets/KIND/LABEL for a name "KIND:LABEL", the caller's. Nothing is made. */
struct error *cache_target_dir(const char *name, char **dir);
/* CACHE/downloads/LABEL, made, the caller's. */
struct error *cache_download_dir(const char *label, char **dir);

/* Takes the lock of a target, waiting for whoever has it. Close the descriptor to give it up. */
struct error *cache_lock(const char *name, int *fd);

bool cache_is_complete(const char *target_dir);

/* Error Y2 when the file system of path has less than `need` bytes free. */
struct error *cache_check_room(const char *path, unsigned long long need);

/*
 * Publishes a target: writes target.json with t's members and `extra` (an object whose members are
 * added; may be NULL; stays the caller's).
 */
struct error *cache_publish(const struct target *t, json_t *extra);
/* Reads target.json. */
struct error *cache_read(const char *target_dir, struct target **target);
/* The whole of target.json: a new reference. */
struct error *cache_read_json(const char *target_dir, json_t **json);

#endif
