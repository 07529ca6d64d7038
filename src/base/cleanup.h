// SPDX-License-Identifier: GPL-2.0-or-later
/* Scope guards: a variable marked with one of these is released when it leaves its scope. */
#ifndef SUTURE_BASE_CLEANUP_H
#define SUTURE_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SCOPED(func) __attribute__((cleanup(func)))

static inline void cleanup_free_ptr(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define scoped_free SCOPED(cleanup_free_ptr)
#define scoped_fd SCOPED(cleanup_close_fd)
#define scoped_file SCOPED(cleanup_fclose)

/* Hands ownership out of a guarded pointer: the guard then has nothing to do. */
#define take(p)                         \
	({                              \
		__auto_type taken_ = (p); \
		(p) = NULL;             \
		taken_;                 \
	})

#endif
