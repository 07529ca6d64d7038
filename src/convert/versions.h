// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel's livepatch loader takes, by release: rows of a table with the source of each. */
#ifndef SUTURE_CONVERT_VERSIONS_H
#define SUTURE_CONVERT_VERSIONS_H

#include <stddef.h>

/* Size of the name of a kernel object, with its NUL: the "%55[^.]" of klp_resolve_symbols() and
 * klp_apply_section_relocs(), include/linux/module.h MODULE_NAME_LEN. The same from 5.10 on. */
#define KLP_OBJECT_NAME_LEN 56

struct klp_release {
	unsigned int major, minor; /* from this release on */
	size_t symbol_name_len;	   /* with the NUL: KSYM_NAME_LEN, and the width of the conversion */
	const char *source;
};

/*
 * The row of a release ("6.12.117+deb12-cloud-amd64"); "debian:" or the like may precede it. NULL: the
 * text says none, or one before 5.8, whose format is another.
 */
const struct klp_release *klp_release(const char *release);
/* The oldest and the newest row: what is fine for both is fine everywhere. */
const struct klp_release *klp_release_oldest(void);
const struct klp_release *klp_release_newest(void);

#endif
