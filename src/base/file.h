// SPDX-License-Identifier: GPL-2.0-or-later
/* Files and directories. Paths returned as char * belong to the caller. */
#ifndef SUTURE_BASE_FILE_H
#define SUTURE_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* "a/b", with exactly one slash between. */
char *path_join(const char *dir, const char *name);
char *path_dirname(const char *path);        /* "." when there is no slash */
const char *path_basename(const char *path); /* points into path */
bool path_exists(const char *path);
bool path_is_dir(const char *path);

/* Like mkdir -p; an existing directory is fine. */
struct error *make_dirs(const char *path);
/* Like rm -rf; does not follow symbolic links; a missing path is fine. */
struct error *remove_tree(const char *path);
/* Copies contents and mode; the copy appears under its name only when complete. */
struct error *copy_file(const char *from, const char *to);

/* Whole file in memory, with a NUL after the last byte (not counted in size; may be NULL). */
struct error *read_file(const char *path, char **data, size_t *size);
/* Writes beside the final name, syncs, renames: the name has the old or the whole new content. */
struct error *write_file(const char *path, const void *data, size_t size);
/* The same without the sync: after a crash the file may be damaged, which its reader must notice. */
struct error *write_file_unsynced(const char *path, const void *data, size_t size);

/* A private, writable mapping of a whole file: changes stay in memory. */
struct mapping {
	unsigned char *data; /* NULL for an empty file */
	size_t size;
};
struct error *map_file(const char *path, struct mapping *map);
void unmap_file(struct mapping *map);

/*
 * A scratch directory below $TMPDIR (or /tmp), removed by temp_dir_remove() (or a scoped_temp_dir
 * guard) on every way out, errors and Ctrl-C included, unless keep_temp_dirs was set (-k).
 */
extern bool keep_temp_dirs;
struct error *temp_dir_new(const char *purpose, char **path);
void temp_dir_remove(char **path); /* also frees the string */
#define scoped_temp_dir __attribute__((cleanup(temp_dir_remove)))

#endif
