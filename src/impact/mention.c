// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/mention.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/process.h"
#include "base/str.h"
#include "units/classify.h"
#include "units/includes.h"
#include "units/kbuild.h"

static bool reads_and_mentions(const struct target *t, const char *source, const char *name)
{
	scoped_free char *path = path_join(t->srctree, source);
	scoped_free char *text = NULL;
	scoped_error struct error *err = path_exists(path) ? read_file(path, &text, NULL) : NULL;

	return !err && text && str_find_word(text, name, strlen(text));
}

/* Keeps those that the configuration has. */
static struct error *keep_built(struct target *t, const struct str_vec *sources,
				struct str_vec *units)
{
	SCOPED(str_vec_free_all) struct str_vec objects = { 0 };
	SCOPED(map_free) struct map built = { 0 };

	for (size_t i = 0; i < sources->n; i++)
		str_vec_push(&objects, xasprintf("%.*so", (int)strlen(sources->at[i]) - 1,
						 sources->at[i]));
	if (!objects.n)
		return NULL;
	TRY(kbuild_built(t, &objects, &built));
	for (size_t i = 0; i < sources->n; i++)
		if (map_has(&built, objects.at[i]))
			str_vec_push(units, xstrdup(sources->at[i]));
	return NULL;
}

struct error *mentioning_units(struct target *target, const char *header, const char *name,
			       const struct map *known, struct str_vec *units)
{
	SCOPED(str_vec_free_all) struct str_vec readers = { 0 };
	SCOPED(str_vec_free_all) struct str_vec found = { 0 };
	bool everything = false;

	TRY(includes_readers(target, header, &readers, &everything));
	for (size_t i = 0; i < readers.n; i++) {
		TRY(check_interrupted());
		if (!map_has(known, readers.at[i]) && ends_with(readers.at[i], ".c") &&
		    file_classify(readers.at[i])->kind == FILE_UNIT &&
		    reads_and_mentions(target, readers.at[i], name))
			str_vec_push(&found, xstrdup(readers.at[i]));
	}
	return keep_built(target, &found, units);
}
