// SPDX-License-Identifier: GPL-2.0-or-later
#include "verify/searched.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "target/cache.h"
#include "verify/verify.h"

#define HEAD "suture-search 1: whole, no violation, "

static char *as_text(const struct search_result *r)
{
	return xasprintf(HEAD "%.0f states, depth %.0f\n", r->states, r->depth);
}

/* NULL: there is no cache. */
static char *path_of(const char *key)
{
	scoped_free char *cache = NULL, *dir = NULL;
	scoped_error struct error *err = cache_dir(&cache);
	char hash[65];

	if (err)
		return NULL;
	dir = path_join(cache, "models");
	err = make_dirs(dir);
	sha256_text(key, strlen(key), hash);
	return err ? NULL : path_join(dir, hash);
}

bool searched_before(const char *key, struct search_result *result)
{
	scoped_free char *path = path_of(key), *text = NULL, *again = NULL;
	struct error *err = path && path_exists(path) ? read_file(path, &text, NULL) : NULL;
	struct search_result r = { .complete = true };

	error_free(err);
	if (!text || sscanf(text, HEAD "%lf states, depth %lf", &r.states, &r.depth) != 2)
		return false;
	again = as_text(&r);
	if (!streq(again, text))
		return false;
	*result = r;
	return true;
}

void searched_now(const char *key, const struct search_result *result)
{
	scoped_free char *path = NULL, *text = NULL;

	if (result->violated || !result->complete)
		return;
	path = path_of(key);
	text = as_text(result);
	if (path)
		error_free(write_file_unsynced(path, text, strlen(text)));
}
