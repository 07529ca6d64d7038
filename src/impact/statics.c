// SPDX-License-Identifier: GPL-2.0-or-later
#include "impact/statics.h"

#include "base/cleanup.h"
#include "diff/folded.h"
#include "diff/objects.h"

/* gcc(1), since gcc 10: "Discover read-only, write-only and non-addressable static variables." */
enum { SINCE = 10 };
static const char flag[] = "-fno-ipa-reference-addressable";

void statics_free(struct static_use_vec *list)
{
	for (size_t i = 0; i < list->n; i++) {
		free(list->at[i].variable);
		free(list->at[i].user);
		free(list->at[i].effect);
	}
	static_use_vec_free(list);
}

struct error *statics_find(const struct variant_source *source, struct static_use_vec *list,
			   bool *known)
{
	SCOPED(variants_free) struct variant_vec variants = { 0 };
	SCOPED(folded_use_vec_free) struct folded_use_vec uses = { 0 };
	scoped_objects struct objects x = { 0 };
	struct variant v = { 0 };

	*known = !source->clang && source->version >= SINCE;
	if (!*known)
		return NULL;
	str_vec_push(&v.flags, xstrdup(flag));
	variant_vec_push(&variants, v);
	TRY(variants_compile(source, NULL, &variants));
	*known = variants.at[0].object != NULL;
	if (!*known)
		return NULL;
	TRY(objects_open(source->original, variants.at[0].object, &x));
	folded_uses(x.b, &uses);
	for (size_t i = 0; i < uses.n; i++) {
		char *effect = folded_effect(&uses.at[i], source->text);

		if (effect)
			static_use_vec_push(list, (struct static_use){
				.variable = xstrdup(uses.at[i].variable->key),
				.user = xstrdup(uses.at[i].user->twin->name), .effect = effect });
	}
	return NULL;
}
