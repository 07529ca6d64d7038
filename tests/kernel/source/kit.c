// SPDX-License-Identifier: GPL-2.0-or-later
#include "kit.h"

#include "base/cleanup.h"
#include "base/file.h"

struct error *kit_open(struct kit_unit *k, struct target *target, const char *source)
{
	*k = (struct kit_unit){ .target = target };
	TRY(unit_compile_original(target, source, &k->unit));
	k->unit.patched = xstrdup(k->unit.original);
	TRY(exports_read(target->symvers, &k->exports));
	TRY(pair_open(&k->pair, &k->unit, target, &k->images, &k->exports, &k->provided,
		      &k->findings));
	k->pairs = (struct pair_vec){ .at = &k->pair, .n = 1 };
	return NULL;
}

void kit_close(struct kit_unit *k)
{
	if (k->pair.unit)
		pair_close(&k->pair);
	images_free(&k->images);
	exports_free(&k->exports);
	map_free(&k->provided);
	findings_free(&k->findings);
	unit_free(&k->unit);
}

struct error *kit_extract(struct kit_unit *k, const char *function, struct patch_source *source,
			  struct finding_vec *findings)
{
	scoped_temp_dir char *dir = NULL;

	TRY(temp_dir_new("kit", &dir));
	struct patch_source_request rq = { .target = k->target, .name = "livepatch-kit",
					   .subject = function, .replace = true,
					   .function = function, .workdir = dir,
					   .findings = findings };

	return patch_source_make(&rq, &k->pairs, source);
}

enum prove_class kit_worst(const struct proof *proof)
{
	enum prove_class worst = PROVE_IDENTICAL;

	for (enum prove_class c = 0; c < PROVE_CLASSES; c++)
		if (proof->count[c])
			worst = c;
	return worst;
}
