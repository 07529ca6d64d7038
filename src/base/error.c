// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/mem.h"

struct error *error_new(const char *id, const char *fmt, ...)
{
	struct error *err = xcalloc(1, sizeof(*err));
	va_list ap;

	err->id = id;
	va_start(ap, fmt);
	err->message = xvasprintf(fmt, ap);
	va_end(ap);
	return err;
}

struct error *error_hint(struct error *err, const char *fmt, ...)
{
	va_list ap;

	free(err->hint);
	va_start(ap, fmt);
	err->hint = xvasprintf(fmt, ap);
	va_end(ap);
	return err;
}

struct error *error_context(struct error *err, const char *fmt, ...)
{
	va_list ap;

	if (!err)
		return NULL;
	va_start(ap, fmt);
	scoped_free char *context = xvasprintf(fmt, ap);
	va_end(ap);
	char *message = xasprintf("%s: %s", context, err->message);

	free(err->message);
	err->message = message;
	return err;
}

struct error *error_errno(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	scoped_free char *what = xvasprintf(fmt, ap);
	va_end(ap);
	return error_new(saved == ENOSPC ? "Y2" : "Y1", "%s: %s", what, strerror(saved));
}

void error_free(struct error *err)
{
	if (!err)
		return;
	free(err->message);
	free(err->hint);
	free(err);
}
