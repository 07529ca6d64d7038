// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Errors. A function that can fail returns `struct error *`: NULL is success, anything else
 * belongs to the caller, who hands it up (possibly with more context) or frees it.
 *
 *     struct error *err = read_thing(path, &thing);
 *     if (err)
 *             return err;
 *
 * or, shorter, TRY(read_thing(path, &thing));
 *
 * Every error carries the id of a page under docs/rules/ (`suture explain ID`). The message says
 * what happened to which file or symbol, in one line; the hint says what the user can do.
 */
#ifndef SUTURE_BASE_ERROR_H
#define SUTURE_BASE_ERROR_H

#include <stdarg.h>

struct error {
	const char *id; /* static string, e.g. "P1" */
	char *message;
	char *hint; /* may be NULL: the page of the id then says it */
};

struct error *error_new(const char *id, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Sets the hint (replacing one that is there) and returns err. */
struct error *error_hint(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Puts "CONTEXT: " before the message and returns err; NULL stays NULL. */
struct error *error_context(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), warn_unused_result));

/* Error from errno, "fmt: strerror(errno)": id Y1, or Y2 when the disk is full. */
struct error *error_errno(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), warn_unused_result));

/* NULL is allowed. */
void error_free(struct error *err);

static inline void cleanup_error(struct error **err)
{
	error_free(*err);
}
#define scoped_error __attribute__((cleanup(cleanup_error)))

#define TRY(expr)                            \
	do {                                 \
		struct error *try_ = (expr); \
		if (try_)                    \
			return try_;         \
	} while (0)

#endif
