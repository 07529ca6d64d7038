// SPDX-License-Identifier: GPL-2.0-or-later
/* What kind of file is it that a fix changes, and what does that mean for a livepatch? */
#ifndef SUTURE_UNITS_CLASSIFY_H
#define SUTURE_UNITS_CLASSIFY_H

#include "base/finding.h"

enum file_kind {
	FILE_UNIT,    /* a C file */
	FILE_HEADER,  /* read by C files */
	FILE_NOTHING, /* no code of this kernel: a note */
	FILE_REFUSED, /* cannot be livepatched */
};

struct file_class {
	const char
		*pattern; /* fnmatch(3), '*' matches '/' too; the first row that matches counts */
	enum file_kind kind;
	const char *id;	  /* of the finding, NULL for code */
	const char *what; /* completes "PATH: " */
};

/* Never NULL: the last row matches everything. */
const struct file_class *file_classify(const char *path);

#endif
