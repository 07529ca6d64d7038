// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A view of the source tree in which some files have other contents: symbolic links into the tree,
 * and real directories only along the paths of those files. Nothing in the tree itself is written.
 */
#ifndef SUTURE_UNITS_FARM_H
#define SUTURE_UNITS_FARM_H

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"

struct farm {
	char *root;	      /* absolute, without symbolic links */
	char *tree;	      /* the source tree, likewise */
	struct str_vec dirs;  /* directories that are real, relative to root; "" is the root */
	struct map made;      /* the same, as a set */
	struct str_vec files; /* files with contents of their own, relative */
};

/* Makes an empty view at root (which must not exist). */
struct error *farm_new(const char *tree, const char *root, struct farm *farm);
/* Forgets the view; its files stay (they are in the caller's scratch directory). */
void farm_free(struct farm *farm);

/* Makes a directory (relative path) and all above it real. A path that is not in the tree is made.
 */
struct error *farm_make_dir(struct farm *farm, const char *dir);
/* Gives a file its own contents. */
struct error *farm_put(struct farm *farm, const char *path, const void *text, size_t size);

/*
 * The preprocessor takes "../x.h" relative to the directory that it came through; through a link it
 * lands in the tree. Looks for files of the view among `deps` (as the compiler names them, running
 * in cwd) that were read from the tree instead, and makes the directories on their way real.
 * *repaired: compile again. Id U15 when it cannot be repaired.
 */
struct error *farm_repair(struct farm *farm, const char *cwd, const struct str_vec *deps,
			  bool *repaired);

/*
 * The same ahead of a compile, from the files that the unchanged unit reads (tree: how the compiler
 * names the source tree). *repaired: some directory became real.
 */
struct error *farm_foresee(struct farm *farm, const char *tree, const struct str_vec *deps,
			   bool *repaired);

#endif
