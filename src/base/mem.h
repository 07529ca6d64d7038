// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory. Allocation never returns NULL: a command line tool that is out of memory has nothing
 * better to do than to say so and end (temporary directories are swept by the next run).
 */
#ifndef SUTURE_BASE_MEM_H
#define SUTURE_BASE_MEM_H

#include <stdarg.h>
#include <stddef.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);                /* zeroed; n * size is checked for overflow */
void *xreallocarray(void *p, size_t n, size_t size); /* n * size is checked for overflow */
void *xmemdup(const void *p, size_t size);
char *xstrdup(const char *s);              /* NULL gives NULL */
char *xstrndup(const char *s, size_t n);
char *xvasprintf(const char *fmt, va_list ap);
char *xasprintf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
