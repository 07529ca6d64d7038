// SPDX-License-Identifier: GPL-2.0-or-later
/* The results of a build under their names: all of them, or nothing. */
#ifndef SUTURE_DRIVER_PUBLISH_H
#define SUTURE_DRIVER_PUBLISH_H

#include "driver/build.h"
#include "driver/source.h"

/*
 * Puts NAME.ko and NAME.d/ into the output directory. NAME.d holds what was made on the way: of each
 * changed unit the original, patched and livepatch object, and the glue source with its Kbuild file; or,
 * with a source, all of that.
 * An older NAME.d is replaced. *module is the path of the .ko, the caller's.
 */
struct error *publish(const struct build_request *rq, const struct unit_vec *units, const char *ko,
		      const char *workdir, const struct patch_source *source, char **module);

#endif
