// SPDX-License-Identifier: GPL-2.0-or-later
/* What a kernel exports: its Module.symvers (Documentation/kbuild/modules.rst). */
#ifndef SUTURE_TARGET_EXPORTS_H
#define SUTURE_TARGET_EXPORTS_H

#include <stdint.h>

#include "base/error.h"
#include "base/map.h"
#include "base/vec.h"

struct export {
	const char *name;
	const char *object;     /* "vmlinux" or the module's name ("nf_conntrack") */
	const char *namespace_; /* "" if none */
	uint32_t crc;           /* of its type, with CONFIG_MODVERSIONS */
};
DEFINE_VEC(export_vec, struct export)

struct exports {
	struct export_vec list;
	struct map by_name; /* name → index + 1 */
	char *text;
};

/* Reads Module.symvers; id T11 when a line is malformed. Free with exports_free(). */
struct error *exports_read(const char *path, struct exports *exports);
void exports_free(struct exports *exports);
/* NULL if nothing exports the name. */
const struct export *export_find(const struct exports *exports, const char *name);

#endif
