// SPDX-License-Identifier: GPL-2.0-or-later
/* The source tree with a fix applied, for those who read it. */
#include "base/cleanup.h"
#include "base/file.h"
#include "units/compile.h"
#include "units/farm.h"
#include "units/patched.h"
#include "units/units.h"

static struct error *put_all(struct farm *farm, const struct patched_vec *files)
{
	for (size_t i = 0; i < files->n; i++)
		TRY(farm_put(farm, files->at[i].file->path, files->at[i].plain,
			     files->at[i].plain_size));
	return NULL;
}

/* "../x.h" must not lead out of the view: what the unchanged unit reads shows the way. */
static struct error *foresee(const struct target *target, struct farm *farm, const struct command *c)
{
	SCOPED(str_vec_free_all) struct str_vec deps = {0};
	scoped_free char *object = NULL;
	scoped_free char *path = NULL;
	bool repaired;

	TRY(original_paths(target, c, &object, &path));
	if (!path_exists(path))
		return NULL;
	TRY(deps_read(path, &deps));
	return farm_foresee(farm, c->tree, &deps, &repaired);
}

struct error *units_plain_view(const struct target *target, const struct fix *fix,
			       const struct command_vec *readers, const char *root)
{
	SCOPED(patched_free) struct patched_vec files = {0};
	SCOPED(farm_free) struct farm farm = {0};
	struct finding_vec known = {0}; /* units_build() said them */
	struct error *err = patched_read(target, fix, &files, &known);
	scoped_free char *objtree = path_below(target->srctree, "/", target->objtree);

	findings_free(&known);
	if (!err)
		err = farm_new(target->srctree, root, &farm);
	if (!err)
		err = put_all(&farm, &files);
	if (!err && objtree)
		err = farm_make_dir(&farm, objtree);
	for (size_t i = 0; !err && i < readers->n; i++)
		err = foresee(target, &farm, &readers->at[i]);
	return err;
}
