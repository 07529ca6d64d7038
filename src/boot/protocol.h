// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The guest's reports (docs/test.md). Lines begin with "suture: "; the bytes of a block follow its
 * line and are counted, so that nothing in them is taken for a line.
 */
#ifndef SUTURE_BOOT_PROTOCOL_H
#define SUTURE_BOOT_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* A report: the words after "suture: ", and the bytes of a block. Valid during the call. */
struct report {
	const char *kind;   /* "step", "fail", "block", "transition", "taint", "end", ... */
	const char *what;   /* second word, "" if there is none */
	const char *detail; /* rest of the line, "" if there is none */
	int status;         /* blocks: the exit status that goes with it */
	const char *bytes;  /* blocks: NUL-terminated (not counted); else NULL */
	size_t size;
};

struct protocol {
	void (*handle)(void *context, const struct report *report);
	void *context;
	struct str noise;   /* what was no report (QEMU's own messages), the first 4 KiB */
	/* private */
	struct str pending; /* bytes not yet understood */
	struct str header;  /* the line of the block that is being received */
	size_t block;       /* bytes that it still needs, with the newline after it */
};

/* The largest block that is accepted; the guest cuts its own at 1 MiB. */
enum { PROTOCOL_BLOCK_LIMIT = 16 << 20 };

/* Takes bytes as they come and calls handle() for each complete report. */
void protocol_feed(struct protocol *p, const char *bytes, size_t n);
void protocol_free(struct protocol *p);
#define scoped_protocol SCOPED(protocol_free)

#endif
